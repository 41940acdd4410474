import type * as t from "io-ts";
import {
  dictionary,
  flag,
  integer,
  number,
  oneOf,
  optional,
  struct,
  tagged,
  text,
  withDefault,
  type Violation,
} from "./codec";
import { HostingInstance, ProcessingInstance, S3Prefix, S3Uri, sageMakerName } from "./values";

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

/** The forms that SageMaker's monitors take: hourly, daily at an hour, every n hours from an hour. */
export const MonitorSchedule = text(
  "a schedule that SageMaker's monitors take",
  /cron\(0 (?:\*|(?:[01]?\d|2[0-3])(?:\/(?:0?[1-9]|1\d|2[0-4]))?) \? \* \* \*\)/,
  "give cron(0 * ? * * *), cron(0 HOUR ? * * *) or cron(0 HOUR/EVERY ? * * *)",
);
export type MonitorSchedule = t.TypeOf<typeof MonitorSchedule>;

/** Seconds between two runs of a schedule. */
export function schedulePeriodSeconds(schedule: MonitorSchedule): number {
  const hours = schedule.split(" ")[1] ?? "*";
  if (hours === "*") return 3600;
  const every = hours.split("/")[1];
  return (every === undefined ? 24 : Number(every)) * 3600;
}

function fitsItsPeriod(value: { schedule: string; maxRuntimeSeconds: number }): Violation[] {
  const period = schedulePeriodSeconds(value.schedule);
  if (value.maxRuntimeSeconds <= period) return [];
  return [
    {
      path: "maxRuntimeSeconds",
      value: value.maxRuntimeSeconds,
      problem: `is longer than the ${period} s between two runs`,
      remedy: "lower it, or run less often",
    },
  ];
}

/** One monitor. The longest run that it may make defaults by kind of monitor. */
function monitor(maxRuntimeSeconds: number) {
  const codec = struct("Monitor", {
    /** Default true. */
    enabled: withDefault(flag, true),
    /** Default hourly. */
    schedule: withDefault(MonitorSchedule, "cron(0 * ? * * *)"),
    /** Default ml.m5.large. */
    instanceType: withDefault(ProcessingInstance, "ml.m5.large"),
    /** 1 to 100, default 1. */
    instanceCount: withDefault(integer(1, 100), 1),
    /** 1 to 16384, default 20. */
    volumeSizeGb: withDefault(integer(1, 16_384), 20),
    /** 60 to 86400, not above the schedule's period. */
    maxRuntimeSeconds: withDefault(integer(60, 86_400), maxRuntimeSeconds),
    /** Limits by metric, above which (or below, by the metric's nature) the monitor reports a violation. */
    thresholds: optional(
      dictionary(text("a metric's name", /[A-Za-z]\w*/, "use letters, digits and _"), number(-1e9, 1e9)),
    ),
  }).rule(["schedule", "maxRuntimeSeconds"], fitsItsPeriod);
  return withDefault(codec, {});
}

export const Monitors = struct("Monitors", {
  /** model-monitor: AWS's managed images, for accounts that have them. Default processing. */
  engine: withDefault(oneOf("processing", "model-monitor"), "processing"),
  dataQuality: monitor(3300),
  modelQuality: monitor(1800),
  bias: monitor(1800),
  explainability: monitor(3600),
  /** Where labels arrive, if not under the stack's own prefix. */
  groundTruthUri: optional(S3Uri),
});
export type Monitors = t.TypeOf<typeof Monitors>;
export type Monitor = Monitors["dataQuality"];

export const Api = struct("Api", {
  /** In addition to the API key. Default none. */
  authorizer: withDefault(oneOf("none", "iam", "cognito", "jwt"), "none"),
  /** Default 50. */
  rateLimitPerSecond: withDefault(number(0.1, 10_000), 50),
  /** Default 100. */
  burstLimit: withDefault(integer(1, 5_000), 100),
  /** Requests a day for one key. Default 100000. */
  quotaPerDay: withDefault(integer(1, 1_000_000_000), 100_000),
});
export type Api = t.TypeOf<typeof Api>;

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
