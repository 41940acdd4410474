// A function in a process of its own, as Lambda has it: one call at a time, killed like any process.
import { spawn, type ChildProcess } from "node:child_process";

const RUNNER = `
const { handler } = require(process.argv[1]);
process.on("message", async ({ event, milliseconds }) => {
  const until = Date.now() + milliseconds;
  const answer = await handler(event, { getRemainingTimeInMillis: () => until - Date.now() });
  process.send({ answer, maxRssKb: process.resourceUsage().maxRSS });
});
`;

interface Answered<Answer> {
  answer: Answer;
  /** Most memory that the process ever had. */
  maxRssKb: number;
}

/** V8's limits as Lambda's runtime sets them: a tenth of the memory for young objects, in two halves, the rest for old ones. */
export function lambdaFlags(memoryMib: number): string[] {
  const young = Math.floor(memoryMib / 10);
  return [`--max-semi-space-size=${Math.floor(young / 2)}`, `--max-old-space-size=${memoryMib - young}`];
}

export class FunctionProcess<Event, Answer> {
  private readonly child: ChildProcess;
  private readonly ended: Promise<void>;

  /**
   * @param bundle the function's built file
   * @param environment all of the process's variables
   */
  constructor(bundle: string, environment: NodeJS.ProcessEnv, flags: readonly string[] = []) {
    this.child = spawn(process.execPath, [...flags, "-e", RUNNER, bundle], {
      env: environment,
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    this.ended = new Promise((done) => this.child.once("exit", () => done()));
  }

  get alive(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Calls the function; undefined where its process ended before it answered. */
  async call(event: Event, milliseconds: number): Promise<Answered<Answer> | undefined> {
    if (!this.alive) return undefined;
    const answered = new Promise<Answered<Answer>>((done) =>
      this.child.once("message", (message) => done(message as Answered<Answer>)),
    );
    this.child.send({ event, milliseconds });
    return Promise.race([answered, this.ended.then(() => undefined)]);
  }

  /** Ends it where it is. */
  async kill(): Promise<void> {
    this.child.kill("SIGKILL");
    await this.ended;
  }
}
