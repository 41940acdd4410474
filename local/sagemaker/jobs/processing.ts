import { rm } from "node:fs/promises";
import { join } from "node:path";
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
import { couldNotFind, inUse, invalid, notFound } from "../errors";
import { page } from "../paging";
import { actingAs } from "../acting";
import type { SageMakerContext } from "../state";
import type { Collection } from "../../server/store";
import { eventTime, now } from "../time";
import { runProcessingJob, type ProcessingJob } from "./processing-run";
import { ABANDONED, JobRuns } from "./runs";
import type { Slots } from "../../../functions/shared/slots";
import { unsupportedInProcessing } from "./unsupported";

/** Processing jobs: documents, and the processes behind those that run. */
export class ProcessingJobs {
  private readonly jobs: Collection<ProcessingJob>;
  private readonly runs: JobRuns;

  constructor(
    private readonly context: SageMakerContext,
    slots: Slots,
  ) {
    this.jobs = context.store.collection<ProcessingJob>("processing-job");
    this.runs = new JobRuns(slots);
    for (const job of this.jobs.all()) if (isActive(job)) this.abandon(job);
  }

  readonly operations = {
    CreateProcessingJob: (input: Wire<CreateProcessingJobRequest>) => Promise.resolve(this.create(input)),
    DescribeProcessingJob: (input: Wire<DescribeProcessingJobRequest>) =>
      Promise.resolve(this.describe(input.ProcessingJobName)),
    ListProcessingJobs: (input: Wire<ListProcessingJobsRequest>) => Promise.resolve(this.list(input)),
    DeleteProcessingJob: (input: Wire<DeleteProcessingJobRequest>) =>
      Promise.resolve(this.delete(input.ProcessingJobName)),
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
    const ProcessingJobArn = this.context.arns.sagemaker(`processing-job/${name}`);
    const created = now();
    const job: ProcessingJob = {
      ...request,
      ProcessingJobArn,
      ProcessingJobStatus: "InProgress",
      CreationTime: created,
      LastModifiedTime: created,
      StoppingCondition: request.StoppingCondition ?? { MaxRuntimeInSeconds: 86_400 },
    };
    this.context.store.transaction(() => {
      if (!this.jobs.insert(name, job))
        throw inUse(
          `Job name must be unique within an AWS account and region, and a job with this name already exists (${ProcessingJobArn})`,
        );
      this.context.tags.create(ProcessingJobArn, Tags);
      this.announce(job);
    });
    this.runs.start(name, (stop) => this.run(name, stop));
    return { ProcessingJobArn };
  }

  describe(name: string): ProcessingJob {
    const job = this.jobs.get(name);
    if (!job) throw couldNotFind("requested job with name:", name);
    return job;
  }

  exists(name: string): boolean {
    return this.jobs.get(name) !== undefined;
  }

  /** @returns the job once it is no longer running */
  async finished(name: string): Promise<ProcessingJob> {
    await this.runs.finished(name);
    return this.describe(name);
  }

  /** Forgets a job that is over; its name is free again. */
  delete(name: string): object {
    const job = this.jobs.get(name);
    if (!job) throw notFound("Processing job", this.context.arns.sagemaker(`processing-job/${name}`));
    if (isActive(job))
      throw inUse(`The processing job ${name} is ${job.ProcessingJobStatus}: stop it before it is deleted.`);
    this.context.store.transaction(() => {
      this.jobs.remove(name);
      this.context.tags.remove(job.ProcessingJobArn);
    });
    return {};
  }

  /** @throws AwsError ValidationException when the job does not run */
  stop(name: string): object {
    const { ProcessingJobStatus } = this.describe(name);
    if (this.end(name)) return {};
    throw invalid(`The request was rejected because the processing job is in status ${ProcessingJobStatus}.`);
  }

  /** @returns false when there was nothing to end */
  end(name: string): boolean {
    if (!isActive(this.describe(name))) return false;
    this.change(name, { ProcessingJobStatus: "Stopping" });
    this.runs.stop(name);
    return true;
  }

  close(): Promise<void> {
    return this.runs.close();
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

  private async run(name: string, stop: AbortSignal): Promise<void> {
    const job = this.change(name, { ProcessingStartTime: now() });
    const folder = join(this.context.folder, "processing-jobs", name);
    const acting = actingAs(this.context, job.RoleArn, name);
    const result = await runProcessingJob(acting, job, folder, stop).finally(async () => {
      acting.end();
      await rm(folder, { recursive: true, force: true });
    });
    if (this.runs.ending && result.status !== "Completed") return this.abandon(this.describe(name));
    this.change(name, {
      ProcessingJobStatus: result.status,
      ProcessingEndTime: now(),
      ...(result.failureReason ? { FailureReason: result.failureReason } : {}),
      ...(result.exitMessage ? { ExitMessage: result.exitMessage } : {}),
    });
  }

  /** A job whose processes are gone has failed, however far it was, unless it was to be stopped. */
  private abandon({ ProcessingJobName, ProcessingJobStatus }: ProcessingJob): void {
    this.change(ProcessingJobName, {
      ProcessingEndTime: now(),
      ...(ProcessingJobStatus === "Stopping"
        ? { ProcessingJobStatus: "Stopped" }
        : { ProcessingJobStatus: "Failed", FailureReason: ABANDONED }),
    });
  }

  private change(name: string, change: Partial<ProcessingJob>): ProcessingJob {
    return this.context.store.transaction(() => {
      const before = this.describe(name).ProcessingJobStatus;
      const job = this.jobs.update(name, (document) => ({ ...document, ...change, LastModifiedTime: now() }));
      if (!job) throw couldNotFind("requested job with name:", name);
      if (job.ProcessingJobStatus !== before) this.announce(job);
      return job;
    });
  }

  private announce(job: ProcessingJob): void {
    const { CreationTime, LastModifiedTime, ProcessingStartTime, ProcessingEndTime, ...rest } = job;
    const times = { CreationTime, LastModifiedTime, ProcessingStartTime, ProcessingEndTime };
    this.context.events.publish({
      detailType: "SageMaker Processing Job State Change",
      resources: [job.ProcessingJobArn],
      detail: { ...rest, ...inEventTime(times), Tags: this.context.tags.of(job.ProcessingJobArn) },
    });
  }
}

function isActive(job: ProcessingJob): boolean {
  return job.ProcessingJobStatus === "InProgress" || job.ProcessingJobStatus === "Stopping";
}

/** Times as events carry them; those that are not known yet are left out. */
export function inEventTime(times: Record<string, number | undefined>): Record<string, number> {
  const known = Object.entries(times).filter((entry): entry is [string, number] => entry[1] !== undefined);
  return Object.fromEntries(known.map(([name, seconds]) => [name, eventTime(seconds)]));
}
