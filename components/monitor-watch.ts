import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import { scheduleGaps, scheduleHours, type Monitor } from "../config/monitors";
import { METRICS_NAMESPACE } from "../functions/shared/metrics";
import { monitorDimensions, monitorMetrics, type MonitorKind } from "../functions/shared/monitors";
import type { ComponentArgs, Transform } from "./component";
import { PlatformComponent } from "./component";
import type { LambdaFunction } from "./lambda-function";

export interface MonitorWatchArgs extends ComponentArgs {
  kind: MonitorKind;
  endpointName: string;
  monitor: Pick<Monitor, "schedule" | "maxRuntimeSeconds">;
  /** What a schedule calls. */
  run: LambdaFunction<never>;
  /** What the clock is. Default: AWS's Model Monitor has one of its own. */
  scheduler?: {
    /** Role of EventBridge Scheduler, which may call the function. */
    roleArn: pulumi.Input<string>;
    /** Takes calls that failed for good. */
    deadLetterQueueArn: pulumi.Input<string>;
  };
  alertsTopicArn: pulumi.Input<string>;
  transform?: {
    schedule?: Transform<aws.scheduler.ScheduleArgs>;
    failuresAlarm?: Transform<aws.cloudwatch.MetricAlarmArgs>;
    missingAlarm?: Transform<aws.cloudwatch.MetricAlarmArgs>;
  };
}

/** Captures reach S3 some minutes after their requests: a run comes so long after its hour. AWS's own wait up to 20. */
const MINUTE = 15;
const RETRIES = { maximumRetryAttempts: 10, maximumEventAgeInSeconds: 3_600 };
const HOUR_SECONDS = 3_600;

/** EventBridge's expression for a monitor's schedule; "from 17, every 12" would end with the day there. */
export const schedulerExpression = (schedule: string): string =>
  `cron(${MINUTE} ${scheduleHours(schedule).join(",")} * * ? *)`;

/** Hours without a sign of life after which a monitor counts as missing: two runs, and the longest job. */
export function patienceHours({ schedule, maxRuntimeSeconds }: MonitorWatchArgs["monitor"]): number {
  return Math.max(...scheduleGaps(schedule)) + Math.ceil(maxRuntimeSeconds / HOUR_SECONDS) + 1;
}

/** A monitor that runs by the clock, with alarms for a job that fails and for runs that do not come. */
export class MonitorWatch extends PlatformComponent {
  constructor(name: string, args: MonitorWatchArgs, options?: pulumi.ComponentResourceOptions) {
    super("MonitorWatch", name, args, options);
    const { kind, endpointName, run, scheduler } = args;
    if (scheduler !== undefined) {
      this.child(
        aws.scheduler.Schedule,
        "schedule",
        {
          description: `Runs the ${kind} monitor of ${endpointName}`,
          scheduleExpression: schedulerExpression(args.monitor.schedule),
          scheduleExpressionTimezone: "UTC",
          flexibleTimeWindow: { mode: "OFF" },
          target: {
            arn: run.arn,
            roleArn: scheduler.roleArn,
            // A call that is tried again, or comes twice, is of the same time, and so of the same period.
            input: JSON.stringify({ monitor: kind, scheduledTime: "<aws.scheduler.scheduled-time>" }),
            retryPolicy: RETRIES,
            deadLetterConfig: { arn: scheduler.deadLetterQueueArn },
          },
        },
        args.transform?.schedule,
        { dependsOn: [...run.role.ready] },
      );
    }
    // The first heartbeat: without it a monitor whose first run is still to come would count as missing.
    const watched = this.child(
      aws.lambda.Invocation,
      "watch",
      { functionName: run.name, input: JSON.stringify({ monitor: kind, watch: true }) },
      undefined,
      { dependsOn: [...run.role.ready] },
    );
    const common = {
      namespace: METRICS_NAMESPACE,
      dimensions: monitorDimensions(endpointName, kind),
      threshold: 1,
      alarmActions: [args.alertsTopicArn],
      tags: this.tags,
    };
    this.child(
      aws.cloudwatch.MetricAlarm,
      "failures",
      {
        ...common,
        alarmDescription: `A job of the ${kind} monitor of ${endpointName} failed or was stopped, and nobody knows how that period's traffic was: a notice on the same topic says why, as do the job's ExitMessage and its log in /aws/sagemaker/ProcessingJobs.`,
        metricName: monitorMetrics.failed,
        statistic: "Sum",
        comparisonOperator: "GreaterThanOrEqualToThreshold",
        period: 60,
        evaluationPeriods: 1,
        treatMissingData: "notBreaching",
      },
      args.transform?.failuresAlarm,
    );
    const hours = patienceHours(args.monitor);
    this.child(
      aws.cloudwatch.MetricAlarm,
      "missing",
      {
        ...common,
        alarmDescription: `The ${kind} monitor of ${endpointName} has not dealt with any period for ${hours} hours: see whether its schedule, its function and its jobs run.`,
        metricName: monitorMetrics.heartbeat,
        statistic: "SampleCount",
        comparisonOperator: "LessThanThreshold",
        period: HOUR_SECONDS,
        evaluationPeriods: hours,
        datapointsToAlarm: hours,
        treatMissingData: "breaching",
      },
      args.transform?.missingAlarm,
      { dependsOn: [watched] },
    );
    this.registerOutputs({});
  }
}
