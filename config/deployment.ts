import type * as t from "io-ts";
import { eitherOf, integer, number, oneOf, oneOfNumbers, optional, struct, tagged, text, withDefault } from "./codec";
import type { Violation } from "./codec";
import { ProcessingInstance, HostingInstance, sageMakerName } from "./values";

const waitIntervalSeconds = integer(0, 3600);

/** How an update replaces the old fleet. Waits are 0 to 3600 s after each step: the bake, in which alarms may fire. */
export const Rollout = tagged("Rollout", "type", {
  "all-at-once": struct("RolloutAllAtOnce", {
    type: oneOf("all-at-once"),
    /** How long the old fleet waits beside the new one, which takes all requests: 0 to 3600 s. Default: not at all. */
    bakeSeconds: optional(integer(0, 3600)),
  }),
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
  /** A new model gets a copy of the requests and answers nobody, until a person takes it live. */
  shadow: struct("RolloutShadow", {
    type: oneOf("shadow"),
    /** Share of the requests that is copied: 1 to 100%, default 100. */
    samplePercent: withDefault(integer(1, 100), 100),
  }),
});
export type Rollout = t.TypeOf<typeof Rollout>;

/** Seconds that a roll-out waits in all: a canary after each of its two steps, a linear one after every step. */
export function rolloutWaitSeconds(rollout: Rollout): number {
  switch (rollout.type) {
    case "all-at-once":
      return rollout.bakeSeconds ?? 0;
    case "shadow":
      return 0;
    case "canary":
      return 2 * rollout.waitIntervalSeconds;
    case "linear":
      return Math.ceil(100 / rollout.stepPercent) * rollout.waitIntervalSeconds;
  }
}

/** From when on the alarms of a new fleet fire, and make SageMaker go back to the old one. */
export const RolloutAlarms = struct("RolloutAlarms", {
  /**
   * Default 60. SageMaker's own metrics come every minute on AWS: with a shorter period there most periods are empty,
   * and count as good.
   */
  periodSeconds: withDefault(oneOfNumbers([10, 30, 60, 120, 300], "seconds"), 60),
  /** Bad periods in a row that fire: 1 to 10, default 2. */
  evaluationPeriods: withDefault(integer(1, 10), 2),
  /** Share of the new fleet's answers that are server errors: 0 to 100%, default 1. */
  serverErrorPercent: withDefault(number(0, 100), 1),
  /** What 99 of 100 requests may take in the model's container: 1 to 60000 ms, default 500. */
  latencyP99Milliseconds: withDefault(integer(1, 60_000), 500),
  /** Difference of mean probability, or of the share called fraud, to the live model: 0 to 1, default 0.1. */
  scoreShift: withDefault(number(0, 1), 0.1),
  /** Scores of each model in a period, below which they are not compared: 1 to 1000000, default 100. */
  minimumScores: withDefault(integer(1, 1_000_000), 100),
});
export type RolloutAlarms = t.TypeOf<typeof RolloutAlarms>;

/**
 * Seconds that alarms take to fire: their periods, and the rest of the one in which the traffic changes, which is not
 * theirs alone.
 */
export const alarmSeconds = ({ periodSeconds, evaluationPeriods }: RolloutAlarms): number =>
  (evaluationPeriods + 1) * periodSeconds;

/** How the fleet grows and shrinks with the requests. */
export const Autoscaling = struct("Autoscaling", {
  /** Invocations of an instance in a minute that the fleet is held at: 1 to 1000000, default 1000. */
  invocationsPerInstance: withDefault(number(1, 1_000_000), 1000),
  /** Seconds after one shrinking before the next: 0 to 3600, default 300. */
  scaleInCooldownSeconds: withDefault(integer(0, 3600), 300),
  /** Seconds after one growth before the next: 0 to 3600, default 60. */
  scaleOutCooldownSeconds: withDefault(integer(0, 3600), 60),
});
export type Autoscaling = t.TypeOf<typeof Autoscaling>;

const scheduleExpression = text(
  "a schedule",
  /cron\(\S+ \S+ \S+ \S+ \S+ \S+\)/,
  "give a cron expression of EventBridge Scheduler, such as cron(0 20 ? * MON-FRI *)",
);

/** When an endpoint that costs money while nobody works is taken down and brought back with the last champion. */
export const Idle = struct("Idle", {
  /** When it goes, `cron(…)`. */
  downSchedule: scheduleExpression,
  /** When it comes back, `cron(…)`. */
  upSchedule: scheduleExpression,
  /** IANA name of the schedules' time zone. Default UTC. */
  timezone: withDefault(
    text("a time zone", /[A-Za-z_]+(?:\/[\w+-]+)*/, "give an IANA name such as Europe/Berlin"),
    "UTC",
  ),
});
export type Idle = t.TypeOf<typeof Idle>;

