import { constants, existsSync } from "node:fs";
import { cp, mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { build, type BuildOptions, type Metafile, type Plugin } from "esbuild";
import { readJobCode } from "../pipeline/job-code";

/** One built entry: a function or the launcher. */
export interface Bundle {
  name: string;
  /** The built file, absolute. */
  file: string;
  bytes: number;
  /** Size of each source's part in the bundle, by its path from the project's folder. */
  parts: { source: string; bytes: number }[];
}

const projectRoot = path.resolve(__dirname, "..");
const functionsRoot = __dirname;

/** What all bundles have in common. Nothing in them depends on the machine or the time they are built on. */
const common: BuildOptions = {
  absWorkingDir: projectRoot,
  bundle: true,
  platform: "node",
  target: "node22",
  format: "cjs",
  minify: true,
  legalComments: "none",
  // Packages' ECMAScript modules: what nobody imports is left out of them, but not of CommonJS. Packages with an
  // `exports` map offer theirs by the condition `module`, which esbuild knows unless `conditions` is set.
  mainFields: ["module", "main"],
  metafile: true,
  logLevel: "silent",
};

/**
 * Parts of the SDK that functions do without, and what takes their place.
 *
 * - Credentials: Lambda gives them in environment variables, always. The default chain would also look in profiles,
 *   single sign-on, processes and instance metadata: a third of a bundle that never runs.
 * - Event streams: no function calls an operation that has them. 15 kB.
 * - Discovered endpoints of DynamoDB: an option that no function takes. 8 kB, most of it a cache.
 */
const replacements: Record<string, string> = {
  "@aws-sdk/credential-provider-node": "environment-credentials.ts",
  "@smithy/core/event-streams": "no-event-streams.ts",
  "@aws-sdk/middleware-endpoint-discovery": "no-endpoint-discovery.ts",
};

const leaveOut: Plugin = {
  name: "leave-out",
  setup(plugin) {
    plugin.onResolve({ filter: /^@(aws-sdk|smithy)\// }, ({ path: name }) => {
      const replacement = replacements[name];
      return replacement === undefined ? undefined : { path: path.join(functionsRoot, "shared", replacement) };
    });
  },
};

/**
 * The SDK's schemas write some keys as constants of the same file (`{ [_hH]: "…" }`). esbuild keeps whatever has such
 * a key, used or not, since computing a key may have effects; written out, unused schemas fall away: 60 kB of S3's.
 */
const plainSchemaKeys: Plugin = {
  name: "plain-schema-keys",
  setup(plugin) {
    plugin.onLoad(
      { filter: /[/\\]@aws-sdk[/\\]client-[^/\\]+[/\\]dist-es[/\\]schemas[/\\]schemas_\d+\.js$/ },
      async (args) => {
        const source = await readFile(args.path, "utf8");
        const constants = new Map(
          [...source.matchAll(/^const (\w+) = (".*");$/gm)].map((match) => [match[1], match[2]]),
        );
        const contents = source.replace(/\[(_\w+)\]:/g, (key, name: string) => {
          const text = constants.get(name);
          return text === undefined ? key : `${text}:`;
        });
        return { contents, loader: "js" };
      },
    );
  },
};

/** Files of the SDK of which functions need less than is there, and what is left of them. */
const rewritten: readonly { filter: RegExp; loader: "js" | "json"; rest: (source: string) => string }[] = [
  {
    // Clients tell AWS their version, and nothing else of it.
    filter: /[/\\]@aws-sdk[/\\]client-[^/\\]+[/\\]package\.json$/,
    loader: "json",
    rest: (source) => JSON.stringify({ version: (JSON.parse(source) as { version: string }).version }),
  },
  {
    // Signatures for several regions at once take a package that is in no bundle.
    filter: /[/\\]signature-v4-multi-region[/\\]dist-es[/\\]SignatureV4MultiRegion\.js$/,
    loader: "js",
    rest: () =>
      'import { SignatureV4SignWithCredentials } from "./SignatureV4SignWithCredentials";' +
      "export class SignatureV4MultiRegion extends SignatureV4SignWithCredentials {" +
      'static sigv4aDependency() { return "none"; } }',
  },
  {
    // What hashes where Node can't: Node does.
    filter: /[/\\](Sha1|Sha256)Js\.js$/,
    loader: "js",
    rest: () => "export const Sha1Js = undefined, Sha256Js = undefined;",
  },
  {
    // Lambda has no files of settings: they come from the environment.
    filter: /[/\\]shared-ini-file-loader[/\\]loadSharedConfigFiles\.js$/,
    loader: "js",
    rest: () =>
      'export { CONFIG_PREFIX_SEPARATOR } from "./constants";' +
      "export const loadSharedConfigFiles = () => Promise.resolve({ configFile: {}, credentialsFile: {} });",
  },
];

const lessOfTheSdk: Plugin = {
  name: "less-of-the-sdk",
  setup(plugin) {
    for (const { filter, loader, rest } of rewritten) {
      plugin.onLoad({ filter }, async (args) => ({ contents: rest(await readFile(args.path, "utf8")), loader }));
    }
  },
};

/** Names of the functions: the folders that hold a handler. */
export async function functionNames(): Promise<string[]> {
  const entries = await readdir(functionsRoot, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory() && existsSync(path.join(functionsRoot, entry.name, "handler.ts")))
    .map((entry) => entry.name)
    .sort();
}

/**
 * Builds every function to `outDir/functions/<name>/index.js` and the launcher to `outDir/launcher/index.js`, with
 * the jobs, wheels and models that it uploads beside it; puts what monitors' jobs run into `outDir/monitor`, and what
 * releases the launcher's image into `outDir/delivery`. The same sources give the same bytes.
 *
 * @returns the functions' bundles and, last, the launcher's.
 * @throws Error with the compiler's messages when a source does not compile.
 */
export async function bundleAll({ outDir }: { outDir: string }): Promise<Bundle[]> {
  const [functions, launcher] = await Promise.all([
    bundleProgram({ outDir }),
    bundleLauncher(outDir),
    bundleOne("release-image", path.join(outDir, "delivery", "release-image.js"), {
      entryPoints: [path.join(projectRoot, "delivery", "release-image.ts")],
    }),
  ]);
  return [...functions, ...launcher];
}

/** What the program itself deploys, as {@link bundleAll} builds it: the functions, and what monitors' jobs run. */
export async function bundleProgram({ outDir }: { outDir: string }): Promise<Bundle[]> {
  const [functions] = await Promise.all([bundleFunctions(outDir), gatherMonitor(outDir)]);
  return functions;
}

async function bundleFunctions(outDir: string): Promise<Bundle[]> {
  const directory = path.join(outDir, "functions");
  await rm(directory, { recursive: true, force: true });
  const names = await functionNames();
  return Promise.all(
    names.map((name) =>
      bundleOne(name, path.join(directory, name, "index.js"), {
        entryPoints: [path.join(functionsRoot, name, "handler.ts")],
        plugins: [leaveOut, lessOfTheSdk, plainSchemaKeys],
      }),
    ),
  );
}

async function bundleLauncher(outDir: string): Promise<Bundle[]> {
  const entry = path.join(projectRoot, "pipeline", "launch.ts");
  if (!existsSync(entry)) return [];
  const directory = path.join(outDir, "launcher");
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  await Promise.all(
    ["jobs", "models"]
      .filter((folder) => existsSync(path.join(projectRoot, folder)))
      .map((folder) =>
        cp(path.join(projectRoot, folder), path.join(directory, folder), {
          recursive: true,
          filter: (source) => !/(^|[/\\])(__pycache__|\.[^/\\]*_cache)$/.test(source),
        }),
      ),
  );
  // Set-up downloaded them.
  const wheels = path.join(projectRoot, ".local", "wheels");
  if (existsSync(wheels)) {
    await cp(wheels, path.join(directory, "wheels"), { recursive: true, mode: constants.COPYFILE_FICLONE });
  }
  // The task runs on ECS, whose credentials come from the container's endpoint: the whole chain stays in.
  return [await bundleOne("launcher", path.join(directory, "index.js"), { entryPoints: [entry] })];
}

/** The container of monitors' jobs, whose wheels go with their code. */
const MONITOR_CONTAINER = "sagemaker-scikit-learn-1.4-2";

/** The code of monitors' jobs as one folder, and beside it the wheels that their container lacks. */
async function gatherMonitor(outDir: string): Promise<void> {
  const directory = path.join(outDir, "monitor");
  await rm(directory, { recursive: true, force: true });
  const jobs = path.join(projectRoot, "jobs");
  if (!existsSync(path.join(jobs, "monitor"))) return;
  const { files } = await readJobCode(["monitor", "shared"].map((folder) => path.join(jobs, folder)));
  for (const file of files) {
    const target = path.join(directory, "code", file.path);
    await mkdir(path.dirname(target), { recursive: true });
    await writeFile(target, file.content);
  }
  const wheels = path.join(projectRoot, ".local", "wheels", MONITOR_CONTAINER, "monitor");
  if (existsSync(wheels)) {
    await cp(wheels, path.join(directory, "wheels"), { recursive: true, mode: constants.COPYFILE_FICLONE });
  }
}

async function bundleOne(name: string, file: string, options: BuildOptions): Promise<Bundle> {
  const { metafile } = await build({ ...common, ...options, metafile: true, outfile: file });
  return { name, file, bytes: (await stat(file)).size, parts: partsOf(metafile) };
}

function partsOf(metafile: Metafile): Bundle["parts"] {
  return Object.values(metafile.outputs)
    .flatMap((output) => Object.entries(output.inputs))
    .map(([source, { bytesInOutput }]) => ({ source, bytes: bytesInOutput }))
    .sort((one, other) => other.bytes - one.bytes);
}

async function main(): Promise<void> {
  const bundles = await bundleAll({ outDir: path.join(projectRoot, "dist") });
  for (const { name, bytes } of bundles) console.log(`${name.padEnd(20)} ${(bytes / 1000).toFixed(1).padStart(7)} kB`);
}

if (require.main === module) {
  main().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });
}
