// `npm start`: the platform's main job, end to end, on the local cloud.
import { join } from "node:path";
import { DescribeEndpointCommand, DescribeModelPackageCommand, SageMakerClient } from "@aws-sdk/client-sagemaker";
import { GetObjectCommand, S3Client } from "@aws-sdk/client-s3";
import type { PlatformOutputs } from "../../components/outputs";
import { decodeEvaluationReport, type EvaluationReport } from "../../functions/shared/evaluation-report";
import { environment, findOrStartCloud, type RunningCloud } from "../cloud";
import { localDirectory } from "../tools";
import { checkApi, type ApiResult } from "./checks/api";
import { checkFirstUp } from "./checks/first-up";
import { checkMonitors, type MonitorsResult } from "./checks/monitors";
import { splitRows } from "./checks/rows";
import { checkStream, type StreamResult } from "./checks/stream";
import { splitUri } from "./checks/uri";
import { fileDataset, syntheticDataset, type Dataset } from "./data";
import { RefusedError, UserError, claim } from "./errors";
import { launchPipeline } from "./launch-task";
import { PipelineWatch } from "./pipeline-watch";
import type { StageName } from "./plan";
import { writeStackFile } from "./settings";
import { bringUp, buildArtifacts, type StackUp } from "./stack";
import { installSpark } from "./spark";
import type { Outcome, Progress, Stages } from "./stage";
import { upload } from "./upload";

export interface LoopOptions {
  /** A CSV (plain or .gz) in the credit card schema; the generated stand-in without it. */
  data?: string;
  /** Rows of the stand-in; default: as many as the published data set. */
  rows?: number;
  /** Algorithm to train; default: as configured. */
  algorithm?: string;
  /** What preprocessing runs on; default: as configured. */
  framework?: string;
  /** `group.key=value` overrides of the stack's configuration. */
  set: string[];
  /** What one legitimate row stands for, where they were sampled; default 1. */
  legitimateWeight?: number;
  /** Port of the AWS endpoint; default: a free one. */
  port?: number;
  signal: AbortSignal;
}

/** What a run has brought to light; filled as it goes, so that a failed run reports what it had. */
export interface Findings {
  /** The file that is uploaded; none where the pipeline reads a database. */
  dataset?: Dataset;
  fromDatabase?: boolean;
  split?: { rows: number; frauds: number };
  /** Where preprocessing left its outputs, by name. */
  processed?: Record<string, string>;
  stack?: StackUp;
  executionId?: string;
  evaluation?: EvaluationReport;
  registry?: { modelPackageArn: string; mlflowModelVersion: string };
  endpoint?: { name: string; configName: string; status: string };
  api?: ApiResult;
  stream?: StreamResult;
  monitors?: MonitorsResult;
}

/** Longest that one pipeline step may take before the run is given up. */
const STEP_TIMEOUT_SECONDS = 1_800;

/**
 * Runs every stage. `findings` is filled on the way; the cloud, once it runs, is handed to `onCloud`, whose business it is to end it.
 *
 * @throws UserError, StageError, or RefusedError where the gate refused the model.
 */
