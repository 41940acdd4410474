import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Slots } from "../../../functions/shared/slots";
import type { AwsError } from "../../server/json-service";
import type { Collection } from "../../server/store";
import { actingAs, type Acting } from "../acting";
import { inUse, invalid, notFound } from "../errors";
import type { SageMakerContext } from "../state";
import { eventTime } from "../time";
import { JobRuns } from "./runs";

/** How documents of one kind of jobs are to be read. */
export interface Kind<Job> {
  /** As it is in events; in ARNs and messages it is in lower case. */
  noun: "Processing" | "Training" | "Transform";
  name: (job: Job) => string;
  arn: (job: Job) => string;
  status: (job: Job) => string | undefined;
  /** What an event tells of when it changes. Default: the status. */
  phase?: (job: Job) => string;
  /** The document, with the status Stopping. */
  stopping: (job: Job) => Job;
  /** What is said of a name that no job has. */
  missing: (name: string) => AwsError;
}

/** What all kinds of jobs have: documents, and the processes behind those that run. */
export abstract class Jobs<Job extends { FailureReason?: string }> {
  protected readonly jobs: Collection<Job>;
  protected readonly runs: JobRuns;

  protected constructor(
    protected readonly context: SageMakerContext,
    slots: Slots,
    private readonly kind: Kind<Job>,
  ) {
    this.jobs = context.store.collection<Job>(`${this.noun}-job`);
    this.runs = new JobRuns(slots);
    for (const job of this.jobs.all()) if (this.isActive(job)) this.abandon(kind.name(job));
  }

  describe(name: string): Job {
    const job = this.jobs.get(name);
    if (!job) throw this.kind.missing(name);
    return job;
  }

  exists(name: string): boolean {
    return this.jobs.get(name) !== undefined;
  }

  /** @returns the job once it is no longer running */
  async finished(name: string): Promise<Job> {
    await this.runs.finished(name);
    return this.describe(name);
  }

  /** How a job ended, once it is no longer running. */
  async outcome(name: string): Promise<{ status: string | undefined; reason: string | undefined; description: Job }> {
    const description = await this.finished(name);
    return { status: this.kind.status(description), reason: description.FailureReason, description };
  }

  /** @throws AwsError ValidationException when the job does not run */
  stop(name: string): object {
    const status = this.kind.status(this.describe(name));
    if (this.end(name)) return {};
    throw invalid(`The request was rejected because the ${this.noun} job is in status ${status}.`);
  }

  /** @returns false when there was nothing to end */
  end(name: string): boolean {
    if (!this.isActive(this.describe(name))) return false;
    this.update(name, (job) => this.kind.stopping(job));
    this.runs.stop(name);
    return true;
  }

  close(): Promise<void> {
    return this.runs.close();
  }

  /** Runs a job, from when a slot is free until it has ended. Must not throw: its failure goes into its document. */
  protected abstract run(name: string, stop: AbortSignal): Promise<void>;
  /** A job whose processes are gone has failed, however far it was, unless it was to be stopped. */
  protected abstract abandon(name: string): void;
  /** The job as events tell of it, tags apart. */
  protected abstract told(job: Job): object;

  protected arnOf(name: string): string {
    return this.context.arns.sagemaker(`${this.noun}-job/${name}`);
  }

  /** Keeps a new job, and has it run. @throws AwsError ResourceInUse when there has been a job of that name */
  protected begin(job: Job, tags: Parameters<SageMakerContext["tags"]["create"]>[1]): void {
    const [name, arn] = [this.kind.name(job), this.kind.arn(job)];
    this.context.store.transaction(() => {
      if (!this.jobs.insert(name, job)) {
        throw inUse(
          `Job name must be unique within an AWS account and region, and a job with this name already exists (${arn})`,
        );
      }
      this.context.tags.create(arn, tags);
      this.announce(job);
    });
    this.runs.start(name, (stop) => this.run(name, stop));
  }

  /** Forgets a job that is over; its name is free again. */
  protected forget(name: string): object {
    const job = this.jobs.get(name);
    if (!job) throw notFound(`${this.kind.noun} job`, this.arnOf(name));
    if (this.isActive(job))
      throw inUse(`The ${this.noun} job ${name} is ${this.kind.status(job)}: stop it before it is deleted.`);
    this.context.store.transaction(() => {
      this.jobs.remove(name);
      this.context.tags.remove(this.kind.arn(job));
    });
    return {};
  }

  /** Does a job's work in the name of its role and in a folder of its own: both are gone afterwards. */
  protected async inFolder<Result>(
    name: string,
    roleArn: string | undefined,
    work: (acting: Acting, folder: string) => Promise<Result>,
  ): Promise<Result> {
    const folder = join(this.context.folder, `${this.noun}-jobs`, name);
    const acting = actingAs(this.context, roleArn, name);
    try {
      return await work(acting, folder);
    } finally {
      acting.end();
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** Changes a job's document, and tells of it where the job is in another phase then. */
  protected update(name: string, change: (job: Job) => Job): Job {
    const { phase = this.kind.status } = this.kind;
    return this.context.store.transaction(() => {
      const before = this.describe(name);
      const job = this.jobs.update(name, change);
      if (!job) throw this.kind.missing(name);
      if (phase(job) !== phase(before)) this.announce(job);
      return job;
    });
  }

  private get noun(): string {
    return this.kind.noun.toLowerCase();
  }

  private isActive(job: Job): boolean {
    return ["InProgress", "Stopping"].includes(this.kind.status(job) ?? "");
  }

  private announce(job: Job): void {
    const arn = this.kind.arn(job);
    this.context.events.publish({
      detailType: `SageMaker ${this.kind.noun} Job State Change`,
      resources: [arn],
      detail: { ...this.told(job), Tags: this.context.tags.of(arn) },
    });
  }
}

/** Times as events carry them; those that are not known yet are left out. */
export function inEventTime(times: Record<string, number | undefined>): Record<string, number> {
  const known = Object.entries(times).filter((entry): entry is [string, number] => entry[1] !== undefined);
  return Object.fromEntries(known.map(([name, seconds]) => [name, eventTime(seconds)]));
}
