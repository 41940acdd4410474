import { chmod, mkdir, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { build } from "esbuild";
import { leanSdk } from "./lean-bundle";
import { botocoreData, cloudFormationSchemas, modelsCache } from "../aws-models";

/**
 * Writes the provider as one JavaScript file, and the executable `pulumi-resource-aws` that the engine starts; and
 * beside them `pulumi-resource-awsx`, which stands in for the plugin of awsx.
 *
 * The executables name this machine's Node, packages and models, since the engine starts them in a directory and with a
 * search path of its own.
 *
 * @throws when botocore's models or cfn-lint's schemas are not installed
 */
export async function bundleProvider(outDir: string): Promise<void> {
  await mkdir(outDir, { recursive: true });
  await build({
    ...COMMON,
    entryPoints: [join(__dirname, "..", "awsx", "main.ts")],
    outfile: join(outDir, AWSX),
    plugins: [leanSdk],
  });
  await replaceFile(join(outDir, "pulumi-resource-awsx"), awsxLauncher(outDir));
  await build({
    ...COMMON,
    entryPoints: [join(__dirname, "main.ts")],
    outfile: join(outDir, "provider.js"),
    // Messages of one version of protobuf can't hold those of another: all are of the version Pulumi's are made with.
    alias: { "google-protobuf": protobufOfPulumi() },
  });
  await replaceFile(join(outDir, "pulumi-resource-aws"), launcher(outDir));
}

/**
 * Writes `pulumi-language-nodejs`, which the engine's own command line runs this program by where the machine has none.
 *
 * @returns the directory of the executable
 */
export async function bundleLanguageHost(outDir: string): Promise<string> {
  await mkdir(outDir, { recursive: true });
  const file = join(outDir, "language-host.js");
  await build({
    ...COMMON,
    entryPoints: [join(__dirname, "..", "engine", "language-host.ts")],
    outfile: file,
    alias: { "google-protobuf": protobufOfPulumi() },
  });
  await replaceFile(join(outDir, "pulumi-language-nodejs"), `#!/bin/sh\nexec "${process.execPath}" "${file}" "$@"\n`);
  return outDir;
}

const COMMON = { bundle: true, platform: "node", target: "node22", logLevel: "error" } as const;

/** The stand-in for the plugin of awsx. */
const AWSX = "awsx.js";

function protobufOfPulumi(): string {
  const pulumi = dirname(require.resolve("@pulumi/pulumi/package.json"));
  return dirname(require.resolve("google-protobuf/package.json", { paths: [pulumi] }));
}

function launcher(outDir: string): string {
  const set = (name: string, value: string) => `export ${name}="\${${name}:-${value}}"`;
  return [
    "#!/bin/sh",
    set("BOTOCORE_DATA", botocoreData()),
    set("CFNLINT_SCHEMAS", cloudFormationSchemas()),
    set("AWS_MODELS_CACHE", modelsCache()),
    // The SDK is large: compiled once, it loads in half the time.
    set("NODE_COMPILE_CACHE", join(outDir, "compiled")),
    `exec "${process.execPath}" "${join(outDir, "provider.js")}" "$@"`,
    "",
  ].join("\n");
}

function awsxLauncher(outDir: string): string {
  return [
    "#!/bin/sh",
    `export NODE_COMPILE_CACHE="${join(outDir, "compiled")}"`,
    `exec "${process.execPath}" "${join(outDir, AWSX)}" "$@"`,
    "",
  ].join("\n");
}

/** An engine may be starting the old one. */
async function replaceFile(path: string, content: string): Promise<void> {
  const temporary = `${path}.${process.pid}`;
  await writeFile(temporary, content);
  await chmod(temporary, 0o755);
  await rename(temporary, path);
}
