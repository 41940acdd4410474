import type { S3Client } from "@aws-sdk/client-s3";
import {
  AddTagsCommand,
  CreateMonitoringScheduleCommand,
  StartMonitoringScheduleCommand,
  UpdateMonitoringScheduleCommand,
  type MonitoringScheduleConfig,
  type SageMakerClient,
} from "@aws-sdk/client-sagemaker";
import { tagList } from "../shared/endpoint-config";
import type { Tags } from "../shared/environment";
import { liveModel, type LiveModel } from "../shared/live-model";
import { monitorKinds, monitorScheduleName, type MonitorKind } from "../shared/monitors";
import { biasFiles, explainabilityFiles, type FileSettings } from "./clarify-files";
import { DEFINITION_API } from "./definition-api";
import {
  dataQuality,
  modelBias,
  modelExplainability,
  modelQuality,
  scheduleConfig,
  type DefinitionRequests,
  type DefinitionSettings,
} from "./definitions";
import type { ManagedMonitor } from "./env";
import { isAsWanted, runningExecution } from "./logic";
import { removeDefinitions, removeMonitor } from "./remove";
import { describeSchedule, despiteOthers, settledSchedule } from "./schedules";

export interface ReconcileClients {
  sagemaker: SageMakerClient;
  s3: S3Client;
}

export interface ReconcileSettings extends DefinitionSettings, FileSettings {
  /** Those that are to run. */
  monitors: Readonly<Partial<Record<MonitorKind, ManagedMonitor>>>;
}

/** What was done. Names of schedules. */
export interface Reconciled {
  /** What traffic is held against now; undefined where nothing serves, and nothing can be monitored. */
  packageArn?: string | undefined;
  created: string[];
  updated: string[];
  unchanged: string[];
  removed: string[];
}

/** The live model may change while its predecessor's monitors are made; it rarely does so twice. */
const ATTEMPTS = 5;

/**
 * Makes AWS's monitors what they are to be: a definition of the live model's baselines and the configured settings for
 * each kind, a schedule on it, and nothing of what was before. Doing it again changes nothing; done twice at once, the
 * live model's monitors are left, because each looks at the end whether the model is the one that it began with.
 *
 * @param deadline of `performance.now()` until which schedules are waited for that AWS is changing
 * @throws Error when the live model lacks a baseline, or a schedule does not settle in time.
 */
export async function reconcileMonitors(
  clients: ReconcileClients,
  settings: ReconcileSettings,
  deadline: number,
): Promise<Reconciled> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const live = await liveModel(clients.sagemaker, settings.endpointName);
    const done = await bring(clients, settings, live, deadline);
    const after = await liveModel(clients.sagemaker, settings.endpointName);
    if (after?.modelName === live?.modelName && after?.packageArn === live?.packageArn) return done;
  }
  throw new Error(`the live model of ${settings.endpointName} kept changing; the event is tried again`);
}

async function bring(
  clients: ReconcileClients,
  settings: ReconcileSettings,
  live: LiveModel | undefined,
  deadline: number,
): Promise<Reconciled> {
  const done: Reconciled = { packageArn: live?.packageArn, created: [], updated: [], unchanged: [], removed: [] };
  for (const kind of monitorKinds) {
    const monitor = settings.monitors[kind];
    if (monitor === undefined) {
      const removed = await despiteOthers(() => removeMonitor(clients.sagemaker, settings, kind, deadline), deadline);
      done.removed.push(...removed);
    } else if (live !== undefined) {
      const outcome = await despiteOthers(
        () => bringMonitor(clients, settings, kind, monitor, live, deadline),
        deadline,
      );
      done[outcome].push(monitorScheduleName(settings.endpointName, kind));
    }
  }
  return done;
}

async function bringMonitor(
  clients: ReconcileClients,
  settings: ReconcileSettings,
  kind: MonitorKind,
  monitor: ManagedMonitor,
  live: LiveModel,
  deadline: number,
): Promise<"created" | "updated" | "unchanged"> {
  const { sagemaker } = clients;
  const definitionName = await define(clients, settings, kind, monitor, live);
  const wanted = scheduleConfig(kind, monitor, definitionName);
  const name = monitorScheduleName(settings.endpointName, kind);
  const outcome = await bringSchedule(sagemaker, name, wanted, settings.tags, deadline);
  const schedule = await describeSchedule(sagemaker, name);
  const running = schedule === undefined ? undefined : runningExecution(schedule)?.MonitoringJobDefinitionName;
  // What an execution goes by stays until it has ended: the hourly call removes it then.
  await removeDefinitions(sagemaker, settings, kind, new Set([definitionName, running ?? definitionName]));
  return outcome;
}

/** Makes the definition, unless there is one of its content. @returns its name */
async function define(
  { sagemaker, s3 }: ReconcileClients,
  settings: ReconcileSettings,
  kind: MonitorKind,
  monitor: ManagedMonitor,
  live: LiveModel,
): Promise<string> {
  switch (kind) {
    case "data-quality":
      return create(sagemaker, kind, dataQuality(settings, monitor, live));
    case "model-quality":
      return create(sagemaker, kind, modelQuality(settings, monitor, live));
    case "model-bias":
      return create(sagemaker, kind, modelBias(settings, monitor, live, await biasFiles(s3, live, settings)));
    case "model-explainability":
      return create(
        sagemaker,
        kind,
        modelExplainability(settings, monitor, await explainabilityFiles(s3, live, settings)),
      );
  }
}

async function create<Kind extends MonitorKind>(
  sagemaker: SageMakerClient,
  kind: Kind,
  request: DefinitionRequests[Kind] & { JobDefinitionName: string },
): Promise<string> {
  try {
    await DEFINITION_API[kind].create(sagemaker, request);
  } catch (error) {
    // One of that name has that content.
    if (!(error instanceof Error && error.name === "ResourceInUse")) throw error;
  }
  return request.JobDefinitionName;
}

async function bringSchedule(
  sagemaker: SageMakerClient,
  name: string,
  wanted: MonitoringScheduleConfig,
  tags: Tags,
  deadline: number,
): Promise<"created" | "updated" | "unchanged"> {
  const existing = await settledSchedule(sagemaker, name, deadline);
  const request = { MonitoringScheduleName: name, MonitoringScheduleConfig: wanted };
  if (existing === undefined) {
    await sagemaker.send(new CreateMonitoringScheduleCommand({ ...request, Tags: tagList(tags) }));
  } else if (isAsWanted(existing, wanted)) {
    return "unchanged";
  } else {
    await sagemaker.send(new UpdateMonitoringScheduleCommand(request));
    await sagemaker.send(new AddTagsCommand({ ResourceArn: existing.MonitoringScheduleArn, Tags: tagList(tags) }));
  }
  // An update leaves a schedule stopped that somebody stopped.
  const settled = await settledSchedule(sagemaker, name, deadline);
  if (settled?.MonitoringScheduleStatus === "Stopped") {
    await sagemaker.send(new StartMonitoringScheduleCommand({ MonitoringScheduleName: name }));
    await settledSchedule(sagemaker, name, deadline);
  }
  return existing === undefined ? "created" : "updated";
}
