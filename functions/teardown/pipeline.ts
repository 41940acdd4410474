import { setTimeout as delay } from "node:timers/promises";
import {
  DeletePipelineCommand,
  DescribePipelineCommand,
  paginateListPipelineExecutions,
  SendPipelineExecutionStepFailureCommand,
  StopPipelineExecutionCommand,
  type SageMakerClient,
} from "@aws-sdk/client-sagemaker";
import { DeleteMessageCommand, ReceiveMessageCommand, type SQSClient } from "@aws-sdk/client-sqs";
import { isLeft } from "fp-ts/Either";
import { CallbackMessage } from "../deploy-model/logic";
import { parseJson } from "../shared/decode";
import { unlessMissing } from "../shared/endpoint";
import { describeError, log } from "../shared/log";

export interface PipelineSettings {
  pipelineName: string;
  /** Queue of the pipeline's callback step. On destroy nobody else reads it any more. */
  callbackQueueUrl: string;
}

const POLL_MILLISECONDS = 1_000;
const REASON = "The stack that the endpoint belongs to is being destroyed.";

/**
 * Removes the pipeline. Its executions are stopped first, as SageMaker asks; one that waits for a deployment stops only
 * when its callback is answered, which is done here, since on destroy nobody deploys any more.
 *
 * @param deadline of `performance.now()` until which executions are waited for
 * @throws Error naming the executions that have not ended by then.
 */
export async function removePipeline(
  sagemaker: SageMakerClient,
  sqs: SQSClient,
  { pipelineName, callbackQueueUrl }: PipelineSettings,
  deadline: number,
): Promise<string[]> {
  const known = await unlessMissing(sagemaker.send(new DescribePipelineCommand({ PipelineName: pipelineName })));
  if (known === undefined) return [];
  for (;;) {
    const underWay = await executionsUnderWay(sagemaker, pipelineName);
    if (underWay.length === 0) break;
    if (performance.now() > deadline) {
      const named = underWay.map(({ arn, status }) => `${arn} (${status})`).join(", ");
      throw new Error(
        `Pipeline ${pipelineName} can't be deleted while executions run: wait for ${named}, destroy again`,
      );
    }
    for (const { arn, status } of underWay) if (status === "Executing") await stop(sagemaker, arn);
    await answerCallbacks(sagemaker, sqs, callbackQueueUrl);
    await delay(POLL_MILLISECONDS);
  }
  await unlessMissing(sagemaker.send(new DeletePipelineCommand({ PipelineName: pipelineName })));
  return [pipelineName];
}

async function executionsUnderWay(
  sagemaker: SageMakerClient,
  pipelineName: string,
): Promise<{ arn: string; status: "Executing" | "Stopping" }[]> {
  const found: { arn: string; status: "Executing" | "Stopping" }[] = [];
  const pages = paginateListPipelineExecutions({ client: sagemaker, pageSize: 100 }, { PipelineName: pipelineName });
  for await (const { PipelineExecutionSummaries = [] } of pages) {
    for (const { PipelineExecutionArn: arn, PipelineExecutionStatus: status } of PipelineExecutionSummaries) {
      if (arn !== undefined && (status === "Executing" || status === "Stopping")) found.push({ arn, status });
    }
  }
  return found;
}

/** Whether it could be stopped shows at the next look: it may just have ended. */
async function stop(sagemaker: SageMakerClient, arn: string): Promise<void> {
  try {
    await sagemaker.send(new StopPipelineExecutionCommand({ PipelineExecutionArn: arn }));
  } catch (error) {
    log.warn("execution not stopped", { execution: arn, ...describeError(error) });
  }
}

async function answerCallbacks(sagemaker: SageMakerClient, sqs: SQSClient, QueueUrl: string): Promise<void> {
  const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
  for (const { Body, ReceiptHandle } of Messages) {
    const decoded = CallbackMessage.decode(parseJson(Body ?? ""));
    if (!isLeft(decoded)) await refuse(sagemaker, decoded.right.token);
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
  }
}

/** Whether the answer was taken shows at the next look: somebody else may have answered before. */
async function refuse(sagemaker: SageMakerClient, token: string): Promise<void> {
  try {
    await sagemaker.send(new SendPipelineExecutionStepFailureCommand({ CallbackToken: token, FailureReason: REASON }));
  } catch (error) {
    log.warn("callback not taken", describeError(error));
  }
}
