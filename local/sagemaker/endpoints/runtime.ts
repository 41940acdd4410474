import { randomUUID } from "node:crypto";
import { request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http";
import type { RestHandler } from "../../server/http-server";
import type { ServerContext } from "../../server/context";
import type { Endpoints } from "./endpoints";
import type { Target } from "./fleet";

const PATH = /^\/endpoints\/([^/]+)\/invocations$/;
/** The largest request body, in bytes. */
const MAX_BODY_BYTES = 6 * 1024 * 1024;
/** How long a model may take to answer, in milliseconds. */
const TIMEOUT_MS = 60_000;
/** What of a model's error is passed on, in bytes. */
const MAX_ERROR_BYTES = 16 * 1024;

/** Request headers that reach the container. */
const FORWARDED = [
  "content-type",
  "content-length",
  "transfer-encoding",
  "accept",
  "x-amzn-sagemaker-custom-attributes",
  "x-amzn-sagemaker-inference-id",
  "x-amzn-sagemaker-target-model",
];

/** SageMaker's runtime: `POST /endpoints/{name}/invocations`, passed on to a model server as it comes. */
export function runtimeHandler(context: ServerContext, endpoints: Endpoints): RestHandler {
  return {
    matches: ({ method }, path) => method === "POST" && PATH.test(path),
    handle: async (request, response) => {
      const name = decodeURIComponent(PATH.exec((request.url ?? "").split("?", 1)[0] ?? "")?.[1] ?? "");
      const requestId = randomUUID();
      response.setHeader("x-amzn-requestid", requestId);
      if (Number(request.headers["content-length"] ?? 0) > MAX_BODY_BYTES) return refuseSize(request, response);
      const traffic = await endpoints.routing(name);
      if (!traffic) {
        const reason = `Endpoint ${name} of account ${context.settings.accountId} not found.`;
        return refuse(request, response, 400, "ValidationError", reason);
      }
      const variant = header(request, "x-amzn-sagemaker-target-variant");
      const target = traffic.pick(variant);
      if (target) return pass(request, response, target);
      if (variant)
        return refuse(request, response, 400, "ValidationError", `Variant ${variant} of endpoint ${name} not found.`);
      refuse(request, response, 503, "ServiceUnavailable", `No instance of endpoint ${name} is healthy. Try again.`);
    },
  };
}

function pass(request: IncomingMessage, response: ServerResponse, { variantName, server }: Target): Promise<void> {
  return new Promise((resolve) => {
    const ended = server.begin();
    const finish = (): void => {
      ended();
      resolve();
    };
    const upstream = httpRequest(
      {
        host: "127.0.0.1",
        port: server.port,
        method: "POST",
        path: "/invocations",
        agent: server.agent,
        headers: forwarded(request),
        timeout: TIMEOUT_MS,
      },
      (answer) => {
        answer.once("close", finish);
        if (answer.statusCode !== 200) return void modelError(answer, response, answer.statusCode ?? 500);
        response.writeHead(200, answerHeaders(request, answer, variantName));
        answer.pipe(response);
      },
    );
    const fail = (status: number, code: string, message: string): void => {
      finish();
      if (response.headersSent) response.destroy();
      else refuse(request, response, status, code, message);
    };
    upstream.on("timeout", () => upstream.destroy(new Error(`did not answer within ${TIMEOUT_MS / 1000} s`)));
    upstream.on("error", (error) =>
      fail(424, "ModelError", `The model server of variant ${variantName}: ${error.message}`),
    );
    response.once("close", () => {
      if (!response.writableFinished) upstream.destroy();
    });
    let bytes = 0;
    request.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= MAX_BODY_BYTES) return;
      request.unpipe(upstream);
      upstream
        .removeAllListeners("error")
        .on("error", () => undefined)
        .destroy();
      finish();
      refuseSize(request, response);
    });
    request.pipe(upstream);
  });
}

function forwarded(request: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const name of FORWARDED) {
    const value = header(request, name);
    if (value !== undefined) headers[name] = value;
  }
  return headers;
}

function answerHeaders(request: IncomingMessage, answer: IncomingMessage, variant: string): Record<string, string> {
  const length = answer.headers["content-length"];
  const attributes = header(answer, "x-amzn-sagemaker-custom-attributes");
  const inferenceId = header(request, "x-amzn-sagemaker-inference-id");
  return {
    "content-type": answer.headers["content-type"] ?? "application/octet-stream",
    "x-amzn-invoked-production-variant": variant,
    ...(length === undefined ? {} : { "content-length": length }),
    ...(attributes === undefined ? {} : { "x-amzn-sagemaker-custom-attributes": attributes }),
    ...(inferenceId === undefined ? {} : { "x-amzn-sagemaker-inference-id": inferenceId }),
  };
}

async function modelError(answer: IncomingMessage, response: ServerResponse, status: number): Promise<void> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    if (bytes < MAX_ERROR_BYTES) chunks.push(chunk);
    bytes += chunk.length;
  }
  const original = Buffer.concat(chunks).subarray(0, MAX_ERROR_BYTES).toString("utf8");
  const side = status < 500 ? "client" : "server";
  send(response, 424, "ModelError", {
    ErrorCode: status < 500 ? "CLIENT_ERROR_FROM_MODEL" : "INTERNAL_FAILURE_FROM_MODEL",
    LogStreamArn: "",
    Message: `Received ${side} error (${status}) from primary with message "${original}"`,
    OriginalMessage: original,
    OriginalStatusCode: status,
  });
}

function refuseSize(request: IncomingMessage, response: ServerResponse): void {
  const message = `The request body is larger than the ${MAX_BODY_BYTES} bytes that an invocation may have.`;
  refuse(request, response, 413, "ValidationError", message);
}

function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  code: string,
  message: string,
): void {
  // What is left of the body is read and dropped, so that the client gets to read the answer.
  request.resume();
  send(response, status, code, { Message: message });
}

function send(response: ServerResponse, status: number, code: string, body: object): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
    "x-amzn-errortype": code,
  });
  response.end(text);
}

function header(message: IncomingMessage, name: string): string | undefined {
  const value = message.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
