import type * as t from "io-ts";
import { integer, oneOf, struct, tagged, withDefault } from "./codec";
import { HostingInstance, S3Prefix, sageMakerName } from "./values";

const waitIntervalSeconds = integer(0, 3600);

/** How an update replaces the old fleet. Waits are 0 to 3600 s after each step. */
export const Rollout = tagged("Rollout", "type", {
  "all-at-once": struct("RolloutAllAtOnce", { type: oneOf("all-at-once") }),
  canary: struct("RolloutCanary", {
    type: oneOf("canary"),
    /** Share of the capacity that goes first: 1 to 50%. */
    canaryPercent: integer(1, 50),
    waitIntervalSeconds,
  }),
  linear: struct("RolloutLinear", {
    type: oneOf("linear"),
    /** Share of the capacity in each step: 10 to 50%. */
    stepPercent: integer(10, 50),
    waitIntervalSeconds,
  }),
});
export type Rollout = t.TypeOf<typeof Rollout>;

/** Seconds that a roll-out waits in all: a canary after each of its two steps, a linear one after every step. */
export function rolloutWaitSeconds(rollout: Rollout): number {
  switch (rollout.type) {
    case "all-at-once":
      return 0;
    case "canary":
      return 2 * rollout.waitIntervalSeconds;
    case "linear":
      return Math.ceil(100 / rollout.stepPercent) * rollout.waitIntervalSeconds;
  }
}

/** The endpoint and how it changes. */
export const Deployment = struct("Deployment", {
  endpointName: sageMakerName(63),
  instanceType: HostingInstance,
  /** Instances at least: 1 to 1000, and 2 or more for a canary or linear roll-out. */
  minCapacity: integer(1, 1000),
  /** Instances at most, above the minimum: the fleet scales between the two. */
  maxCapacity: integer(2, 1000),
  rollout: Rollout,
  /** An update that takes longer is rolled back: 600 to 28800 s, default 3600. */
  timeoutSeconds: withDefault(integer(600, 28_800), 3600),
  /** Share of the requests that is captured: 0 to 100%, default 0. */
  dataCapturePercent: withDefault(integer(0, 100), 0),
})
  .rule(["minCapacity", "maxCapacity"], ({ minCapacity, maxCapacity }) =>
    maxCapacity > minCapacity
      ? []
      : [
          {
            path: "maxCapacity",
            value: maxCapacity,
            problem: `is not above minCapacity ${minCapacity}`,
            remedy: `make it ${minCapacity + 1} or more, or lower minCapacity`,
          },
        ],
  )
  .rule(["minCapacity", "rollout"], ({ minCapacity, rollout }) =>
    rollout.type === "all-at-once" || minCapacity >= 2
      ? []
      : [
          {
            path: "minCapacity",
            value: minCapacity,
            problem: `is too few for a ${rollout.type} roll-out: a part of the fleet goes first, the rest follows`,
            remedy: "make it 2 or more, or take rollout all-at-once",
          },
        ],
  )
  .rule(["timeoutSeconds", "rollout"], ({ timeoutSeconds, rollout }) => {
    const waits = rolloutWaitSeconds(rollout);
    if (timeoutSeconds > waits) return [];
    return [
      {
        path: "timeoutSeconds",
        value: timeoutSeconds,
        problem: `is not above the ${waits} s that the ${rollout.type} roll-out waits in all`,
        remedy: "raise it, or lower rollout.waitIntervalSeconds",
      },
    ];
  });
export type Deployment = t.TypeOf<typeof Deployment>;

export const Stream = struct("Stream", {
  /** Under the storage prefix. Default stream_data. */
  prefix: withDefault(S3Prefix, "stream_data"),
  /** Columns of the files. Default creditcard. */
  schema: withDefault(oneOf("creditcard", "ecommerce"), "creditcard"),
  /** Rows that one call of the endpoint scores: 1 to 5000, default 500. */
  batchRows: withDefault(integer(1, 5_000), 500),
  /** Files scored at once: 2 (the least that SQS allows) to 1000, default 5. */
  maxConcurrency: withDefault(integer(2, 1_000), 5),
  /** Delay before a file is tried again while there is no model: 1 to 900 s (SQS's longest delay), default 300. */
  noModelRetrySeconds: withDefault(integer(1, 900), 300),
});
export type Stream = t.TypeOf<typeof Stream>;
