import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import type { DescribeTransformJobResponse } from "@aws-sdk/client-sagemaker";
import { messageOf } from "../../server/errors";
import type { Wire } from "../../server/json-service";
import { LogStream } from "../../server/log-stream";
import { ModelServer, NoAnswerError } from "../endpoints/model-server";
import type { ServedContainer } from "../endpoints/models";
import { placeServed, servingPlan } from "../endpoints/serving";
import { listInput, readObject, writeObject, type RemoteFile } from "../s3-files";
import type { Acting } from "../acting";
import type { SageMakerContext } from "../state";
import { hostsOf, shardFor } from "./hosts";
import { association, batchesOf, storedOf, type Batch, type TransformFormat } from "./transform-records";

export type TransformJob = Wire<DescribeTransformJobResponse>;

/** How a transform job ended. */
export interface TransformResult {
  status: "Completed" | "Failed" | "Stopped";
  failureReason?: string;
}

export const TRANSFORM_LOG_GROUP = "/aws/sagemaker/TransformJobs";

/** SageMaker's defaults for what a job leaves open. */
export const TRANSFORM_DEFAULTS = {
  maxPayloadMb: 6,
  maxConcurrentTransforms: 1,
  invocationTimeoutSeconds: 600,
  invocationRetries: 3,
};
const STARTUP_SECONDS = 600;
const MEGABYTE = 1024 * 1024;
/** What of a container's error goes into the log, in characters. */
const MAX_MESSAGE = 1024;

/** An object that could not be transformed: whose fault it is, as SageMaker says it. */
class ObjectError extends Error {
  constructor(
    readonly fault: "ClientError" | "AlgorithmError" | "InternalServerError",
    message: string,
  ) {
    super(message);
  }
}

/**
 * Runs a transform job: every object of its input becomes one with `.out` after its name. Never rejects.
 *
 * @param folder for its instances; the caller removes it
 */
export async function runTransformJob(
  { context, prepare }: Pick<Acting, "context" | "prepare">,
  job: TransformJob,
  container: ServedContainer,
  folder: string,
  stop: AbortSignal,
): Promise<TransformResult> {
  const { S3DataType, S3Uri } = job.TransformInput.DataSource.S3DataSource;
  const hosts = hostsOf(folder, job.TransformResources.InstanceCount);
  let objects: RemoteFile[];
  try {
    await prepare(container.image, job);
    objects = await listInput(context.clients.s3, S3DataType, S3Uri);
  } catch (error) {
    return { status: "Failed", failureReason: `ClientError: ${messageOf(error)}` };
  }
  const results = await Promise.all(
    hosts.map((host, index) => {
      const mine = shardFor(objects, "ShardedByS3Key", index, hosts.length);
      return new TransformInstance(context, job, stop).run(container, host.folder, host.name, mine);
    }),
  );
  if (stop.aborted) return { status: "Stopped" };
  const failed = results.find((result) => result !== undefined);
  return failed === undefined ? { status: "Completed" } : { status: "Failed", failureReason: failed };
}

/** What a job's members mean, defaults put in. @throws Error when they contradict each other */
export function transformFormat(
  job: Pick<TransformJob, "TransformInput" | "TransformOutput" | "DataProcessing" | "BatchStrategy" | "MaxPayloadInMB">,
): TransformFormat {
  const { SplitType = "None", ContentType } = job.TransformInput;
  if (SplitType !== "None" && SplitType !== "Line") throw new Error(`SplitType ${SplitType} is not known here`);
  const associated = association(ContentType, job.DataProcessing ?? {});
  return {
    splitType: SplitType,
    batchStrategy: job.BatchStrategy ?? "MultiRecord",
    maxPayloadBytes: (job.MaxPayloadInMB ?? TRANSFORM_DEFAULTS.maxPayloadMb) * MEGABYTE,
    assembleWith: job.TransformOutput?.AssembleWith ?? "None",
    ...(associated ? { association: associated } : {}),
  };
}

/** One instance of a job: a model server, and the objects that it transforms. */
class TransformInstance {
  private readonly format: TransformFormat;
  private failure: string | undefined;

  constructor(
    private readonly context: SageMakerContext,
    private readonly job: TransformJob,
    private readonly stop: AbortSignal,
  ) {
    this.format = transformFormat(job);
  }

  /** @returns why it failed; undefined when it did not */
  async run(
    container: ServedContainer,
    folder: string,
    host: string,
    objects: readonly RemoteFile[],
  ): Promise<string | undefined> {
    const stream = `${this.job.TransformJobName}/${host}-${Math.floor(this.job.CreationTime)}`;
    const { logs } = this.context.clients;
    const log = new LogStream(logs, TRANSFORM_LOG_GROUP, stream);
    const dataLog = new LogStream(logs, TRANSFORM_LOG_GROUP, `${stream}/data-log`);
    try {
      const environment = { ...container.environment, ...this.environment() };
      const serving = { container: { ...container, environment }, folder, startupSeconds: STARTUP_SECONDS };
      await placeServed(this.context, serving);
      const plan = servingPlan(this.context, serving);
      const server = await ModelServer.start(this.context.server, plan, log, this.stop);
      const end = (): void => void server.stop(0);
      this.stop.addEventListener("abort", end, { once: true });
      try {
        for (const object of objects) {
          if (this.stop.aborted) break;
          await this.transform(server, object, dataLog);
        }
      } finally {
        this.stop.removeEventListener("abort", end);
        await server.stop(0);
      }
    } catch (error) {
      this.failure = `AlgorithmError: The model container did not start: ${messageOf(error)}`;
    }
    await Promise.all([log.close(), dataLog.close()]);
    return this.failure;
  }

