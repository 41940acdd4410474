import type { SageMakerClient } from "@aws-sdk/client-sagemaker";
import { log } from "../shared/log";
import { putMetrics } from "../shared/metrics";
import { monitorDimensions, monitorMetrics, monitorScheduleName, type MonitorKind } from "../shared/monitors";
import { joblessExecution } from "./logic";
import { describeSchedule } from "./schedules";

/** How often it is swept: an execution that had no job is told of once. */
export const SWEEP_SECONDS = 3600;

/** Tells of executions for which AWS started no job: of those that it did, their jobs' events tell. */
export async function tellOfJobless(
  sagemaker: SageMakerClient,
  endpointName: string,
  kinds: readonly MonitorKind[],
  now = new Date(),
): Promise<void> {
  for (const kind of kinds) {
    const schedule = await describeSchedule(sagemaker, monitorScheduleName(endpointName, kind));
    const told = schedule === undefined ? undefined : joblessExecution(schedule, now, SWEEP_SECONDS);
    if (told === undefined) continue;
    const dimensions = monitorDimensions(endpointName, kind);
    if (told.outcome === "empty") {
      putMetrics(dimensions, { [monitorMetrics.heartbeat]: 1, [monitorMetrics.empty]: 1 });
    } else {
      log.error("monitor failed", { kind, reason: told.reason });
      putMetrics(dimensions, { [monitorMetrics.failed]: 1 });
    }
  }
}
