import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { DescribeTrainingJobResponse, SecondaryStatus } from "@aws-sdk/client-sagemaker";
import * as tar from "tar";
import type { Wire } from "../../server/json-service";
import { messageOf } from "../../server/errors";
import { LogStream } from "../../server/log-stream";
import { localise, localiseValues } from "../opt-ml";
import { MetricSender } from "../metric-sender";
import { downloadFiles, listAnyFiles, listInput, uploadFile, uploadFolder } from "../s3-files";
import type { Acting } from "../acting";
import type { SageMakerContext } from "../state";
import { runContainer, type ContainerOutcome } from "./container";
import { hostsOf, resourceConfig, shardFor, writeJson, type Host } from "./hosts";
import { MetricReader, type Metric } from "./metrics";
import { withPython } from "./processing-run";

export type TrainingJob = Wire<DescribeTrainingJobResponse>;

/** How a training job ended. */
export interface TrainingResult {
  status: "Completed" | "Failed" | "Stopped";
  secondaryStatus: SecondaryStatus;
  failureReason?: string;
  metrics: Metric[];
}

/** The name of both the logs' group and the metrics' namespace. */
export const TRAINING_LOG_GROUP = "/aws/sagemaker/TrainingJobs";

/** What SageMaker keeps of `/opt/ml/output/failure`, in characters. */
const MAX_FAILURE = 1024;

/** What the framework containers run around the user's code. */
const TRAINING_TOOLKIT = join(__dirname, "..", "..", "containers", "training.py");

/** Where a job's model artifact goes: an archive, or a folder when it is not to be compressed. */
export function modelArtifactUri(job: TrainingJob): string {
  return `${outputPrefix(job)}/${compresses(job) ? "model.tar.gz" : "model"}`;
}

function compresses(job: TrainingJob): boolean {
  return job.OutputDataConfig?.CompressionType !== "NONE";
}

function outputPrefix(job: TrainingJob): string {
  return `${job.OutputDataConfig?.S3OutputPath.replace(/\/$/, "")}/${job.TrainingJobName}/output`;
}

/**
 * Runs a training job from its channels to its artifact. Never rejects.
 *
 * @param folder for its instances; the caller removes it
 * @param advance called when the job enters another phase
 */
export async function runTrainingJob(
  acting: Pick<Acting, "context" | "prepare">,
  job: TrainingJob,
  folder: string,
  stop: AbortSignal,
  advance: (status: SecondaryStatus, message: string) => void,
): Promise<TrainingResult> {
  const { context } = acting;
  const hosts = hostsOf(folder, job.ResourceConfig?.InstanceCount ?? 1);
  advance("Downloading", "Downloading input data");
  try {
    await acting.prepare(job.AlgorithmSpecification?.TrainingImage ?? "", job);
    await Promise.all(hosts.map((host, index) => prepare(context, job, host, index, hosts)));
  } catch (error) {
    return failed(`ClientError: Data download failed: ${messageOf(error)}`);
  }
  advance("Training", "Training image download completed. Training in progress.");
  const sender = new MetricSender(context.clients.cloudwatch);
  const dimensions = { TrainingJobName: job.TrainingJobName };
  const metrics = new MetricReader(job.AlgorithmSpecification?.MetricDefinitions ?? [], (name, value) =>
    sender.add({ namespace: TRAINING_LOG_GROUP, name, unit: "None", dimensions }, value),
  );
  const outcomes = await Promise.all(hosts.map((host) => runHost(context, job, host, stop, metrics)));
  await sender.close();
  const result = { ...(await resultOf(outcomes, hosts)), metrics: metrics.latest() };
  advance("Uploading", "Uploading generated training model");
  try {
    await uploadArtifacts(context, job, hosts, result.status !== "Failed");
    await uploadCheckpoints(context, job, hosts);
  } catch (error) {
    return { ...failed(`ClientError: Artifact upload failed: ${messageOf(error)}`), metrics: result.metrics };
  }
  return result;
}

function failed(failureReason: string): TrainingResult {
  return { status: "Failed", secondaryStatus: "Failed", failureReason, metrics: [] };
}

async function prepare(
  context: SageMakerContext,
  job: TrainingJob,
  host: Host,
  index: number,
  hosts: readonly Host[],
): Promise<void> {
  const input = join(host.folder, "input");
  const channels: Record<string, object> = {};
  for (const channel of job.InputDataConfig ?? []) {
    const source = channel.DataSource?.S3DataSource;
    if (!source) throw new Error(`channel ${channel.ChannelName} has no S3DataSource, the only source that is known`);
    const files = await listInput(context.clients.s3, source.S3DataType, source.S3Uri);
    const mine = shardFor(files, source.S3DataDistributionType, index, hosts.length);
    await downloadFiles(context.clients.s3, mine, join(input, "data", channel.ChannelName));
    channels[channel.ChannelName] = {
      TrainingInputMode: channel.InputMode ?? job.AlgorithmSpecification?.TrainingInputMode ?? "File",
      S3DistributionType: source.S3DataDistributionType ?? "FullyReplicated",
      RecordWrapperType: channel.RecordWrapperType ?? "None",
      ...(channel.ContentType ? { ContentType: channel.ContentType } : {}),
    };
  }
  await downloadCheckpoints(context, job, host);
  for (const name of ["model", "output/data", "checkpoints"]) await mkdir(join(host.folder, name), { recursive: true });
  const config = join(input, "config");
  await writeJson(join(config, "hyperparameters.json"), localiseValues(job.HyperParameters ?? {}, host.folder));
  await writeJson(join(config, "inputdataconfig.json"), channels);
  await writeJson(
    join(config, "resourceconfig.json"),
    resourceConfig(host, hosts, job.ResourceConfig?.InstanceType ?? ""),
  );
}

