import { DescribeEndpointConfigCommand, DescribeModelCommand, SageMakerClient } from "@aws-sdk/client-sagemaker";
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from "aws-lambda";
import { describeEndpoint } from "../shared/endpoint";
import { readEnvironment } from "../shared/environment";
import { describeError, log } from "../shared/log";
import { problemAnswer, ProblemError } from "../shared/problem";
import { InferenceHealthEnvironment } from "./env";
import { healthOf, servingOf, type HealthAnswer } from "./logic";

const environment = readEnvironment(InferenceHealthEnvironment);
const sagemaker = new SageMakerClient();

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
  const { configName, since } = servingOf(await describeEndpoint(sagemaker, environment.ENDPOINT_NAME));
  const config = await sagemaker.send(new DescribeEndpointConfigCommand({ EndpointConfigName: configName }));
  const model = await sagemaker.send(
    new DescribeModelCommand({ ModelName: config.ProductionVariants?.[0]?.ModelName }),
  );
  return healthOf(environment.MODEL_NAME, since, model);
}
