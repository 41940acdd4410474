import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { ComponentArgs, Transform } from "./component";
import { PlatformComponent, refuse } from "./component";
import { DeadLetters } from "./dead-letters";
import { ServiceRole } from "./iam";

export interface LaunchScheduleArgs extends ComponentArgs {
  /** `cron(…)` or `rate(…)`, as EventBridge Scheduler takes them. */
  schedule: string;
  /** IANA name of the time zone of `schedule`. */
  timezone: string;
  /** The launch comes within that many minutes of its time; 0: at it. */
  flexibleWindowMinutes: number;
  clusterArn: pulumi.Input<string>;
  /** The newest active revision of this family runs: a deployment of a new image changes no schedule. */
  taskFamily: pulumi.Input<string>;
  /** Roles that the task runs under. */
  taskRoleArns: readonly pulumi.Input<string>[];
  /** Fargate asks for one at least. */
  subnetIds: readonly string[];
  securityGroupIds: readonly string[];
  /** Topic that hears of launches that failed for good. */
  alertsTopicArn: pulumi.Input<string>;
  transform?: { schedule?: Transform<aws.scheduler.ScheduleArgs> | undefined };
}

/** Tries of a launch that ECS does not take, and for how long: capacity may be short for a while. */
const RETRIES = { maximumRetryAttempts: 10, maximumEventAgeInSeconds: 3_600 };

/**
 * Launches the pipeline by the clock. A launch that ECS refuses is tried again; one that fails for good lies among the
 * dead letters, with an alarm.
 *
 * @throws Error without a subnet.
 */
export class LaunchSchedule extends PlatformComponent {
  constructor(name: string, args: LaunchScheduleArgs, options?: pulumi.ComponentResourceOptions) {
    refuse(
      "LaunchSchedule",
      name,
      args.subnetIds.length > 0
        ? []
        : ["a task that is launched by the clock needs a subnet: give ecs.subnetIds or network.subnetIds"],
    );
    super("LaunchSchedule", name, args, options);
    const deadLetters = new DeadLetters(
      this.childName("dead-letters"),
      {
        ...this.shared,
        alarmDescription: "A scheduled launch of the training pipeline failed for good: read why in the message.",
        alertsTopicArn: args.alertsTopicArn,
      },
      { parent: this },
    );
    const family = this.arnOf("ecs", pulumi.interpolate`task-definition/${args.taskFamily}`);
    const role = new ServiceRole(
      this.childName("scheduler"),
      {
        ...this.shared,
        services: ["scheduler.amazonaws.com"],
        statements: [
          {
            actions: ["ecs:RunTask"],
            resources: [family, pulumi.interpolate`${family}:*`],
            conditions: { ArnEquals: { "ecs:cluster": args.clusterArn } },
          },
          {
            actions: ["iam:PassRole"],
            resources: args.taskRoleArns,
            conditions: { StringEquals: { "iam:PassedToService": "ecs-tasks.amazonaws.com" } },
          },
          deadLetters.sending(),
        ],
      },
      { parent: this },
    );
    const { flexibleWindowMinutes: minutes } = args;
    this.child(
      aws.scheduler.Schedule,
      "schedule",
      {
        description: "Launches the training pipeline",
        scheduleExpression: args.schedule,
        scheduleExpressionTimezone: args.timezone,
        flexibleTimeWindow: minutes > 0 ? { mode: "FLEXIBLE", maximumWindowInMinutes: minutes } : { mode: "OFF" },
        target: {
          arn: args.clusterArn,
          roleArn: role.arn,
          ecsParameters: {
            taskDefinitionArn: family,
            launchType: "FARGATE",
            taskCount: 1,
            // Without security groups the VPC's default one is taken; AWS refuses an empty list.
            networkConfiguration: {
              subnets: [...args.subnetIds],
              ...(args.securityGroupIds.length > 0 ? { securityGroups: [...args.securityGroupIds] } : {}),
            },
          },
          retryPolicy: RETRIES,
          deadLetterConfig: { arn: deadLetters.arn },
        },
      },
      args.transform?.schedule,
      { dependsOn: [...role.ready] },
    );
    this.registerOutputs({});
  }
}