async function runHost(
  context: SageMakerContext,
  job: TrainingJob,
  host: Host,
  stop: AbortSignal,
  metrics: MetricReader,
): Promise<ContainerOutcome> {
  const stream = `${job.TrainingJobName}/${host.name}-${Math.floor(job.CreationTime)}`;
  const log = new LogStream(context.clients.logs, TRAINING_LOG_GROUP, stream);
  const { python } = context.server.settings;
  const { ContainerEntrypoint = [], ContainerArguments = [] } = job.AlgorithmSpecification ?? {};
  const own = [...ContainerEntrypoint, ...ContainerArguments].map((word) => localise(word, host.folder));
  const outcome = await runContainer(context.server.processes, {
    command: own.length > 0 ? withPython(own, python) : [python, TRAINING_TOOLKIT, "--root", host.folder],
    environment: {
      ...context.server.childEnvironment(),
      TRAINING_JOB_NAME: job.TrainingJobName,
      TRAINING_JOB_ARN: job.TrainingJobArn,
      ...localiseValues(job.Environment ?? {}, host.folder),
    },
    workingDirectory: host.folder,
    log,
    stop,
    onLine: (line) => metrics.read(line),
    maxRuntimeSeconds: job.StoppingCondition.MaxRuntimeInSeconds ?? 86_400,
  });
  await log.close();
  return outcome;
}

async function resultOf(
  outcomes: readonly ContainerOutcome[],
  hosts: readonly Host[],
): Promise<Omit<TrainingResult, "metrics">> {
  if (outcomes.some(({ kind }) => kind === "stopped")) return { status: "Stopped", secondaryStatus: "Stopped" };
  if (outcomes.some(({ kind }) => kind === "timedOut"))
    return { status: "Stopped", secondaryStatus: "MaxRuntimeExceeded" };
  const index = outcomes.findIndex((outcome) => outcome.kind !== "exited" || outcome.code !== 0);
  const outcome = outcomes[index];
  if (!outcome) return { status: "Completed", secondaryStatus: "Completed" };
  const told = await readFile(join(hosts[index]?.folder ?? "", "output", "failure"), "utf8").catch(() => "");
  return { status: "Failed", secondaryStatus: "Failed", failureReason: describeFailure(outcome, told) };
}

function describeFailure(outcome: ContainerOutcome, told: string): string {
  const reason = told.slice(0, MAX_FAILURE);
  switch (outcome.kind) {
    case "exited":
      return `AlgorithmError: ${reason || "See job logs for more information"}, exit code: ${outcome.code}`;
    case "killed":
      return `AlgorithmError: ${reason || `the container was ended by ${outcome.signal}`}`;
    case "notStarted":
      return `AlgorithmError: CannotStartContainerError: ${outcome.reason}`;
    case "stopped":
    case "timedOut":
      return "";
  }
}

/** `model/` becomes model.tar.gz unless the job failed, `output/` (without `failure`) output.tar.gz when it holds anything. */
async function uploadArtifacts(
  context: SageMakerContext,
  job: TrainingJob,
  hosts: readonly Host[],
  withModel: boolean,
): Promise<void> {
  // Only the first host's model counts, as in the frameworks' own distributed training.
  const [first] = hosts;
  if (!first) return;
  const model = join(first.folder, "model");
  const data = join(first.folder, "output", "data");
  if (compresses(job)) {
    if (withModel) await uploadArchive(context, model, modelArtifactUri(job), true);
    await uploadArchive(context, data, `${outputPrefix(job)}/output.tar.gz`, false);
  } else {
    if (withModel) await uploadFolder(context.clients.s3, model, modelArtifactUri(job));
    await uploadFolder(context.clients.s3, data, `${outputPrefix(job)}/data`);
  }
}

/** What an earlier job left of its checkpoints, for this one to go on from. */
async function downloadCheckpoints(context: SageMakerContext, job: TrainingJob, host: Host): Promise<void> {
  if (!job.CheckpointConfig) return;
  const files = await listAnyFiles(context.clients.s3, `${job.CheckpointConfig.S3Uri.replace(/\/$/, "")}/`);
  await downloadFiles(context.clients.s3, files, checkpointFolder(job, host));
}

/** Checkpoints are kept however the job ends: the next one goes on from them. */
async function uploadCheckpoints(context: SageMakerContext, job: TrainingJob, hosts: readonly Host[]): Promise<void> {
  if (!job.CheckpointConfig) return;
  for (const host of hosts) {
    await uploadFolder(context.clients.s3, checkpointFolder(job, host), job.CheckpointConfig.S3Uri);
  }
}

function checkpointFolder(job: TrainingJob, host: Host): string {
  return localise(job.CheckpointConfig?.LocalPath ?? "/opt/ml/checkpoints", host.folder).replace(/\/$/, "");
}

async function uploadArchive(
  context: SageMakerContext,
  folder: string,
  uri: string,
  evenEmpty: boolean,
): Promise<void> {
  const entries = await readdir(folder);
  if (entries.length === 0 && !evenEmpty) return;
  const archive = `${folder}.tar.gz`;
  await tar.create({ gzip: true, cwd: folder, file: archive, portable: true }, entries.length > 0 ? entries : ["."]);
  await uploadFile(context.clients.s3, archive, uri);
}