const common = {
  endpointName: sageMakerName(63),
  rollout: Rollout,
  /** An update that takes longer is rolled back: 600 to 28800 s, default 3600. */
  timeoutSeconds: withDefault(integer(600, 28_800), 3600),
  /** Share of the requests that is captured: 0 to 100%, default 0. */
  dataCapturePercent: withDefault(integer(0, 100), 0),
  alarms: withDefault(RolloutAlarms, {}),
  /** Endpoint configs and models that are kept, the live ones included: 1 to 100, default 5. */
  keepVersions: withDefault(integer(1, 100), 5),
  /** What the check of a new model's scores runs on, before it gets traffic. Default ml.m5.large. */
  checkInstanceType: withDefault(ProcessingInstance, "ml.m5.large"),
};

/** An endpoint on instances of its own, and how it changes. */
export const InstanceDeployment = struct("Deployment", {
  ...common,
  instanceType: HostingInstance,
  /** Instances at least: 1 to 1000, and 2 or more for a canary or linear roll-out. */
  minCapacity: integer(1, 1000),
  /** Instances at most, above the minimum: the fleet scales between the two. */
  maxCapacity: integer(2, 1000),
  autoscaling: withDefault(Autoscaling, {}),
  idle: optional(Idle),
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
  .rule(["minCapacity", "rollout"], ({ minCapacity, rollout: { type } }) =>
    (type !== "canary" && type !== "linear") || minCapacity >= 2
      ? []
      : [
          {
            path: "minCapacity",
            value: minCapacity,
            problem: `is too few for a ${type} roll-out: a part of the fleet goes first, the rest follows`,
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
        remedy: "raise it, or lower the roll-out's waits",
      },
    ];
  })
  .rule(["rollout", "alarms"], ({ rollout, alarms }) => bakeViolations(rollout, alarms))
  .rule(["rollout", "dataCapturePercent"], ({ rollout, dataCapturePercent }) =>
    rollout.type !== "shadow" || dataCapturePercent > 0
      ? []
      : [
          {
            path: "dataCapturePercent",
            value: dataCapturePercent,
            problem: "captures nothing, and a shadow's answers are compared as they are captured",
            remedy: "make it 100, or take another rollout",
          },
        ],
  );
export type InstanceDeployment = t.TypeOf<typeof InstanceDeployment>;

/** A bake in which no alarm can fire looks like safety and is none. */
function bakeViolations(rollout: Rollout, alarms: RolloutAlarms): Violation[] {
  const needed = alarmSeconds(alarms);
  const remedy = `make it ${needed} or more, or lower alarms.periodSeconds or alarms.evaluationPeriods`;
  const tooShort = (path: string, value: number): Violation[] =>
    value >= needed
      ? []
      : [{ path, value, problem: `is less than the ${needed} s that the roll-out's alarms take to fire`, remedy }];
  if (rollout.type === "canary" || rollout.type === "linear") {
    return tooShort("rollout.waitIntervalSeconds", rollout.waitIntervalSeconds);
  }
  // One that goes at once need not bake; where it does, alarms must be able to fire.
  const bake = rollout.type === "all-at-once" ? (rollout.bakeSeconds ?? 0) : 0;
  return bake === 0 ? [] : tooShort("rollout.bakeSeconds", bake);
}

/** An endpoint without instances of its own, for trying things out. Monitors, capture, VPCs and canaries need instances. */
export const ServerlessDeployment = struct("ServerlessDeployment", {
  ...common,
  serverless: struct("Serverless", {
    /** MiB for the container, a multiple of 1024: 1024 to 6144, default 2048. */
    memoryMib: withDefault(oneOfNumbers([1024, 2048, 3072, 4096, 5120, 6144], "MiB"), 2048),
    /** Requests at once: 1 to 200, default 5. */
    maxConcurrency: withDefault(integer(1, 200), 5),
    /** Of these, those that are kept ready: 1 to 200, none by default. */
    provisionedConcurrency: optional(integer(1, 200)),
  }).rule(["maxConcurrency", "provisionedConcurrency"], ({ maxConcurrency, provisionedConcurrency }) =>
    provisionedConcurrency === undefined || provisionedConcurrency <= maxConcurrency
      ? []
      : [
          {
            path: "provisionedConcurrency",
            value: provisionedConcurrency,
            problem: `is above maxConcurrency ${maxConcurrency}`,
            remedy: `make it ${maxConcurrency} or less`,
          },
        ],
  ),
})
  .rule(["rollout"], ({ rollout }) =>
    rollout.type === "all-at-once" && rollout.bakeSeconds === undefined
      ? []
      : [
          {
            path: "rollout",
            value: rollout.type,
            problem: "is not for a serverless endpoint, which AWS updates all at once, without a bake",
            remedy: "make it {type: all-at-once}, or leave deployment.serverless out and give instances",
          },
        ],
  )
  .rule(["dataCapturePercent"], ({ dataCapturePercent }) =>
    dataCapturePercent === 0
      ? []
      : [
          {
            path: "dataCapturePercent",
            value: dataCapturePercent,
            problem: "is above 0, and AWS captures nothing of a serverless endpoint",
            remedy: "make it 0, or leave deployment.serverless out and give instances",
          },
        ],
  );
export type ServerlessDeployment = t.TypeOf<typeof ServerlessDeployment>;

/** The endpoint and how it changes: on instances, or `serverless`. */
export const Deployment = eitherOf("Deployment", "serverless", ServerlessDeployment, InstanceDeployment);
export type Deployment = t.TypeOf<typeof Deployment>;
