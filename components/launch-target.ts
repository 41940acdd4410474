import type * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { ComponentArgs } from "./component";
import { PlatformComponent, refuse } from "./component";
import { DeadLetters } from "./dead-letters";
import { passingRoles, ServiceRole, type Statement } from "./iam";

export interface LaunchTargetArgs extends ComponentArgs {
  clusterArn: pulumi.Input<string>;
  /** The newest active revision of this family runs: a deployment of a new image changes no schedule. */
  taskFamily: pulumi.Input<string>;
  /** Roles that the task runs under. */
  taskRoleArns: readonly pulumi.Input<string>[];
  /** Fargate asks for one at least. */
  subnetIds: readonly pulumi.Input<string>[];
  securityGroupIds: readonly pulumi.Input<string>[];
  /** Topic that hears of launches that failed for good. */
  alertsTopicArn: pulumi.Input<string>;
}

/** Tries of a launch that ECS does not take, and for how long: capacity may be short for a while. */
const RETRIES = { maximumRetryAttempts: 10, maximumEventAgeInSeconds: 3_600 };

/**
 * The launcher's task as the target of schedules, and the role that they run it under. A launch that ECS refuses is
 * tried again; one that fails for good lies among the dead letters, with an alarm.
 *
 * @throws Error without a subnet.
 */
export class LaunchTarget extends PlatformComponent {
  /** As a schedule of the program takes it. */
  readonly scheduleTarget: aws.types.input.scheduler.ScheduleTarget;
  readonly deadLetters: DeadLetters;
  private readonly role: ServiceRole;

  constructor(name: string, args: LaunchTargetArgs, options?: pulumi.ComponentResourceOptions) {
    refuse(
      "LaunchTarget",
      name,
      args.subnetIds.length > 0
        ? []
        : ["a task that is launched by itself needs a subnet: give ecs.subnetIds, network.subnetIds or network.create"],
    );
    super("LaunchTarget", name, args, options);
    this.deadLetters = new DeadLetters(
      this.childName("dead-letters"),
      {
        ...this.shared,
        alarmDescription: "A launch of the training pipeline failed for good: read why in the message.",
        alertsTopicArn: args.alertsTopicArn,
      },
      { parent: this },
    );
    const family = this.arnOf("ecs", pulumi.interpolate`task-definition/${args.taskFamily}`);
    this.role = new ServiceRole(
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
          passingRoles(args.taskRoleArns, "ecs-tasks"),
          this.deadLetters.sending(),
        ],
      },
      { parent: this },
    );
    this.scheduleTarget = {
      arn: args.clusterArn,
      roleArn: this.role.arn,
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
      deadLetterConfig: { arn: this.deadLetters.arn },
    };
    this.registerOutputs({ roleArn: this.role.arn });
  }

  /** Policies that must stand before a schedule may fire. */
  get ready(): readonly pulumi.Resource[] {
    return this.role.ready;
  }

  /** What making schedules with this target takes, the schedules themselves apart. */
  passing(): Statement {
    return passingRoles([this.role.arn], "scheduler");
  }

  /**
   * JSON of the target as EventBridge Scheduler's API has it, for who makes schedules at run time.
   *
   * @param environment of one container, beside the task definition's own
   */
  json(containerName: string, environment: Record<string, string>): pulumi.Output<string> {
    const variables = Object.entries(environment).map(([name, value]) => ({ name, value }));
    const overrides = { containerOverrides: [{ name: containerName, environment: variables }] };
    return pulumi
      .output(this.scheduleTarget)
      .apply(({ arn, roleArn, ecsParameters, retryPolicy, deadLetterConfig }) => {
        const { networkConfiguration, taskDefinitionArn, launchType, taskCount } = ecsParameters ?? {};
        const { subnets, securityGroups } = networkConfiguration ?? {};
        return JSON.stringify({
          Arn: arn,
          RoleArn: roleArn,
          EcsParameters: {
            TaskDefinitionArn: taskDefinitionArn,
            LaunchType: launchType,
            TaskCount: taskCount,
            NetworkConfiguration: { awsvpcConfiguration: { Subnets: subnets, SecurityGroups: securityGroups } },
          },
          RetryPolicy: {
            MaximumRetryAttempts: retryPolicy?.maximumRetryAttempts,
            MaximumEventAgeInSeconds: retryPolicy?.maximumEventAgeInSeconds,
          },
          DeadLetterConfig: { Arn: deadLetterConfig?.arn },
          Input: JSON.stringify(overrides),
        });
      });
  }
}
