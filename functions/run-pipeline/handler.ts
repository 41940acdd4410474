import {
  CodePipelineClient,
  PutJobFailureResultCommand,
  PutJobSuccessResultCommand,
} from "@aws-sdk/client-codepipeline";
import { ECSClient } from "@aws-sdk/client-ecs";
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { SSMClient } from "@aws-sdk/client-ssm";
import { decode } from "../shared/decode";
import { readEnvironment } from "../shared/environment";
import { describeError, log } from "../shared/log";
import { RunPipelineEnvironment } from "./env";
import { clipMessage, clipSummary, failureOf, JobEvent, requestOf, type Result } from "./logic";
import { work } from "./run";

const environment = readEnvironment(RunPipelineEnvironment);
const codepipeline = new CodePipelineClient();
const clients = { ecs: new ECSClient(), ssm: new SSMClient(), eventBridge: new EventBridgeClient() };

/**
 * The last action of the delivery pipeline: runs the launcher with the image that was just built. CodePipeline calls it
 * again with the continuation token until it has answered without one. Whatever goes wrong is the job's failure, with
 * the reason; only a result that cannot be told is an error of the function's, so that Lambda tries again.
 */
export async function handler(event: unknown): Promise<Result["kind"]> {
  const { id: jobId } = decode(JobEvent, event, "CodePipeline's event")["CodePipeline.job"];
  const result = await resultOf(jobId, event);
  log[result.kind === "failed" ? "error" : "info"](`job ${result.kind}`, {
    jobId,
    taskId: result.taskId,
    reason: result.kind === "failed" ? result.message : result.summary,
  });
  await tell(jobId, result);
  return result.kind;
}

async function resultOf(jobId: string, event: unknown): Promise<Result> {
  try {
    return await work(clients, environment, jobId, requestOf(event));
  } catch (error) {
    return failureOf(error);
  }
}

async function tell(jobId: string, result: Result): Promise<void> {
  try {
    if (result.kind === "failed") {
      const { type, message, taskId } = result;
      const failureDetails = {
        type,
        message: clipMessage(message),
        ...(taskId === undefined ? {} : { externalExecutionId: taskId }),
      };
      await codepipeline.send(new PutJobFailureResultCommand({ jobId, failureDetails }));
    } else {
      const executionDetails = { summary: clipSummary(result.summary), externalExecutionId: result.taskId };
      await codepipeline.send(
        new PutJobSuccessResultCommand({
          jobId,
          executionDetails,
          ...(result.kind === "continued" ? { continuationToken: result.token } : {}),
        }),
      );
    }
  } catch (error) {
    // The same job's event came twice, and the other call has told its result already.
    if (!(error instanceof Error) || error.name !== "InvalidJobStateException") throw error;
    log.warn("the job has a result already", { jobId, ...describeError(error) });
  }
}
