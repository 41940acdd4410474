import { AwsError } from "../../server/json-service";
import { partitionOf } from "../arns";
import { defined } from "../objects";
import type { Endpoints } from "./endpoints";
import type { Target } from "./fleet";
import type { EndpointMetrics } from "./endpoint-metrics";
import type { Invocation } from "./invocation-request";
import { NoAnswerError, type ModelAnswer, type ModelServer } from "./model-server";

/** What became of a request to an endpoint. */
export interface Outcome {
  /** An answer whose status is in the 200s, or how InvokeEndpoint refuses. */
  result: ModelAnswer | AwsError;
  /** Undefined when it was routed to no variant. */
  routed?: Routed;
}

/** What became of a request that was routed to a variant. */
interface Routed {
  target: Target;
  /** Where copies of the request go. */
  shadows: Target[];
  /** HTTP status of a request that the container was not asked about; 503 unless it says. */
  refusedStatus?: number;
  /** What the container answered; undefined when it was not asked. */
  answer?: ModelAnswer | NoAnswerError;
  /** How long that took, in microseconds. */
  modelMicroseconds?: number;
  concurrentRequests?: number;
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
 * Routes an invocation to a model server.
 *
 * @param account in whose logs the reason of a model's error is
 */
export async function invoke(
  endpoints: Endpoints,
  invocation: Invocation,
  account: { region: string; accountId: string },
): Promise<Outcome> {
  const { endpointName, targetVariant } = invocation;
  const traffic = await endpoints.routing(endpointName);
  if (!traffic) {
    const reason = `Endpoint ${endpointName} of account ${account.accountId} not found.`;
    return { result: new AwsError("ValidationError", reason) };
  }
  const target = traffic.pick(targetVariant);
  if (!target) {
    const reason = `Variant ${targetVariant} of endpoint ${endpointName} not found.`;
    return { result: new AwsError("ValidationError", reason) };
  }
  if (!target.server) {
    const reason = `No instance of variant ${target.variantName} of endpoint ${endpointName} is healthy. Try again.`;
    return { routed: { target, shadows: [] }, result: new AwsError("ServiceUnavailable", reason, 503) };
  }
  if (target.maxConcurrency !== undefined && target.server.load >= target.maxConcurrency) {
    const result = new AwsError("ThrottlingException", "Rate exceeded", 429);
    return { routed: { target, shadows: [], refusedStatus: 429 }, result };
  }
  const asked = await ask(target.server, invocation);
  const { answer } = asked;
  // Its instance has just ended. Another one, or none, is chosen.
  if (answer instanceof NoAnswerError && !answer.delivered) return invoke(endpoints, invocation, account);
  const routed = { target, shadows: target.fleet.shadows(target.variantName), ...asked };
  if (answer instanceof NoAnswerError) return { routed, result: modelError(endpointName, account, 0, answer.message) };
  if (succeeded(answer)) return { routed, result: answer };
  const original = answer.body.subarray(0, MAX_ERROR_BYTES).toString("utf8");
  return { routed, result: modelError(endpointName, account, answer.status, original) };
}

/** Captures and counts what became of an invocation, once it was answered, and sends copies of it to the shadows. */
export function observe(metrics: EndpointMetrics, invocation: Invocation, { routed }: Outcome): void {
  if (!routed) return;
  record(metrics, invocation, routed);
  for (const target of routed.shadows) void shadow(metrics, invocation, target);
}

function record(metrics: EndpointMetrics, invocation: Invocation, routed: Omit<Routed, "shadows">): void {
  const { target, answer, refusedStatus, modelMicroseconds, concurrentRequests } = routed;
  const { fleet, variantName, instanceCount } = target;
  const totalMicroseconds = (performance.now() - invocation.received) * 1000;
  metrics.invocation(fleet, variantName, {
    // A container that gives no answer is as bad as one that fails.
    status: answer === undefined || answer instanceof NoAnswerError ? (refusedStatus ?? 503) : answer.status,
    instanceCount,
    overheadMicroseconds: totalMicroseconds - (modelMicroseconds ?? 0),
    ...defined({ modelMicroseconds, concurrentRequests }),
  });
  if (answer && !(answer instanceof NoAnswerError) && succeeded(answer)) {
    fleet.capture?.record(variantName, invocation, answer);
  }
}

/** Asks a shadow variant. What it answers is captured and counted, and nobody waits for it. */
async function shadow(metrics: EndpointMetrics, invocation: Invocation, target: Target): Promise<void> {
  const copy = { ...invocation, received: performance.now() };
  try {
    record(metrics, copy, { target, ...(target.server ? await ask(target.server, copy) : {}) });
  } catch (error) {
    console.error(`endpoint ${invocation.endpointName}: shadow variant ${target.variantName}:`, error);
  }
}

function succeeded({ status }: ModelAnswer): boolean {
  return status >= 200 && status <= 299;
}

/** What a container made of a request. */
interface Asked {
  answer: ModelAnswer | NoAnswerError;
  modelMicroseconds: number;
  concurrentRequests: number;
}

async function ask(server: ModelServer, invocation: Invocation): Promise<Asked> {
  const headers = defined({
    "content-type": invocation.contentType,
    accept: invocation.accept,
    "x-amzn-sagemaker-custom-attributes": invocation.customAttributes,
    "x-amzn-sagemaker-inference-id": invocation.inferenceId,
  }) as Record<string, string>;
  const began = performance.now();
  const asking = server.invoke(headers, invocation.body, TIMEOUT_MS);
  const concurrentRequests = server.load;
  const answer = await asking.catch((error: unknown) => {
    if (error instanceof NoAnswerError) return error;
    throw error;
  });
  return { answer, modelMicroseconds: (performance.now() - began) * 1000, concurrentRequests };
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
      LogStreamArn: `arn:${partitionOf(region)}:logs:${region}:${accountId}:log-group:${group}`,
      OriginalMessage: original,
      OriginalStatusCode: status,
    },
  );
}
