import type * as t from "io-ts";
import { dictionary, flag, integer, number, oneOf, optional, struct, text, withDefault, type Violation } from "./codec";
import { arn, ProcessingInstance, S3Uri } from "./values";

/** The forms that SageMaker's monitors take: hourly, daily at an hour, every n hours from an hour. */
export const MonitorSchedule = text(
  "a schedule that SageMaker's monitors take",
  /cron\(0 (?:\*|(?:[01]?\d|2[0-3])(?:\/(?:0?[1-9]|1\d|2[0-4]))?) \? \* \* \*\)/,
  "give cron(0 * ? * * *), cron(0 HOUR ? * * *) or cron(0 HOUR/EVERY ? * * *)",
);
export type MonitorSchedule = t.TypeOf<typeof MonitorSchedule>;

/**
 * The hours of the day (UTC, 0 to 23, rising) at which a schedule runs, the same every day: "from 17, every 12" is 5
 * and 17.
 */
export function scheduleHours(schedule: MonitorSchedule): number[] {
  const [first = "*", every] = (schedule.split(" ")[1] ?? "*").split("/");
  if (first === "*") return Array.from({ length: 24 }, (_, hour) => hour);
  const step = every === undefined ? 24 : Number(every);
  const runs = Array.from({ length: Math.ceil(24 / step) }, (_, run) => (Number(first) + run * step) % 24);
  return runs.sort((a, b) => a - b);
}

/** Hours from each run of a day to the next. */
export function scheduleGaps(schedule: MonitorSchedule): number[] {
  const hours = scheduleHours(schedule);
  return hours.map((hour, index) => (hours[index + 1] ?? (hours[0] ?? 0) + 24) - hour);
}

/** Seconds between two runs of a schedule; of unequal ones, the fewest. */
export const schedulePeriodSeconds = (schedule: MonitorSchedule): number => Math.min(...scheduleGaps(schedule)) * 3600;

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

/** A job takes its thresholds as one argument, and SageMaker arguments of so many characters. */
const maxThresholdsCharacters = 256;

function thresholdsFit({ thresholds }: { thresholds?: Readonly<Record<string, number>> }): Violation[] {
  const length = JSON.stringify(thresholds ?? {}).length;
  if (length <= maxThresholdsCharacters) return [];
  const problem = `are ${length} characters as JSON, and a job takes ${maxThresholdsCharacters}`;
  return [{ path: "thresholds", value: thresholds, problem, remedy: "leave out those that are the defaults" }];
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
    /** Encrypts what the monitor writes, and its instances' disks. Default: the stack's key. */
    kmsKeyArn: optional(
      arn("kms", /key\/[\w-]+/, "arn:aws:kms:<region>:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"),
    ),
  })
    .rule(["schedule", "maxRuntimeSeconds"], fitsItsPeriod)
    .rule(["thresholds"], thresholdsFit);
  return withDefault(codec, {});
}

const settings = {
  /** model-monitor: AWS's managed images, for accounts that have them. Default processing. */
  engine: withDefault(oneOf("processing", "model-monitor"), "processing"),
  dataQuality: monitor(3300),
  modelQuality: monitor(1800),
  bias: monitor(1800),
  explainability: monitor(3600),
  /**
   * Folder of labels in AWS's ground-truth format, by hour, that another stack or system keeps. Default: the stack's
   * own, which labels dropped under `ground-truth/raw/` are merged into.
   */
  groundTruthUri: optional(S3Uri),
  /**
   * How late labels are waited for: model quality and bias look at transactions that are that old. 0 to 8760 h, default
   * 336 (two weeks).
   */
  labelMaturityHours: withDefault(integer(0, 8760), 336),
  /** Whether violations start a training run. Default: they do not. */
  retrainOnDrift: optional(
    struct("RetrainOnDrift", {
      /** From the start of one such run to that of the next, at least: 1 to 720 h, default 24. */
      cooldownHours: withDefault(integer(1, 720), 24),
      /** Such runs within seven days, at most: 1 to 100, default 2. */
      maxPerWeek: withDefault(integer(1, 100), 2),
    }),
  ),
};

const KINDS = ["dataQuality", "modelQuality", "bias", "explainability"] as const;
/** Those that look at labels, and so at a period of some time ago. */
const LABELLED: ReadonlySet<string> = new Set(["modelQuality", "bias"]);
/** AWS lets an hourly job that merges labels first run no longer. */
const LABELLED_HOURLY_SECONDS = 1800;

/** What AWS's engine cannot do of a monitor's settings. */
function managed(kind: (typeof KINDS)[number], { schedule, maxRuntimeSeconds, thresholds }: Monitor): Violation[] {
  const labelled = LABELLED.has(kind);
  const found: Violation[] = [];
  const otherwise = "or make the engine processing";
  if (thresholds !== undefined) {
    const problem = "are not what AWS's images go by: they take limits from the baselines alone";
    found.push({ path: `${kind}.thresholds`, value: thresholds, problem, remedy: `leave them out, ${otherwise}` });
  }
  if (labelled && new Set(scheduleGaps(schedule)).size > 1) {
    const problem =
      "has runs at unequal distances, and AWS's schedules look back one distance, which is always the same";
    const remedy = `give an EVERY that 24 can be divided by, ${otherwise}`;
    found.push({ path: `${kind}.schedule`, value: schedule, problem, remedy });
  }
  const hourly = schedulePeriodSeconds(schedule) === 3600;
  if (labelled && hourly && maxRuntimeSeconds > LABELLED_HOURLY_SECONDS) {
    const problem = `is longer than the ${LABELLED_HOURLY_SECONDS} s that AWS gives hourly jobs of this kind`;
    const remedy = `lower it, run less often, ${otherwise}`;
    found.push({ path: `${kind}.maxRuntimeSeconds`, value: maxRuntimeSeconds, problem, remedy });
  }
  return found;
}

export const Monitors = struct("Monitors", settings).rule(["engine", ...KINDS], (value) =>
  value.engine === "processing"
    ? []
    : KINDS.filter((kind) => value[kind].enabled).flatMap((kind) => managed(kind, value[kind])),
);
export type Monitors = t.TypeOf<typeof Monitors>;
export type Monitor = t.TypeOf<(typeof settings)["dataQuality"]>;
