import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import type { ComponentArgs, Transform } from "./component";
import { PlatformComponent } from "./component";
import { ServiceRole } from "./iam";
import type { LambdaFunction } from "./lambda-function";

export interface FunctionScheduleArgs extends ComponentArgs {
  description: string;
  /** `cron(…)` or `rate(…)`, as EventBridge Scheduler takes them. */
  schedule: string;
  /** IANA name of the schedule's time zone. Default: UTC. */
  timezone?: string;
  /** How long a call that fails is tried again: 60 to 86,400 s. Default 300: the next comes soon. */
  maximumEventAgeSeconds?: number;
  target: Pick<LambdaFunction<never>, "arn">;
  /** What the function is called with. */
  input: Record<string, unknown>;
  /** Queue that takes calls which failed for good. */
  deadLetterQueueArn: pulumi.Input<string>;
  transform?: { schedule?: Transform<aws.scheduler.ScheduleArgs> | undefined };
}

/** Calls a function by the clock. */
export class FunctionSchedule extends PlatformComponent {
  constructor(name: string, args: FunctionScheduleArgs, options?: pulumi.ComponentResourceOptions) {
    super("FunctionSchedule", name, args, options);
    const role = new ServiceRole(
      this.childName("scheduler"),
      {
        ...this.shared,
        services: ["scheduler.amazonaws.com"],
        statements: [
          { actions: ["lambda:InvokeFunction"], resources: [args.target.arn] },
          { actions: ["sqs:SendMessage"], resources: [args.deadLetterQueueArn] },
        ],
      },
      { parent: this },
    );
    this.child(
      aws.scheduler.Schedule,
      "schedule",
      {
        description: args.description,
        scheduleExpression: args.schedule,
        ...(args.timezone === undefined ? {} : { scheduleExpressionTimezone: args.timezone }),
        flexibleTimeWindow: { mode: "OFF" },
        target: {
          arn: args.target.arn,
          roleArn: role.arn,
          input: JSON.stringify(args.input),
          retryPolicy: { maximumRetryAttempts: 2, maximumEventAgeInSeconds: args.maximumEventAgeSeconds ?? 300 },
          deadLetterConfig: { arn: args.deadLetterQueueArn },
        },
      },
      args.transform?.schedule,
      { dependsOn: [...role.ready] },
    );
    this.registerOutputs({});
  }
}
