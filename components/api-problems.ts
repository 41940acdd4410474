// What API Gateway answers by itself, in the form that the functions give their problems (RFC 9457).
import type { Authorizer } from "../config/api";

/** An answer that API Gateway gives by itself. */
export interface Problem {
  responseType: string;
  /** Default: what API Gateway gives. */
  status?: number;
  code: string;
  title: string;
  retryAfterSeconds?: number;
}

const UNAVAILABLE = {
  status: 503,
  code: "unavailable",
  title: "The service is not available: try again",
  retryAfterSeconds: 5,
};
/** Each by its name: whether a default's status goes over to them, AWS's documents and what is seen of it differ. */
const FAILURES = [
  "API_CONFIGURATION_ERROR",
  "AUTHORIZER_CONFIGURATION_ERROR",
  "AUTHORIZER_FAILURE",
  "INTEGRATION_FAILURE",
  "INTEGRATION_TIMEOUT",
  "DEFAULT_5XX",
];

const NO_ROUTE: Problem = {
  responseType: "MISSING_AUTHENTICATION_TOKEN",
  status: 404,
  code: "not-found",
  title: "There is no such route",
};
/** API Gateway does not tell the two apart. */
const NO_ROUTE_OR_SIGNATURE: Problem = {
  ...NO_ROUTE,
  status: 403,
  code: "forbidden",
  title: "The request is not signed, or there is no such route",
};

/** Answers that API Gateway gives by itself, whoever may call. */
const PROBLEMS: readonly Problem[] = [
  {
    responseType: "BAD_REQUEST_BODY",
    status: 400,
    code: "invalid-request",
    title: "The body must be JSON: an object with nothing but `transactions`, a list of 1 to 1000 objects",
  },
  { responseType: "BAD_REQUEST_PARAMETERS", status: 400, code: "invalid-request", title: "A parameter is missing" },
  { responseType: "UNAUTHORIZED", status: 401, code: "unauthorized", title: "Show who you are" },
  { responseType: "INVALID_API_KEY", status: 403, code: "forbidden", title: "The API key is missing or not valid" },
  { responseType: "ACCESS_DENIED", status: 403, code: "forbidden", title: "Access is denied" },
  {
    responseType: "THROTTLED",
    status: 429,
    code: "throttled",
    title: "Too many requests: wait and try again",
    retryAfterSeconds: 1,
  },
  {
    responseType: "QUOTA_EXCEEDED",
    status: 429,
    code: "quota-exceeded",
    title: "The key's quota is used up",
    retryAfterSeconds: 3600,
  },
  { responseType: "REQUEST_TOO_LARGE", status: 413, code: "payload-too-large", title: "The request is too large" },
  {
    responseType: "UNSUPPORTED_MEDIA_TYPE",
    status: 415,
    code: "unsupported-media-type",
    title: "The media type is not supported",
  },
  { responseType: "DEFAULT_4XX", code: "refused", title: "The request was refused" },
  ...FAILURES.map((responseType) => ({ ...UNAVAILABLE, responseType })),
];

/** Answers that an API with an authorizer of that type gives by itself. */
export const problems = (authorizer: Authorizer["type"]): readonly Problem[] => [
  ...PROBLEMS,
  authorizer === "iam" ? NO_ROUTE_OR_SIGNATURE : NO_ROUTE,
];

/** Of such an answer: its headers as API Gateway maps them, and its body. */
export function problemResponse({ status, code, title, retryAfterSeconds }: Problem): {
  responseParameters: Record<string, string>;
  responseTemplates: Record<string, string>;
} {
  const header = (name: string, value: string | number) => ({ [`gatewayresponse.header.${name}`]: `'${value}'` });
  const body = JSON.stringify({
    type: `urn:fraud-platform:problem:${code}`,
    title,
    ...(status === undefined ? {} : { status }),
    detail: title,
    code,
    requestId: "$context.requestId",
  });
  return {
    responseParameters: {
      ...header("Content-Type", "application/problem+json"),
      ...(retryAfterSeconds === undefined ? {} : header("Retry-After", retryAfterSeconds)),
    },
    responseTemplates: { "application/json": body },
  };
}
