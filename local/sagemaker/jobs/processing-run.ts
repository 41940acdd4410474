import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { DescribeProcessingJobResponse } from "@aws-sdk/client-sagemaker";
import type { Wire } from "../../server/json-service";
import { messageOf } from "../../server/errors";
import { LogStream } from "../../server/log-stream";
import { localise, localiseScripts, localiseValues } from "../opt-ml";
import { downloadFiles, listInput, uploadFolder } from "../s3-files";
import type { Acting } from "../acting";
import type { SageMakerContext } from "../state";
import { runContainer, type ContainerOutcome } from "./container";
import { pathOf } from "./images";
import { hostsOf, resourceConfig, shardFor, writeJson, type Host } from "./hosts";

export type ProcessingJob = Wire<DescribeProcessingJobResponse>;

/** How a processing job ended. */
export interface ProcessingResult {
  status: "Completed" | "Failed" | "Stopped";
  failureReason?: string;
  exitMessage?: string;
}

export const PROCESSING_LOG_GROUP = "/aws/sagemaker/ProcessingJobs";

/** The longest message that a container may leave in `/opt/ml/output/message`, in characters. */
const MAX_EXIT_MESSAGE = 1024;

/**
 * Runs a processing job from its inputs to its outputs. Never rejects.
 *
 * @param folder for its instances; the caller removes it
 */
export async function runProcessingJob(
  acting: Pick<Acting, "context" | "prepare">,
  job: ProcessingJob,
  folder: string,
  stop: AbortSignal,
): Promise<ProcessingResult> {
  const { context } = acting;
  const cluster = job.ProcessingResources.ClusterConfig;
  const hosts = hostsOf(folder, cluster?.InstanceCount ?? 1);
  try {
    await acting.prepare(job.AppSpecification.ImageUri, job);
    await Promise.all(hosts.map((host, index) => prepare(context, job, host, index, hosts)));
  } catch (error) {
    return { status: "Failed", failureReason: `ClientError: Failed to download data. ${messageOf(error)}` };
  }
  const outcomes = await Promise.all(hosts.map((host) => runHost(context, job, host, stop)));
  const exitMessage = await readExitMessage(hosts);
  const result = { ...resultOf(outcomes), ...(exitMessage ? { exitMessage } : {}) };
  try {
    await uploadOutputs(context, job, hosts, result.status === "Completed");
  } catch (error) {
    return { ...result, status: "Failed", failureReason: `ClientError: Failed to upload output. ${messageOf(error)}` };
  }
  return result;
}

async function prepare(
  context: SageMakerContext,
  job: ProcessingJob,
  host: Host,
  index: number,
  hosts: readonly Host[],
): Promise<void> {
  for (const input of job.ProcessingInputs ?? []) {
    const source = input.S3Input;
    if (input.AppManaged || !source?.S3Uri || !source.LocalPath) continue;
    const files = await listInput(context.clients.s3, source.S3DataType, source.S3Uri);
    const mine = shardFor(files, source.S3DataDistributionType, index, hosts.length);
    await downloadFiles(context.clients.s3, mine, localise(source.LocalPath, host.folder));
  }
  await localiseScripts(commandOf(job), host.folder);
  for (const output of job.ProcessingOutputConfig?.Outputs ?? []) {
    if (output.S3Output?.LocalPath) await mkdir(localise(output.S3Output.LocalPath, host.folder), { recursive: true });
  }
  await mkdir(join(host.folder, "output"), { recursive: true });
  const instanceType = job.ProcessingResources.ClusterConfig?.InstanceType ?? "";
  await writeJson(join(host.folder, "config", "resourceconfig.json"), resourceConfig(host, hosts, instanceType));
  await writeJson(join(host.folder, "config", "processingjobconfig.json"), {
    ProcessingJobArn: job.ProcessingJobArn,
    ProcessingJobName: job.ProcessingJobName,
    AppSpecification: job.AppSpecification,
    Environment: job.Environment ?? {},
    ProcessingInputs: job.ProcessingInputs ?? [],
    ProcessingOutputConfig: job.ProcessingOutputConfig,
    ProcessingResources: job.ProcessingResources,
    RoleArn: job.RoleArn,
    StoppingCondition: job.StoppingCondition,
  });
}

