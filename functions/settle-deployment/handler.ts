import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { SageMakerClient } from "@aws-sdk/client-sagemaker";
import { decode } from "../shared/decode";
import { Deployments } from "../shared/deployments";
import { readEnvironment } from "../shared/environment";
import { log } from "../shared/log";
import { MlflowClient } from "../shared/mlflow";
import { settleDeployment, type Settlement } from "../shared/settlement";
import { SettleDeploymentEnvironment } from "./env";
import { EndpointEvent } from "./logic";

const environment = readEnvironment(SettleDeploymentEnvironment);
const clients = {
  sagemaker: new SageMakerClient(),
  mlflow: new MlflowClient(environment.MLFLOW_ARN),
  deployments: new Deployments(new DynamoDBClient(), environment.DEPLOYMENTS_TABLE_NAME),
};

/** Answers the pipeline once its deployment has ended, whichever event says so. */
export async function handler(input: unknown): Promise<{ settlement: Settlement }> {
  const event = decode(EndpointEvent, input, "The endpoint's event");
  const endpointName = event.detail.EndpointName;
  if (endpointName !== environment.ENDPOINT_NAME) {
    log.info("another endpoint's event", { endpointName });
    return { settlement: "nothing" };
  }
  const settlement = await settleDeployment(clients, endpointName, environment.MODEL_NAME);
  log.info("event handled", { endpointName, event: event["detail-type"], settlement });
  return { settlement };
}
