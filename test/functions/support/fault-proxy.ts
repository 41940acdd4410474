// Stands between a function and its cloud: lets calls through, answers them with errors, or tells of them first.
import { Agent, createServer, request as httpRequest, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** A call of AWS, as far as it can be told from outside. */
export interface Call {
  /** `s3 PUT`, `dynamodb BatchWriteItem`, `sqs SendMessage`, `runtime InvokeEndpoint`. */
  name: string;
  body: Buffer;
}

export interface Fault {
  status: number;
  /** AWS's code of the error. */
  code: string;
}

/**
 * What becomes of a call: it is carried out, or gets an error or another answer in its place, or none at all, carried out
 * or not.
 */
export type Fate = "through" | Fault | { answer: string } | "lost before" | "lost after";

export class FaultProxy {
  private readonly agent = new Agent({ keepAlive: true });
  private readonly server: Server;
  /** Decides about each call. */
  decide: (call: Call) => Fate = () => "through";
  /** Changes a call's body on its way. */
  change: (call: Call) => Buffer = ({ body }) => body;
  /** How often each was called. */
  readonly calls = new Map<string, number>();

  private constructor(private readonly upstream: URL) {
    this.server = createServer((request, response) => {
      this.handle(request, (status, headers, body) => {
        response.writeHead(status, headers);
        response.end(body);
      }).catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
    });
  }

  static async start(upstream: string): Promise<FaultProxy> {
    const proxy = new FaultProxy(new URL(upstream));
    await new Promise<void>((done) => proxy.server.listen(0, "127.0.0.1", done));
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.agent.destroy();
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }

  private async handle(
    request: IncomingMessage,
    answer: (status: number, headers: Record<string, string | string[] | undefined>, body: Buffer) => void,
  ): Promise<void> {
    const call = { name: nameOf(request), body: await read(request) };
    this.calls.set(call.name, (this.calls.get(call.name) ?? 0) + 1);
    const fate = this.decide(call);
    if (typeof fate === "object" && "answer" in fate) {
      return answer(200, { "content-type": "application/x-amz-json-1.0" }, Buffer.from(fate.answer));
    }
    if (typeof fate === "object") {
      const type = call.name.startsWith("s3 ") ? "application/xml" : "application/x-amz-json-1.0";
      return answer(fate.status, { "content-type": type, "x-amzn-errortype": fate.code }, errorBody(call.name, fate));
    }
    // Whoever called is gone, and nobody hears an answer.
    if (fate === "lost before") return void request.socket.destroy();
    const { status, headers, body } = await this.forward(request, this.change(call));
    if (fate === "through") answer(status, headers, body);
    else request.socket.destroy();
  }

  private forward(
    { method, url, headers }: IncomingMessage,
    body: Buffer,
  ): Promise<{ status: number; headers: IncomingMessage["headers"]; body: Buffer }> {
    const { hostname: host, port } = this.upstream;
    const length = body.length > 0 ? { "content-length": String(body.length) } : {};
    return new Promise((done, fail) => {
      const options = { host, port, method, path: url, agent: this.agent, headers: { ...headers, ...length } };
      const outgoing = httpRequest(options, (incoming) => {
        read(incoming).then(
          (answer) => done({ status: incoming.statusCode ?? 502, headers: incoming.headers, body: answer }),
          fail,
        );
      });
      outgoing.on("error", fail);
      outgoing.end(body);
    });
  }
}

function nameOf({ method, url = "", headers }: IncomingMessage): string {
  const [prefix = "", operation = ""] = String(headers["x-amz-target"] ?? "").split(".");
  if (operation !== "")
    return `${prefix
      .replace(/^Amazon/, "")
      .replace(/_.*$/, "")
      .toLowerCase()} ${operation}`;
  return url.startsWith("/endpoints/") ? "runtime InvokeEndpoint" : `s3 ${method}`;
}

async function read(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function errorBody(name: string, { code }: Fault): Buffer {
  const message = "a fault of the test's";
  return Buffer.from(
    name.startsWith("s3 ")
      ? `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`
      : JSON.stringify({ __type: code, message }),
  );
}
