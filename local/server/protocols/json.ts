import type { IncomingMessage } from "node:http";
import type { AwsError } from "../json-service";
import { parseJson } from "../wire";
import { errorReply } from "./errors";
import type { Call, Protocol, Reply } from "./protocol";

/** AWS JSON 1.0 of a service that spoke the query protocol before. */
export class Json10 implements Protocol {
  constructor(
    private readonly service: string,
    private readonly targetPrefix: string,
  ) {}

  matches(request: IncomingMessage): boolean {
    return String(request.headers["x-amz-target"]).startsWith(`${this.targetPrefix}.`);
  }

  read(request: IncomingMessage, _path: string, body: Buffer): Call {
    const operation = String(request.headers["x-amz-target"]).slice(this.targetPrefix.length + 1);
    return { operation, input: parseJson(body) };
  }

  answer(_operation: string, output: object, requestId: string): Reply {
    return this.reply(200, output, requestId);
  }

  refuse(error: AwsError, requestId: string): Reply {
    const { status, body, headers } = errorReply(this.service, error);
    return this.reply(status, body, requestId, headers);
  }

  private reply(status: number, body: object, requestId: string, more: Record<string, string> = {}): Reply {
    const headers = { "content-type": "application/x-amz-json-1.0", "x-amzn-requestid": requestId, ...more };
    return { status, headers, body: JSON.stringify(body) };
  }
}
