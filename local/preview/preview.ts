// A stack's preview from end to end: two states of the project in, a report out.
import { readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { bundleProvider } from "../provider/bundle";
import { isObject } from "../provider/values";
import { provideAnalyzer, provideBundles, providePolicies } from "./bundles";
import { costOf, installedPrices } from "./cost";
import { plan, type Machinery } from "./plan";
import { byUrn, reportOf, type PreviewReport } from "./report";
import { headTree, partOf, prune, PreviewError, touch, treeOf, type Tree } from "./trees";

export interface PreviewOptions {
  /** The checkout whose present state is the head. */
  project: string;
  stack: string;
  /** A revision to compare with. Default: nothing, so that all is new. */
  base?: string | undefined;
  /** Where what is made once is kept: `.local/preview`. */
  directory: string;
  pulumiBinary: string;
}

/** What a provider is made of. */
const PROVIDER_SOURCES = ["local/provider", "local/awsx", "local/aws-models", "package-lock.json"];

/**
 * The real engine's preview of a stack, without credentials and without a network. Nothing in the checkout changes.
 *
 * @throws PreviewError where the stack or the base does not exist
 * @throws EngineError where a program or the provider refuses something
 */
export async function preview({
  project,
  stack,
  base,
  directory,
  pulumiBinary,
}: PreviewOptions): Promise<PreviewReport> {
  const stores = {
    trees: join(directory, "trees"),
    bundles: join(directory, "bundles"),
    bases: join(directory, "bases"),
  };
  const [head, before] = await Promise.all([
    headTree(project, stores.trees),
    base === undefined ? undefined : treeOf(project, stores.trees, base),
  ]);
  const pluginDirectory = await provider(project, head, join(directory, "plugins"));
  // A tree is built by its own means; both in turn, as they are the same most of the time.
  await provideBundles(project, head, stores.bundles);
  if (before) await provideBundles(project, before, stores.bundles);
  await providePolicies(head);
  const machinery: Machinery = {
    pulumiBinary,
    pluginDirectory,
    analyzerDirectory: pluginDirectory,
    store: stores.bases,
  };
  const planned = await plan(machinery, stack, head, before);
  if (before && (await lockOf(project, head)) !== (await lockOf(project, before))) {
    planned.notes.push(
      "package-lock.json differs from the base's: the base's program was run with the head's packages.",
    );
  }
  await Promise.all([...Object.values(stores), join(directory, "plugins")].map(prune));
  const cost = costOf(byUrn(planned.plan.resources), regionOf(head, stack), installedPrices());
  return reportOf(stack, before?.commit ?? null, planned, cost);
}

function lockOf(project: string, tree: Tree): Promise<string> {
  return partOf(project, tree, ["package-lock.json"]);
}

/** The provider and what runs policy packs, made anew where their sources have changed. */
async function provider(project: string, head: Tree, store: string): Promise<string> {
  const sources = `${await partOf(project, head, [...PROVIDER_SOURCES, "local/preview"])} ${project} ${process.execPath}`;
  const directory = join(store, createHash("sha256").update(sources).digest("hex"));
  if (existsSync(join(directory, "pulumi-resource-aws"))) {
    await touch(directory);
    return directory;
  }
  await mkdir(directory, { recursive: true });
  await provideAnalyzer(directory);
  await bundleProvider(directory);
  return directory;
}

/** @throws PreviewError where the stack's configuration names none */
function regionOf({ directory }: Tree, stack: string): string {
  const configuration: unknown = parse(readFileSync(join(directory, `Pulumi.${stack}.yaml`), "utf8"));
  const config = isObject(configuration) ? configuration["config"] : undefined;
  const region = isObject(config) ? config["aws:region"] : undefined;
  if (typeof region !== "string") throw new PreviewError(`Pulumi.${stack}.yaml names no region: set aws:region.`);
  return region;
}
