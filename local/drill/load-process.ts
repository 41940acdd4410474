// The process that makes a drill's load, as the drill sees it.
import { fork, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import { tools } from "../tools";
import type { LoadOrder, Sample } from "./load";

export class Load {
  readonly samples: Sample[] = [];
  private readonly ended: Promise<void>;

  private constructor(private readonly child: ChildProcess) {
    this.ended = new Promise((done) => child.once("exit", () => done()));
    child.on("message", (samples: Sample[]) => this.samples.push(...samples));
  }

  /** Starts to send requests, which goes on until it is stopped. */
  static start(order: LoadOrder): Load {
    const child = fork(join(__dirname, "load.ts"), [], {
      execPath: tools().node,
      execArgv: ["--disable-warning=ExperimentalWarning", "--import", "tsx"],
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    child.send(order);
    return new Load(child);
  }

  /** Requests that were sent from one time up to another, in epoch milliseconds. */
  between(from: number, to: number): Sample[] {
    return this.samples.filter(({ sentAt }) => sentAt >= from && sentAt < to);
  }

  /** Waits for the requests under way, and ends the process. */
  async stop(): Promise<void> {
    if (this.child.connected) this.child.send("stop");
    await this.ended;
  }
}