async function runHost(
  context: SageMakerContext,
  job: ProcessingJob,
  host: Host,
  stop: AbortSignal,
): Promise<ContainerOutcome> {
  const stream = `${job.ProcessingJobName}/${host.name}-${Math.floor(job.CreationTime)}`;
  const log = new LogStream(context.clients.logs, PROCESSING_LOG_GROUP, stream);
  const command = commandOf(job).map((word) => localise(word, host.folder));
  if ((job.AppSpecification.ContainerEntrypoint ?? []).length === 0) {
    return { kind: "notStarted", reason: "AppSpecification.ContainerEntrypoint is not set: there is no image to ask" };
  }
  const packages = join(host.folder, "packages");
  const environment = context.server.childEnvironment();
  const outcome = await runContainer(context.server.processes, {
    command: withPython(command, context.server.settings.python),
    environment: {
      ...environment,
      PATH: pathOf(job.AppSpecification.ImageUri, environment["PATH"] ?? ""),
      // What the job installs is its own, as in a container: the Python is everybody's.
      PIP_TARGET: packages,
      PYTHONPATH: packages,
      PROCESSING_JOB_NAME: job.ProcessingJobName,
      PROCESSING_JOB_ARN: job.ProcessingJobArn,
      ...localiseValues(job.Environment ?? {}, host.folder),
    },
    workingDirectory: host.folder,
    log,
    stop,
    ...(job.StoppingCondition ? { maxRuntimeSeconds: job.StoppingCondition.MaxRuntimeInSeconds } : {}),
  });
  await log.close();
  return outcome;
}

function commandOf({ AppSpecification }: ProcessingJob): string[] {
  return [...(AppSpecification.ContainerEntrypoint ?? []), ...(AppSpecification.ContainerArguments ?? [])];
}

/** A command that names Python by its usual names runs on the project's. */
export function withPython(command: readonly string[], python: string): string[] {
  const [program = "", ...rest] = command;
  return [/^(\/usr\/(local\/)?bin\/)?python3?$/.test(program) ? python : program, ...rest];
}

function resultOf(outcomes: readonly ContainerOutcome[]): ProcessingResult {
  if (outcomes.some(({ kind }) => kind === "stopped" || kind === "timedOut")) return { status: "Stopped" };
  const failed = outcomes.find((outcome) => outcome.kind !== "exited" || outcome.code !== 0);
  return failed ? { status: "Failed", failureReason: describeFailure(failed) } : { status: "Completed" };
}

function describeFailure(outcome: ContainerOutcome): string {
  switch (outcome.kind) {
    case "exited":
      return `AlgorithmError: See job logs for more information, exit code: ${outcome.code}`;
    case "killed":
      return `AlgorithmError: the container was ended by ${outcome.signal}`;
    case "notStarted":
      return `AlgorithmError: CannotStartContainerError: ${outcome.reason}`;
    case "stopped":
    case "timedOut":
      return "";
  }
}

async function readExitMessage(hosts: readonly Host[]): Promise<string | undefined> {
  for (const host of hosts) {
    const text = await readFile(join(host.folder, "output", "message"), "utf8").catch(() => "");
    if (text) return text.slice(0, MAX_EXIT_MESSAGE);
  }
  return undefined;
}

/** @param completed whether the job did what it was to: else only what is uploaded all along is uploaded */
async function uploadOutputs(
  context: SageMakerContext,
  job: ProcessingJob,
  hosts: readonly Host[],
  completed: boolean,
): Promise<void> {
  for (const { AppManaged, S3Output: target } of job.ProcessingOutputConfig?.Outputs ?? []) {
    if (AppManaged || !target?.LocalPath || !target.S3Uri) continue;
    if (!completed && target.S3UploadMode !== "Continuous") continue;
    for (const host of hosts) {
      await uploadFolder(context.clients.s3, localise(target.LocalPath, host.folder), target.S3Uri);
    }
  }
}
