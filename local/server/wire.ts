import type { IncomingMessage, ServerResponse } from "node:http";
import { brokenRules, hasOperation, refusal, validate } from "../aws-models";
import { AwsError } from "./json-service";

// What requests and answers of AWS JSON have in common, whoever answers.

/** The largest request body that is read, in bytes: DynamoDB's, the largest of AWS JSON. */
export const MAX_BODY_BYTES = 16 * 1024 * 1024;

/** @throws AwsError when the body is too large */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) {
      throw new AwsError("RequestEntityTooLargeException", `The body is larger than ${MAX_BODY_BYTES} bytes`, 413);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** @throws AwsError when the body is not JSON */
export function parseJson(body: Buffer): unknown {
  try {
    return body.length === 0 ? {} : JSON.parse(body.toString("utf8"));
  } catch (error) {
    throw new AwsError("SerializationException", `The request body is not JSON: ${(error as Error).message}`);
  }
}

/**
 * Holds a request to AWS's model of the operation, and to what is known beyond it. Operations that the model does not
 * have are passed over.
 *
 * @param service botocore's name of it
 * @throws AwsError with everything that AWS would refuse, in the service's manner
 */
export function check(service: string, operation: string, input: unknown): void {
  if (!hasOperation(service, operation)) return;
  const violations = validate(service, operation, input);
  const refused =
    violations.length > 0 ? refusal(service, operation, violations) : brokenRules(service, operation, input);
  if (refused) throw new AwsError(refused.code, refused.message);
}

/** @param contentType the version of AWS JSON that the request speaks */
export function sendJson(
  response: ServerResponse,
  status: number,
  body: object,
  requestId: string,
  contentType = "application/x-amz-json-1.1",
): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    "content-type": contentType,
    "content-length": Buffer.byteLength(text),
    "x-amzn-requestid": requestId,
  });
  response.end(text);
}

/** Renders an error as AWS does. */
export function sendError(response: ServerResponse, error: unknown, requestId: string, contentType?: string): void {
  const known = knownError(error, requestId);
  response.setHeader("x-amzn-errortype", known.code);
  sendJson(response, known.status, { __type: known.code, message: known.message }, requestId, contentType);
}

/** What was thrown, as an error of AWS: what nobody foresaw is an InternalFailure, and is logged with its stack. */
export function knownError(error: unknown, requestId: string): AwsError {
  if (error instanceof AwsError) return error;
  console.error(`request ${requestId} failed:`, error);
  const message = error instanceof Error ? error.message : String(error);
  return new AwsError("InternalFailure", `The local server failed: ${message}`, 500);
}
