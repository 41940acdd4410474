import { paginateListPipelineExecutions } from "@aws-sdk/client-sagemaker";
import { readLaunchSettings } from "./launch-settings";
import { exitCodes, followToEnd, judge, skippedFor, type Follower } from "./outcome";
import { underWay } from "./overlap";
import { lookAt, retryExecution, stopExecution, type Look, type Outcome } from "./pipeline-client";

/** What a resumption needs of the outside. */
export interface ResumeContext extends Follower {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** ARN of the execution, or its ExecutionId. */
  readonly execution: string;
  readonly follow: boolean;
}

/**
 * Goes on with an execution that failed or was stopped, from the steps that did: what succeeded is not run again. It
 * keeps its definition, its parameters and its ExecutionId, whatever was launched or configured since. One that the gate
 * refused stays refused.
 *
 * @returns the exit code.
 * @throws {Error} if there is no such execution of this pipeline, or it neither failed nor was stopped.
 */
export async function resume(context: ResumeContext): Promise<number> {
  const { environment, sagemaker, print } = context;
  const { pipelineName, overlappingRuns } = readLaunchSettings(environment);
  const arn = await findExecution(context, pipelineName);
  const standing = await lookAt(sagemaker, arn);
  if (!resumable(standing)) {
    throw new Error(`execution ${arn} is ${standing.status}: only one that failed or was stopped can be resumed`);
  }
  const before = judge(standing);
  if (before.outcome === "refused") {
    print(before);
    return exitCodes.refused;
  }

  const inTheWay = async () =>
    overlappingRuns === "allow"
      ? undefined
      : (await underWay(sagemaker, pipelineName, new Date())).find((each) => each.arn !== arn);
  const other = await inTheWay();
  if (other !== undefined) {
    print(skippedFor(other.arn));
    return exitCodes.skipped;
  }
  await retryExecution(sagemaker, arn);
  // A launch that began meanwhile may have looked before this one went on, and would not give way.
  const since = await inTheWay();
  if (since !== undefined) {
    await stopExecution(sagemaker, arn);
    print(skippedFor(since.arn));
    return exitCodes.skipped;
  }
  print({
    executionId: standing.displayName,
    pipelineExecutionArn: arn,
    resumed: standing.steps.filter(({ status }) => status !== "Succeeded").map(({ step }) => step),
  });
  return context.follow ? followToEnd(context, arn) : exitCodes.succeeded;
}

function resumable(standing: Look): standing is Look & Outcome {
  return standing.status === "Failed" || standing.status === "Stopped";
}

async function findExecution({ sagemaker, execution }: ResumeContext, pipelineName: string): Promise<string> {
  if (execution.startsWith("arn:")) {
    if (execution.toLowerCase().includes(`:pipeline/${pipelineName.toLowerCase()}/execution/`)) return execution;
    throw new Error(`${execution} is no execution of pipeline ${pipelineName}, which is the only one launched here`);
  }
  const pages = paginateListPipelineExecutions({ client: sagemaker, pageSize: 100 }, { PipelineName: pipelineName });
  for await (const { PipelineExecutionSummaries = [] } of pages) {
    const found = PipelineExecutionSummaries.find((each) => each.PipelineExecutionDisplayName === execution);
    if (found?.PipelineExecutionArn !== undefined) return found.PipelineExecutionArn;
  }
  throw new Error(`pipeline ${pipelineName} has no execution ${execution}: give an ExecutionId or the execution's ARN`);
}
