import {
  ConflictException,
  CreateScheduleCommand,
  GetScheduleCommand,
  ResourceNotFoundException,
  UpdateScheduleCommand,
  type SchedulerClient,
  type Target,
} from "@aws-sdk/client-scheduler";
import { atExpression, timeOf } from "./logic";

/** The one schedule that launches the pipeline soon. It is there while a launch is due, and removes itself after. */
export interface LaunchSchedule {
  groupName: string;
  name: string;
  target: Target;
}

/** Time as the function has it. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  sleep(milliseconds: number): Promise<unknown>;
}

/** What became of the schedule: made, moved to a later time, or left, being later already. */
export type Scheduled = "created" | "moved" | "kept";

/** A schedule that is due by then is not touched: it may be firing. */
const FIRING_MILLISECONDS = 5_000;
const POLL_MILLISECONDS = 2_000;

/**
 * Sees to it that a launch comes `minutes` from now, or later, and that it is one launch however often this is called.
 * A time that stands is only ever replaced by a later one. A schedule that is just firing goes away by itself, and with
 * it what would be written to it, so that its end is waited for and a new one made.
 *
 * Two calls at once may both find the same time and move it, and the one that began first may write last: each takes
 * its time from the clock just before it writes, so that what stands in the end is at most a request's time too early.
 *
 * @param patienceMilliseconds how long a schedule that fires is waited for
 * @throws Error when it is still there by then: its launch is still being tried.
 */
export async function launchSoon(
  scheduler: SchedulerClient,
  schedule: LaunchSchedule,
  minutes: number,
  clock: Clock,
  patienceMilliseconds: number,
): Promise<{ scheduled: Scheduled; at: string }> {
  const deadline = clock.now() + patienceMilliseconds;
  for (;;) {
    const standing = await standingTime(scheduler, schedule);
    const now = clock.now();
    const at = atExpression(now + minutes * 60_000);
    if (standing === undefined) {
      if (await made(scheduler, schedule, at)) return { scheduled: "created", at };
    } else if (standing.time !== undefined && standing.time <= now + FIRING_MILLISECONDS) {
      if (now >= deadline) {
        throw new Error(
          `Schedule ${schedule.groupName}/${schedule.name} was to fire ${standing.expression} and is still there: ` +
            "ECS has not taken its launch yet, or somebody disabled it. Nothing was changed; this call is to be repeated",
        );
      }
      await clock.sleep(POLL_MILLISECONDS);
    } else if (standing.time !== undefined && standing.time >= (timeOf(at) ?? 0)) {
      return { scheduled: "kept", at: standing.expression };
    } else if (await moved(scheduler, schedule, at)) {
      return { scheduled: "moved", at };
    }
  }
}

/** What stands; `time` is undefined where somebody wrote an expression that this function does not write. */
async function standingTime(
  scheduler: SchedulerClient,
  { groupName, name }: LaunchSchedule,
): Promise<{ expression: string; time: number | undefined } | undefined> {
  const found = await unless(
    ResourceNotFoundException,
    scheduler.send(new GetScheduleCommand({ GroupName: groupName, Name: name })),
  );
  if (found === undefined) return undefined;
  const expression = found.ScheduleExpression ?? "";
  return { expression, time: timeOf(expression) };
}

/** False where another call made it first. */
async function made(scheduler: SchedulerClient, schedule: LaunchSchedule, at: string): Promise<boolean> {
  const create = scheduler.send(new CreateScheduleCommand(parameters(schedule, at)));
  return (await unless(ConflictException, create)) !== undefined;
}

/** False where it has gone meanwhile. */
async function moved(scheduler: SchedulerClient, schedule: LaunchSchedule, at: string): Promise<boolean> {
  const update = scheduler.send(new UpdateScheduleCommand(parameters(schedule, at)));
  return (await unless(ResourceNotFoundException, update)) !== undefined;
}

/** All of it: what an update leaves out takes its default. */
function parameters({ groupName, name, target }: LaunchSchedule, at: string) {
  return {
    GroupName: groupName,
    Name: name,
    Description: "Launches the training pipeline once raw data have landed",
    ScheduleExpression: at,
    ScheduleExpressionTimezone: "UTC",
    FlexibleTimeWindow: { Mode: "OFF" },
    ActionAfterCompletion: "DELETE",
    Target: target,
  } as const;
}

async function unless<A>(error: abstract new (...args: never) => Error, call: Promise<A>): Promise<A | undefined> {
  try {
    return await call;
  } catch (thrown) {
    if (thrown instanceof error) return undefined;
    throw thrown;
  }
}
