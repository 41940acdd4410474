import { Agent, get } from "node:http";
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
}

/** The line in which a model server tells the port that it took. */
const SERVING = /^serving on 127\.0\.0\.1:(\d+)$/;
const PING_INTERVAL_MS = 50;
const PING_TIMEOUT_MS = 2_000;
/** How long requests under way may take to end before a server that is replaced is stopped, in milliseconds. */
const DRAIN_MS = 60_000;

/** One instance of a variant: a process that answers `/ping` and `/invocations`. */
export class ModelServer {
  /** Connections to the process, kept open between requests. */
  readonly agent = new Agent({ keepAlive: true, maxSockets: 64 });
  private inFlight = 0;
  private drained: (() => void) | undefined;

  private constructor(
    readonly process: OwnedProcess,
    readonly port: number,
  ) {}

  /**
   * Starts a server and waits until its model is loaded.
   *
   * @throws Error with the server's last words when it ends, or is not healthy in time
   */
  static async start(context: ServerContext, plan: ModelServerPlan, log: LogStream): Promise<ModelServer> {
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
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), plan.startupSeconds * 1000);
    try {
      const failed = process.exited.then((exit): never => {
        throw new Error(exit.error ? exit.error.message : `it ended with exit code ${exit.code ?? exit.signal}`);
      });
      const late = new Promise<never>((_, reject) => {
        const refuse = (): void => reject(new Error(`it did not answer /ping within ${plan.startupSeconds} s`));
        abort.signal.addEventListener("abort", refuse);
      });
      const port = await Promise.race([told.then((port) => healthy(port, abort.signal)), failed, late]);
      return new ModelServer(process, port);
    } catch (error) {
      abort.abort();
      await process.stop();
      const words = lastLines.filter((line) => line.trim()).at(-1);
      throw new Error(messageOf(error) + (words ? ` (last line of its log: ${words})` : ""), { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }

  /** Requests under way. */
  get load(): number {
    return this.inFlight;
  }

  /** Counts a request in; call the answer when it has ended. */
  begin(): () => void {
    this.inFlight++;
    let open = true;
    return () => {
      if (!open) return;
      open = false;
      if (--this.inFlight === 0) this.drained?.();
    };
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
}

/** Settles with the port once `/ping` answers 200. */
async function healthy(port: number, abort: AbortSignal): Promise<number> {
  while (!abort.aborted) {
    if (await ping(port)) return port;
    await new Promise((resolve) => setTimeout(resolve, PING_INTERVAL_MS));
  }
  return port;
}

function ping(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get({ host: "127.0.0.1", port, path: "/ping", timeout: PING_TIMEOUT_MS }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.on("timeout", () => request.destroy());
    request.on("error", () => resolve(false));
  });
}
