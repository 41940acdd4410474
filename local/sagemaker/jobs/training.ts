import { rm } from "node:fs/promises";
import { join } from "node:path";
import type {
  CreateTrainingJobRequest,
  CreateTrainingJobResponse,
  DeleteTrainingJobRequest,
  DescribeTrainingJobRequest,
  ListTrainingJobsRequest,
  ListTrainingJobsResponse,
  SecondaryStatus,
  StopTrainingJobRequest,
} from "@aws-sdk/client-sagemaker";
import type { Wire } from "../../server/json-service";
import { couldNotFind, inUse, invalid, notFound } from "../errors";
import { omit } from "../objects";
import { page } from "../paging";
import { actingAs } from "../acting";
import type { SageMakerContext } from "../state";
import type { Collection } from "../../server/store";
import { now } from "../time";
import { wrongPatterns } from "./metrics";
import { inEventTime } from "./processing";
import { ABANDONED, JobRuns } from "./runs";
import type { Slots } from "../../../functions/shared/slots";
import { unsupportedInTraining } from "./unsupported";
import { modelArtifactUri, runTrainingJob, type TrainingJob } from "./training-run";

/** Training jobs: documents, and the processes behind those that run. */
export class TrainingJobs {
  private readonly jobs: Collection<TrainingJob>;
  private readonly runs: JobRuns;

  constructor(
    private readonly context: SageMakerContext,
    slots: Slots,
  ) {
    this.jobs = context.store.collection<TrainingJob>("training-job");
    this.runs = new JobRuns(slots);
    for (const job of this.jobs.all()) if (isActive(job)) this.abandon(job.TrainingJobName);
  }

  readonly operations = {
    CreateTrainingJob: (input: Wire<CreateTrainingJobRequest>) => Promise.resolve(this.create(input)),
    DescribeTrainingJob: (input: Wire<DescribeTrainingJobRequest>) =>
      Promise.resolve(this.describe(input.TrainingJobName)),
    ListTrainingJobs: (input: Wire<ListTrainingJobsRequest>) => Promise.resolve(this.list(input)),
    DeleteTrainingJob: (input: Wire<DeleteTrainingJobRequest>) => Promise.resolve(this.delete(input.TrainingJobName)),
    StopTrainingJob: (input: Wire<StopTrainingJobRequest>) => Promise.resolve(this.stop(input.TrainingJobName)),
  };

  /** @throws AwsError ResourceInUse when there has been a job of that name */
  create(input: Wire<CreateTrainingJobRequest>): Wire<CreateTrainingJobResponse> {
    const { Tags, ...given } = input;
    const request = omit(given, "SessionChainingConfig");
    const name = request.TrainingJobName;
    const wrong = [
      ...wrongPatterns(request.AlgorithmSpecification?.MetricDefinitions ?? []),
      ...unsupportedInTraining(input),
    ];
    if (wrong.length > 0) throw invalid(`The training job ${name} can't be created: ${wrong.join("; ")}.`);
    const TrainingJobArn = this.context.arns.sagemaker(`training-job/${name}`);
    const created = now();
    const job: TrainingJob = {
      ...request,
      TrainingJobArn,
      TrainingJobStatus: "InProgress",
      SecondaryStatus: "Starting",
      ModelArtifacts: { S3ModelArtifacts: "" },
      // Told even where there is none: clients read it without asking.
      OutputDataConfig: { ...request.OutputDataConfig, KmsKeyId: request.OutputDataConfig.KmsKeyId ?? "" },
      StoppingCondition: request.StoppingCondition ?? { MaxRuntimeInSeconds: 86_400 },
      CreationTime: created,
      LastModifiedTime: created,
      SecondaryStatusTransitions: [
        { Status: "Starting", StartTime: created, StatusMessage: "Preparing the instances for training" },
      ],
    };
    job.ModelArtifacts = { S3ModelArtifacts: modelArtifactUri(job) };
    this.context.store.transaction(() => {
      if (!this.jobs.insert(name, job))
        throw inUse(
          `Job name must be unique within an AWS account and region, and a job with this name already exists (${TrainingJobArn})`,
        );
      this.context.tags.create(TrainingJobArn, Tags);
      this.announce(job);
    });
    this.runs.start(name, (stop) => this.run(name, stop));
    return { TrainingJobArn };
  }

  describe(name: string): TrainingJob {
    const job = this.jobs.get(name);
    if (!job) throw invalid("Requested resource not found.");
    return job;
  }

  exists(name: string): boolean {
    return this.jobs.get(name) !== undefined;
  }

  /** @returns the job once it is no longer running */
  async finished(name: string): Promise<TrainingJob> {
    await this.runs.finished(name);
    return this.describe(name);
  }

  /** Forgets a job that is over; its name is free again. */
  delete(name: string): object {
    const job = this.jobs.get(name);
    if (!job) throw notFound("Training job", this.context.arns.sagemaker(`training-job/${name}`));
    if (isActive(job))
      throw inUse(`The training job ${name} is ${job.TrainingJobStatus}: stop it before it is deleted.`);
    this.context.store.transaction(() => {
      this.jobs.remove(name);
      this.context.tags.remove(job.TrainingJobArn);
    });
    return {};
  }

  /** Every job, for Search. */
  all(): TrainingJob[] {
    return this.jobs.all();
  }

  /** @throws AwsError ValidationException when the job does not run */
  stop(name: string): object {
    const { TrainingJobStatus } = this.describe(name);
    if (this.end(name)) return {};
    throw invalid(`The request was rejected because the training job is in status ${TrainingJobStatus}.`);
  }

