import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { validate, validationMessage } from "../../aws-models";
import { arnIn } from "../../iam/arns";
import { AwsError } from "../../server/json-service";
import { callerOf } from "../../server/service-caller";
import type { RestHandler } from "../../server/http-server";
import type { ServerContext } from "../../server/context";
import { defined } from "../objects";
import type { Endpoints } from "./endpoints";
import type { ModelAnswer } from "./model-server";
import { invoke, ModelError, observe } from "./invocation";
import type { Invocation } from "./invocation-request";

const PATH = /^\/endpoints\/([^/]+)\/(invocations|async-invocations|invocations-response-stream)$/;
/** The largest request body, in bytes. */
const MAX_BODY_BYTES = 6 * 1024 * 1024;

/** Headers of a request that only kinds of endpoints know which do not run here, and what they ask for. */
const NOT_HERE: Readonly<Record<string, string>> = {
  "x-amzn-sagemaker-target-model": "TargetModel is for multi-model endpoints, and this endpoint hosts one model.",
  "x-amzn-sagemaker-target-container-hostname":
    "TargetContainerHostname is for endpoints of several containers, and this endpoint runs one.",
  "x-amzn-sagemaker-inference-component":
    "InferenceComponentName is for endpoints with inference components, and this endpoint has none.",
  "x-amzn-sagemaker-enable-explanations": "EnableExplanations is for endpoints with an ExplainerConfig.",
  "x-amzn-sagemaker-session-id": "SessionId is for stateful models, which the local SageMaker does not host.",
};

/** SageMaker's runtime: `POST /endpoints/{name}/invocations`. */
export function runtimeHandler(context: ServerContext, endpoints: Endpoints): RestHandler {
  return {
    matches: ({ method }, path) => method === "POST" && PATH.test(path),
    handle: async (request, response) => {
      const received = performance.now();
      response.setHeader("x-amzn-requestid", randomUUID());
      try {
        const [, name = "", operation] = PATH.exec((request.url ?? "").split("?", 1)[0] ?? "") ?? [];
        await admit(context, request, decodeURIComponent(name));
        const invocation = parse(request, decodeURIComponent(name), await read(request), received);
        if (operation !== "invocations") throw otherOperation(operation, invocation.endpointName);
        const { region, accountId } = context.settings;
        const outcome = await invoke(endpoints, invocation, { region, accountId });
        if (outcome.result instanceof AwsError) sendError(request, response, outcome.result);
        else sendAnswer(response, outcome.result, outcome.routed?.target.variantName ?? "");
        observe(endpoints.metrics, invocation, outcome);
      } catch (error) {
        sendError(request, response, error);
      }
    },
  };
}

/** @throws AwsError where the caller may not invoke the endpoint */
async function admit({ access, settings }: ServerContext, request: IncomingMessage, name: string): Promise<void> {
  if (!access.enforced) return;
  const resources = [arnIn(settings, "sagemaker", `endpoint/${name}`.toLowerCase())];
  await access.require(callerOf(request), () => [{ action: "sagemaker:InvokeEndpoint", resources }]);
}

/** @throws AwsError when the request breaks AWS's model of InvokeEndpoint, or wants what does not run here */
function parse(request: IncomingMessage, endpointName: string, body: Buffer, received: number): Invocation {
  const optional = defined({
    contentType: header(request, "content-type"),
    accept: header(request, "accept"),
    customAttributes: header(request, "x-amzn-sagemaker-custom-attributes"),
    inferenceId: header(request, "x-amzn-sagemaker-inference-id"),
    targetVariant: header(request, "x-amzn-sagemaker-target-variant"),
  });
  const violations = validate("sagemaker-runtime", "InvokeEndpoint", {
    EndpointName: endpointName,
    Body: body,
    ContentType: optional.contentType,
    Accept: optional.accept,
    CustomAttributes: optional.customAttributes,
    InferenceId: optional.inferenceId,
    TargetVariant: optional.targetVariant,
  });
  if (violations.length > 0) throw invalid(validationMessage(violations));
  const unknown = Object.keys(NOT_HERE).find((name) => request.headers[name] !== undefined);
  if (unknown) throw invalid(NOT_HERE[unknown] ?? "");
  return { endpointName, body, received, ...optional };
}

function otherOperation(operation: string | undefined, endpointName: string): AwsError {
  return operation === "async-invocations"
    ? invalid(`Endpoint ${endpointName} is not an asynchronous endpoint: invoke it with InvokeEndpoint.`)
    : invalid("InvokeEndpointWithResponseStream is not known to the local SageMaker: use InvokeEndpoint.");
}

/** @throws AwsError when the body is too large */
function read(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
    });
    request.once("error", reject);
    request.once("end", () => {
      if (bytes <= MAX_BODY_BYTES) return resolve(Buffer.concat(chunks));
      const constraint = `Member must have length less than or equal to ${MAX_BODY_BYTES}`;
      reject(invalid(`1 validation error detected: Value at 'body' failed to satisfy constraint: ${constraint}`));
    });
  });
}

function invalid(message: string): AwsError {
  return new AwsError("ValidationError", message);
}

function sendAnswer(response: ServerResponse, answer: ModelAnswer, variantName: string): void {
  response.writeHead(answer.status, {
    "content-type": answer.headers["content-type"] ?? "application/octet-stream",
    "content-length": answer.body.length,
    "x-amzn-invoked-production-variant": variantName,
    ...defined({ "x-amzn-sagemaker-custom-attributes": header(answer, "x-amzn-sagemaker-custom-attributes") }),
  });
  response.end(answer.body);
}

function sendError(request: IncomingMessage, response: ServerResponse, error: unknown): void {
  if (!(error instanceof AwsError)) console.error(`${request.method} ${request.url} failed:`, error);
  const known =
    error instanceof AwsError
      ? error
      : new AwsError(
          "InternalFailure",
          `The local SageMaker failed: ${error instanceof Error ? error.message : ""}`,
          500,
        );
  const details = known instanceof ModelError ? known.details : {};
  const text = JSON.stringify({ ...details, Message: known.message });
  response.writeHead(known.status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
    "x-amzn-errortype": known.code,
  });
  response.end(text);
}

function header(message: { headers: IncomingMessage["headers"] }, name: string): string | undefined {
  const value = message.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
