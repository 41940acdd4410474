import { setTimeout as delay } from "node:timers/promises";
import { DescribeMonitoringScheduleCommand, type SageMakerClient } from "@aws-sdk/client-sagemaker";
import { unlessMissing } from "../shared/endpoint";
import type { Schedule } from "./logic";

const POLL_MILLISECONDS = 500;

/** A schedule, or undefined where there is none of that name. */
export function describeSchedule(sagemaker: SageMakerClient, name: string): Promise<Schedule | undefined> {
  return unlessMissing(sagemaker.send(new DescribeMonitoringScheduleCommand({ MonitoringScheduleName: name })));
}

/**
 * Does something again for as long as another function is at the same: several events tell of one deployment. That one
 * has just changed the schedule, or made or removed what this one is about to.
 */
export async function despiteOthers<A>(act: () => Promise<A>, deadline: number): Promise<A> {
  for (;;) {
    try {
      return await act();
    } catch (error) {
      if (!isOthers(error) || performance.now() > deadline) throw error;
      await delay(POLL_MILLISECONDS);
    }
  }
}

const isOthers = (error: unknown): boolean =>
  error instanceof Error &&
  (error.name === "ResourceInUse" || error.name === "ResourceNotFound" || /status Pending/i.test(error.message));

/** The schedule once AWS is through with changing it, before which it takes no other change. */
export function settledSchedule(
  sagemaker: SageMakerClient,
  name: string,
  deadline: number,
): Promise<Schedule | undefined> {
  return scheduleOnce(
    sagemaker,
    name,
    ({ MonitoringScheduleStatus: status }) => status !== "Pending",
    deadline,
    "is still being changed",
  );
}

/**
 * The schedule once it is as `ready` wants it, or gone.
 *
 * @throws Error at the deadline, saying that the schedule `still` is what it is.
 */
export async function scheduleOnce(
  sagemaker: SageMakerClient,
  name: string,
  ready: (schedule: Schedule) => boolean | Promise<boolean>,
  deadline: number,
  still: string,
): Promise<Schedule | undefined> {
  for (;;) {
    const schedule = await describeSchedule(sagemaker, name);
    if (schedule === undefined || (await ready(schedule))) return schedule;
    if (performance.now() > deadline) {
      const { MonitoringScheduleStatus: status = "in no state", LastMonitoringExecutionSummary: last } = schedule;
      const execution = last === undefined ? "" : `, its last execution ${last.MonitoringExecutionStatus ?? ""}`;
      throw new Error(`Monitoring schedule ${name} ${still} (${status}${execution}): wait, and try again`);
    }
    await delay(POLL_MILLISECONDS);
  }
}
