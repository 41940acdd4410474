import type { Models } from "../endpoints/models";
import type { ProcessingJobs } from "../jobs/processing";
import type { TrainingJobs } from "../jobs/training";
import type { TransformJobs } from "../jobs/transform";
import type { ModelPackageGroups } from "../registry/model-package-groups";
import type { ModelPackages } from "../registry/model-packages";
import type { Acting } from "../acting";
import type { SageMakerContext } from "../state";
import type { CacheHit } from "./cache";
import type { Callbacks } from "./callbacks";
import type { Step } from "./definition";
import type { Execution } from "./execution";
import type { Json, Scope } from "./expressions";
import type { StepState } from "./progress";
import type { RetryException } from "./retry";

/** An attempt of a step. */
export interface StepRun {
  step: Step;
  execution: Execution;
  scope: Scope;
  /** What it does in the name of the pipeline's role. */
  acting: Acting;
  /**
   * What the attempt has written down. Metadata that is there already is of work begun before this server started:
   * whoever runs the step takes that work up instead of doing it twice.
   */
  state: StepState;
  /** Aborted when the execution is stopped. */
  stop: AbortSignal;
  /** Writes down what is known of the step before it ends. */
  report(known: Partial<Pick<StepState, "metadata" | "cacheKey" | "callback">>): void;
  /** An earlier run of the step with the same key, no older than the step's timeout, and usable; for steps that are cached. */
  findCached(key: string, usable: (state: StepState) => boolean): CacheHit | undefined;
}

/** How an attempt ended; `waiting` is for one that somebody else will end. */
export type StepResult =
  | { kind: "succeeded"; metadata?: StepState["metadata"]; properties: { [name: string]: Json } }
  | { kind: "reused"; hit: CacheHit }
  | { kind: "failed"; reason: string; exception?: RetryException | undefined; metadata?: StepState["metadata"] }
  | { kind: "stopped" }
  | { kind: "waiting" };

/** The parts of SageMaker that steps are made of. */
export interface StepServices {
  context: SageMakerContext;
  processing: ProcessingJobs;
  training: TrainingJobs;
  transform: TransformJobs;
  models: Models;
  groups: ModelPackageGroups;
  packages: ModelPackages;
}

export type Runner = (run: StepRun) => Promise<StepResult>;

/** What runners use besides SageMaker's parts. */
export interface RunnerServices extends StepServices {
  callbacks: Callbacks;
}

/** Why a step fails whose work was under way, and can't be taken up, when the local SageMaker ended. */
export const INTERRUPTED = "InternalServerError: the local SageMaker ended while the step ran.";
