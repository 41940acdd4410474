import * as t from "io-ts";
import { Arn, json, Text, wholeNumber } from "../shared/environment";

/** Target of the schedule, as EventBridge Scheduler's API has it. What is not named here is passed on as it is. */
const LaunchTarget = t.type({ Arn, RoleArn: Arn, EcsParameters: t.type({ TaskDefinitionArn: Arn }) }, "LaunchTarget");

/** Environment of `launch-soon`. */
export const LaunchSoonEnvironment = t.type(
  {
    SCHEDULE_GROUP_NAME: Text,
    SCHEDULE_NAME: Text,
    /** How long nothing more may land until the launch, in minutes. */
    QUIET_MINUTES: wholeNumber(1, 60),
    /** JSON of the schedule's target. */
    LAUNCH_TARGET: json(LaunchTarget),
  },
  "LaunchSoonEnvironment",
);
/** The variables as Lambda wants them: all strings. */
export type LaunchSoonVariables = t.OutputOf<typeof LaunchSoonEnvironment>;
