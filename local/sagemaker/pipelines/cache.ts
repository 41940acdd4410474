import { createHash } from "node:crypto";
import * as t from "io-ts";
import type { Execution } from "./execution";
import { isRecord, type Json } from "./expressions";
import type { StepState } from "./progress";

export const CacheConfig = t.intersection([t.type({ Enabled: t.boolean }), t.partial({ ExpireAfter: t.string })]);
export type CacheConfig = t.TypeOf<typeof CacheConfig>;

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

const DAY = 86_400;
/** Years, months and weeks before the T; a year counts 365 days, a month 30. */
const DURATION = /^p?(?:(\d+)y)?(?:(\d+)m)?(?:(\d+)w)?(?:(\d+)d)?(?:t(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?)?$/i;
const UNIT_SECONDS = [365 * DAY, 30 * DAY, 7 * DAY, DAY, 3600, 60, 1];

/** The seconds of an ISO 8601 duration, whose P SageMaker lets one leave out; undefined for anything else. */
export function expirySeconds(duration: string): number | undefined {
  const parts = DURATION.exec(duration)?.slice(1);
  if (!parts || parts.every((part) => part === undefined) || /t$/i.test(duration)) return undefined;
  return parts.reduce((sum, part, index) => sum + Number(part ?? 0) * (UNIT_SECONDS[index] ?? 0), 0);
}

function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isRecord(value)) return value;
  const names = Object.keys(value).sort();
  return Object.fromEntries(names.map((name) => [name, sorted(value[name] ?? null)]));
}
