// The real engine's preview of a head's program on the state of a base's, on the provider that only plans.
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PulumiFn, Stack } from "@pulumi/pulumi/automation";
import { changesOf, EngineError, openStack, quickEngine, run, type Changes } from "../engine";
import { bySource, loadFrom } from "./compiled";
import { openConfiguration } from "./configuration";
import { Plan } from "./events";
import { PreviewError, settle, touch, type Tree } from "./trees";

/** What engine and plugins a preview runs with. */
export interface Machinery {
  pulumiBinary: string;
  /** Holds `pulumi-resource-aws`. */
  pluginDirectory: string;
  /** Holds `pulumi-analyzer-policy-nodejs`. */
  analyzerDirectory: string;
  /** Where the states of bases are kept. */
  store: string;
}

export interface Planned {
  plan: Plan;
  changes: Changes;
  /** Of the engine, the provider and the program. */
  warnings: string[];
  /** For a person to read: what the preview could not take as it is. */
  notes: string[];
}

/** Nothing of it is called; a program that asks by itself gets no further than this machine. */
const ENVIRONMENT = {
  AWS_ENDPOINT_URL: "http://127.0.0.1:9",
  AWS_ACCESS_KEY_ID: "preview",
  AWS_SECRET_ACCESS_KEY: "preview",
  AWS_EC2_METADATA_DISABLED: "true",
};

/**
 * Previews the head of a stack, on its base or on nothing.
 *
 * @throws PreviewError where a stack's configuration is missing
 * @throws EngineError where a program or the provider refuses something
 */
export async function plan(machinery: Machinery, stack: string, head: Tree, base: Tree | undefined): Promise<Planned> {
  const directory = await mkdtemp(join(tmpdir(), "preview-"));
  const notes: string[] = [];
  try {
    const state = base && (await baseState(machinery, stack, base));
    if (base && state === undefined) notes.push(`The base has no stack ${stack}: everything is new.`);
    await copy(state ?? (await emptyState(machinery, stack)), directory);
    const { standIns } = await writeConfiguration(stack, head, directory);
    if (standIns > 0) {
      notes.push(
        `${standIns} secret configuration values are stand-ins: a preview without credentials cannot open them.`,
      );
    }
    const collected = new Plan();
    const opened = await open(machinery, stack, head, directory);
    const { changes, warnings } = await runBySource(opened, "preview", {
      onEvent: (event) => collected.take(event),
      policyPacks: [join(head.directory, "policy")].filter((folder) => existsSync(folder)),
    }).catch((error: unknown) => {
      // The engine fails a preview for a violated policy too, once it has said all there is.
      if (
        error instanceof EngineError &&
        !error.explained &&
        collected.violations.some(({ enforcement }) => enforcement === "mandatory")
      ) {
        return { changes: undefined, warnings: [] };
      }
      throw error;
    });
    return { plan: collected, changes: changes ?? counted(collected), warnings, notes };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/**
 * The folder of a stack that was brought up from the base's program: made once for each base, provider and engine.
 *
 * @returns undefined where the base has no such stack
 */
async function baseState(machinery: Machinery, stack: string, base: Tree): Promise<string | undefined> {
  if (!existsSync(join(base.directory, configurationOf(stack)))) return undefined;
  const plugins = ["provider.js", "awsx.js"].map((file) => readFileSync(join(machinery.pluginDirectory, file)));
  return keep(machinery, [base.hash, stack, ...plugins], async (making) => {
    await copy(await emptyState(machinery, stack), making);
    await writeConfiguration(stack, base, making);
    await runBySource(await open(machinery, stack, base, making), "up", { eventsOnly: true }).catch(
      (error: unknown) => {
        if (!(error instanceof EngineError)) throw error;
        const whose = `It is the program of the base, ${base.commit ?? base.hash}, that is refused:`;
        throw new EngineError("up", [whose, ...error.diagnostics], error.explained);
      },
    );
  });
}

/** The folder of a stack that has nothing in it yet: made once for each engine. */
function emptyState(machinery: Machinery, stack: string): Promise<string> {
  return keep(machinery, ["empty", stack], async (making) => {
    // The engine would pack all that it does into a log there, which goes with the folder: a quarter of its time.
    await mkdir(join(making, "home"), { recursive: true });
    await writeFile(join(making, "home", "logs"), "");
    const configFile = join(making, configurationOf(stack));
    await writeFile(configFile, "config: {}\n");
    await openStack({
      stack,
      program: () => Promise.resolve({}),
      configFile,
      directory: making,
      environment: ENVIRONMENT,
      pulumiBinary: machinery.pulumiBinary,
      pluginDirectory: machinery.pluginDirectory,
    });
  });
}

/** Raise when what is kept changes its form, so that nothing older is found. */
const FORMAT = "2";

/** A folder of the store, made where there is none of what it is `of`. */
async function keep(
  { store, pulumiBinary }: Machinery,
  of: readonly (string | Buffer)[],
  make: (making: string) => Promise<void>,
): Promise<string> {
  const name = createHash("sha256").update(FORMAT).update(pulumiBinary);
  for (const part of of) name.update("\0").update(part);
  const place = join(store, name.digest("hex"));
  if (existsSync(place)) {
    await touch(place);
    return place;
  }
  await mkdir(store, { recursive: true });
  const making = await mkdtemp(join(store, "making-"));
  try {
    await make(making);
    await settle(making, place);
  } catch (error) {
    await rm(making, { recursive: true, force: true });
    throw error;
  }
  return place;
}

function copy(from: string, to: string): Promise<void> {
  return cp(from, to, { recursive: true, verbatimSymlinks: true });
}

async function open(machinery: Machinery, stack: string, tree: Tree, directory: string): Promise<Stack> {
  const { pulumiBinary, pluginDirectory, analyzerDirectory } = machinery;
  return openStack({
    stack,
    program: (await loadFrom(tree, "index.ts")) as PulumiFn,
    configFile: join(directory, configurationOf(stack)),
    directory,
    // The state is written once, at the end: nothing in it outlives the preview but as a whole.
    environment: { ...ENVIRONMENT, PULUMI_EXPERIMENTAL: "true", PULUMI_SKIP_CHECKPOINTS: "true" },
    pulumiBinary,
    command: await quickEngine(pulumiBinary, machinery.store),
    pluginDirectory,
    analyzerDirectory,
    programDirectory: tree.directory,
    planOnly: true,
  });
}

/** As {@link run}, with the lines of the program's sources in what is said to be wrong. */
async function runBySource(...[stack, operation, hooks]: Parameters<typeof run>): ReturnType<typeof run> {
  try {
    return await run(stack, operation, hooks);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    throw new EngineError(operation, error.diagnostics.map(bySource), error.explained);
  }
}

function configurationOf(stack: string): string {
  return `Pulumi.${stack}.yaml`;
}

async function writeConfiguration(stack: string, tree: Tree, directory: string): Promise<{ standIns: number }> {
  const name = configurationOf(stack);
  const source = join(tree.directory, name);
  if (!existsSync(source)) throw new PreviewError(`There is no stack ${stack}: ${name} does not exist.`);
  const { text, standIns } = openConfiguration(readFileSync(source, "utf8"));
  await writeFile(join(directory, name), text);
  return { standIns };
}

/** What the engine would have counted, had no policy stopped it. */
const counted = ({ resources }: Plan): Changes =>
  changesOf((wanted) => resources.filter(({ op }) => op === wanted).length);
