// `npm run build:package [-- DIRECTORY]`: the components as a package for npm, in dist/package or DIRECTORY, packed.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdir, rm, writeFile } from "node:fs/promises";
import { builtinModules } from "node:module";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import ts from "typescript";
import { bundleProgram } from "../functions/bundle";
import project from "../package.json";
import { packageSchema } from "../plugin/schema";

const root = resolve(__dirname, "..");

/** What a program imports: by the package's name, and that name with a path. */
const ENTRIES = { ".": "components/index", "./outputs": "components/consume", "./config": "config/index" };
const PLUGIN = "plugin/index";
/** A program has its own: two of one class would not know each other. */
const PEERS = ["@pulumi/aws", "@pulumi/pulumi"];
const DOCUMENTS = ["LICENSE", "docs/components.md", "docs/consuming.md", "docs/outputs.v1.json"];

/** Our sources that the entries reach, and the packages that those import. */
async function reached(): Promise<{ sources: string[]; packages: string[] }> {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [...Object.values(ENTRIES), PLUGIN].map((entry) => `${entry}.ts`),
    bundle: true,
    platform: "node",
    packages: "external",
    metafile: true,
    write: false,
    outdir: "unwritten",
  });
  const imported = Object.values(metafile.inputs).flatMap(({ imports }) => imports);
  const names = imported
    .filter(({ external, path }) => external === true && !path.startsWith("node:") && !builtinModules.includes(path))
    .map(({ path }) =>
      path
        .split("/")
        .slice(0, path.startsWith("@") ? 2 : 1)
        .join("/"),
    );
  return { sources: Object.keys(metafile.inputs).sort(), packages: [...new Set(names)].sort() };
}

/** @throws Error where a package has no version in this project's package.json */
function versionsOf(packages: readonly string[]): Record<string, string> {
  const known: Record<string, string> = { ...project.devDependencies, ...project.dependencies };
  return Object.fromEntries(
    packages.map((name) => {
      const version = known[name];
      if (version === undefined) throw new Error(`package.json has no version of ${name}, which the package needs`);
      return [name, `^${version}`];
    }),
  );
}

function manifest(packages: readonly string[]): object {
  const { name, version, description, license } = project;
  return {
    name,
    version,
    description,
    license,
    type: "commonjs",
    engines: { node: ">=20" },
    main: `./${ENTRIES["."]}.js`,
    types: `./${ENTRIES["."]}.d.ts`,
    exports: {
      ...Object.fromEntries(
        Object.entries(ENTRIES).map(([path, entry]) => [path, { types: `./${entry}.d.ts`, default: `./${entry}.js` }]),
      ),
      "./package.json": "./package.json",
    },
    dependencies: versionsOf(packages.filter((one) => !PEERS.includes(one))),
    peerDependencies: versionsOf(PEERS),
  };
}

/** Declarations of the entries and all that they reach. Their types are checked elsewhere. */
function writeDeclarations(directory: string): void {
  const file = join(root, "tsconfig.json");
  const { options } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(file, (path) => ts.sys.readFile(path)).config,
    ts.sys,
    root,
  );
  const program = ts.createProgram(
    Object.values(ENTRIES).map((entry) => join(root, `${entry}.ts`)),
    {
      ...options,
      types: ["node"],
      noEmit: false,
      noCheck: true,
      declaration: true,
      emitDeclarationOnly: true,
      rootDir: root,
      outDir: directory,
    },
  );
  const { diagnostics } = program.emit();
  if (diagnostics.length > 0) {
    throw new Error(
      ts.formatDiagnostics(diagnostics, {
        ...ts.sys,
        getCanonicalFileName: (name) => name,
        getNewLine: () => "\n",
        getCurrentDirectory: () => root,
      }),
    );
  }
}

/**
 * Writes the package's folder: JavaScript and declarations as they lie here, since the program finds its bundles from
 * where it is; the functions' bundles and the monitors' code; the component provider.
 */
export async function writePackage(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  const { sources, packages } = await reached();
  await Promise.all([
    build({
      absWorkingDir: root,
      entryPoints: sources.filter((source) => source.endsWith(".ts")),
      platform: "node",
      target: "node20",
      format: "cjs",
      outbase: ".",
      outdir: directory,
      logLevel: "error",
    }),
    bundleProgram({ outDir: join(directory, "dist") }),
    ...sources
      .filter((source) => source.endsWith(".json") && source !== "package.json")
      .map((source) => cp(join(root, source), join(directory, source))),
    ...["plugin/PulumiPlugin.yaml", "plugin/package.json", ...DOCUMENTS]
      .filter((path) => existsSync(join(root, path)))
      .map((path) => cp(join(root, path), join(directory, path))),
  ]);
  writeDeclarations(directory);
  const json = (value: object) => `${JSON.stringify(value, undefined, 2)}\n`;
  await writeFile(join(directory, "package.json"), json(manifest(packages)));
  await writeFile(join(directory, "plugin", "schema.json"), json(packageSchema(project.version)));
}

/** @returns the packed file */
export async function pack(directory: string): Promise<string> {
  const { stdout } = await promisify(execFile)("npm", ["pack", "--silent", "--ignore-scripts"], {
    cwd: directory,
    // What this process was started with is not for npm.
    env: { ...process.env, NODE_OPTIONS: "" },
  });
  return join(directory, stdout.trim());
}

async function main(): Promise<void> {
  const directory = resolve(process.argv[2] ?? join(root, "dist", "package"));
  await writePackage(directory);
  console.log(await pack(directory));
}

if (require.main === module) {
  main().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });
}
