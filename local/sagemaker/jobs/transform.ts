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
import type { Models } from "../endpoints/models";
import { couldNotFind, invalid } from "../errors";
import { defined } from "../objects";
import { page } from "../paging";
import type { SageMakerContext } from "../state";
import { now } from "../time";
import { inEventTime, Jobs, type Kind } from "./jobs";
import { ABANDONED } from "./runs";
import type { Slots } from "../../../functions/shared/slots";
import { runTransformJob, TRANSFORM_DEFAULTS, transformFormat, type TransformJob } from "./transform-run";

/** The most that may be under way to an instance, in MB. */
const MAX_PAYLOADS_MB = 100;

const KIND: Kind<TransformJob> = {
  noun: "Transform",
  name: ({ TransformJobName }) => TransformJobName,
  arn: ({ TransformJobArn }) => TransformJobArn,
  status: ({ TransformJobStatus }) => TransformJobStatus,
  stopping: (job) => ({ ...job, TransformJobStatus: "Stopping" }),
  missing: (name) => couldNotFind("requested job with name:", name),
};

/** Transform jobs: SageMaker's operations on them. */
export class TransformJobs extends Jobs<TransformJob> {
  constructor(
    context: SageMakerContext,
    private readonly models: Models,
    slots: Slots,
  ) {
    super(context, slots, KIND);
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
    const TransformJobArn = this.arnOf(name);
    const created = now();
    const job: TransformJob = {
      ...request,
      TransformJobArn,
      TransformJobStatus: "InProgress",
      CreationTime: created,
    };
    this.begin(job, Tags);
    return { TransformJobArn };
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

  protected async run(name: string, stop: AbortSignal): Promise<void> {
    const job = this.change(name, { TransformStartTime: now() });
    const container = this.models.served(job.ModelName);
    const result = await this.inFolder(name, container.roleArn, (acting, folder) =>
      runTransformJob(acting, job, container, folder, stop),
    );
    if (this.runs.ending && result.status !== "Completed") return this.abandon(name);
    this.change(name, {
      TransformJobStatus: result.status,
      TransformEndTime: now(),
      ...(result.failureReason ? { FailureReason: result.failureReason } : {}),
    });
  }

  protected abandon(name: string): void {
    const stopping = this.describe(name).TransformJobStatus === "Stopping";
    this.change(name, {
      TransformEndTime: now(),
      ...(stopping ? { TransformJobStatus: "Stopped" } : { TransformJobStatus: "Failed", FailureReason: ABANDONED }),
    });
  }

  protected told(job: TransformJob): object {
    const { CreationTime, TransformStartTime, TransformEndTime, ...rest } = job;
    return { ...rest, ...inEventTime({ CreationTime, TransformStartTime, TransformEndTime }) };
  }

  private change(name: string, change: Partial<TransformJob>): TransformJob {
    return this.update(name, (job) => ({ ...job, ...change }));
  }
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