  /** @returns false when there was nothing to end */
  end(name: string): boolean {
    if (!isActive(this.describe(name))) return false;
    this.change(name, (document) => ({ ...document, TrainingJobStatus: "Stopping" }));
    this.runs.stop(name);
    return true;
  }

  close(): Promise<void> {
    return this.runs.close();
  }

  private list(input: Wire<ListTrainingJobsRequest>): Wire<ListTrainingJobsResponse> {
    const { WarmPoolStatusEquals: pool, TrainingPlanArnEquals: trainingPlan } = input;
    const wanted = this.jobs
      .all()
      .filter(
        ({ WarmPoolStatus, ResourceConfig }) =>
          (pool === undefined || WarmPoolStatus?.Status === pool) &&
          (trainingPlan === undefined || ResourceConfig?.TrainingPlanArn === trainingPlan),
      );
    const { items, ...next } = page("ListTrainingJobs", wanted, input, (job) => ({
      name: job.TrainingJobName,
      created: job.CreationTime,
      modified: job.LastModifiedTime ?? job.CreationTime,
      status: job.TrainingJobStatus,
    }));
    const summaries = items.map((job) => ({
      TrainingJobName: job.TrainingJobName,
      TrainingJobArn: job.TrainingJobArn,
      CreationTime: job.CreationTime,
      TrainingJobStatus: job.TrainingJobStatus,
      SecondaryStatus: job.SecondaryStatus,
      ...(job.TrainingEndTime === undefined ? {} : { TrainingEndTime: job.TrainingEndTime }),
      ...(job.LastModifiedTime === undefined ? {} : { LastModifiedTime: job.LastModifiedTime }),
    }));
    return { TrainingJobSummaries: summaries, ...next };
  }

  private async run(name: string, stop: AbortSignal): Promise<void> {
    const started = now();
    const job = this.change(name, (document) => ({ ...document, TrainingStartTime: started }));
    const folder = join(this.context.folder, "training-jobs", name);
    const acting = actingAs(this.context, job.RoleArn, name);
    const result = await runTrainingJob(acting, job, folder, stop, (status, message) =>
      this.enter(name, status, message),
    ).finally(async () => {
      acting.end();
      await rm(folder, { recursive: true, force: true });
    });
    if (this.runs.ending && result.status !== "Completed") return this.abandon(name);
    const seconds = Math.max(1, Math.round(now() - started));
    this.finish(name, result.status, result.secondaryStatus, {
      TrainingTimeInSeconds: seconds,
      BillableTimeInSeconds: seconds,
      ...(result.failureReason ? { FailureReason: result.failureReason } : {}),
      ...(result.metrics.length > 0 ? { FinalMetricDataList: result.metrics } : {}),
    });
  }

  /** A job whose processes are gone has failed, however far it was, unless it was to be stopped. */
  private abandon(name: string): void {
    const stopping = this.describe(name).TrainingJobStatus === "Stopping";
    if (stopping) this.finish(name, "Stopped", "Stopped", {});
    else this.finish(name, "Failed", "Failed", { FailureReason: ABANDONED });
  }

  private finish(
    name: string,
    status: "Completed" | "Failed" | "Stopped",
    secondary: SecondaryStatus,
    more: Partial<TrainingJob>,
  ): void {
    const message = more.FailureReason ?? `Training job ${status.toLowerCase()}`;
    this.change(name, (document) => ({
      ...transitioned(document, secondary, message, true),
      ...more,
      TrainingJobStatus: status,
      TrainingEndTime: now(),
    }));
  }

  private enter(name: string, status: SecondaryStatus, message: string): void {
    this.change(name, (document) => transitioned(document, status, message, false));
  }

  private change(name: string, change: (job: TrainingJob) => TrainingJob): TrainingJob {
    return this.context.store.transaction(() => {
      const before = this.describe(name);
      const job = this.jobs.update(name, (document) => ({ ...change(document), LastModifiedTime: now() }));
      if (!job) throw couldNotFind("training job", name);
      if (job.TrainingJobStatus !== before.TrainingJobStatus || job.SecondaryStatus !== before.SecondaryStatus) {
        this.announce(job);
      }
      return job;
    });
  }

  private announce(job: TrainingJob): void {
    const { CreationTime, LastModifiedTime, TrainingStartTime, TrainingEndTime, ...rest } = job;
    const transitions = (job.SecondaryStatusTransitions ?? []).map(({ Status, StatusMessage, StartTime, EndTime }) => ({
      Status,
      StatusMessage,
      ...inEventTime({ StartTime, EndTime }),
    }));
    this.context.events.publish({
      detailType: "SageMaker Training Job State Change",
      resources: [job.TrainingJobArn],
      detail: {
        ...rest,
        SecondaryStatusTransitions: transitions,
        ...inEventTime({ CreationTime, LastModifiedTime, TrainingStartTime, TrainingEndTime }),
        Tags: this.context.tags.of(job.TrainingJobArn),
      },
    });
  }
}

function isActive(job: TrainingJob): boolean {
  return job.TrainingJobStatus === "InProgress" || job.TrainingJobStatus === "Stopping";
}

/** The job in another phase: the one before ends now, and so does this one when it is the last. */
function transitioned(job: TrainingJob, status: SecondaryStatus, message: string, last: boolean): TrainingJob {
  const time = now();
  const earlier = (job.SecondaryStatusTransitions ?? []).map((transition) =>
    transition.EndTime === undefined ? { ...transition, EndTime: time } : transition,
  );
  const entered = { Status: status, StartTime: time, StatusMessage: message, ...(last ? { EndTime: time } : {}) };
  return { ...job, SecondaryStatus: status, SecondaryStatusTransitions: [...earlier, entered] };
}
