import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { LaunchSoonEnvironment } from "../functions/launch-soon/env";
import { exitCodes } from "../pipeline/exit-codes";
import { launchReasonVariable, newRawData } from "../pipeline/launch-reason";
import type { ComponentArgs, Transform } from "./component";
import { PlatformComponent } from "./component";
import { DeadLetters } from "./dead-letters";
import { EventTrigger } from "./event-trigger";
import type { FunctionOverrides } from "./lambda-function";
import { LambdaFunction } from "./lambda-function";
import type { LaunchTarget } from "./launch-target";
import type { Storage } from "./storage";

export interface LaunchOnRawDataArgs extends ComponentArgs {
  storage: Storage;
  /** Of the raw data, under the prefix: an object, or a folder of them. */
  rawDataKey: string;
  /** How long nothing more may land until the launch, in minutes: 1 to 60. */
  quietMinutes: number;
  clusterArn: pulumi.Input<string>;
  /** The launcher's container. */
  containerName: string;
  target: LaunchTarget;
  /** Topic that hears of events that could not be handled. */
  alertsTopicArn: pulumi.Input<string>;
  function?: FunctionOverrides | undefined;
  transform?: { group?: Transform<aws.scheduler.ScheduleGroupArgs> | undefined };
}

/** The schedule that the function makes, in a group of its own. */
const SCHEDULE_NAME = "launch";
/** A schedule that fires is waited for, before a new one is made. */
const TIMEOUT_SECONDS = 300;

/**
 * Launches the pipeline once raw data have landed and nothing more has for a while: each object moves one one-time
 * schedule to later. A launcher that finds a run under way which does not read them is launched once more, until one
 * does. The schedule is made at run time, in a group that goes with the stack and takes it along.
 */
export class LaunchOnRawData extends PlatformComponent {
  constructor(name: string, args: LaunchOnRawDataArgs, options?: pulumi.ComponentResourceOptions) {
    super("LaunchOnRawData", name, args, options);
    const group = this.child(aws.scheduler.ScheduleGroup, "launches", { tags: this.tags }, args.transform?.group);
    const deadLetters = new DeadLetters(
      this.childName("dead-letters"),
      {
        ...this.shared,
        alarmDescription: "Raw data landed and no launch could be scheduled: read why in the function's log.",
        alertsTopicArn: args.alertsTopicArn,
      },
      { parent: this },
    );
    const soon = new LambdaFunction(
      this.childName("soon"),
      {
        ...this.shared,
        ...args.function,
        functionName: "launch-soon",
        description: "Puts off the launch of the pipeline until no more raw data land",
        environment: LaunchSoonEnvironment,
        variables: {
          SCHEDULE_GROUP_NAME: group.name,
          SCHEDULE_NAME,
          QUIET_MINUTES: String(args.quietMinutes),
          LAUNCH_TARGET: args.target.json(args.containerName, { [launchReasonVariable]: newRawData }),
        },
        statements: [
          {
            actions: ["scheduler:GetSchedule", "scheduler:CreateSchedule", "scheduler:UpdateSchedule"],
            resources: [this.arnOf("scheduler", pulumi.interpolate`schedule/${group.name}/${SCHEDULE_NAME}`)],
          },
          args.target.passing(),
        ],
        deadLetterQueueArn: deadLetters.arn,
        timeoutSeconds: TIMEOUT_SECONDS,
        memoryMib: 256,
      },
      { parent: this },
    );
    const trigger = { ...this.shared, target: soon };
    const inOrder = { parent: this, dependsOn: [...soon.role.ready, ...args.target.ready] };
    new EventTrigger(
      this.childName("landed"),
      {
        ...trigger,
        description: "Raw data that land",
        pattern: args.storage.created(args.rawDataKey, { prefix: `${args.rawDataKey}/` }),
      },
      inOrder,
    );
    new EventTrigger(
      this.childName("postponed"),
      {
        ...trigger,
        description: "Launches for new raw data that found another run under way",
        pattern: {
          source: ["aws.ecs"],
          "detail-type": ["ECS Task State Change"],
          detail: {
            clusterArn: [args.clusterArn],
            lastStatus: ["STOPPED"],
            containers: { name: [args.containerName], exitCode: [exitCodes.postponed] },
          },
        },
      },
      inOrder,
    );
    this.registerOutputs({ groupName: group.name });
  }
}
