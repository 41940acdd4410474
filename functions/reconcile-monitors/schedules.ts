import { setTimeout as delay } from "node:timers/promises";
import { DescribeMonitoringScheduleCommand, type SageMakerClient } from "@aws-sdk/client-sagemaker";
import { unlessMissing } from "../shared/endpoint";
import type { Schedule } from "./logic";

const POLL_MILLISECONDS = 500;

/** A schedule, or undefined where there is none of that name. */
export function describeSchedule(sagemaker: SageMakerClient, name: string): Promise<Schedule | undefined> {
  return unlessMissing(sagemaker.send(new DescribeMonitoringScheduleCommand({ MonitoringScheduleName: name })));
}

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
