import {
  CreatePipelineCommand,
  DescribePipelineCommand,
  DescribePipelineExecutionCommand,
  paginateListPipelineExecutionSteps,
  ResourceNotFound,
  RetryPipelineExecutionCommand,
  StartPipelineExecutionCommand,
  StopPipelineExecutionCommand,
  UpdatePipelineCommand,
  type PipelineExecutionStep,
  type SageMakerClient,
} from "@aws-sdk/client-sagemaker";
import { canonicalJson, type Json } from "./canonical-json";

/** A pipeline as it should be. */
export interface PipelineTarget {
  readonly name: string;
  readonly roleArn: string;
  readonly definition: Json;
  readonly description: string;
  readonly tags: Readonly<Record<string, string>>;
}

export type Upserted = "created" | "updated" | "unchanged";

interface Standing {
  readonly definition: string;
  readonly roleArn: string | undefined;
}

async function describe(sagemaker: SageMakerClient, name: string): Promise<Standing | undefined> {
  try {
    const answer = await sagemaker.send(new DescribePipelineCommand({ PipelineName: name }));
    return { definition: answer.PipelineDefinition ?? "", roleArn: answer.RoleArn };
  } catch (error) {
    if (error instanceof ResourceNotFound) return undefined;
    throw error;
  }
}

/** Whether the text is the same definition. What is not JSON is another one. */
function sameDefinition(text: string, definition: string): boolean {
  if (text === definition) return true;
  try {
    return canonicalJson(JSON.parse(text) as Json) === definition;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

/**
 * Creates the pipeline or brings it up to date. Definitions are compared as values, so an unchanged one, however it
 * is written, is not an update.
 */
export async function upsertPipeline(sagemaker: SageMakerClient, target: PipelineTarget): Promise<Upserted> {
  const definition = canonicalJson(target.definition);
  const wanted = {
    PipelineName: target.name,
    PipelineDefinition: definition,
    PipelineDescription: target.description,
    RoleArn: target.roleArn,
  };
  let standing = await describe(sagemaker, target.name);
  if (standing === undefined) {
    const Tags = Object.entries(target.tags).map(([Key, Value]) => ({ Key, Value }));
    try {
      await sagemaker.send(new CreatePipelineCommand({ ...wanted, Tags, ClientRequestToken: crypto.randomUUID() }));
      return "created";
    } catch (error) {
      // Another launch may have created it since; if none did, the error is what it says.
      standing = await describe(sagemaker, target.name);
      if (standing === undefined) throw error;
    }
  }
  if (standing.roleArn === target.roleArn && sameDefinition(standing.definition, definition)) return "unchanged";
  await sagemaker.send(new UpdatePipelineCommand(wanted));
  return "updated";
}

/** An execution to start. */
export interface ExecutionRequest {
  readonly pipelineName: string;
  readonly executionId: string;
  readonly description: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** Starts an execution. The same executionId starts only one, however often the call is retried. */
export async function startExecution(sagemaker: SageMakerClient, request: ExecutionRequest): Promise<string> {
  const answer = await sagemaker.send(
    new StartPipelineExecutionCommand({
      PipelineName: request.pipelineName,
      PipelineExecutionDisplayName: request.executionId,
      PipelineExecutionDescription: request.description,
      PipelineParameters: Object.entries(request.parameters).map(([Name, Value]) => ({ Name, Value })),
      ClientRequestToken: request.executionId,
    }),
  );
  if (answer.PipelineExecutionArn === undefined)
    throw new Error("SageMaker started an execution without saying its ARN");
  return answer.PipelineExecutionArn;
}

/** Stops an execution; it ends a little later. */
export async function stopExecution(sagemaker: SageMakerClient, arn: string): Promise<void> {
  await sagemaker.send(
    new StopPipelineExecutionCommand({ PipelineExecutionArn: arn, ClientRequestToken: crypto.randomUUID() }),
  );
}

/** Goes on with an execution that failed or was stopped: what succeeded is not run again. */
export async function retryExecution(sagemaker: SageMakerClient, arn: string): Promise<void> {
  await sagemaker.send(
    new RetryPipelineExecutionCommand({ PipelineExecutionArn: arn, ClientRequestToken: crypto.randomUUID() }),
  );
}

/** A step's state, as it is told to whoever follows. */
export interface StepChange {
  readonly step: string;
  readonly status: string;
  readonly reason?: string;
}

/** An execution as it stands. */
export interface Look {
  /** As SageMaker has it: Executing, Stopping, Stopped, Failed or Succeeded. */
  readonly status: string;
  /** The ExecutionId, where the launcher started it. */
  readonly displayName: string;
  readonly reason?: string;
  readonly steps: readonly StepChange[];
}

/** How an execution ended. */
export interface Outcome {
  readonly status: "Succeeded" | "Failed" | "Stopped";
  readonly reason?: string;
  readonly steps: readonly StepChange[];
}

function stepChange(step: PipelineExecutionStep): StepChange {
  return {
    step: step.StepName ?? "",
    status: step.StepStatus ?? "Starting",
    ...(step.FailureReason === undefined ? {} : { reason: step.FailureReason }),
  };
}

async function listSteps(sagemaker: SageMakerClient, arn: string): Promise<StepChange[]> {
  const steps: StepChange[] = [];
  const pages = paginateListPipelineExecutionSteps(
    { client: sagemaker },
    { PipelineExecutionArn: arn, SortOrder: "Ascending" },
  );
  for await (const page of pages) steps.push(...(page.PipelineExecutionSteps ?? []).map(stepChange));
  return steps;
}

/** Looks at an execution once. @throws {ResourceNotFound} if there is none of that ARN. */
export async function lookAt(sagemaker: SageMakerClient, arn: string): Promise<Look> {
  // The execution's state is read first: what its steps are then is not older than it.
  const described = await sagemaker.send(new DescribePipelineExecutionCommand({ PipelineExecutionArn: arn }));
  return {
    status: described.PipelineExecutionStatus ?? "",
    displayName: described.PipelineExecutionDisplayName ?? "",
    steps: await listSteps(sagemaker, arn),
    ...(described.FailureReason === undefined ? {} : { reason: described.FailureReason }),
  };
}

/** What following needs besides the client. */
export interface FollowOptions {
  readonly onChange: (change: StepChange) => void;
  readonly sleep: (milliseconds: number) => Promise<unknown>;
}

const shortestPollMs = 500;
const longestPollMs = 15_000;

/** Waits for the end of an execution and tells every change of a step. It asks often while much happens, seldom else. */
export async function followExecution(
  sagemaker: SageMakerClient,
  arn: string,
  options: FollowOptions,
): Promise<Outcome> {
  const told = new Map<string, string>();
  let pollMs = shortestPollMs;
  for (;;) {
    const { status, reason, steps } = await lookAt(sagemaker, arn);
    const changes = steps.filter((step) => told.get(step.step) !== step.status);
    for (const change of changes) {
      told.set(change.step, change.status);
      options.onChange(change);
    }
    if (status === "Succeeded" || status === "Failed" || status === "Stopped") {
      return { status, steps, ...(reason === undefined ? {} : { reason }) };
    }
    pollMs = changes.length > 0 ? shortestPollMs : Math.min(pollMs * 1.3, longestPollMs);
    await options.sleep(pollMs);
  }
}
