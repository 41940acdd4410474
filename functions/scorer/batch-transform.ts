import {
  CreateTransformJobCommand,
  DescribeTransformJobCommand,
  type SageMakerClient,
  type TransformInstanceType,
} from "@aws-sdk/client-sagemaker";
import { inferenceId } from "../shared/inference-id";
import { isMissing, unlessMissing } from "../shared/endpoint";
import { liveModel } from "../shared/live-model";
import { ScoringError } from "../shared/scoring";
import { fileId, type SourceObject } from "../shared/source-object";
import { parseNumber } from "../shared/transactions";
import type { Chunk } from "./chunks";
import type { Progress } from "./claims";
import type { ChunkScores } from "./micro-batches";
import type { ScorerObjects } from "./objects";

/** How a run is; `running` also while SageMaker has no instance free to start it. */
export type JobState = { state: "running" | "completed" } | { state: "failed"; reason: string };

export type TransformRun = NonNullable<Progress["transform"]>;

export interface TransformSettings {
  endpointName: string;
  /** The file's event, which is followed up when the job ends. */
  event: string;
  /** Below it each file has a folder, by its id. Without a slash at the end. */
  prefix: string;
  /** Begins the names of jobs. */
  jobPrefix: string;
  instanceType: string;
  instanceCount: number;
  tags: Record<string, string>;
}

/** Runs of the job for one file; after them the endpoint scores it. */
export const TRANSFORM_ATTEMPTS = 2;

/** Where a file's event is kept for as long as its job runs, whose end says nothing but the folder. */
export const EVENT_NAME = "event.json";

/** Megabytes in one request to the model, and requests at once, each to an instance. */
const MAX_PAYLOAD_MB = 6;
const CONCURRENT_TRANSFORMS = 4;

/** A file that SageMaker scores as a whole: its input, job and output. */
export class BatchTransform {
  private readonly folder: string;

  constructor(
    private readonly sagemaker: SageMakerClient,
    private readonly objects: ScorerObjects,
    private readonly source: SourceObject,
    private readonly settings: TransformSettings,
  ) {
    this.folder = `${settings.prefix}/${fileId(source)}`;
  }

  /** Writes a chunk's rows as the job reads them: the row's number, then its features. @returns whether there are any */
  async prepare({ number, good }: Chunk): Promise<boolean> {
    if (good.length === 0) return false;
    const lines = good.map((row) => `${row.number},${row.line}\n`).join("");
    await this.objects.put(`${this.folder}/input/${name(number)}`, lines, "text/csv");
    return true;
  }

  /**
   * Chooses the model that is live now for a run.
   *
   * @throws ScoringError `no-model` while nothing is served.
   */
  async plan(attempt: number): Promise<TransformRun> {
    const live = await liveModel(this.sagemaker, this.settings.endpointName);
    if (live === undefined) throw new ScoringError("no-model", `${this.settings.endpointName} serves nothing`);
    const threshold = Number(live.package.CustomerMetadataProperties?.threshold ?? NaN);
    if (!(threshold >= 0 && threshold <= 1)) throw new Error(`${live.packageArn} does not say its threshold`);
    const { modelName, packageArn } = live;
    return { attempt, jobName: this.jobName(attempt), modelName, packageArn, threshold };
  }

  /** How a run's job is, which is started unless it was. */
  async follow(run: TransformRun): Promise<JobState> {
    const job = await unlessMissing(
      this.sagemaker.send(new DescribeTransformJobCommand({ TransformJobName: run.jobName })),
    );
    if (job === undefined) return this.start(run);
    if (job.TransformJobStatus === "Completed") return { state: "completed" };
    if (job.TransformJobStatus === "InProgress" || job.TransformJobStatus === "Stopping") return { state: "running" };
    return { state: "failed", reason: job.FailureReason ?? `it was ${job.TransformJobStatus}` };
  }

  private async start(run: TransformRun): Promise<JobState> {
    const uri = `s3://${this.source.bucket}/${this.folder}`;
    const { event, instanceType, instanceCount, tags } = this.settings;
    await this.objects.put(`${this.folder}/${EVENT_NAME}`, event, "application/json");
    const create = new CreateTransformJobCommand({
      TransformJobName: run.jobName,
      ModelName: run.modelName,
      TransformInput: {
        DataSource: { S3DataSource: { S3DataType: "S3Prefix", S3Uri: `${uri}/input/` } },
        ContentType: "text/csv",
        SplitType: "Line",
      },
      TransformOutput: { S3OutputPath: `${uri}/output-${run.attempt}`, Accept: "text/csv", AssembleWith: "Line" },
      // The model is sent the features alone; the row's number is put before its probability.
      DataProcessing: { InputFilter: "$[1:]", JoinSource: "Input", OutputFilter: "$[0,-1]" },
      BatchStrategy: "MultiRecord",
      MaxPayloadInMB: MAX_PAYLOAD_MB,
      MaxConcurrentTransforms: CONCURRENT_TRANSFORMS,
      TransformResources: { InstanceType: instanceType as TransformInstanceType, InstanceCount: instanceCount },
      Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
    });
    try {
      await this.sagemaker.send(create);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      // Replaced and removed since it was chosen: the next run takes the one that is live then.
      if (isMissing(error)) return { state: "failed", reason: error.message };
      if (error.name !== "ResourceInUse" && error.name !== "ResourceLimitExceeded") throw error;
    }
    return { state: "running" };
  }

  /** A chunk's scores, as the job wrote them. @throws Error where it wrote none for a row. */
  async scores({ number, good }: Chunk, run: TransformRun): Promise<ChunkScores> {
    const key = `${this.folder}/output-${run.attempt}/${name(number)}.out`;
    const text = await this.objects.read(key);
    if (text === undefined) throw new Error(`transform job ${run.jobName} completed without ${key}`);
    const byRow = readOutput(text, key);
    const predictions = good.map((row) => {
      const score = byRow.get(row.number);
      if (score === undefined) throw new Error(`${key} has no line for row ${row.number}`);
      return { score };
    });
    const model = { packageArn: run.packageArn, threshold: run.threshold, algorithm: "" };
    return { batches: [{ rows: good, answer: { inferenceId: inferenceId(), model, predictions } }], rejected: [] };
  }

  private jobName(attempt: number): string {
    return `${this.settings.jobPrefix}-stream-${fileId(this.source).slice(0, 16)}-${attempt}`;
  }
}

const name = (chunk: number): string => `${String(chunk).padStart(6, "0")}.csv`;

/** Probabilities by row number. @throws Error for a line that is not a number and a probability. */
export function readOutput(text: string, key: string): Map<number, number> {
  const scores = new Map<number, number>();
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line === "") continue;
    const cells = line.split(",");
    const [row = 0, score = -1] = cells.map(parseNumber);
    const fine = cells.length === 2 && Number.isInteger(row) && row > 0 && score >= 0 && score <= 1;
    if (!fine) throw new Error(`line ${index + 1} of ${key} is "${line.slice(0, 80)}"`);
    scores.set(row, score);
  }
  return scores;
}
