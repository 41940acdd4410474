import { randomUUID } from "node:crypto";
import { Agent, type IncomingMessage, type ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { createProxyServer, type ProxyServer } from "http-proxy-3";
import { AwsError } from "./json-service";
import { check, parseJson, readBody, sendError } from "./wire";

/** Services of AWS JSON that are answered elsewhere: botocore's name by the prefix of `X-Amz-Target`. */
export const CHECKED_SERVICES: Readonly<Record<string, string>> = {
  AmazonAthena: "athena",
  AmazonEC2ContainerRegistry_V20150921: "ecr",
  AmazonSQS: "sqs",
  AmazonSSM: "ssm",
  AWSEvents: "events",
  AWSGlue: "glue",
  AWSStepFunctions: "stepfunctions",
  DynamoDB_20120810: "dynamodb",
  Logs_20140328: "logs",
  secretsmanager: "secretsmanager",
  TrentService: "kms",
};

/** Longer than any synchronous call may take, of which a function's 15 minutes are the longest. */
const TIMEOUT_MILLISECONDS = 16 * 60_000;

/**
 * Passes requests on to the emulator behind it. What speaks AWS JSON is held to AWS's model of the service first, so
 * that a request which AWS would refuse is refused, whatever the emulator makes of it; everything else goes through
 * as it comes.
 */
export class Gate {
  private readonly agent = new Agent({ keepAlive: true, timeout: 60_000 });
  private readonly proxy: ProxyServer;

  /** @param upstream the emulator's address */
  constructor(private readonly upstream: string) {
    this.proxy = createProxyServer({
      target: upstream,
      agent: this.agent,
      prependPath: false,
      // Paths as they come: keys of S3 may hold `..`.
      toProxy: true,
      proxyTimeout: TIMEOUT_MILLISECONDS,
    });
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [prefix = "", operation = ""] = String(request.headers["x-amz-target"] ?? "").split(".");
    const service = Object.hasOwn(CHECKED_SERVICES, prefix) ? CHECKED_SERVICES[prefix] : undefined;
    if (service === undefined) return this.pass(request, response);
    let body: Buffer;
    try {
      body = await readBody(request);
      check(service, operation, parseJson(body));
    } catch (error) {
      return refuse(request, response, error, service);
    }
    return this.pass(request, response, body);
  }

  /** Closes the connections that are kept alive. */
  close(): void {
    this.agent.destroy();
    this.proxy.close();
  }

  /** @param body where it was read already */
  private pass(request: IncomingMessage, response: ServerResponse, body?: Buffer): Promise<void> {
    return new Promise((done) => {
      response.once("close", done);
      this.proxy.web(request, response, body ? { buffer: Readable.from([body]) } : {}, (error) => {
        if (response.headersSent) return void response.destroy(error);
        const reason = `The emulator at ${this.upstream} does not answer: ${error.message}`;
        refuse(request, response, new AwsError("ServiceUnavailable", reason, 503));
      });
    });
  }
}

function refuse(request: IncomingMessage, response: ServerResponse, error: unknown, service?: string): void {
  // Clients of the older query protocol know errors by the names in this header.
  if (service === "sqs" && error instanceof AwsError) {
    response.setHeader("x-amzn-query-error", `${error.code};Sender`);
  }
  sendError(response, error, randomUUID(), request.headers["content-type"]);
}
