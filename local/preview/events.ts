// What the engine's events tell of a preview: what becomes of each resource, and which policies it violates.
import type { EngineEvent } from "@pulumi/pulumi/automation";
import { maskInputs } from "./mask";

/** What is done to a resource, as the engine calls it. */
export type Operation = "create" | "update" | "replace" | "delete" | "same";

/** A resource of the base, of the head, or of both. */
export interface PlannedResource {
  urn: string;
  type: string;
  parent: string | undefined;
  op: Operation;
  /** Property path → how it changes (`add`, `update`, `update-replace`, …). */
  differences: Record<string, string>;
  /** As the base has it; undefined for what is new. Secrets are masked. */
  before: Record<string, unknown> | undefined;
  /** As the head has it; undefined for what goes away. Secrets are masked. */
  after: Record<string, unknown> | undefined;
}

/** A policy of the pack that a resource does not meet. */
export interface Violation {
  policy: string;
  enforcement: "mandatory" | "advisory";
  /** Of the resource; the stack's where it is about several. */
  urn: string;
  message: string;
}

const OPERATIONS: readonly string[] = ["create", "update", "replace", "delete", "same"] satisfies Operation[];

/** Takes the events of one preview. */
export class Plan {
  readonly resources: PlannedResource[] = [];
  readonly violations: Violation[] = [];

  take({ resourcePreEvent, policyEvent }: EngineEvent): void {
    if (resourcePreEvent) {
      const { op, urn, type, detailedDiff, old, new: now } = resourcePreEvent.metadata;
      // A replacement also comes as its two halves; the engine's own steps, such as reading, change nothing.
      if (!OPERATIONS.includes(op) || isDefaultProvider(urn, type)) return;
      const differences = Object.entries(detailedDiff ?? {}).map(([path, { diffKind }]) => [path, diffKind]);
      this.resources.push({
        urn,
        type,
        parent: (now ?? old)?.parent || undefined,
        op: op as Operation,
        differences: Object.fromEntries(differences) as Record<string, string>,
        before: op === "create" ? undefined : maskInputs(old?.inputs),
        after: op === "delete" ? undefined : maskInputs(now?.inputs),
      });
    }
    if (policyEvent) {
      const { policyName, enforcementLevel, resourceUrn, message } = policyEvent;
      this.violations.push({
        policy: policyName,
        enforcement: enforcementLevel === "mandatory" ? "mandatory" : "advisory",
        urn: resourceUrn ?? "",
        message: problemIn(message),
      });
    }
  }
}

/** A provider that nobody declared is the engine's own. */
function isDefaultProvider(urn: string, type: string): boolean {
  return type.startsWith("pulumi:providers:") && (urn.split("::").at(-1)?.startsWith("default") ?? false);
}

/** What the policy found, without the engine's colour marks, and without the policy's description before it. */
function problemIn(message: string): string {
  const [first = "", ...rest] = message
    .replace(/<\{%.*?%\}>/g, "")
    .trim()
    .split("\n");
  return rest.length > 0 ? rest.join(" ") : first;
}
