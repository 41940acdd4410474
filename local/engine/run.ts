import type { DiagnosticEvent, EngineEvent, OutputMap, Stack, StepEventMetadata } from "@pulumi/pulumi/automation";

import { nameOf } from "../provider/naming";
import { recover } from "./recovery";

export type Operation = "preview" | "up" | "refresh" | "destroy";

/** One thing done, or to be done, to a resource. */
export interface Step {
  /** The engine's name of it: `create`, `update`, `replace`, `delete`, `create-replacement`, … */
  op: string;
  type: string;
  urn: string;
  name: string;
  /** Properties that differ: path → how (`add`, `update-replace`, …). Empty for creations and deletions. */
  differences: Record<string, string>;
}

export interface ResourceSummary {
  urn: string;
  type: string;
  parent?: string;
}

/** How many resources were created, updated, replaced, deleted or left as they were. */
export type Changes = Record<"create" | "update" | "replace" | "delete" | "same", number>;

/** @param count how many resources something is done to */
export function changesOf(count: (op: keyof Changes) => number): Changes {
  return {
    create: count("create"),
    update: count("update"),
    replace: count("replace"),
    delete: count("delete"),
    same: count("same"),
  };
}

export interface RunResult {
  changes: Changes;
  /** Everything that was not left as it was, in the order in which it was done. */
  steps: Step[];
  /** What the engine or the provider warned of, with the resource's name before it where it is about one. */
  warnings: string[];
  /** Empty after a preview or a destruction. */
  outputs: OutputMap;
  /** All resources of the stack after the operation, components included; empty after a preview, or where not wanted. */
  resources: ResourceSummary[];
  seconds: number;
}

export interface Hooks {
  /** Called with each resource's name and what is done to it, as it is done. */
  onResource?: (name: string, op: string) => void;
  /** Called with everything that the engine tells, in its order. */
  onEvent?: (event: EngineEvent) => void;
  /** Ends the engine. */
  signal?: AbortSignal;
  /** Folders of the policy packs that the operation is held to. The engine fails it where a mandatory policy is violated. */
  policyPacks?: readonly string[];
  /** Only the events are wanted: the result has no resources. Default: false. */
  eventsOnly?: boolean;
}

/** An operation that the engine refused or could not finish. The message holds its diagnostics. */
export class EngineError extends Error {
  override name = "EngineError";

  constructor(
    readonly operation: Operation,
    readonly diagnostics: string[],
    /** Whether something was said to be wrong. Else a violated policy, or nothing that is known, ended the operation. */
    readonly explained: boolean,
  ) {
    super(`pulumi ${operation} failed:\n${diagnostics.join("\n")}`);
  }
}

/** Runs one operation on a stack, after putting right what a killed one left. @throws EngineError */
export async function run(stack: Stack, operation: Operation, hooks: Hooks = {}): Promise<RunResult> {
  const from = performance.now();
  const recovered = await recover(stack, operation === "preview");
  const record = new Transcript(operation, hooks);
  const { signal, policyPacks } = hooks;
  const options = {
    onEvent: (event: EngineEvent) => {
      record.take(event);
      hooks.onEvent?.(event);
    },
    color: "never",
    ...(signal ? { signal } : {}),
    ...(policyPacks ? { policyPacks: [...policyPacks] } : {}),
  } as const;
  let outputs: OutputMap;
  try {
    outputs = await perform(stack, operation, options);
  } catch (cause) {
    throw new EngineError(operation, record.diagnosticsOr(cause), record.saidErrors);
  }
  // A provider that plans tells what is wrong with each resource, and lets the engine go on.
  if (record.saidErrors) throw new EngineError(operation, record.diagnosticsOr(undefined), true);
  return {
    changes: record.changes(),
    steps: record.steps,
    warnings: [...recovered, ...record.warnings],
    outputs,
    resources: operation === "preview" || hooks.eventsOnly ? [] : await resourcesOf(stack),
    seconds: (performance.now() - from) / 1000,
  };
}

async function perform(
  stack: Stack,
  operation: Operation,
  options: { onEvent: (event: EngineEvent) => void; color: "never"; signal?: AbortSignal; policyPacks?: string[] },
): Promise<OutputMap> {
  switch (operation) {
    case "preview":
      await stack.preview(options);
      return {};
    case "up":
      return (await stack.up(options)).outputs;
    case "refresh":
      await stack.refresh(options);
      return stack.outputs();
    case "destroy":
      await stack.destroy(options);
      return {};
  }
}

/** The stack's resources, components included, as its state has them. */
export async function resourcesOf(stack: Stack): Promise<ResourceSummary[]> {
  const exported = await stack.exportStack();
  const { resources = [] } = exported.deployment as { resources?: ResourceSummary[] };
  return resources
    .filter(isOfProgram)
    .map(({ urn, type, parent }) => ({ urn, type, ...(parent === undefined ? {} : { parent }) }));
}

/** Providers that nobody declared are the engine's own: it counts them nowhere either. */
function isOfProgram({ type, urn }: { type: string; urn: string }): boolean {
  return !(type.startsWith("pulumi:providers:") && urn.split("::").at(-1)?.startsWith("default"));
}

/** Steps that leave a resource as it is. */
const IDLE = new Set(["same", "read", "refresh"]);

/** Diagnostics that say nothing but that there was one. */
const EMPTY: readonly string[] = ["", "update failed", "preview failed"];

/** What the engine's events tell. */
class Transcript {
  readonly steps: Step[] = [];
  /** A provider is asked for the same difference more than once. */
  readonly warnings = new Set<string>();
  private readonly diagnostics: string[] = [];
  private summary: Partial<Record<string, number>> = {};

  constructor(
    private readonly operation: Operation,
    private readonly hooks: Hooks,
  ) {}

  take(event: EngineEvent): void {
    const metadata = (this.operation === "preview" ? event.resourcePreEvent : event.resOutputsEvent)?.metadata;
    if (metadata && isOfProgram(metadata)) this.step(metadata);
    if (event.summaryEvent) this.summary = event.summaryEvent.resourceChanges;
    if (event.diagnosticEvent) this.diagnostic(event.diagnosticEvent);
  }

  changes(): Changes {
    return changesOf((op) => this.summary[op] ?? 0);
  }

  get saidErrors(): boolean {
    return this.diagnostics.some((message) => !EMPTY.includes(message));
  }

  /** What the engine said was wrong; else the error that ended it. */
  diagnosticsOr(cause: unknown): string[] {
    const said = [...new Set(this.diagnostics.filter((message) => !EMPTY.includes(message)))];
    return said.length > 0 ? said : [cause instanceof Error ? cause.message : String(cause)];
  }

  private diagnostic({ severity, message, urn }: DiagnosticEvent): void {
    const text = withoutMarks(message);
    if (/error/.test(severity)) this.diagnostics.push(text);
    if (severity === "warning") this.warnings.add(urn ? `${nameOf(urn)}: ${text}` : text);
  }

  private step({ op, type, urn, detailedDiff }: StepEventMetadata): void {
    const name = nameOf(urn);
    this.hooks.onResource?.(name, op);
    if (IDLE.has(op)) return;
    const differences = Object.entries(detailedDiff ?? {}).map(([path, { diffKind }]) => [path, diffKind]);
    this.steps.push({ op, type, urn, name, differences: Object.fromEntries(differences) as Record<string, string> });
  }
}

/** A diagnostic without the engine's colour marks. */
function withoutMarks(message: string): string {
  return message.replace(/<\{%.*?%\}>/g, "").trim();
}
