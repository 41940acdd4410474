import type { IncomingMessage } from "node:http";
import type { AwsError } from "../json-service";

/** What is sent for a request. */
export interface Reply {
  status: number;
  headers: Record<string, string>;
  body: string | Uint8Array;
}

/** A request as a protocol reads it: the input is a wire body, timestamps in epoch seconds. */
export interface Call {
  operation: string;
  input: unknown;
}

/** How requests and answers of one service are written. */
export interface Protocol {
  /** @param path without the query */
  matches(request: IncomingMessage, path: string): boolean;
  /** @throws AwsError when the body can't be read */
  read(request: IncomingMessage, path: string, body: Buffer): Call;
  answer(operation: string, output: object, requestId: string): Reply;
  refuse(error: AwsError, requestId: string): Reply;
}
