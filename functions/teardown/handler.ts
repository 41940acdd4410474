import { ApplicationAutoScalingClient } from "@aws-sdk/client-application-auto-scaling";
import { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import { ECSClient } from "@aws-sdk/client-ecs";
import { SageMakerClient } from "@aws-sdk/client-sagemaker";
import { SQSClient } from "@aws-sdk/client-sqs";
import type { Context } from "aws-lambda";
import { decode } from "../shared/decode";
import { readEnvironment } from "../shared/environment";
import { log } from "../shared/log";
import { TeardownEnvironment } from "./env";
import { InvocationEvent, type Removed } from "./logic";
import { removeAll } from "./remove";

const environment = readEnvironment(TeardownEnvironment);
const clients = {
  sagemaker: new SageMakerClient(),
  sqs: new SQSClient(),
  ecs: new ECSClient(),
  cloudwatch: new CloudWatchClient(),
  autoscaling: new ApplicationAutoScalingClient(),
};

/** Of the time that Lambda leaves, what is kept for removing the rest once the endpoint has come to rest. */
const RESERVE_MILLISECONDS = 60_000;

/** On delete, removes what was made at run time; on create and update there is nothing to do. */
export async function handler(
  input: unknown,
  context: Pick<Context, "getRemainingTimeInMillis">,
): Promise<{ action: string; removed?: Removed }> {
  const { action } = decode(InvocationEvent, input, "The teardown's event").tf;
  if (action !== "delete") return { action };
  const removed = await removeAll(clients, {
    endpointName: environment.ENDPOINT_NAME,
    variantName: environment.ENDPOINT_VARIANT_NAME,
    pipelineName: environment.PIPELINE_NAME,
    callbackQueueUrl: environment.QUEUE_URL,
    modelPackageGroupName: environment.MODEL_PACKAGE_GROUP_NAME,
    tags: environment.RESOURCE_TAGS,
    taskFamily: environment.TASK_FAMILY,
    taskTags: environment.TASK_TAGS,
    patienceMilliseconds: Math.max(0, context.getRemainingTimeInMillis() - RESERVE_MILLISECONDS),
  });
  log.info("removed", { ...removed });
  return { action, removed };
}
