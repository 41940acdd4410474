import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { SageMakerClient } from "@aws-sdk/client-sagemaker";
import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import type { SQSRecord } from "aws-lambda";
import { eachMessage } from "../shared/batch";
import { decodeJson } from "../shared/decode";
import { Deployments } from "../shared/deployments";
import { readEnvironment } from "../shared/environment";
import { log } from "../shared/log";
import { MlflowClient } from "../shared/mlflow";
import { deploy, type DeploySettings } from "./deploy";
import { DeployModelEnvironment } from "./env";
import { CallbackMessage } from "./logic";

const environment = readEnvironment(DeployModelEnvironment);
const sqs = new SQSClient();
const clients = {
  sagemaker: new SageMakerClient(),
  mlflow: new MlflowClient(environment.MLFLOW_ARN),
  deployments: new Deployments(new DynamoDBClient(), environment.DEPLOYMENTS_TABLE_NAME),
};
const settings: DeploySettings = {
  endpointName: environment.ENDPOINT_NAME,
  variantName: environment.ENDPOINT_VARIANT_NAME,
  instanceType: environment.ENDPOINT_INSTANCE_TYPE,
  instanceCount: environment.ENDPOINT_INSTANCE_COUNT,
  rollout: environment.ENDPOINT_ROLLOUT,
  timeoutSeconds: environment.DEPLOYMENT_TIMEOUT_SECONDS,
  dataCapture: environment.DATA_CAPTURE,
  kmsKeyArn: environment.KMS_KEY_ARN,
  tags: environment.RESOURCE_TAGS,
  registeredModelName: environment.MODEL_NAME,
};

/** How long a deployment waits before it looks whether its turn has come. */
const TURN_SECONDS = 20;

/** Starts the deployments that pipelines ask for, one at a time. */
export const handler = eachMessage("deployment not started", handle);

/**
 * A message that must wait is sent anew: going back to the queue by its visibility would count as a failed try, and a
 * long rollout ahead of it would drive it into the dead-letter queue.
 */
async function handle({ messageId, body }: SQSRecord): Promise<void> {
  const message = decodeJson(CallbackMessage, body, "The callback's message");
  const disposition = await deploy(clients, settings, message);
  log.info("message handled", { messageId, status: message.status, disposition });
  if (disposition === "done") return;
  await sqs.send(
    new SendMessageCommand({ QueueUrl: environment.QUEUE_URL, MessageBody: body, DelaySeconds: TURN_SECONDS }),
  );
}