  /** Transforms one object; when that fails the others still are, and the job has failed. */
  private async transform(server: ModelServer, object: RemoteFile, dataLog: LogStream): Promise<void> {
    try {
      const stored = await this.answersTo(server, await this.read(object));
      const target = `${this.job.TransformOutput?.S3OutputPath.replace(/\/$/, "")}/${object.path}.out`;
      if (!this.stop.aborted) await writeObject(this.context.clients.s3, target, stored);
    } catch (error) {
      const fault = error instanceof ObjectError ? error.fault : "ClientError";
      dataLog.write(`[sagemaker logs]: ${object.bucket}/${object.key}: ${fault}: ${messageOf(error)}`);
      this.failure ??= `${fault}: See job logs for more information`;
    }
  }

  private async read(object: RemoteFile): Promise<Buffer> {
    const body = await readObject(this.context.clients.s3, object);
    return this.job.TransformInput.CompressionType === "Gzip" ? promisify(gunzip)(body) : body;
  }

  /** Sends an object's batches, as many at a time as the job allows, and puts the answers into their order. */
  private async answersTo(server: ModelServer, object: Buffer): Promise<Buffer> {
    const batches = batchesOf(object, this.format);
    const stored: Buffer[] = [];
    const queue = batches.entries();
    const worker = async (): Promise<void> => {
      for (const [index, batch] of queue) stored[index] = await this.answerTo(server, batch);
    };
    const parallel = this.job.MaxConcurrentTransforms || TRANSFORM_DEFAULTS.maxConcurrentTransforms;
    await Promise.all(Array.from({ length: Math.min(parallel, batches.length) }, worker));
    return Buffer.concat(stored);
  }

  private async answerTo(server: ModelServer, batch: Batch): Promise<Buffer> {
    const { InvocationsTimeoutInSeconds, InvocationsMaxRetries } = this.job.ModelClientConfig ?? {};
    const timeoutMs = (InvocationsTimeoutInSeconds ?? TRANSFORM_DEFAULTS.invocationTimeoutSeconds) * 1000;
    const retries = InvocationsMaxRetries ?? TRANSFORM_DEFAULTS.invocationRetries;
    const { ContentType } = this.job.TransformInput;
    const { Accept } = this.job.TransformOutput ?? {};
    const headers = {
      ...(ContentType === undefined ? {} : { "content-type": ContentType }),
      ...(Accept === undefined ? {} : { accept: Accept }),
    };
    for (let attempt = 0; ; attempt++) {
      const { fault, message, body } = await this.ask(server, headers, batch.payload, timeoutMs);
      if (body) return storedOf(batch, body, this.format);
      const hopeless = fault === "ClientError" || this.stop.aborted || !server.process.running;
      if (hopeless || attempt >= retries) throw new ObjectError(fault, message);
    }
  }

  private async ask(
    server: ModelServer,
    headers: Record<string, string>,
    payload: Buffer,
    timeoutMs: number,
  ): Promise<{ body?: Buffer; fault: ObjectError["fault"]; message: string }> {
    try {
      const { status, body } = await server.invoke(headers, payload, timeoutMs);
      const message = `${status} ${body.toString("utf8", 0, MAX_MESSAGE)}`;
      if (status >= 200 && status < 300) return { body, fault: "ClientError", message };
      return { fault: status < 500 ? "ClientError" : "AlgorithmError", message };
    } catch (error) {
      if (!(error instanceof NoAnswerError)) throw error;
      return { fault: "AlgorithmError", message: error.message };
    }
  }

  /** What a container finds of the job in its environment. */
  private environment(): Record<string, string> {
    const { batchStrategy, splitType } = this.format;
    const single = splitType === "None" || batchStrategy === "SingleRecord";
    return {
      ...this.job.Environment,
      SAGEMAKER_BATCH: "true",
      SAGEMAKER_BATCH_STRATEGY: single ? "SINGLE_RECORD" : "MULTI_RECORD",
      SAGEMAKER_MAX_PAYLOAD_IN_MB: String(this.job.MaxPayloadInMB ?? TRANSFORM_DEFAULTS.maxPayloadMb),
      SAGEMAKER_MAX_CONCURRENT_TRANSFORMS: String(
        this.job.MaxConcurrentTransforms || TRANSFORM_DEFAULTS.maxConcurrentTransforms,
      ),
    };
  }
}
