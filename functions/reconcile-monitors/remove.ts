import {
  DeleteMonitoringScheduleCommand,
  ListTagsCommand,
  StopMonitoringScheduleCommand,
  StopProcessingJobCommand,
  type SageMakerClient,
} from "@aws-sdk/client-sagemaker";
import { unlessMissing } from "../shared/endpoint";
import type { Tags } from "../shared/environment";
import { describeError, log } from "../shared/log";
import { monitorKinds, monitorScheduleName, type MonitorKind } from "../shared/monitors";
import { carries } from "../teardown/logic";
import { DEFINITION_API } from "./definition-api";
import { definitionStem } from "./definitions";
import { runningExecution, type Schedule } from "./logic";
import { despiteOthers, scheduleOnce, settledSchedule } from "./schedules";

export interface RemovalSettings {
  endpointName: string;
  /** What carries not all of them is somebody else's, and stays. */
  tags: Tags;
}

/** Removes the schedules and definitions of all kinds. @returns the schedules' names. @throws as {@link removeMonitor}. */
export async function removeMonitors(
  sagemaker: SageMakerClient,
  settings: RemovalSettings,
  deadline: number,
): Promise<string[]> {
  const removed: string[] = [];
  for (const kind of monitorKinds) {
    removed.push(...(await despiteOthers(() => removeMonitor(sagemaker, settings, kind, deadline), deadline)));
  }
  return removed;
}

/**
 * Removes the schedule of one kind of monitor and its definitions. AWS deletes no schedule that it is changing or that
 * has an execution under way: the former is waited for, the latter stopped and waited for.
 *
 * @param deadline of `performance.now()` until which is waited
 * @returns the schedule's name, where there was one.
 * @throws Error naming the schedule that could not be removed by then.
 */
export async function removeMonitor(
  sagemaker: SageMakerClient,
  settings: RemovalSettings,
  kind: MonitorKind,
  deadline: number,
): Promise<string[]> {
  const name = monitorScheduleName(settings.endpointName, kind);
  const schedule = await settledSchedule(sagemaker, name, deadline);
  const ours = schedule !== undefined && (await isOurs(sagemaker, schedule.MonitoringScheduleArn, settings.tags));
  if (ours) await removeSchedule(sagemaker, name, schedule, deadline);
  await removeDefinitions(sagemaker, settings, kind, new Set());
  return ours ? [name] : [];
}

async function removeSchedule(
  sagemaker: SageMakerClient,
  name: string,
  schedule: Schedule,
  deadline: number,
): Promise<void> {
  if (runningExecution(schedule) !== undefined) {
    // Or it begins the next execution while this one is waited for.
    if (schedule.MonitoringScheduleStatus === "Scheduled") {
      await sagemaker.send(new StopMonitoringScheduleCommand({ MonitoringScheduleName: name }));
    }
    await scheduleOnce(sagemaker, name, endsExecution(sagemaker), deadline, "has an execution under way");
    await settledSchedule(sagemaker, name, deadline);
  }
  await unlessMissing(sagemaker.send(new DeleteMonitoringScheduleCommand({ MonitoringScheduleName: name })));
  await scheduleOnce(sagemaker, name, () => false, deadline, "is still being deleted");
}

/** Whether nothing runs any more; what does is asked once to stop. */
function endsExecution(sagemaker: SageMakerClient): (schedule: Schedule) => Promise<boolean> {
  const asked = new Set<string>();
  return async (schedule) => {
    const running = runningExecution(schedule);
    const job = running?.ProcessingJobArn?.split("/").at(-1);
    if (job !== undefined && running?.MonitoringExecutionStatus === "InProgress" && !asked.has(job)) {
      asked.add(job);
      try {
        await sagemaker.send(new StopProcessingJobCommand({ ProcessingJobName: job }));
      } catch (error) {
        // Whether it could be stopped shows at the next look: it may just have ended.
        log.warn("execution not stopped", { job, ...describeError(error) });
      }
    }
    return running === undefined;
  };
}

/** Removes the definitions of one kind of monitor, but for those to keep. */
export async function removeDefinitions(
  sagemaker: SageMakerClient,
  { endpointName, tags }: RemovalSettings,
  kind: MonitorKind,
  keep: ReadonlySet<string>,
): Promise<void> {
  const api = DEFINITION_API[kind];
  const found: { name: string; arn: string | undefined }[] = [];
  let NextToken: string | undefined;
  do {
    const page = await api.list(sagemaker, {
      EndpointName: endpointName,
      NameContains: definitionStem(endpointName, kind),
      MaxResults: 100,
      ...(NextToken === undefined ? {} : { NextToken }),
    });
    for (const { MonitoringJobDefinitionName: name, MonitoringJobDefinitionArn: arn } of page.JobDefinitionSummaries ??
      []) {
      if (name !== undefined && !keep.has(name)) found.push({ name, arn });
    }
    ({ NextToken } = page);
  } while (NextToken !== undefined);
  for (const { name, arn } of found) {
    if (await isOurs(sagemaker, arn, tags)) await unlessMissing(api.remove(sagemaker, name));
  }
}

async function isOurs(sagemaker: SageMakerClient, ResourceArn: string | undefined, tags: Tags): Promise<boolean> {
  if (ResourceArn === undefined) return false;
  const answer = await unlessMissing(sagemaker.send(new ListTagsCommand({ ResourceArn })));
  return answer !== undefined && carries(answer.Tags ?? [], tags);
}