export async function runLoop(
  stages: Stages,
  options: LoopOptions,
  findings: Findings,
  onCloud: (cloud: RunningCloud) => void,
): Promise<void> {
  const stage = async <T>(name: StageName, work: (progress: Progress) => Promise<Outcome<T>>): Promise<T> => {
    options.signal.throwIfAborted();
    return stages.run(name, work);
  };

  const chosen = [
    ...(options.algorithm === undefined ? [] : [`training.algorithm=${options.algorithm}`]),
    ...(options.framework === undefined ? [] : [`preprocess.framework=${options.framework}`]),
  ];
  const file = writeStackFile("local", [...chosen, ...options.set], join(localDirectory, "run"));
  findings.fromDatabase = file.fromDatabase;
  const dataset = await stage("data", (progress) => prepareData(options, file.fromDatabase, progress));
  if (dataset !== undefined) findings.dataset = dataset;
  await stage("build", async (progress) => {
    if (file.mayUseSpark) await installSpark(progress);
    return buildArtifacts(progress);
  });

  const cloud = await stage("cloud", async (progress) => {
    const running = await findOrStartCloud({
      directory: join(localDirectory, "cloud"),
      region: file.region,
      ...(options.port === undefined ? {} : { port: options.port }),
      onProgress: progress,
    });
    onCloud(running);
    Object.assign(process.env, environment(running.description));
    return { value: running, detail: running.description.awsEndpointUrl };
  });
  const stack = await stage("stack", (progress) => bringUp(file.path, cloud, progress));
  findings.stack = stack;
  const { outputs, apiKey } = stack;
  const early = await stage("first-up", (progress) => checkFirstUp(outputs, apiKey, cloud.wasUp, progress));
  const uploaded = await stage("upload", async () => {
    if (dataset === undefined || outputs.rawDataUri === undefined) return { value: undefined, detail: "nothing" };
    const done = await upload(dataset, outputs.rawDataUri);
    return { value: done, detail: `${(done.bytes / 1e6).toFixed(1)} MB → ${done.key}` };
  });
  const launched = await stage("launch", async (progress) => {
    progress("waiting for MLflow");
    await cloud.mlflowReady;
    progress("ECS task");
    const value = await launchPipeline(outputs.launcher, {
      ...(uploaded === undefined ? {} : { S3_RAW_DATA_KEY: uploaded.key }),
      LEGITIMATE_WEIGHT: String(options.legitimateWeight ?? 1),
    });
    return { value, detail: value.executionId };
  });
  findings.executionId = launched.executionId;

  await followPipeline(
    stage,
    new PipelineWatch(new SageMakerClient(), launched.pipelineExecutionArn),
    outputs,
    launched.executionId,
    findings,
  );

  const registry = findings.registry as NonNullable<Findings["registry"]>;
  await stage("endpoint", async () => {
    findings.endpoint = await liveEndpoint(outputs.endpointName);
    const { name, configName, status } = findings.endpoint;
    claim(status === "InService", `Endpoint ${name} is ${status}, not InService.`);
    return { value: undefined, detail: `${name} serves ${configName}` };
  });
  const rows = await splitRows(findings.processed?.test ?? "");
  findings.api = await stage("api", (progress) => checkApi(outputs, apiKey, registry.modelPackageArn, rows, progress));
  findings.stream = await stage("stream", (progress) =>
    checkStream(outputs, rows, launched.executionId, early, progress),
  );
  findings.monitors = await stage("monitors", (progress) =>
    checkMonitors(outputs, apiKey, findings.processed?.train ?? "", launched.executionId, progress),
  );
}

async function prepareData(
  options: LoopOptions,
  fromDatabase: boolean,
  progress: Progress,
): Promise<Outcome<Dataset | undefined>> {
  if (fromDatabase) {
    if (options.data === undefined) return { value: undefined, detail: "in the database of source.host" };
    throw new UserError("--data names a file, and source.type is rds: leave one of them out.");
  }
  if (options.data !== undefined) {
    progress(`reading ${options.data}`);
    return { value: await fileDataset(options.data), detail: options.data };
  }
  progress("generating");
  const value = await syntheticDataset(options.rows);
  return { value, detail: "synthetic: generated, not real transactions" };
}

type RunStage = <T>(name: StageName, work: (progress: Progress) => Promise<Outcome<T>>) => Promise<T>;

