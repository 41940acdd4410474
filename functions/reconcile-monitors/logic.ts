import type { MonitoringScheduleConfig, DescribeMonitoringScheduleCommandOutput } from "@aws-sdk/client-sagemaker";
import * as t from "io-ts";
import { EndpointEvent, SweepEvent } from "../settle-deployment/logic";
import { InvocationEvent } from "../teardown/logic";

/** Pulumi's call at the life of the stack, SageMaker's events about the endpoint, and the schedule's call every hour. */
export const ReconcileEvent = t.union([InvocationEvent, EndpointEvent, SweepEvent], "ReconcileEvent");
export type ReconcileEvent = t.TypeOf<typeof ReconcileEvent>;

export type Schedule = Pick<
  DescribeMonitoringScheduleCommandOutput,
  | "MonitoringScheduleArn"
  | "MonitoringScheduleName"
  | "MonitoringScheduleStatus"
  | "MonitoringScheduleConfig"
  | "LastMonitoringExecutionSummary"
>;
type Execution = NonNullable<Schedule["LastMonitoringExecutionSummary"]>;

/** Whether a schedule is what it is to be, and runs. */
export function isAsWanted(
  { MonitoringScheduleConfig: config, MonitoringScheduleStatus: status }: Schedule,
  wanted: MonitoringScheduleConfig,
): boolean {
  return (
    status === "Scheduled" &&
    config?.MonitoringJobDefinitionName === wanted.MonitoringJobDefinitionName &&
    config?.MonitoringType === wanted.MonitoringType &&
    config?.ScheduleConfig?.ScheduleExpression === wanted.ScheduleConfig?.ScheduleExpression
  );
}

const RUNNING: ReadonlySet<string> = new Set(["Pending", "InProgress", "Stopping"]);

/** The execution that a schedule has under way. */
export function runningExecution({ LastMonitoringExecutionSummary: last }: Schedule): Execution | undefined {
  return RUNNING.has(last?.MonitoringExecutionStatus ?? "") ? last : undefined;
}

/** What an execution came to for which AWS started no job, so that no event tells of it. */
export type Jobless = { outcome: "empty" } | { outcome: "failed"; reason: string };

/**
 * What is to be told of a schedule's last execution by whoever looks every hour: of one that ended within that hour and
 * had no job. A period in which nothing was captured fails like that.
 */
export function joblessExecution(
  { LastMonitoringExecutionSummary: last }: Schedule,
  now: Date,
  sweepSeconds: number,
): Jobless | undefined {
  if (last?.MonitoringExecutionStatus !== "Failed" || last.ProcessingJobArn !== undefined) return undefined;
  const age = now.getTime() - (last.LastModifiedTime?.getTime() ?? 0);
  if (age < 0 || age >= sweepSeconds * 1000) return undefined;
  const reason = last.FailureReason ?? "no reason given";
  return /\bno (?:data|s3 objects)\b/i.test(reason) ? { outcome: "empty" } : { outcome: "failed", reason };
}
