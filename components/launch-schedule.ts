import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import type { ComponentArgs, Transform } from "./component";
import { PlatformComponent } from "./component";
import type { LaunchTarget } from "./launch-target";

export interface LaunchScheduleArgs extends ComponentArgs {
  /** `cron(…)` or `rate(…)`, as EventBridge Scheduler takes them. */
  schedule: string;
  /** IANA name of the time zone of `schedule`. */
  timezone: string;
  /** The launch comes within that many minutes of its time; 0: at it. */
  flexibleWindowMinutes: number;
  target: LaunchTarget;
  transform?: { schedule?: Transform<aws.scheduler.ScheduleArgs> | undefined };
}

/** Launches the pipeline by the clock. */
export class LaunchSchedule extends PlatformComponent {
  constructor(name: string, args: LaunchScheduleArgs, options?: pulumi.ComponentResourceOptions) {
    super("LaunchSchedule", name, args, options);
    const { flexibleWindowMinutes: minutes } = args;
    this.child(
      aws.scheduler.Schedule,
      "schedule",
      {
        description: "Launches the training pipeline",
        scheduleExpression: args.schedule,
        scheduleExpressionTimezone: args.timezone,
        flexibleTimeWindow: minutes > 0 ? { mode: "FLEXIBLE", maximumWindowInMinutes: minutes } : { mode: "OFF" },
        target: args.target.scheduleTarget,
      },
      args.transform?.schedule,
      { dependsOn: [...args.target.ready] },
    );
    this.registerOutputs({});
  }
}
