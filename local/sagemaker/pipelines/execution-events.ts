import type { SageMakerContext } from "../state";
import type { PipelinePlan } from "./definition";
import type { Execution } from "./execution";
import type { StepState } from "./progress";

/** Tells EventBridge of an execution's status. */
export function announceExecution(context: SageMakerContext, execution: Execution, previous: string | null): void {
  context.events.publish({
    detailType: "SageMaker Model Building Pipeline Execution Status Change",
    resources: [execution.pipelineArn, execution.arn],
    detail: {
      pipelineExecutionDescription: execution.description ?? "",
      pipelineExecutionDisplayName: execution.displayName ?? "",
      currentPipelineExecutionStatus: execution.status,
      previousPipelineExecutionStatus: previous,
      executionStartTime: isoTime(execution.started),
      ...(isOver(execution) ? { executionEndTime: isoTime(execution.modified) } : {}),
      pipelineArn: execution.pipelineArn,
      pipelineExecutionArn: execution.arn,
    },
  });
}

/** Tells EventBridge of a step's status. */
export function announceStep(
  context: SageMakerContext,
  execution: Execution,
  plan: PipelinePlan,
  state: StepState,
  previous: string,
): void {
  context.events.publish({
    detailType: "SageMaker Model Building Pipeline Execution Step Status Change",
    resources: [execution.pipelineArn, execution.arn],
    detail: {
      metadata: lowerFirst(state.metadata),
      stepStartTime: isoTime(state.started),
      ...(state.ended === undefined ? {} : { stepEndTime: isoTime(state.ended) }),
      stepName: state.name,
      stepType: plan.steps.get(state.name)?.step.Type ?? "",
      previousStepStatus: previous,
      currentStepStatus: state.status,
      ...(state.failureReason === undefined ? {} : { failureReason: state.failureReason }),
      pipelineArn: execution.pipelineArn,
      pipelineExecutionArn: execution.arn,
    },
  });
}

function isOver({ status }: Execution): boolean {
  return status === "Stopped" || status === "Failed" || status === "Succeeded";
}

/** Seconds since the epoch as these events write times: `2021-03-10T12:44:03Z`. */
function isoTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(/\.\d+Z$/, "Z");
}

/** `{ProcessingJob: {Arn}}` as these events write it: `{processingJob: {arn}}`. */
function lowerFirst(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(lowerFirst);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name.charAt(0).toLowerCase() + name.slice(1), lowerFirst(member)]),
  );
}
