import { SageMakerRuntimeClient } from "@aws-sdk/client-sagemaker-runtime";
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from "aws-lambda";
import { readEnvironment } from "../shared/environment";
import { describeError, log } from "../shared/log";
import { problemAnswer, problems } from "../shared/problem";
import { recordScores } from "../shared/score-metrics";
import { score } from "../shared/scoring";
import { InferenceEnvironment } from "./env";
import { answerOf, problemOf, readRequest } from "./logic";

const environment = readEnvironment(InferenceEnvironment);
const runtime = new SageMakerRuntimeClient();

/** Below API Gateway's own 29 seconds, so that the caller gets an answer of ours. */
const ENDPOINT_TIMEOUT_MILLISECONDS = 20_000;

/** `POST /predict`. */
export async function handler(event: APIGatewayProxyEvent): Promise<APIGatewayProxyResult> {
  const requestId = event.requestContext.requestId;
  const started = performance.now();
  try {
    const { body, isBase64Encoded, queryStringParameters: query } = event;
    const contentType = header(event, "content-type");
    const { transactions, reasons } = readRequest({ contentType, body, isBase64Encoded, reasons: query?.["reasons"] });
    const lines = transactions.map(({ line }) => line);
    const answer = await score(runtime, environment.ENDPOINT_NAME, lines, {
      timeoutMilliseconds: ENDPOINT_TIMEOUT_MILLISECONDS,
      reasons,
    });
    recordScores(environment.ENDPOINT_NAME, answer);
    log.info("scored", { requestId, transactions: lines.length, milliseconds: performance.now() - started });
    return {
      statusCode: 200,
      headers: { "Content-Type": "application/json", "Cache-Control": "no-store" },
      body: JSON.stringify(answerOf(requestId, environment.MODEL_NAME, transactions, answer)),
    };
  } catch (error) {
    const problem = problemOf(error);
    const fields = { requestId, code: problem.code, ...describeError(error) };
    if (problems[problem.code].status >= 500) log.error("not scored", fields);
    else log.info("refused", fields);
    return problemAnswer(problem, requestId);
  }
}

/** Header names come as the caller wrote them. */
function header(event: APIGatewayProxyEvent, name: string): string | undefined {
  return Object.entries(event.headers).find(([key]) => key.toLowerCase() === name)?.[1];
}
