import { ApplicationAutoScalingClient } from "@aws-sdk/client-application-auto-scaling";
import { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { S3Client } from "@aws-sdk/client-s3";
import { SageMakerClient } from "@aws-sdk/client-sagemaker";
import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import type { SQSRecord } from "aws-lambda";
import { eachMessage } from "../shared/batch";
import { Deployments } from "../shared/deployments";
import { readEnvironment } from "../shared/environment";
import { log } from "../shared/log";
import { MlflowClient } from "../shared/mlflow";
import { deploy } from "./deploy";
import type { DeployClients, DeploySettings } from "./deploying";
import { DeployModelEnvironment } from "./env";
import { readMessage } from "./logic";

const environment = readEnvironment(DeployModelEnvironment);
const sqs = new SQSClient();
const endpoint = environment.ENDPOINT_SETTINGS;
const clients: DeployClients = {
  sagemaker: new SageMakerClient(),
  cloudwatch: new CloudWatchClient(),
  autoscaling: new ApplicationAutoScalingClient(),
  s3: new S3Client(),
  mlflow: new MlflowClient(environment.MLFLOW_ARN),
  deployments: new Deployments(new DynamoDBClient(), environment.DEPLOYMENTS_TABLE_NAME, endpoint.endpointName),
};
const settings: DeploySettings = {
  endpoint,
  registeredModelName: environment.MODEL_NAME,
  modelRoleArn: environment.MODEL_ROLE_ARN,
  checkInstanceType: environment.CHECK_INSTANCE_TYPE,
  tags: environment.RESOURCE_TAGS,
};

/** How long a deployment waits before it looks whether its turn has come. */
const TURN_SECONDS = 20;

/** Starts the deployments that are asked for, one at a time, in the order in which they were. */
export const handler = eachMessage("deployment not started", handle);

/**
 * A message that must wait is sent anew: going back to the queue by its visibility would count as a failed try, and a
 * long rollout ahead of it would drive it into the dead-letter queue.
 */
async function handle({ messageId, body }: SQSRecord): Promise<void> {
  const message = readMessage(body, new Date());
  const disposition = await deploy(clients, settings, message);
  log.info("message handled", { messageId, type: message.type, disposition });
  if (disposition === "done") return;
  await sqs.send(
    new SendMessageCommand({ QueueUrl: environment.QUEUE_URL, MessageBody: body, DelaySeconds: TURN_SECONDS }),
  );
}
