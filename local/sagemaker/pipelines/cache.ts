import { createHash } from "node:crypto";
import type { Execution } from "./execution";
import { isRecord, type Json } from "./expressions";
import type { StepState } from "./progress";

/** The arguments that make two runs of a step the same: others, such as tags, instances and outputs, may differ. */
const KEY_MEMBERS = {
  Processing: ["AppSpecification", "Environment", "ProcessingInputs"],
  Training: [
    "AlgorithmSpecification",
    "CheckpointConfig",
    "DebugHookConfig",
    "DebugRuleConfigurations",
    "Environment",
    "HyperParameters",
    "InputDataConfig",
  ],
  Transform: ["DataProcessing", "Environment", "ModelName", "TransformInput"],
} as const;
/** The types of steps whose results are cached. */
export type CachedType = keyof typeof KEY_MEMBERS;

/** Equal for requests that count as the same run of a step. */
export function cacheKey(type: CachedType, request: { [name: string]: Json }): string {
  const members = KEY_MEMBERS[type].map((name) => [name, sorted(request[name] ?? null)]);
  return createHash("sha256").update(JSON.stringify(members)).digest("hex");
}

/** A step's state in an earlier execution, and that execution. */
export interface CacheHit {
  state: StepState;
  executionArn: string;
}

/**
 * The most recent run of the step that a cached result may come from: it did the work itself, has succeeded with the
 * same key, and is not older than the timeout.
 *
 * @param executions those of the same pipeline
 * @param now epoch seconds
 */
export function findHit(
  executions: readonly Execution[],
  step: string,
  key: string,
  expirySeconds: number,
  now: number,
): CacheHit | undefined {
  const hits = executions.flatMap(({ arn, steps }) =>
    steps
      .filter(
        ({ name, status, cacheKey: own, reusedFrom, ended = 0 }) =>
          name === step && status === "Succeeded" && own === key && !reusedFrom && now - ended <= expirySeconds,
      )
      .map((state) => ({ state, executionArn: arn })),
  );
  return hits.reduce<CacheHit | undefined>(
    (best, hit) => (best && (best.state.ended ?? 0) >= (hit.state.ended ?? 0) ? best : hit),
    undefined,
  );
}

function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isRecord(value)) return value;
  const names = Object.keys(value).sort();
  return Object.fromEntries(names.map((name) => [name, sorted(value[name] ?? null)]));
}
