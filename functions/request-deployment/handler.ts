import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { SageMakerClient } from "@aws-sdk/client-sagemaker";
import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import type { Context } from "aws-lambda";
import { decode } from "../shared/decode";
import { Deployments } from "../shared/deployments";
import { readEnvironment } from "../shared/environment";
import { log } from "../shared/log";
import { RequestDeploymentEnvironment } from "./env";
import { RequestEvent, type DeploymentStatus } from "./logic";
import { requestDeployment, type RequestClients } from "./request";

const environment = readEnvironment(RequestDeploymentEnvironment);
const settings = environment.ENDPOINT_SETTINGS;
const sqs = new SQSClient();
const clients: RequestClients = {
  sagemaker: new SageMakerClient(),
  deployments: new Deployments(new DynamoDBClient(), environment.DEPLOYMENTS_TABLE_NAME, settings.endpointName),
  nudge: async () => {
    const MessageBody = JSON.stringify({ nudge: true });
    await sqs.send(new SendMessageCommand({ QueueUrl: environment.QUEUE_URL, MessageBody }));
  },
};

/** Asks for a deployment of what is configured, or for the endpoint to go down or come back; tells how things stand. */
export async function handler(
  input: unknown,
  { awsRequestId }: Pick<Context, "awsRequestId">,
): Promise<DeploymentStatus> {
  const event = decode(RequestEvent, input, "The request's event");
  // Lambda repeats an event that failed under the same id.
  const status = await requestDeployment(clients, settings, event, awsRequestId);
  log.info("request handled", { ...status });
  return status;
}
