import type { DescribeProcessingJobCommandOutput } from "@aws-sdk/client-sagemaker";
import * as t from "io-ts";
import { MonitorKind, monitorKinds, monitorScheduleName } from "../shared/monitors";

/** SageMaker's `Processing Job State Change`. Nothing but the name is believed: events come late and twice. */
export const JobEvent = t.type({ detail: t.type({ ProcessingJobName: t.string }) }, "JobEvent");

/** A constraint that the traffic of a period breaks. */
export const Violation = t.type(
  { feature: t.string, metric: t.string, check: t.string, description: t.string },
  "Violation",
);
export type Violation = t.TypeOf<typeof Violation>;

/** What a monitor's job says of its period (`summary.json`). */
export const Summary = t.intersection(
  [
    t.type({
      version: t.literal(1),
      monitor: MonitorKind,
      status: t.union([t.literal("Completed"), t.literal("CompletedWithViolations"), t.literal("Empty")]),
      startTime: t.string,
      endTime: t.string,
      rows: t.number,
      violations: t.array(Violation),
    }),
    t.partial({ labelledRows: t.number }),
  ],
  "Summary",
);
export type Summary = t.TypeOf<typeof Summary>;

/** What is told of a period: of one that AWS's images looked at, not always how many rows it had. */
export type Findings = Omit<Summary, "version" | "monitor" | "rows"> & { rows?: number };

/** A monitor's job that has ended. */
export interface EndedJob {
  name: string;
  kind: MonitorKind;
  /** Whether AWS's Model Monitor started it: its images write no summary. */
  managed: boolean;
  succeeded: boolean;
  /** Why it did not. */
  reason: string;
  outputUri: string;
}

type Job = Pick<
  DescribeProcessingJobCommandOutput,
  | "ProcessingJobName"
  | "ProcessingJobStatus"
  | "FailureReason"
  | "ExitMessage"
  | "Environment"
  | "ProcessingOutputConfig"
  | "StoppingCondition"
  | "MonitoringScheduleArn"
>;

/** The job as far as it matters, or undefined where it still runs or is no monitor of this endpoint's. */
export function endedJob(job: Job, endpointName: string): EndedJob | undefined {
  const { sagemaker_endpoint_name: endpoint, sagemaker_monitoring_schedule_name: schedule } = job.Environment ?? {};
  const kind = monitorKinds.find((each) => schedule === monitorScheduleName(endpointName, each));
  if (endpoint !== endpointName || kind === undefined) return undefined;
  const status = job.ProcessingJobStatus ?? "";
  if (!["Completed", "Failed", "Stopped"].includes(status)) return undefined;
  const outputUri = job.ProcessingOutputConfig?.Outputs?.[0]?.S3Output?.S3Uri ?? "";
  const name = job.ProcessingJobName ?? "";
  const managed = job.MonitoringScheduleArn !== undefined;
  if (status === "Completed") return { name, kind, managed, succeeded: true, reason: "", outputUri };
  const limit = job.StoppingCondition?.MaxRuntimeInSeconds;
  const stopped = `it was stopped, by hand or because it took longer than ${limit ?? "it may"} s`;
  const told = [job.ExitMessage, job.FailureReason].filter((text) => text !== undefined && text !== "").join(" ");
  return {
    name,
    kind,
    managed,
    succeeded: false,
    reason: told || (status === "Stopped" ? stopped : "no reason given"),
    outputUri,
  };
}

const SHOWN_VIOLATIONS = 20;

/** The features that violate something, each once, in the summary's order. */
export const violatingFeatures = ({ violations }: Pick<Summary, "violations">): string[] => [
  ...new Set(violations.map(({ feature }) => feature)),
];

/** A notice for people: subject (at most 100 characters, as SNS takes them) and message. */
export interface Notice {
  subject: string;
  message: string;
}

