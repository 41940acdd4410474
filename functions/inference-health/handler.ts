import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DescribeEndpointConfigCommand, DescribeModelCommand, SageMakerClient } from "@aws-sdk/client-sagemaker";
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from "aws-lambda";
import { Deployments } from "../shared/deployments";
import { describeEndpoint, SERVING } from "../shared/endpoint";
import { readEnvironment } from "../shared/environment";
import { describeError, log } from "../shared/log";
import { problemAnswer, ProblemError } from "../shared/problem";
import { InferenceHealthEnvironment } from "./env";
import { healthOf, refuseIdle, servingOf, type HealthAnswer } from "./logic";

const environment = readEnvironment(InferenceHealthEnvironment);
const sagemaker = new SageMakerClient();
const deployments = new Deployments(
  new DynamoDBClient(),
  environment.DEPLOYMENTS_TABLE_NAME,
  environment.ENDPOINT_NAME,
);

/** `GET /health`: 200 with the model that serves, or 503 with the reason. */
export async function handler(event: APIGatewayProxyEvent): Promise<APIGatewayProxyResult> {
  const requestId = event.requestContext.requestId;
  try {
    return {
      statusCode: 200,
      headers: { "Content-Type": "application/json", "Cache-Control": "no-store" },
      body: JSON.stringify(await health()),
    };
  } catch (error) {
    log.warn("not healthy", { requestId, ...describeError(error) });
    const problem =
      error instanceof ProblemError
        ? error
        : new ProblemError("internal-error", "The endpoint's state could not be read.");
    return problemAnswer(problem, requestId);
  }
}

async function health(): Promise<HealthAnswer> {
  const endpoint = await describeEndpoint(sagemaker, environment.ENDPOINT_NAME);
  // One that goes down or comes up is told as what it is.
  if (endpoint === undefined || !SERVING.has(endpoint.EndpointStatus ?? "")) refuseIdle(await deployments.idle());
  const { configName, since } = servingOf(endpoint);
  const config = await sagemaker.send(new DescribeEndpointConfigCommand({ EndpointConfigName: configName }));
  const model = await sagemaker.send(
    new DescribeModelCommand({ ModelName: config.ProductionVariants?.[0]?.ModelName }),
  );
  return healthOf(environment.MODEL_NAME, since, model);
}
