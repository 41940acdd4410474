import type { Json } from "./expressions";
import { nameOf } from "../arns";
import type { StepState } from "./progress";

/** A pipeline execution as it is kept. */
export interface Execution {
  arn: string;
  pipelineArn: string;
  pipelineName: string;
  displayName?: string;
  description?: string;
  roleArn: string;
  definition: string;
  given: { Name: string; Value: string }[];
  parameters: Record<string, Json>;
  /** How many steps may run at the same time; all of them when it is not set. */
  maxParallelSteps?: number;
  selection?: Selection;
  status: "Executing" | "Stopping" | "Stopped" | "Failed" | "Succeeded";
  failureReason?: string;
  started: number;
  modified: number;
  /** In the order in which they were started. */
  steps: StepState[];
}

/** The steps to run, when not all of them are to. */
export interface Selection {
  steps: string[];
  /** The execution that what they need comes from. */
  sourceArn?: string;
}

/** The variables that expressions find under `Execution.`. */
export function executionVariables(execution: Execution): Record<string, Json> {
  const id = nameOf(execution.arn);
  return {
    PipelineName: execution.pipelineName,
    PipelineArn: execution.pipelineArn,
    PipelineExecutionId: id,
    PipelineExecutionArn: execution.arn,
    StartDateTime: new Date(execution.started * 1000).toISOString(),
    CurrentDateTime: new Date().toISOString(),
  };
}

export function stateOf(execution: Execution, step: string): StepState | undefined {
  return execution.steps.find(({ name }) => name === step);
}

export function isActive({ status }: Pick<Execution, "status">): boolean {
  return status === "Executing" || status === "Stopping";
}
