import { setTimeout as sleep } from "node:timers/promises";
import { SchedulerClient } from "@aws-sdk/client-scheduler";
import type { Context } from "aws-lambda";
import { decode } from "../shared/decode";
import { readEnvironment } from "../shared/environment";
import { log } from "../shared/log";
import { LaunchSoonEnvironment } from "./env";
import { LaunchEvent, minutesUntilLaunch } from "./logic";
import { launchSoon, type Scheduled } from "./schedule";

const environment = readEnvironment(LaunchSoonEnvironment);
const scheduler = new SchedulerClient();
const schedule = {
  groupName: environment.SCHEDULE_GROUP_NAME,
  name: environment.SCHEDULE_NAME,
  target: environment.LAUNCH_TARGET,
};

/** Of the time that Lambda leaves, what is kept for a last look and its log line. */
const RESERVE_MILLISECONDS = 15_000;

/** Puts off the launch until nothing more lands. */
export async function handler(
  input: unknown,
  context: Pick<Context, "getRemainingTimeInMillis">,
): Promise<{ scheduled: Scheduled | "nothing"; at?: string }> {
  const event = decode(LaunchEvent, input, "The launch's event");
  const cause =
    event["detail-type"] === "Object Created" ? { key: event.detail.object.key } : { taskArn: event.detail.taskArn };
  const minutes = minutesUntilLaunch(event, environment.QUIET_MINUTES);
  if (minutes === undefined) {
    log.info("no launch", cause);
    return { scheduled: "nothing" };
  }
  const patience = Math.max(0, context.getRemainingTimeInMillis() - RESERVE_MILLISECONDS);
  const answer = await launchSoon(scheduler, schedule, minutes, { now: Date.now, sleep }, patience);
  log.info("launch scheduled", { ...cause, ...answer });
  return answer;
}
