import { rm } from "node:fs/promises";
import { join } from "node:path";
import type {
  CreateTransformJobRequest,
  CreateTransformJobResponse,
  DescribeTransformJobRequest,
  ListTransformJobsRequest,
  ListTransformJobsResponse,
  StopTransformJobRequest,
} from "@aws-sdk/client-sagemaker";
import { messageOf } from "../../server/errors";
import type { Wire } from "../../server/json-service";
import type { Collection } from "../../server/store";
import type { Models } from "../endpoints/models";
import { couldNotFind, inUse, invalid } from "../errors";
import { defined } from "../objects";
import { page } from "../paging";
import { actingAs } from "../acting";
import type { SageMakerContext } from "../state";
import { now } from "../time";
import { inEventTime } from "./processing";
import { ABANDONED, JobRuns } from "./runs";
import type { Slots } from "../../../functions/shared/slots";
import { runTransformJob, TRANSFORM_DEFAULTS, transformFormat, type TransformJob } from "./transform-run";

/** The most that may be under way to an instance, in MB. */
const MAX_PAYLOADS_MB = 100;

/** Transform jobs: documents, and the model servers behind those that run. */
export class TransformJobs {
  private readonly jobs: Collection<TransformJob>;
  private readonly runs: JobRuns;

  constructor(
    private readonly context: SageMakerContext,
    private readonly models: Models,
    slots: Slots,
  ) {
    this.jobs = context.store.collection<TransformJob>("transform-job");
    this.runs = new JobRuns(slots);
    for (const job of this.jobs.all()) if (isActive(job)) this.abandon(job);
  }

  readonly operations = {
    CreateTransformJob: (input: Wire<CreateTransformJobRequest>) => Promise.resolve(this.create(input)),
    DescribeTransformJob: (input: Wire<DescribeTransformJobRequest>) =>
      Promise.resolve(this.describe(input.TransformJobName)),
    ListTransformJobs: (input: Wire<ListTransformJobsRequest>) => Promise.resolve(this.list(input)),
    StopTransformJob: (input: Wire<StopTransformJobRequest>) => Promise.resolve(this.stop(input.TransformJobName)),
  };

  /** @throws AwsError ResourceInUse when there has been a job of that name */
  create(input: Wire<CreateTransformJobRequest>): Wire<CreateTransformJobResponse> {
    const { Tags, ...request } = input;
    const name = request.TransformJobName;
    this.models.describe(request.ModelName);
    refuseContradictions(request);
    const TransformJobArn = this.context.arns.sagemaker(`transform-job/${name}`);
    const created = now();
    const job: TransformJob = {
      ...request,
      TransformJobArn,
      TransformJobStatus: "InProgress",
      CreationTime: created,
    };
    this.context.store.transaction(() => {
      if (!this.jobs.insert(name, job)) {
        throw inUse(
          `Job name must be unique within an AWS account and region, and a job with this name already exists (${TransformJobArn})`,
        );
      }
      this.context.tags.create(TransformJobArn, Tags);
      this.announce(job);
    });
    this.runs.start(name, (stop) => this.run(name, stop));
    return { TransformJobArn };
  }

  describe(name: string): TransformJob {
    const job = this.jobs.get(name);
    if (!job) throw couldNotFind("requested job with name:", name);
    return job;
  }

  exists(name: string): boolean {
    return this.jobs.get(name) !== undefined;
  }

  /** @returns the job once it is no longer running */
  async finished(name: string): Promise<TransformJob> {
    await this.runs.finished(name);
    return this.describe(name);
  }

  /** @throws AwsError ValidationException when the job does not run */
  stop(name: string): object {
    const { TransformJobStatus } = this.describe(name);
    if (this.end(name)) return {};
    throw invalid(`The request was rejected because the transform job is in status ${TransformJobStatus}.`);
  }

  /** @returns false when there was nothing to end */
  end(name: string): boolean {
    if (!isActive(this.describe(name))) return false;
    this.change(name, { TransformJobStatus: "Stopping" });
    this.runs.stop(name);
    return true;
  }

  close(): Promise<void> {
    return this.runs.close();
  }

