import type { SageMakerClient } from "@aws-sdk/client-sagemaker";
import { exitCodes } from "./exit-codes";
import { refusedStepName } from "./fraud-pipeline";
import { followExecution, type Outcome, type StepChange, type Upserted } from "./pipeline-client";
import type { Engine } from "./preprocess-engine";

export { exitCodes };

/** How a launch ended. */
export interface Ending {
  readonly outcome: keyof typeof exitCodes;
  readonly reason?: string;
}

/** What the launcher says on standard output, a line of JSON each. */
export type LaunchLine =
  | { readonly preprocessing: Engine; readonly reason: string }
  | { readonly executionId: string; readonly pipelineExecutionArn: string; readonly pipeline: Upserted }
  /** An execution that goes on, and the steps that had failed or were stopped. */
  | { readonly executionId: string; readonly pipelineExecutionArn: string; readonly resumed: readonly string[] }
  | StepChange
  | Ending;

/** By whom an execution is followed. */
export interface Follower {
  readonly sagemaker: SageMakerClient;
  readonly print: (line: LaunchLine) => void;
  readonly sleep: (milliseconds: number) => Promise<unknown>;
}

/**
 * Follows an execution to its end and says how it ended.
 * @returns the exit code.
 */
export async function followToEnd({ sagemaker, print, sleep }: Follower, arn: string): Promise<number> {
  const ending = judge(await followExecution(sagemaker, arn, { onChange: print, sleep }));
  print(ending);
  return exitCodes[ending.outcome];
}

/** A run is refused if the step failed that fails for nothing else. */
export function judge({ status, reason, steps }: Outcome): Ending {
  if (status === "Succeeded") return { outcome: "succeeded" };
  const refusal = steps.find(({ step, status: stepStatus }) => step === refusedStepName && stepStatus === "Failed");
  if (refusal !== undefined)
    return { outcome: "refused", reason: refusal.reason ?? reason ?? "the gate gave no reason" };
  const failures = steps
    .filter((step) => step.status === "Failed")
    .map((step) => `${step.step}: ${step.reason ?? "no reason given"}`);
  return { outcome: "failed", reason: failures.join("; ") || (reason ?? `the execution is ${status}`) };
}

/** Says that nothing was started because of another execution. */
export function skippedFor(other: string): Ending {
  return { outcome: "skipped", reason: `${other} is under way, and runs do not overlap (overlappingRuns: skip)` };
}

/** Says the same of a launch for new raw data, which that execution may not read. */
export function postponedFor(other: string): Ending {
  const { reason } = skippedFor(other);
  return { outcome: "postponed", reason: `${reason}; this launch is to be made again, for what landed since it began` };
}
