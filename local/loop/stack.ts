// The `local` stack: the same program as every other, brought up by the real engine.
import { existsSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import type { OutputMap } from "@pulumi/pulumi/automation";
import { isLeft } from "fp-ts/Either";
import { PlatformOutputs } from "../../components/outputs";
import { bundleAll } from "../../functions/bundle";
import program from "../../index";
import { environment, type RunningCloud } from "../cloud";
import { MARKER } from "../cloud/process-table";
import { commandLine, openStack, resourcesOf, run, type ResourceSummary } from "../engine";
import { bundleLanguageHost, bundleProvider } from "../provider/bundle";
import { localDirectory, projectRoot, tools } from "../tools";
import { StageError } from "./errors";
import type { Outcome, Progress } from "./stage";

const pluginDirectory = join(localDirectory, "plugin");

export interface StackUp {
  outputs: PlatformOutputs;
  apiKey: string;
  resources: ResourceSummary[];
}

/** Bundles what the stack deploys and what deploys it. */
export async function buildArtifacts(progress: Progress): Promise<Outcome<void>> {
  progress("functions, launcher, provider");
  const [functions] = await Promise.all([
    bundleAll({ outDir: join(projectRoot, "dist") }),
    bundleProvider(pluginDirectory),
  ]);
  return { value: undefined, detail: `${functions.length} functions, launcher, provider` };
}

const open = (configFile: string, cloud: RunningCloud) =>
  openStack({
    stack: "local",
    program,
    configFile,
    directory: stackDirectory(cloud),
    // Marked as the cloud's own, so that engine and provider end with it, however this process ends.
    environment: { ...environment(cloud.description), [MARKER]: cloud.description.id },
    pulumiBinary: tools().pulumi,
    pluginDirectory,
  });

/**
 * What `pulumi`, as a command line, works on the local stack by: where its state, configuration and secrets are, and the
 * folders with the engine, the provider and, where the machine has none, what runs programs of Node.js.
 */
export async function pulumiCommandLine(
  cloud: RunningCloud,
): Promise<{ variables: Record<string, string>; path: string[] }> {
  const { pulumi } = tools();
  const onPath = [dirname(pulumi), ...(process.env["PATH"] ?? "").split(delimiter)];
  const hasHost = onPath.some((folder) => existsSync(join(folder, "pulumi-language-nodejs")));
  const [host] = await Promise.all([
    hasHost ? [] : bundleLanguageHost(join(localDirectory, "language")),
    bundleProvider(pluginDirectory),
  ]);
  return {
    variables: commandLine(stackDirectory(cloud), "local"),
    path: [dirname(pulumi), pluginDirectory, host].flat(),
  };
}

const stackDirectory = ({ description }: RunningCloud): string => join(description.directory, "pulumi");

/** `pulumi up` of the local stack on a running cloud. @throws Error with the engine's diagnostics. */
export async function bringUp(configFile: string, cloud: RunningCloud, progress: Progress): Promise<Outcome<StackUp>> {
  const stack = await open(configFile, cloud);
  let done = 0;
  const result = await run(stack, "up", { onResource: (name) => progress(`${++done} ${name}`) });
  const { create, update, replace, delete: deleted, same } = result.changes;
  return {
    value: stackUp(result.outputs, result.resources),
    detail: [
      `${create} created, ${update} updated, ${replace} replaced, ${deleted} deleted, ${same} unchanged`,
      ...result.warnings,
    ].join("; "),
  };
}

/** The stack as it stands on a running cloud; undefined where it was never brought up. */
export async function readStack(cloud: RunningCloud): Promise<StackUp | undefined> {
  const configFile = join(localDirectory, "run", "Pulumi.local.yaml");
  if (!existsSync(configFile)) return undefined;
  const stack = await open(configFile, cloud);
  const outputs = await stack.outputs();
  return Object.keys(outputs).length === 0 ? undefined : stackUp(outputs, await resourcesOf(stack));
}

/** @throws StageError naming every output that is not as declared. */
function stackUp(outputs: OutputMap, resources: ResourceSummary[]): StackUp {
  const plain = Object.fromEntries(Object.entries(outputs).map(([name, output]) => [name, output.value as unknown]));
  const decoded = PlatformOutputs.decode(plain);
  if (isLeft(decoded)) {
    const wrong = decoded.left.map((error) => error.context.map((each) => each.key).join("."));
    throw new StageError(
      `The stack's outputs are not what components/outputs.ts declares: ${[...new Set(wrong)].join(", ")}.`,
    );
  }
  return { outputs: decoded.right, apiKey: String(plain.apiKey), resources };
}
