import type { APIGatewayProxyResult } from "aws-lambda";
import type { Violation } from "./transactions";

/** What can go wrong for a caller of the API, by the code that answers carry. */
export const problems = {
  "invalid-request": { status: 400, title: "The request is not valid" },
  "payload-too-large": { status: 413, title: "The request is too large" },
  "unsupported-media-type": { status: 415, title: "The content type is not supported" },
  "not-scorable": { status: 422, title: "The model does not take the request" },
  "internal-error": { status: 500, title: "The request could not be answered" },
  "model-error": { status: 502, title: "The model could not score the request" },
  "no-model": { status: 503, title: "No model is in service" },
  idle: { status: 503, title: "The endpoint is down by its schedule" },
  "model-busy": { status: 503, title: "The model is busy" },
} as const;

export type ProblemCode = keyof typeof problems;

/** An error that the caller is told about. Its message is the answer's `detail`: no internals in it. */
export class ProblemError extends Error {
  constructor(
    readonly code: ProblemCode,
    detail: string,
    readonly extra: { violations?: readonly Violation[]; retryAfterSeconds?: number } = {},
  ) {
    super(detail);
    this.name = "ProblemError";
  }
}

/** The answer in the form of RFC 9457. `type` is a URN: the codes are the API's own, and no page explains them. */
export function problemAnswer(problem: ProblemError, requestId: string): APIGatewayProxyResult {
  const { status, title } = problems[problem.code];
  const { violations, retryAfterSeconds } = problem.extra;
  return {
    statusCode: status,
    headers: {
      "Content-Type": "application/problem+json",
      "Cache-Control": "no-store",
      ...(retryAfterSeconds === undefined ? {} : { "Retry-After": String(retryAfterSeconds) }),
    },
    body: JSON.stringify({
      type: `urn:fraud-platform:problem:${problem.code}`,
      title,
      status,
      detail: problem.message,
      code: problem.code,
      requestId,
      ...(violations === undefined ? {} : { violations }),
    }),
  };
}