  private list(input: Wire<ListTransformJobsRequest>): Wire<ListTransformJobsResponse> {
    const { items, ...next } = page("ListTransformJobs", this.jobs.all(), input, (job) => ({
      name: job.TransformJobName,
      created: job.CreationTime,
      modified: job.TransformEndTime ?? job.TransformStartTime ?? job.CreationTime,
      status: job.TransformJobStatus,
    }));
    const TransformJobSummaries = items.map((job) => ({
      TransformJobName: job.TransformJobName,
      TransformJobArn: job.TransformJobArn,
      CreationTime: job.CreationTime,
      TransformJobStatus: job.TransformJobStatus,
      LastModifiedTime: job.TransformEndTime ?? job.TransformStartTime ?? job.CreationTime,
      ...defined({ TransformEndTime: job.TransformEndTime, FailureReason: job.FailureReason }),
    }));
    return { TransformJobSummaries, ...next };
  }

  private async run(name: string, stop: AbortSignal): Promise<void> {
    const job = this.change(name, { TransformStartTime: now() });
    const folder = join(this.context.folder, "transform-jobs", name);
    const container = this.models.served(job.ModelName);
    const acting = actingAs(this.context, container.roleArn, name);
    const result = await runTransformJob(acting, job, container, folder, stop).finally(async () => {
      acting.end();
      await rm(folder, { recursive: true, force: true });
    });
    if (this.runs.ending && result.status !== "Completed") return this.abandon(this.describe(name));
    this.change(name, {
      TransformJobStatus: result.status,
      TransformEndTime: now(),
      ...(result.failureReason ? { FailureReason: result.failureReason } : {}),
    });
  }

  /** A job whose processes are gone has failed, however far it was, unless it was to be stopped. */
  private abandon({ TransformJobName, TransformJobStatus }: TransformJob): void {
    this.change(TransformJobName, {
      TransformEndTime: now(),
      ...(TransformJobStatus === "Stopping"
        ? { TransformJobStatus: "Stopped" }
        : { TransformJobStatus: "Failed", FailureReason: ABANDONED }),
    });
  }

  private change(name: string, change: Partial<TransformJob>): TransformJob {
    return this.context.store.transaction(() => {
      const before = this.describe(name).TransformJobStatus;
      const job = this.jobs.update(name, (document) => ({ ...document, ...change }));
      if (!job) throw couldNotFind("requested job with name:", name);
      if (job.TransformJobStatus !== before) this.announce(job);
      return job;
    });
  }

  private announce(job: TransformJob): void {
    const { CreationTime, TransformStartTime, TransformEndTime, ...rest } = job;
    this.context.events.publish({
      detailType: "SageMaker Transform Job State Change",
      resources: [job.TransformJobArn],
      detail: {
        ...rest,
        ...inEventTime({ CreationTime, TransformStartTime, TransformEndTime }),
        Tags: this.context.tags.of(job.TransformJobArn),
      },
    });
  }
}

function isActive(job: TransformJob): boolean {
  return job.TransformJobStatus === "InProgress" || job.TransformJobStatus === "Stopping";
}

/** @throws AwsError ValidationException for what the model of the request does not forbid */
function refuseContradictions(request: Omit<Wire<CreateTransformJobRequest>, "Tags">): void {
  const { MaxConcurrentTransforms = 0, MaxPayloadInMB, TransformInput } = request;
  const payloadMb = MaxPayloadInMB ?? TRANSFORM_DEFAULTS.maxPayloadMb;
  if (payloadMb * Math.max(1, MaxConcurrentTransforms) > MAX_PAYLOADS_MB) {
    throw invalid(
      `MaxConcurrentTransforms * MaxPayloadInMB = ${Math.max(1, MaxConcurrentTransforms)} * ${payloadMb} exceeds ${MAX_PAYLOADS_MB} MB.`,
    );
  }
  const { S3DataType } = TransformInput.DataSource.S3DataSource;
  if (S3DataType !== "S3Prefix" && S3DataType !== "ManifestFile") {
    throw invalid(`S3DataType ${S3DataType} is not for transform jobs: S3Prefix or ManifestFile is wanted.`);
  }
  try {
    transformFormat(request);
  } catch (error) {
    throw invalid(`The transform job ${request.TransformJobName} can't be created: ${messageOf(error)}.`);
  }
}
