import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";

/**
 * In the environment of every process that a server starts: its state directory. One server at a time works on that, so
 * what carries it when a server starts was left by one that was killed.
 */
export const OWNER_VARIABLE = "LOCAL_CLOUD_OWNER";

/** A process to start. */
export interface ProcessRequest {
  command: string;
  arguments: readonly string[];
  /** The whole environment but the mark of its owner: nothing of this process's own is added. */
  environment: Readonly<Record<string, string>>;
  workingDirectory: string;
  /** Called with each line of standard output and standard error, in the order of their arrival. */
  onLine?: (line: string) => void;
}

/** How a process ended. `error` is set when it could not be started at all. */
export interface ProcessExit {
  code: number | null;
  signal: NodeJS.Signals | null;
  error?: Error;
}

/** How long a process may take to end by itself after SIGTERM, in milliseconds. */
const GRACE_MS = 2_000;

/** A child in a process group of its own, so that what it starts ends with it. */
export class OwnedProcess {
  /** Settles when the process has ended and all of its output was read; never rejects. */
  readonly exited: Promise<ProcessExit>;
  private ended = false;

  constructor(private readonly child: ChildProcess) {
    this.exited = new Promise<ProcessExit>((resolve) => {
      child.once("error", (error) => resolve({ code: null, signal: null, error }));
      child.once("close", (code, signal) => resolve({ code, signal }));
    });
    for (const event of ["error", "exit"]) child.once(event, () => (this.ended = true));
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  /** False from its end on, though what it wrote may still be read. */
  get running(): boolean {
    return !this.ended;
  }

  /** Ends the whole group: SIGTERM, then SIGKILL after the grace period. */
  async stop(graceMs = GRACE_MS): Promise<void> {
    this.signal("SIGTERM");
    const timer = setTimeout(() => this.signal("SIGKILL"), graceMs);
    await this.exited;
    clearTimeout(timer);
    // Grandchildren may outlive the leader.
    this.signal("SIGKILL");
  }

  private signal(signal: NodeJS.Signals): void {
    if (this.child.pid === undefined) return;
    try {
      process.kill(-this.child.pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
}

/** Every process that this server has started and that still runs. */
export class ProcessTable {
  private readonly running = new Set<OwnedProcess>();
  private closed = false;

  /** @param owner the server's state directory */
  constructor(private readonly owner: string) {}

  /**
   * Starts a process in its own group.
   *
   * @throws Error when the server is shutting down
   */
  start(request: ProcessRequest): OwnedProcess {
    if (this.closed) throw new Error(`the local server is shutting down: ${request.command} is not started`);
    const child = spawn(request.command, [...request.arguments], {
      cwd: request.workingDirectory,
      env: { ...request.environment, [OWNER_VARIABLE]: this.owner },
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const { onLine = () => undefined } = request;
    for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on("line", onLine);
    const owned = new OwnedProcess(child);
    this.running.add(owned);
    void owned.exited.then(() => this.running.delete(owned));
    return owned;
  }

  /** Ends everything that runs, and starts nothing more. */
  async close(): Promise<void> {
    this.closed = true;
    await Promise.all([...this.running].map((owned) => owned.stop()));
  }
}
