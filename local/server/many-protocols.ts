import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import type { Guard } from "../iam/guard";
import type { RestHandler } from "./http-server";
import { AwsError, type JsonService } from "./json-service";
import { RpcV2Cbor } from "./protocols/cbor";
import { Json10 } from "./protocols/json";
import type { Protocol, Reply } from "./protocols/protocol";
import { Query } from "./protocols/query";
import { signedBy } from "./service-caller";
import { check, knownError, MAX_BODY_BYTES, readBody } from "./wire";

/** Answers for a service in each protocol that its clients speak: RPC v2 in CBOR, AWS JSON 1.0, and the query protocol. */
export class ManyProtocols implements RestHandler {
  private readonly protocols: readonly Protocol[];

  constructor(
    private readonly service: JsonService,
    private readonly guard: Guard,
  ) {
    const { serviceName, targetPrefix } = service;
    this.protocols = [
      new RpcV2Cbor(serviceName, targetPrefix),
      new Json10(serviceName, targetPrefix),
      new Query(serviceName),
    ];
  }

  matches(request: IncomingMessage, path: string): boolean {
    return this.protocolOf(request, path) !== undefined;
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? "/").split("?", 1)[0] ?? "/";
    const protocol = this.protocolOf(request, path);
    if (!protocol) throw new Error(`${path} is none of ${this.service.serviceName}'s`);
    const requestId = randomUUID();
    let reply: Reply;
    try {
      const { operation, input } = protocol.read(request, path, await body(request));
      const output = await this.call(operation, input, requestId, request);
      reply = protocol.answer(operation, output, requestId);
    } catch (error) {
      reply = protocol.refuse(knownError(error, requestId), requestId);
    }
    response.writeHead(reply.status, { ...reply.headers, "content-length": Buffer.byteLength(reply.body) });
    response.end(reply.body);
  }

  private protocolOf(request: IncomingMessage, path: string): Protocol | undefined {
    return this.protocols.find((protocol) => protocol.matches(request, path));
  }

  private async call(operation: string, input: unknown, requestId: string, request: IncomingMessage): Promise<object> {
    const { operations, serviceName } = this.service;
    const run = Object.hasOwn(operations, operation) ? operations[operation] : undefined;
    if (!run) {
      throw new AwsError("InvalidAction", `The local ${serviceName} has no operation ${operation || "(none named)"}.`);
    }
    check(serviceName, operation, input);
    await this.guard.admit(request, this.service, operation, input as object);
    const { accessKeyId } = signedBy(request.headers.authorization);
    return run(input as never, { requestId, ...(accessKeyId ? { accessKeyId } : {}) });
  }
}

/** The body as it was before the client compressed it. */
async function body(request: IncomingMessage): Promise<Buffer> {
  const sent = await readBody(request);
  if (request.headers["content-encoding"] !== "gzip") return sent;
  try {
    return await promisify(gunzip)(sent, { maxOutputLength: MAX_BODY_BYTES });
  } catch (error) {
    throw new AwsError("SerializationException", `The request body is not gzip: ${(error as Error).message}`);
  }
}