export function violationNotice(endpointName: string, job: EndedJob, findings: Findings): Notice {
  const { violations, startTime, endTime, rows, labelledRows } = findings;
  const labelled = labelledRows === undefined ? "" : `, ${labelledRows} of them labelled`;
  const seen = rows === undefined ? "" : `, ${rows} rows${labelled}`;
  const lines = violations
    .slice(0, SHOWN_VIOLATIONS)
    .map(({ feature, metric, description }) => `- ${feature === "" ? metric : feature}: ${description}`);
  const more = violations.length - lines.length;
  return {
    subject: clip(`Fraud ${job.kind}: ${counted(violations.length)} on ${endpointName}`, 100),
    message: [
      `${endpointName}, ${startTime} to ${endTime}${seen}:`,
      ...lines,
      ...(more > 0 ? [`- and ${more} more`] : []),
      "",
      job.managed ? `Files: ${job.outputUri}/` : `Report: ${job.outputUri}/report.html`,
    ].join("\n"),
  };
}

/** Tells why a job failed: the alarm on failures cannot, since its text is written beforehand. */
export function failureNotice(endpointName: string, { kind, name, reason }: EndedJob): Notice {
  return {
    subject: clip(`Fraud ${kind}: the monitor failed on ${endpointName}`, 100),
    message: [
      `Nobody knows how the traffic of this job's period was: ${name} did not end well.`,
      "",
      clip(reason, 4000),
      "",
      "Its log is in /aws/sagemaker/ProcessingJobs. `npm run monitor` looks at the period again.",
    ].join("\n"),
  };
}

const counted = (violations: number): string => (violations === 1 ? "1 violation" : `${violations} violations`);
const clip = (text: string, characters: number): string =>
  text.length <= characters ? text : `${text.slice(0, characters - 1)}…`;

/** EventBridge takes 256 KB; a violation's text is bounded, so some are left to the report. */
const EVENT_VIOLATIONS = 100;

export const EVENT_SOURCE = "fraud.monitors";
export const EVENT_TYPE = "Monitor Violations";

/** Detail of the event that tells of violations. */
export function violationEvent(endpointName: string, job: EndedJob, findings: Findings) {
  const { violations, startTime, endTime, rows, labelledRows } = findings;
  return {
    endpointName,
    monitor: job.kind,
    jobName: job.name,
    startTime,
    endTime,
    ...(rows === undefined ? {} : { rows }),
    ...(labelledRows === undefined ? {} : { labelledRows }),
    violations: violations
      .slice(0, EVENT_VIOLATIONS)
      .map((each) => ({ ...each, description: clip(each.description, 500) })),
    violationCount: violations.length,
    outputUri: job.outputUri,
  };
}

/** A training run that violations started. */
export const Start = t.type({ at: t.string, jobName: t.string }, "Start");
export type Start = t.TypeOf<typeof Start>;

const HOUR_MILLISECONDS = 3_600_000;
const WEEK_MILLISECONDS = 7 * 24 * HOUR_MILLISECONDS;

/** What is to be done about violations: `start`, or why not; `started` is for a job whose start is on record. */
export type Decision = "start" | "started" | "cooldown" | "weekly-maximum";

export function decideRetraining(
  starts: readonly Start[],
  jobName: string,
  now: Date,
  limits: { cooldownHours: number; maxPerWeek: number },
): Decision {
  if (starts.some((start) => start.jobName === jobName)) return "started";
  const ages = starts.map(({ at }) => now.getTime() - Date.parse(at));
  if (ages.some((age) => age < limits.cooldownHours * HOUR_MILLISECONDS)) return "cooldown";
  return ages.filter((age) => age < WEEK_MILLISECONDS).length < limits.maxPerWeek ? "start" : "weekly-maximum";
}

/** Older ones bear on no decision: what a record must keep. A cooldown is at most 30 days. */
export const remembered = (starts: readonly Start[], now: Date): Start[] =>
  starts.filter(({ at }) => now.getTime() - Date.parse(at) < 31 * 24 * HOUR_MILLISECONDS);
