import { Agent, get, request as httpRequest, type IncomingHttpHeaders } from "node:http";
import type { ServerContext } from "../../server/context";
import type { OwnedProcess } from "../../server/processes";
import { messageOf } from "../../server/errors";
import type { LogStream } from "../../server/log-stream";

/** What a model server runs with. */
export interface ModelServerPlan {
  command: readonly string[];
  environment: Readonly<Record<string, string>>;
  workingDirectory: string;
  /** How long it may take until `/ping` answers 200, in seconds. */
  startupSeconds: number;
  /** How it is told that a server hangs; {@link HEALTH_CHECK} unless set. */
  healthCheck?: HealthCheck;
}

/** When a server that runs counts as unhealthy. */
export interface HealthCheck {
  /** Between two pings, in milliseconds. */
  intervalMs: number;
  /** How long an answer to one may take, in milliseconds. */
  timeoutMs: number;
  /** Pings without an answer, one after another, after which it is ended. */
  failures: number;
}

/** What a container answered to an invocation. */
export interface ModelAnswer {
  /** HTTP status of the container. */
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** No answer of a container: it did not give one in time, or ended, or does not listen. */
export class NoAnswerError extends Error {
  /** @param delivered whether the container got the request, or may have */
  constructor(
    message: string,
    readonly delivered = true,
  ) {
    super(message);
  }
}

/** The line in which a model server tells the port that it took. */
const SERVING = /^serving on 127\.0\.0\.1:(\d+)$/;
const STARTUP_PING_MS = 50;
/** As on AWS, but more patient: this machine is shared with all else that runs. */
const HEALTH_CHECK: HealthCheck = { intervalMs: 5_000, timeoutMs: 2_000, failures: 6 };
/** How long requests under way may take to end before a server that is replaced is stopped, in milliseconds. */
const DRAIN_MS = 60_000;

/** One instance of a variant: a process that answers `/ping` and `/invocations`. */
export class ModelServer {
  /** Connections to the process, kept open between requests. */
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 64 });
  private inFlight = 0;
  private drained: (() => void) | undefined;
  private refusing = false;

  private constructor(
    readonly process: OwnedProcess,
    private readonly port: number,
  ) {}

  /**
   * Starts a server and waits until its model is loaded.
   *
   * @param stop gives it up
   * @throws Error with the server's last words when it ends, or is not healthy in time
   */
  static async start(
    context: ServerContext,
    plan: ModelServerPlan,
    log: LogStream,
    stop: AbortSignal,
  ): Promise<ModelServer> {
    const lastLines: string[] = [];
    let tellPort: (port: number) => void = () => undefined;
    const told = new Promise<number>((resolve) => (tellPort = resolve));
    const [command = "", ...rest] = plan.command;
    const process = context.processes.start({
      command,
      arguments: rest,
      environment: plan.environment,
      workingDirectory: plan.workingDirectory,
      onLine: (line) => {
        log.write(line);
        lastLines.push(line);
        if (lastLines.length > 20) lastLines.shift();
        const port = SERVING.exec(line)?.[1];
        if (port) tellPort(Number(port));
      },
    });
    const late = AbortSignal.timeout(plan.startupSeconds * 1000);
    const abort = AbortSignal.any([late, stop]);
    try {
      const failed = process.exited.then((exit): never => {
        throw new Error(exit.error ? exit.error.message : `it ended with exit code ${exit.code ?? exit.signal}`);
      });
      const given = new Promise<never>((_, reject) => {
        const refuse = (): void =>
          reject(
            new Error(stop.aborted ? "it was given up" : `it did not answer /ping within ${plan.startupSeconds} s`),
          );
        if (abort.aborted) refuse();
        else abort.addEventListener("abort", refuse, { once: true });
      });
      const port = await Promise.race([told.then((port) => healthy(port, abort)), failed, given]);
      const server = new ModelServer(process, port);
      void server.watch(plan.healthCheck ?? HEALTH_CHECK);
      return server;
    } catch (error) {
      await process.stop();
      const words = lastLines.filter((line) => line.trim()).at(-1);
      throw new Error(messageOf(error) + (words ? ` (last line of its log: ${words})` : ""), { cause: error });
    }
  }

  /** Requests under way. */
  get load(): number {
    return this.inFlight;
  }

  /** Whether requests can be sent to it: its process runs and listens. */
  get reachable(): boolean {
    return this.process.running && !this.refusing;
  }

  /**
   * Sends an invocation to the container. It counts as under way until the answer was read.
   *
   * @throws NoAnswerError when there is no whole answer within the time
   */
  async invoke(headers: Record<string, string>, body: Buffer, timeoutMs: number): Promise<ModelAnswer> {
    this.inFlight++;
    try {
      return await this.post(headers, body, timeoutMs);
    } finally {
      if (--this.inFlight === 0) this.drained?.();
    }
  }

  /** Waits for the requests under way, then ends the process. */
  async stop(drainMs = DRAIN_MS): Promise<void> {
    if (this.inFlight > 0 && this.process.running) {
      const empty = new Promise<void>((resolve) => (this.drained = resolve));
      await Promise.race([empty, this.process.exited, new Promise((resolve) => setTimeout(resolve, drainMs).unref())]);
    }
    this.agent.destroy();
    await this.process.stop();
  }

  /** Ends a server that hangs: its requests fail, and whoever waits for its end can replace it. */
  private async watch({ intervalMs, timeoutMs, failures }: HealthCheck): Promise<void> {
    for (let failed = 0; failed < failures;) {
      await new Promise((resolve) => setTimeout(resolve, intervalMs).unref());
      if (!this.process.running) return;
      failed = (await ping(this.port, timeoutMs)) ? 0 : failed + 1;
    }
    await this.process.stop(0);
  }

  private post(headers: Record<string, string>, body: Buffer, timeoutMs: number): Promise<ModelAnswer> {
    return new Promise((resolve, reject) => {
      const upstream = httpRequest(
        {
          host: "127.0.0.1",
          port: this.port,
          method: "POST",
          path: "/invocations",
          agent: this.agent,
          headers: { ...headers, "content-length": body.length },
        },
        (answer) => {
          const chunks: Buffer[] = [];
          answer.on("data", (chunk: Buffer) => chunks.push(chunk));
          answer.once("error", fail);
          answer.once("end", () => {
            clearTimeout(timer);
            resolve({ status: answer.statusCode ?? 500, headers: answer.headers, body: Buffer.concat(chunks) });
          });
        },
      );
      const fail = (error: NodeJS.ErrnoException): void => {
        clearTimeout(timer);
        if (error instanceof NoAnswerError) return reject(error);
        this.refusing ||= error.code === "ECONNREFUSED";
        reject(new NoAnswerError(`The model server: ${error.message}`, error.code !== "ECONNREFUSED"));
      };
      const late = (): void => {
        const reason = "Your invocation timed out while waiting for a response from container primary.";
        const advice =
          "Review the latency metrics for each container in Amazon CloudWatch, resolve the issue, and try again.";
        upstream.destroy(new NoAnswerError(`${reason} ${advice}`));
      };
      const timer = setTimeout(late, timeoutMs);
      upstream.once("error", fail);
      upstream.end(body);
    });
  }
}

/** Settles with the port once `/ping` answers 200. */
async function healthy(port: number, abort: AbortSignal): Promise<number> {
  while (!abort.aborted) {
    if (await ping(port, HEALTH_CHECK.timeoutMs)) return port;
    await new Promise((resolve) => setTimeout(resolve, STARTUP_PING_MS));
  }
  return port;
}

function ping(port: number, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get({ host: "127.0.0.1", port, path: "/ping", timeout: timeoutMs }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.on("timeout", () => request.destroy());
    request.on("error", () => resolve(false));
  });
}
