import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Guard } from "../iam/guard";
import { AwsError, type JsonService } from "./json-service";
import { check, parseJson, readBody, sendError, sendJson } from "./wire";

/**
 * Answers an AWS JSON 1.1 request (`POST /` with `X-Amz-Target`) with the service that the target names. Signatures
 * are not checked.
 */
export class JsonProtocol {
  private readonly services = new Map<string, JsonService>();

  constructor(
    services: readonly JsonService[],
    private readonly guard: Guard,
  ) {
    for (const service of services) this.services.set(service.targetPrefix, service);
  }

  /** Whether the request's target names one of the services. */
  answers(request: IncomingMessage): boolean {
    return this.services.has(String(request.headers["x-amz-target"]).split(".", 1)[0] ?? "");
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const requestId = randomUUID();
    try {
      const body = await readBody(request);
      const output = await this.dispatch(request, body, requestId);
      sendJson(response, 200, output, requestId);
    } catch (error) {
      sendError(response, error, requestId);
    }
  }

  private async dispatch(request: IncomingMessage, body: Buffer, requestId: string): Promise<object> {
    const target = String(request.headers["x-amz-target"] ?? "");
    const [prefix = "", name = ""] = target.split(".");
    const service = this.services.get(prefix);
    const operation = service && Object.hasOwn(service.operations, name) ? service.operations[name] : undefined;
    if (!service || !operation) {
      const known = service ? notHere(service, name) : `services: ${this.prefixes()}`;
      throw new AwsError("UnknownOperationException", `Unknown operation ${target || "(no X-Amz-Target)"}: ${known}`);
    }
    const input = parseJson(body);
    check(service.serviceName, name, input);
    await this.guard.admit(request, service, name, input as object);
    return operation(input as never, { requestId });
  }

  private prefixes(): string {
    return [...this.services.keys()].join(", ");
  }
}

function notHere(service: JsonService, operation: string): string {
  const why = service.refused?.find(({ operations }) => operations.test(operation))?.why;
  return `the local ${service.serviceName} has no such operation${why === undefined ? "" : `. ${why}`}`;
}
