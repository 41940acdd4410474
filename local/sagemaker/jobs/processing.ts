import type {
  CreateProcessingJobRequest,
  CreateProcessingJobResponse,
  DeleteProcessingJobRequest,
  DescribeProcessingJobRequest,
  ListProcessingJobsRequest,
  ListProcessingJobsResponse,
  StopProcessingJobRequest,
} from "@aws-sdk/client-sagemaker";
import type { Wire } from "../../server/json-service";
import { couldNotFind, invalid } from "../errors";
import { page } from "../paging";
import type { SageMakerContext } from "../state";
import { now } from "../time";
import { inEventTime, Jobs, type Kind } from "./jobs";
import { runProcessingJob, type ProcessingJob } from "./processing-run";
import { ABANDONED } from "./runs";
import type { Slots } from "../../../functions/shared/slots";
import { unsupportedInProcessing } from "./unsupported";

const KIND: Kind<ProcessingJob> = {
  noun: "Processing",
  name: ({ ProcessingJobName }) => ProcessingJobName,
  arn: ({ ProcessingJobArn }) => ProcessingJobArn,
  status: ({ ProcessingJobStatus }) => ProcessingJobStatus,
  stopping: (job) => ({ ...job, ProcessingJobStatus: "Stopping", LastModifiedTime: now() }),
  missing: (name) => couldNotFind("requested job with name:", name),
};

/** Processing jobs: SageMaker's operations on them. */
export class ProcessingJobs extends Jobs<ProcessingJob> {
  constructor(context: SageMakerContext, slots: Slots) {
    super(context, slots, KIND);
  }

  readonly operations = {
    CreateProcessingJob: (input: Wire<CreateProcessingJobRequest>) => Promise.resolve(this.create(input)),
    DescribeProcessingJob: (input: Wire<DescribeProcessingJobRequest>) =>
      Promise.resolve(this.describe(input.ProcessingJobName)),
    ListProcessingJobs: (input: Wire<ListProcessingJobsRequest>) => Promise.resolve(this.list(input)),
    DeleteProcessingJob: (input: Wire<DeleteProcessingJobRequest>) =>
      Promise.resolve(this.forget(input.ProcessingJobName)),
    StopProcessingJob: (input: Wire<StopProcessingJobRequest>) => Promise.resolve(this.stop(input.ProcessingJobName)),
  };

  /** @throws AwsError ResourceInUse when there has been a job of that name */
  create(input: Wire<CreateProcessingJobRequest>): Wire<CreateProcessingJobResponse> {
    const { Tags, ...request } = input;
    const name = request.ProcessingJobName;
    const unsupported = unsupportedInProcessing(input);
    if (unsupported.length > 0) {
      throw invalid(`The processing job ${name} can't be created: ${unsupported.join("; ")}.`);
    }
    const ProcessingJobArn = this.arnOf(name);
    const created = now();
    const job: ProcessingJob = {
      ...request,
      ProcessingJobArn,
      ProcessingJobStatus: "InProgress",
      CreationTime: created,
      LastModifiedTime: created,
      StoppingCondition: request.StoppingCondition ?? { MaxRuntimeInSeconds: 86_400 },
    };
    this.begin(job, Tags);
    return { ProcessingJobArn };
  }

  private list(input: Wire<ListProcessingJobsRequest>): Wire<ListProcessingJobsResponse> {
    const { items, ...next } = page("ListProcessingJobs", this.jobs.all(), input, (job) => ({
      name: job.ProcessingJobName,
      created: job.CreationTime,
      modified: job.LastModifiedTime ?? job.CreationTime,
      status: job.ProcessingJobStatus,
    }));
    const summaries = items.map((job) => ({
      ProcessingJobName: job.ProcessingJobName,
      ProcessingJobArn: job.ProcessingJobArn,
      CreationTime: job.CreationTime,
      ProcessingJobStatus: job.ProcessingJobStatus,
      ...(job.ProcessingEndTime === undefined ? {} : { ProcessingEndTime: job.ProcessingEndTime }),
      ...(job.LastModifiedTime === undefined ? {} : { LastModifiedTime: job.LastModifiedTime }),
      ...(job.FailureReason === undefined ? {} : { FailureReason: job.FailureReason }),
      ...(job.ExitMessage === undefined ? {} : { ExitMessage: job.ExitMessage }),
    }));
    return { ProcessingJobSummaries: summaries, ...next };
  }

  protected async run(name: string, stop: AbortSignal): Promise<void> {
    const job = this.change(name, { ProcessingStartTime: now() });
    const result = await this.inFolder(name, job.RoleArn, (acting, folder) =>
      runProcessingJob(acting, job, folder, stop),
    );
    if (this.runs.ending && result.status !== "Completed") return this.abandon(name);
    this.change(name, {
      ProcessingJobStatus: result.status,
      ProcessingEndTime: now(),
      ...(result.failureReason ? { FailureReason: result.failureReason } : {}),
      ...(result.exitMessage ? { ExitMessage: result.exitMessage } : {}),
    });
  }

  protected abandon(name: string): void {
    const stopping = this.describe(name).ProcessingJobStatus === "Stopping";
    this.change(name, {
      ProcessingEndTime: now(),
      ...(stopping ? { ProcessingJobStatus: "Stopped" } : { ProcessingJobStatus: "Failed", FailureReason: ABANDONED }),
    });
  }

  protected told(job: ProcessingJob): object {
    const { CreationTime, LastModifiedTime, ProcessingStartTime, ProcessingEndTime, ...rest } = job;
    return { ...rest, ...inEventTime({ CreationTime, LastModifiedTime, ProcessingStartTime, ProcessingEndTime }) };
  }

  private change(name: string, change: Partial<ProcessingJob>): ProcessingJob {
    return this.update(name, (job) => ({ ...job, ...change, LastModifiedTime: now() }));
  }
}