async function followPipeline(
  stage: RunStage,
  watch: PipelineWatch,
  outputs: PlatformOutputs,
  executionId: string,
  findings: Findings,
): Promise<void> {
  const step = (name: string, progress: Progress) => watch.ended(name, progress, STEP_TIMEOUT_SECONDS);
  const document = (path: string) => readJson(`s3://${outputs.bucketName}/${outputs.prefix}/${executionId}/${path}`);

  await stage("preprocess", async (progress) => {
    if (findings.fromDatabase) await step("Extract", progress);
    findings.processed = await watch.outputsOf(await step("Preprocess", progress));
    const report = (await readJson(`${findings.processed.report}/preprocess.json`)) as { rows: number; frauds: number };
    findings.split = { rows: report.rows, frauds: report.frauds };
    return { value: undefined, detail: `${report.rows} rows, ${report.frauds} frauds` };
  });
  await stage("train", async (progress) => {
    await step("Train", progress);
    return { value: undefined, detail: "model.tar.gz in S3" };
  });
  await stage("evaluate", async (progress) => {
    await step("Evaluate", progress);
    const evaluation = decodeEvaluationReport(await document("evaluation/evaluation.json"));
    findings.evaluation = evaluation;
    const { rocAuc, auprc } = evaluation.metrics;
    return {
      value: undefined,
      detail: `ROC AUC ${rocAuc.value.toFixed(4)}, AUPRC ${auprc.value.toFixed(4)} [${auprc.interval.map((end) => end.toFixed(3)).join(", ")}]`,
    };
  });
  await stage("baselines", async (progress) => {
    await step("Baselines", progress);
    const { features } = (await document("baselines/data-quality/constraints.json")) as { features: unknown[] };
    return { value: undefined, detail: `constraints on ${features.length} features, decisions, bias, attributions` };
  });
  await stage("gate", async (progress) => {
    await step("Gate", progress);
    const decision = await step("GateDecision", progress);
    if (decision.Metadata?.Condition?.Outcome !== "True") {
      const ended = await watch.executionEnded(60);
      const refusal = (await watch.steps()).find((each) => each.StepName === "Refused");
      throw new RefusedError(refusal?.FailureReason ?? ended.reason ?? "no reason given");
    }
    return { value: undefined, detail: "passed" };
  });
  await stage("register", async (progress) => {
    const registered = await step("Register", progress);
    const answered = new Map(
      (registered.Metadata?.Lambda?.OutputParameters ?? []).map((each) => [each.Name, each.Value]),
    );
    const modelPackageArn = answered.get("modelPackageArn");
    const mlflowModelVersion = answered.get("mlflowModelVersion");
    claim(
      modelPackageArn !== undefined && mlflowModelVersion !== undefined,
      `Register answered ${JSON.stringify([...answered])}.`,
    );
    await new SageMakerClient().send(new DescribeModelPackageCommand({ ModelPackageName: modelPackageArn }));
    findings.registry = { modelPackageArn, mlflowModelVersion };
    return {
      value: undefined,
      detail: `package version ${modelPackageArn.split("/").pop()}, MLflow version ${mlflowModelVersion}`,
    };
  });
  await stage("create-model", async (progress) => {
    const created = await step("CreateModel", progress);
    return { value: undefined, detail: created.Metadata?.Model?.Arn?.split("/").pop() ?? "" };
  });
  await stage("deploy", async (progress) => {
    const deployed = await step("Deploy", progress);
    const wanted = deployed.Metadata?.Callback?.OutputParameters?.find(
      (each) => each.Name === "endpointConfigName",
    )?.Value;
    const live = await liveEndpoint(outputs.endpointName);
    claim(
      live.configName === wanted,
      `The deploy step says ${wanted}; endpoint ${live.name} serves ${live.configName}.`,
    );
    const ended = await watch.executionEnded(60);
    claim(ended.status === "Succeeded", `The pipeline ended as ${ended.status}: ${ended.reason ?? "no reason given"}`);
    return { value: undefined, detail: live.configName };
  });
}

async function liveEndpoint(name: string): Promise<NonNullable<Findings["endpoint"]>> {
  const answer = await new SageMakerClient().send(new DescribeEndpointCommand({ EndpointName: name }));
  return { name, configName: answer.EndpointConfigName ?? "", status: answer.EndpointStatus ?? "" };
}

async function readJson(uri: string): Promise<unknown> {
  const { bucket, key } = splitUri(uri);
  const object = await new S3Client().send(new GetObjectCommand({ Bucket: bucket, Key: key }));
  return JSON.parse((await object.Body?.transformToString()) ?? "null");
}
