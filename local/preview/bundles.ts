// The functions' bundles that a state of the project deploys, built once for each content of their sources.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import { leanSdk } from "../provider/lean-bundle";
import { compileFrom, loadFrom } from "./compiled";
import { partOf, settle, touch, type Tree } from "./trees";

/** All that goes into a bundle, packages included. */
const SOURCES = [
  "components",
  "config",
  "functions",
  "jobs",
  "models",
  "package-lock.json",
  "package.json",
  "pipeline",
  "tsconfig.json",
];

type Bundle = (options: { outDir: string }) => Promise<unknown>;

/**
 * Puts the bundles where the tree's program looks for them, `dist`.
 *
 * @throws the compiler's messages when a function does not compile
 */
export async function provideBundles(project: string, tree: Tree, store: string): Promise<void> {
  const sources = await partOf(project, tree, SOURCES);
  const place = join(store, createHash("sha256").update(sources).digest("hex"));
  await mkdir(store, { recursive: true });
  if (!existsSync(place)) {
    const making = await mkdtemp(join(store, "making-"));
    const bundle = await bundlerOf(tree);
    await bundle({ outDir: making });
    await settle(making, place);
  }
  await touch(place);
  const dist = join(tree.directory, "dist");
  if (!existsSync(dist)) await symlink(place, dist, "dir").catch(unlessThere(dist));
}

/** A tree's policy pack as one file, which starts without a compiler: from the pack's folder. */
const PACK = "../.local/compiled/policy-index/main.cjs";

/** What policy packs are written with, as one file of that name, which {@link provideAnalyzer} makes: it loads in a seventh of the time. */
const POLICY_SDK = "preview-policy-sdk";

/**
 * Writes the executable that runs policy packs, as a language host does where Pulumi was installed with one. The pack is
 * started by itself, without the compiler that Pulumi would put before it: that takes longer than all the rules.
 */
export async function provideAnalyzer(directory: string): Promise<void> {
  const file = join(directory, "pulumi-analyzer-policy-nodejs");
  await mkdir(directory, { recursive: true });
  await build({
    bundle: true,
    platform: "node",
    target: "node22",
    logLevel: "error",
    entryPoints: [require.resolve("@pulumi/policy")],
    outfile: join(directory, `${POLICY_SDK}.js`),
    plugins: [leanSdk],
  });
  // The engine starts it in the pack's folder.
  const compiled = `export NODE_COMPILE_CACHE="${join(directory, "compiled")}"`;
  const found = `export NODE_PATH="${directory}"`;
  await writeFile(file, `#!/bin/sh\n${compiled}\n${found}\nexec "${process.execPath}" "${PACK}" "$@"\n`);
  await chmod(file, 0o755);
}

/** Compiles the tree's policy pack; nothing where the tree has none. */
export async function providePolicies(tree: Tree): Promise<void> {
  const script = join("policy", "index.ts");
  if (existsSync(join(tree.directory, script))) await compileFrom(tree, script, { "@pulumi/policy": POLICY_SDK });
}

/** A tree is built by its own means. Older ones build the launcher too, which the program does not ask for. */
async function bundlerOf(tree: Tree): Promise<Bundle> {
  const bundler = (await loadFrom(tree, "functions/bundle.ts")) as { bundleProgram?: Bundle; bundleAll: Bundle };
  return bundler.bundleProgram ?? bundler.bundleAll;
}

function unlessThere(path: string): (error: unknown) => void {
  return (error) => {
    if (!existsSync(path)) throw error;
  };
}
