import { AwsError } from "../../server/json-service";
import { defined } from "../objects";
import type { Endpoints } from "./endpoints";
import type { Target } from "./fleet";
import { NoAnswerError, type ModelAnswer } from "./model-server";

/** A request to an endpoint, read and checked. */
export interface Invocation {
  endpointName: string;
  body: Buffer;
  /** When the request came in, as `performance.now()` tells it. */
  received: number;
  contentType?: string;
  accept?: string;
  /** Opaque to SageMaker: handed to the container, and captured. */
  customAttributes?: string;
  inferenceId?: string;
  /** The variant that is to answer, whatever the weights are. */
  targetVariant?: string;
}

/** What an endpoint answered, and which of its variants. The status is in the 200s. */
export interface Invoked {
  variantName: string;
  answer: ModelAnswer;
}

/** How long a model may take to answer, in milliseconds. */
const TIMEOUT_MS = 60_000;
/** What of a model's error is passed on, in bytes. */
const MAX_ERROR_BYTES = 16 * 1024;

/** What a model answered other than a success, in the words of InvokeEndpoint. */
export class ModelError extends AwsError {
  /** @param details members of the error beside its message */
  constructor(
    message: string,
    readonly details: Readonly<Record<string, string | number>>,
  ) {
    super("ModelError", message, 424);
  }
}

/**
 * Routes an invocation to a model server, and captures what it answered.
 *
 * @param account in whose logs the reason of a model's error is
 * @throws AwsError as InvokeEndpoint refuses: no such endpoint or variant, nothing that serves, a model's own error
 */
export async function invoke(
  endpoints: Endpoints,
  invocation: Invocation,
  account: { region: string; accountId: string },
): Promise<Invoked> {
  const { endpointName, targetVariant } = invocation;
  const traffic = await endpoints.routing(endpointName);
  if (!traffic) {
    throw new AwsError("ValidationError", `Endpoint ${endpointName} of account ${account.accountId} not found.`);
  }
  const target = traffic.pick(targetVariant);
  if (!target) {
    throw targetVariant
      ? new AwsError("ValidationError", `Variant ${targetVariant} of endpoint ${endpointName} not found.`)
      : new AwsError("ServiceUnavailable", `No instance of endpoint ${endpointName} is healthy. Try again.`, 503);
  }
  const answer = await ask(target, invocation);
  if (answer instanceof NoAnswerError) throw modelError(endpointName, account, 0, answer.message);
  if (answer.status < 200 || answer.status > 299) {
    const original = answer.body.subarray(0, MAX_ERROR_BYTES).toString("utf8");
    throw modelError(endpointName, account, answer.status, original);
  }
  target.fleet.capture?.record(target.variantName, invocation, answer);
  return { variantName: target.variantName, answer };
}

async function ask({ server }: Target, invocation: Invocation): Promise<ModelAnswer | NoAnswerError> {
  const headers = defined({
    "content-type": invocation.contentType,
    accept: invocation.accept,
    "x-amzn-sagemaker-custom-attributes": invocation.customAttributes,
    "x-amzn-sagemaker-inference-id": invocation.inferenceId,
  }) as Record<string, string>;
  try {
    return await server.invoke(headers, invocation.body, TIMEOUT_MS);
  } catch (error) {
    if (error instanceof NoAnswerError) return error;
    throw error;
  }
}

/** @param status of the container; 0 when it gave none */
function modelError(
  endpointName: string,
  { region, accountId }: { region: string; accountId: string },
  status: number,
  original: string,
): ModelError {
  const group = `/aws/sagemaker/Endpoints/${endpointName}`;
  const client = status >= 400 && status < 500;
  const console = `https://${region}.console.aws.amazon.com/cloudwatch/home?region=${region}`;
  return new ModelError(
    `Received ${client ? "client" : "server"} error (${status}) from primary with message "${original}". ` +
      `See ${console}#logEventViewer:group=${group} in account ${accountId} for more information.`,
    {
      ErrorCode: client ? "CLIENT_ERROR_FROM_MODEL" : "INTERNAL_FAILURE_FROM_MODEL",
      LogStreamArn: `arn:aws:logs:${region}:${accountId}:log-group:${group}`,
      OriginalMessage: original,
      OriginalStatusCode: status,
    },
  );
}
