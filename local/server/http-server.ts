import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Guard } from "../iam/guard";
import type { Gate } from "./gate";
import { JsonProtocol } from "./json-protocol";
import type { JsonService } from "./json-service";

/** Answers requests that are not AWS JSON, such as those of SageMaker's runtime. */
export interface RestHandler {
  /** @param path without the query */
  matches(request: IncomingMessage, path: string): boolean;
  /** Answers the request; it must send errors itself. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
}

/** What the server answers with. */
export interface Handlers {
  services: readonly JsonService[];
  rest: readonly RestHandler[];
  /** Who may ask them. */
  guard: Guard;
  /** Everything else. */
  gate: Gate;
}

/**
 * Listens on 127.0.0.1: `GET /_local/health`, the REST handlers, the services of AWS JSON 1.1, and the gate to the
 * emulator for everything else.
 *
 * @param handlers made once the address is known, because services tell it to their processes
 */
export async function listen(
  port: number,
  handlers: (url: string) => Handlers,
): Promise<{ url: string; server: Server }> {
  const answers = new Map<"ready", (request: IncomingMessage, response: ServerResponse) => Promise<void>>();
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    const answer = answers.get("ready") ?? starting;
    answer(request, response).catch((error: unknown) => {
      console.error(`${request.method} ${request.url} failed:`, error);
      response.destroy(error as Error);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  answers.set("ready", router(handlers(url)));
  return { url, server };
}

function router({
  services,
  rest,
  guard,
  gate,
}: Handlers): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const json = new JsonProtocol(services, guard);
  return async (request, response) => {
    const path = (request.url ?? "/").split("?", 1)[0] ?? "/";
    if (path === "/_local/health") return respond(response, 200, { status: "ok" });
    const handler = rest.find((candidate) => candidate.matches(request, path));
    if (handler) return handler.handle(request, response);
    return json.answers(request) ? json.handle(request, response) : gate.handle(request, response);
  };
}

function starting(_request: IncomingMessage, response: ServerResponse): Promise<void> {
  respond(response, 503, { status: "starting" });
  return Promise.resolve();
}

function respond(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}
