import { execFile } from "node:child_process";
import { existsSync, globSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Deployment, Stack } from "@pulumi/pulumi/automation";
import { alive } from "../cloud/process-table";
import { FIND, type Findings, type Wanted } from "../provider/finding";
import { nameOf } from "../provider/naming";
import type { Project } from "./project";

/** A resource as the engine's state has it. Values that are secret are objects with a mark. */
interface StateResource {
  urn: string;
  type: string;
  custom: boolean;
  id?: string;
  inputs?: Record<string, unknown>;
  outputs?: Record<string, unknown>;
  /** `urn::id` of its provider. */
  provider?: string;
  /** It was replaced, and is still to be deleted. */
  delete?: boolean;
}

interface State {
  resources?: StateResource[];
  pending_operations?: { resource: StateResource; type: string }[];
}

/**
 * Puts right what an engine that was killed left behind: its lock, and what it had begun. A resource that it was
 * creating is looked for by its inputs and kept if it is there, so that none is made twice; one that it was updating is
 * read again. The program's next `up` then does the rest.
 *
 * @param readOnly only the lock is removed
 * @returns what was put right, for a person to read
 */
export async function recover(stack: Stack, readOnly: boolean): Promise<string[]> {
  const directory = await stateDirectory(stack);
  if (!directory) return [];
  const notes = await removeStaleLock(stack, directory);
  const file = join(directory, "stacks", await projectOf(stack), `${stack.name}.json`);
  if (readOnly || !existsSync(file) || !isInterrupted(readFileSync(file, "utf8"))) return notes;
  const exported = await stack.exportStack();
  const state = exported.deployment as State;
  const pending = state.pending_operations ?? [];
  const creations = pending.filter(({ type, resource }) => type === "creating" && resource.type.startsWith("aws:"));
  const found = await look(
    stack,
    state,
    creations.map(({ resource }) => resource),
  );
  const resources = [...(state.resources ?? [])];
  for (const [index, { resource }] of creations.entries()) {
    const finding = found[index];
    if (finding) resources.push(kept(resource, finding, resources));
    notes.push(
      `${nameOf(resource.urn)}: its creation was cut off; ${finding ? `it is there, as ${finding.id}` : "it made nothing"}`,
    );
  }
  const deployment: State = { ...state, resources };
  delete deployment.pending_operations;
  await stack.importStack({ ...exported, deployment: deployment as Deployment });
  const updated = pending.filter(({ type }) => type === "updating").map(({ resource }) => resource.urn);
  notes.push(...updated.map((urn) => `${nameOf(urn)}: its update was cut off; it was read again`));
  if (updated.length > 0) await stack.refresh({ target: updated, color: "never" });
  return notes;
}

/**
 * Beside each file of its state the engine keeps a description of it, which it writes in place, while it replaces the
 * file as a whole. A kill may leave half a description, for which the engine would refuse the file; it needs none.
 *
 * @param state the backend's directory
 */
export function removeTornDescriptions(state: string): void {
  for (const name of globSync("{meta.yaml,locks/**/*,stacks/**/*}.attrs", { cwd: state })) {
    const file = join(state, name);
    try {
      JSON.parse(readFileSync(file, "utf8"));
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      rmSync(file);
    }
  }
}

/** The backend's directory; undefined where the state is not in files. */
async function stateDirectory(stack: Stack): Promise<string | undefined> {
  const { backend } = await stack.workspace.projectSettings();
  return backend?.url?.startsWith("file:") ? join(fileURLToPath(backend.url), ".pulumi") : undefined;
}

async function projectOf(stack: Stack): Promise<string> {
  return (await stack.workspace.projectSettings()).name;
}

/** A lock is stale when the engine that it names is no longer there. Others are left to the engine, which says so. */
async function removeStaleLock(stack: Stack, directory: string): Promise<string[]> {
  const locks = join(directory, "locks", "organization", await projectOf(stack), stack.name);
  const names = existsSync(locks) ? readdirSync(locks).filter((name) => name.endsWith(".json")) : [];
  if (names.length === 0) return [];
  const holders = names.map((name) => JSON.parse(readFileSync(join(locks, name), "utf8")) as Holder);
  if (holders.some(({ pid, hostname: host }) => host !== hostname() || isEngine(pid))) return [];
  await stack.cancel();
  return [`the lock of an engine that was killed (process ${holders.map(({ pid }) => pid).join(", ")}) was removed`];
}

/** Whether a process is there, and is an engine: process ids are used again. */
function isEngine(pid: number): boolean {
  if (!alive(pid)) return false;
  const command = `/proc/${pid}/cmdline`;
  return !existsSync(command) || readFileSync(command, "utf8").includes("pulumi");
}

interface Holder {
  pid: number;
  hostname: string;
}

function isInterrupted(text: string): boolean {
  const { checkpoint } = JSON.parse(text) as { checkpoint?: { latest?: State } };
  return (checkpoint?.latest?.pending_operations ?? []).length > 0;
}

/** Has the provider look for resources. */
async function look(stack: Stack, { resources = [] }: State, creations: StateResource[]): Promise<Findings> {
  if (creations.length === 0) return [];
  const wanted: Wanted = {
    creations: creations.map(({ urn, inputs, provider }) => ({
      urn,
      inputs: plain(inputs) as Record<string, unknown>,
      ...regionOf(provider, resources),
    })),
    taken: resources.flatMap(({ id, outputs }) => [id, outputs?.["arn"]]).filter((id) => typeof id === "string"),
  };
  const { plugins } = (await stack.workspace.projectSettings()) as Project;
  const [plugin] = plugins.providers;
  if (!plugin) throw new Error("the project names no provider");
  const provider = promisify(execFile)(join(plugin.path, `pulumi-resource-${plugin.name}`), [FIND], {
    env: { ...process.env, ...stack.workspace.envVars },
  });
  provider.child.stdin?.end(JSON.stringify(wanted));
  const { stdout } = await provider;
  return JSON.parse(stdout) as Findings;
}

function regionOf(provider: string | undefined, resources: StateResource[]): { region?: string } {
  const inputs = resources.find(({ urn, id }) => `${urn}::${id}` === provider)?.inputs;
  const region = inputs?.["region"];
  return typeof region === "string" ? { region } : {};
}

/**
 * A resource that was found, for the state. Where the state has another of its name it is the one that was to be
 * replaced: then the engine deletes what was found, and replaces anew.
 */
function kept(resource: StateResource, found: NonNullable<Findings[number]>, known: StateResource[]): StateResource {
  const { id, inputs: names, properties } = found;
  const given = Object.entries(resource.inputs ?? {});
  if (known.some(({ urn, delete: gone }) => urn === resource.urn && !gone)) {
    return { ...resource, id, delete: true, outputs: { ...resource.inputs, ...properties, id } };
  }
  const inputs = Object.fromEntries(given.filter(([name]) => names.includes(name)));
  return { ...resource, id, inputs, outputs: { ...properties, ...inputs, id } };
}

const SIGNATURE = "4dabf18193072939515e22adb298388d";

/** Values without the marks of those that are secret. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  if (SIGNATURE in value && "plaintext" in value) return plain(JSON.parse(String(value.plaintext)));
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}
