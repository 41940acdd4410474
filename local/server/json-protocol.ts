import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { validate, validationMessage } from "../aws-models";
import { AwsError, type JsonService } from "./json-service";

/** The largest request body that is read, in bytes; AWS's own limits are lower. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;

/**
 * Answers an AWS JSON 1.1 request (`POST /` with `X-Amz-Target`) with the service that the target names. Signatures
 * are not checked.
 */
export class JsonProtocol {
  private readonly services = new Map<string, JsonService>();

  constructor(services: readonly JsonService[]) {
    for (const service of services) this.services.set(service.targetPrefix, service);
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const requestId = randomUUID();
    try {
      const body = await readBody(request);
      const output = await this.dispatch(String(request.headers["x-amz-target"] ?? ""), body, requestId);
      sendJson(response, 200, output, requestId);
    } catch (error) {
      sendError(response, error, requestId);
    }
  }

  private async dispatch(target: string, body: string, requestId: string): Promise<object> {
    const [prefix = "", name = ""] = target.split(".");
    const service = this.services.get(prefix);
    const operation = service && Object.hasOwn(service.operations, name) ? service.operations[name] : undefined;
    if (!service || !operation) {
      const known = service ? `the local ${service.serviceName} has no such operation` : `services: ${this.prefixes()}`;
      throw new AwsError("UnknownOperationException", `Unknown operation ${target || "(no X-Amz-Target)"}: ${known}`);
    }
    const input = parse(body);
    const violations = validate(service.serviceName, name, input);
    if (violations.length > 0) throw new AwsError("ValidationException", validationMessage(violations));
    return operation(input as never, { requestId });
  }

  private prefixes(): string {
    return [...this.services.keys()].join(", ");
  }
}

function parse(body: string): unknown {
  try {
    return body === "" ? {} : JSON.parse(body);
  } catch (error) {
    throw new AwsError("SerializationException", `The request body is not JSON: ${(error as Error).message}`);
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) {
      throw new AwsError("RequestEntityTooLargeException", `The body is larger than ${MAX_BODY_BYTES} bytes`, 413);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function sendJson(response: ServerResponse, status: number, body: object, requestId: string): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    "content-type": "application/x-amz-json-1.1",
    "content-length": Buffer.byteLength(text),
    "x-amzn-requestid": requestId,
  });
  response.end(text);
}

/** Renders an error as AWS does; one that nobody foresaw is an InternalFailure, and is logged with its stack. */
export function sendError(response: ServerResponse, error: unknown, requestId: string): void {
  const known = error instanceof AwsError ? error : internalFailure(error, requestId);
  response.setHeader("x-amzn-errortype", known.code);
  sendJson(response, known.status, { __type: known.code, message: known.message }, requestId);
}

function internalFailure(error: unknown, requestId: string): AwsError {
  console.error(`request ${requestId} failed:`, error);
  const message = error instanceof Error ? error.message : String(error);
  return new AwsError("InternalFailure", `The local server failed: ${message}`, 500);
}
