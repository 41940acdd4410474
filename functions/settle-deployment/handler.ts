import { ApplicationAutoScalingClient } from "@aws-sdk/client-application-auto-scaling";
import { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { SageMakerClient } from "@aws-sdk/client-sagemaker";
import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { decode } from "../shared/decode";
import { Deployments } from "../shared/deployments";
import { readEnvironment } from "../shared/environment";
import { log } from "../shared/log";
import { MlflowClient } from "../shared/mlflow";
import { settleDeployment, type Settlement, type SettlementSettings } from "../shared/settlement";
import { SettleDeploymentEnvironment } from "./env";
import { SettleEvent } from "./logic";
import { sweep } from "./sweep";

const environment = readEnvironment(SettleDeploymentEnvironment);
const { endpointName } = environment.ENDPOINT_SETTINGS;
const sqs = new SQSClient();
const clients = {
  sagemaker: new SageMakerClient(),
  cloudwatch: new CloudWatchClient(),
  autoscaling: new ApplicationAutoScalingClient(),
  mlflow: new MlflowClient(environment.MLFLOW_ARN),
  deployments: new Deployments(new DynamoDBClient(), environment.DEPLOYMENTS_TABLE_NAME, endpointName),
};
const settings: SettlementSettings = {
  endpoint: environment.ENDPOINT_SETTINGS,
  registeredModelName: environment.MODEL_NAME,
};

/** Answers whoever asked once the deployment has ended, whichever event says so, or none does. */
export async function handler(input: unknown): Promise<{ settlement: Settlement }> {
  const event = decode(SettleEvent, input, "The endpoint's event");
  if ("sweep" in event) return { settlement: await sweep(clients, settings, nudge) };
  if (event.detail.EndpointName !== endpointName) {
    log.info("another endpoint's event", { endpointName: event.detail.EndpointName });
    return { settlement: "nothing" };
  }
  const settlement = await settleDeployment(clients, settings);
  log.info("event handled", { endpointName, event: event["detail-type"], settlement });
  // Who waits its turn is called at once.
  if (settlement === "settled" && (await clients.deployments.queued(new Date())).length > 0) await nudge();
  return { settlement };
}

async function nudge(): Promise<void> {
  const MessageBody = JSON.stringify({ nudge: true });
  await sqs.send(new SendMessageCommand({ QueueUrl: environment.QUEUE_URL, MessageBody }));
}
