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
import { invalid } from "../errors";
import { omit } from "../objects";
import { page } from "../paging";
import type { SageMakerContext } from "../state";
import { now } from "../time";
import { inEventTime, Jobs, type Kind } from "./jobs";
import { wrongPatterns } from "./metrics";
import { ABANDONED } from "./runs";
import type { Slots } from "../../../functions/shared/slots";
import { unsupportedInTraining } from "./unsupported";
import { modelArtifactUri, runTrainingJob, type TrainingJob } from "./training-run";

const KIND: Kind<TrainingJob> = {
  noun: "Training",
  name: ({ TrainingJobName }) => TrainingJobName,
  arn: ({ TrainingJobArn }) => TrainingJobArn,
  status: ({ TrainingJobStatus }) => TrainingJobStatus,
  phase: ({ TrainingJobStatus, SecondaryStatus }) => `${TrainingJobStatus} ${SecondaryStatus}`,
  stopping: (job) => ({ ...job, TrainingJobStatus: "Stopping", LastModifiedTime: now() }),
  missing: () => invalid("Requested resource not found."),
};

/** Training jobs: SageMaker's operations on them. */
export class TrainingJobs extends Jobs<TrainingJob> {
  constructor(context: SageMakerContext, slots: Slots) {
    super(context, slots, KIND);
  }

  readonly operations = {
    CreateTrainingJob: (input: Wire<CreateTrainingJobRequest>) => Promise.resolve(this.create(input)),
    DescribeTrainingJob: (input: Wire<DescribeTrainingJobRequest>) =>
      Promise.resolve(this.describe(input.TrainingJobName)),
    ListTrainingJobs: (input: Wire<ListTrainingJobsRequest>) => Promise.resolve(this.list(input)),
    DeleteTrainingJob: (input: Wire<DeleteTrainingJobRequest>) => Promise.resolve(this.forget(input.TrainingJobName)),
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
    const TrainingJobArn = this.arnOf(name);
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
    this.begin(job, Tags);
    return { TrainingJobArn };
  }

  /** Every job, for Search. */
  all(): TrainingJob[] {
    return this.jobs.all();
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

  protected async run(name: string, stop: AbortSignal): Promise<void> {
    const started = now();
    const job = this.change(name, (document) => ({ ...document, TrainingStartTime: started }));
    const result = await this.inFolder(name, job.RoleArn, (acting, folder) =>
      runTrainingJob(acting, job, folder, stop, (status, message) => this.enter(name, status, message)),
    );
    if (this.runs.ending && result.status !== "Completed") return this.abandon(name);
    const seconds = Math.max(1, Math.round(now() - started));
    this.finish(name, result.status, result.secondaryStatus, {
      TrainingTimeInSeconds: seconds,
      BillableTimeInSeconds: seconds,
      ...(result.failureReason ? { FailureReason: result.failureReason } : {}),
      ...(result.metrics.length > 0 ? { FinalMetricDataList: result.metrics } : {}),
    });
  }

  protected abandon(name: string): void {
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
    return this.update(name, (job) => ({ ...change(job), LastModifiedTime: now() }));
  }

  protected told(job: TrainingJob): object {
    const { CreationTime, LastModifiedTime, TrainingStartTime, TrainingEndTime, ...rest } = job;
    const transitions = (job.SecondaryStatusTransitions ?? []).map(({ Status, StatusMessage, StartTime, EndTime }) => ({
      Status,
      StatusMessage,
      ...inEventTime({ StartTime, EndTime }),
    }));
    return {
      ...rest,
      SecondaryStatusTransitions: transitions,
      ...inEventTime({ CreationTime, LastModifiedTime, TrainingStartTime, TrainingEndTime }),
    };
  }
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
