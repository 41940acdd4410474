import { paginateListObjectsV2, PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { CreateProcessingJobCommand, type SageMakerClient } from "@aws-sdk/client-sagemaker";
import { biasBaseline } from "../shared/bias-baseline";
import { liveModel } from "../shared/live-model";
import { hourFolders, needsLabels, periodBefore, type MonitorKind } from "../shared/monitors";
import { parseS3Uri } from "../shared/objects";
import type { MonitorJob } from "./env";
import {
  baselineFolder,
  jobName,
  manifest,
  outputFolder,
  processingJob,
  type JobSettings,
  type MonitorRun,
  type Run,
  type RunMonitorEvent,
} from "./logic";

export interface RunSettings extends JobSettings {
  variantName: string;
  captureUri: string;
  groundTruthUri: string;
  inputUri: string;
  labelMaturityHours: number;
  monitors: Readonly<Partial<Record<MonitorKind, MonitorJob>>>;
}

export interface RunClients {
  s3: S3Client;
  sagemaker: SageMakerClient;
}

/**
 * Starts the job that looks at a period, unless there is nothing to look at. An event that comes twice starts one job.
 *
 * @throws Error when the monitor is not configured, the period is none, or the live model lacks what the job needs.
 */
export async function runMonitor(
  clients: RunClients,
  settings: RunSettings,
  event: RunMonitorEvent,
): Promise<MonitorRun> {
  const { monitor: kind } = event;
  if ("watch" in event) return { monitor: kind, outcome: "watched", reason: "The monitor is watched from now on." };
  const run = runOf(settings, event);
  const { start, end } = run.period;
  const known = { monitor: kind, startTime: start.toISOString(), endTime: end.toISOString() };
  const period = `from ${known.startTime} to ${known.endTime}`;

  const live = await liveModel(clients.sagemaker, settings.endpointName);
  if (live === undefined) {
    return { ...known, outcome: "no-model", reason: `Endpoint ${settings.endpointName} serves no model.` };
  }
  const captureUri = `${settings.captureUri}/${settings.endpointName}/${settings.variantName}`;
  const captured = await objectsOf(clients.s3, captureUri, run);
  if (captured.length === 0) return { ...known, outcome: "empty", reason: `Nothing was captured ${period}.` };
  const labels = needsLabels(kind) ? await objectsOf(clients.s3, settings.groundTruthUri, run) : [];
  if (needsLabels(kind) && labels.length === 0) {
    return { ...known, outcome: "empty", reason: `No label of what was captured ${period} has arrived.` };
  }

  const name = jobName(settings, run);
  const outputUri = outputFolder(settings, run, "from" in event);
  const folder = `${settings.inputUri}/${name}`;
  const put = async (file: string, Body: string): Promise<string> => {
    const { bucket, key } = parseS3Uri(`${folder}/${file}`);
    await clients.s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body, ContentType: "application/json" }));
    return `${folder}/${file}`;
  };
  const putBiasBaseline = async (): Promise<string> => {
    const { analysis, config } = await biasBaseline(clients.s3, live);
    await put("baseline/bias/analysis.json", JSON.stringify(analysis));
    await put("baseline/analysis_config.json", JSON.stringify(config));
    return `${folder}/baseline/`;
  };
  const inputs = {
    baseline: kind === "model-bias" ? await putBiasBaseline() : baselineFolder(kind, live),
    captured: await put("captured.manifest", manifest(captureUri, captured)),
    groundTruth:
      labels.length === 0 ? undefined : await put("ground-truth.manifest", manifest(settings.groundTruthUri, labels)),
  };
  const request = processingJob(settings, run, live, inputs, outputUri);
  const isNew = await created(clients.sagemaker.send(new CreateProcessingJobCommand(request)));
  const reason = isNew ? `Job ${name} looks at what was captured ${period}.` : `Job ${name} was started before.`;
  return { ...known, outcome: "started", reason, jobName: name, outputUri };
}

function runOf(settings: RunSettings, event: Exclude<RunMonitorEvent, { watch: true }>): Run {
  const { monitor: kind } = event;
  const job = settings.monitors[kind];
  if (job === undefined) throw new Error(`the monitor ${kind} is not configured`);
  if ("scheduledTime" in event) {
    const delay = needsLabels(kind) ? settings.labelMaturityHours : 0;
    return { kind, job, period: periodBefore(job.hours, event.scheduledTime, delay) };
  }
  const { from: start, to: end, attempt } = event;
  if (start >= end) throw new Error(`the period from ${start.toISOString()} to ${end.toISOString()} has no length`);
  return { kind, job, period: { start, end }, attempt };
}

/** Keys below a folder, of the hours of a run's period. */
async function objectsOf(s3: S3Client, folderUri: string, { period }: Run): Promise<string[]> {
  const { bucket, key: folder } = parseS3Uri(folderUri);
  const found: string[] = [];
  for (const hour of hourFolders(period)) {
    const pages = paginateListObjectsV2({ client: s3 }, { Bucket: bucket, Prefix: `${folder}/${hour}/` });
    for await (const { Contents = [] } of pages) {
      for (const { Key = "", Size = 0 } of Contents) if (Size > 0) found.push(Key.slice(folder.length + 1));
    }
  }
  return found;
}

/** False when there is a job of that name. */
async function created(call: Promise<unknown>): Promise<boolean> {
  try {
    await call;
    return true;
  } catch (error) {
    if (error instanceof Error && error.name === "ResourceInUse") return false;
    throw error;
  }
}
