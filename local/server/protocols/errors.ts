import { loadModel } from "../../aws-models";
import type { AwsError } from "../json-service";

/** The names that a service knows an error by, and its HTTP status. */
export interface ErrorNames {
  /** The exception's shape, as newer protocols name it. */
  shape: string;
  /** Its name in the query protocol, which clients keep to whatever they speak. */
  code: string;
  status: number;
}

/** @param service botocore's name of it, whose model names the error */
export function errorNames(service: string, error: AwsError): ErrorNames {
  const declared = loadModel(service).shapes[error.code]?.error;
  const code = declared?.code ?? (error.code === "ValidationException" ? "ValidationError" : error.code);
  return { shape: error.code, code, status: declared?.httpStatusCode ?? error.status };
}

/**
 * An error as the newer protocols write it: its body, and the header by which their clients learn its older name
 * (`Code;Sender` or `Code;Receiver`).
 */
export function errorReply(
  service: string,
  error: AwsError,
): { status: number; body: object; headers: Record<string, string> } {
  const { shape, code, status } = errorNames(service, error);
  return {
    status,
    body: { __type: shape, message: error.message, ...error.members },
    headers: { "x-amzn-query-error": `${code};${status < 500 ? "Sender" : "Receiver"}` },
  };
}
