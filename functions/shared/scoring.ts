import { InvokeEndpointCommand, type SageMakerRuntimeClient } from "@aws-sdk/client-sagemaker-runtime";
import * as t from "io-ts";
import { DecodeError, decodeJson } from "./decode";
import { inferenceId } from "./inference-id";
import { instancesBody } from "./instances";

const JSON_TYPE = "application/json";

/** What a feature adds to the log-odds of fraud. */
const Reason = t.type({ feature: t.string, contribution: t.number }, "Reason");

/** The model server's answer to `Accept: application/json`: a probability of fraud for each line, and whose it is. */
export const ModelAnswer = t.type(
  {
    predictions: t.array(t.intersection([t.type({ score: t.number }), t.partial({ reasons: t.array(Reason) })])),
    model: t.type({ packageArn: t.string, threshold: t.number, algorithm: t.string }),
  },
  "ModelAnswer",
);
export type ModelAnswer = t.TypeOf<typeof ModelAnswer>;

/** An answer, and the name of the request that it is to. */
export type NamedAnswer = ModelAnswer & { inferenceId: string };

export interface ScoreOptions {
  /** For everything, the SDK's retries included. */
  timeoutMilliseconds: number;
  /** Reasons that each prediction comes with, the strongest first: 0 (the default) to 30. */
  reasons?: number;
}

/**
 * Why an endpoint gave no scores:
 * - `no-model`: it does not exist or serves nothing yet;
 * - `busy`: throttled or out of reach for now, worth another try;
 * - `rejected`: the model takes no such input;
 * - `failed`: the model broke, or answered something else than scores.
 */
export type ScoringFailure = "no-model" | "busy" | "rejected" | "failed";

export class ScoringError extends Error {
  constructor(
    readonly failure: ScoringFailure,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = "ScoringError";
  }
}

const BUSY = new Set([
  "InternalDependencyException",
  "InternalFailure",
  "InternalServerError",
  "ModelNotReadyException",
  "RequestLimitExceeded",
  "ServiceUnavailable",
  "ServiceUnavailableException",
  "Throttling",
  "ThrottlingException",
  "TooManyRequestsException",
]);

/**
 * Scores rows in one request.
 *
 * @param lines CSV, features in the order of training: decimal numbers without blanks
 * @throws ScoringError saying whose fault it is.
 */
export async function score(
  runtime: SageMakerRuntimeClient,
  endpointName: string,
  lines: readonly string[],
  options: ScoreOptions,
): Promise<NamedAnswer> {
  const name = inferenceId();
  const body = await invoke(runtime, endpointName, lines, { ...options, name });
  const answer = readAnswer(body);
  if (answer.predictions.length !== lines.length) {
    throw new ScoringError("failed", `the model gave ${answer.predictions.length} scores for ${lines.length} rows`);
  }
  const odd = answer.predictions.find(({ score }) => !(score >= 0 && score <= 1));
  if (odd !== undefined) throw new ScoringError("failed", `the model gave a probability of ${odd.score}`);
  return { ...answer, inferenceId: name };
}

/** The number of a model package in its group, as its ARN ends: `…:model-package/fraud/3` → `3`. */
export const packageVersion = (packageArn: string): string => packageArn.slice(packageArn.lastIndexOf("/") + 1);

async function invoke(
  runtime: SageMakerRuntimeClient,
  endpointName: string,
  lines: readonly string[],
  { timeoutMilliseconds, reasons = 0, name }: ScoreOptions & { name: string },
): Promise<string> {
  const late = new AbortController();
  // Not `AbortSignal.timeout`, whose timers outlive their requests.
  const timer = setTimeout(() => late.abort(), timeoutMilliseconds);
  try {
    const { Body } = await runtime.send(
      new InvokeEndpointCommand({
        EndpointName: endpointName,
        // One content type in and out: AWS's monitors take no capture whose two sides differ.
        ContentType: JSON_TYPE,
        Accept: reasons === 0 ? JSON_TYPE : `${JSON_TYPE}; reasons=${reasons}`,
        Body: instancesBody(lines),
        // Captures carry it: labels that come weeks later are joined by it.
        InferenceId: name,
      }),
      { abortSignal: late.signal },
    );
    return Body.transformToString();
  } catch (error) {
    throw error instanceof Error ? classify(error) : error;
  } finally {
    clearTimeout(timer);
  }
}

function readAnswer(body: string): ModelAnswer {
  try {
    return decodeJson(ModelAnswer, body, "The model's answer");
  } catch (error) {
    if (error instanceof DecodeError) throw new ScoringError("failed", error.message, { cause: error });
    throw error;
  }
}

/** What an error of `InvokeEndpoint` means; one that says nothing about the endpoint is returned as it is. */
export function classify(error: Error): Error {
  const { name, message } = error;
  const options = { cause: error };
  if (/^Validation(Error|Exception)$/.test(name) && /not found|could not find|not in ?service/i.test(message)) {
    return new ScoringError("no-model", message, options);
  }
  if (name === "ModelError") {
    const status = "OriginalStatusCode" in error ? Number(error.OriginalStatusCode) : 0;
    return new ScoringError(status >= 400 && status < 500 ? "rejected" : "failed", message, options);
  }
  if (BUSY.has(name) || isUnreachable(error)) return new ScoringError("busy", message, options);
  return error;
}

/** Aborted by the time limit, or no connection. */
function isUnreachable(error: Error): boolean {
  if (["AbortError", "TimeoutError"].includes(error.name)) return true;
  return "code" in error && ["ECONNREFUSED", "ECONNRESET", "EPIPE", "ETIMEDOUT"].includes(String(error.code));
}
