import {
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  PutLogEventsCommand,
  ResourceAlreadyExistsException,
  type CloudWatchLogsClient,
} from "@aws-sdk/client-cloudwatch-logs";
import { messageOf } from "./errors";

/** How long lines may wait before they are sent, in milliseconds. */
const FLUSH_MS = 200;
/** CloudWatch Logs' limits for one request. */
const MAX_EVENTS = 10_000;
const MAX_BYTES = 1_000_000;
const EVENT_OVERHEAD_BYTES = 26;
const MAX_LINE_BYTES = 250_000;

interface LogEvent {
  timestamp: number;
  message: string;
}

/** Carries a process's lines to a stream of CloudWatch Logs while it runs. */
export class LogStream {
  private readonly waiting: LogEvent[] = [];
  private timer: NodeJS.Timeout | undefined;
  private sending: Promise<void> = Promise.resolve();
  private created = false;

  constructor(
    private readonly client: CloudWatchLogsClient,
    readonly group: string,
    readonly stream: string,
    /** Whether the group is made, too, where there is none. */
    private readonly makesGroup = true,
  ) {}

  write(line: string): void {
    if (line === "") return;
    this.waiting.push({ timestamp: Date.now(), message: line.slice(0, MAX_LINE_BYTES) });
    this.timer ??= setTimeout(() => this.flush(), FLUSH_MS);
  }

  /** Sends what is left. Never rejects: lines that can't be stored are reported, and the job goes on. */
  async close(): Promise<void> {
    this.flush();
    await this.sending;
  }

  private flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.sending = this.sending
      .then(() => this.send())
      .catch((error: unknown) => {
        console.error(`log ${this.group}/${this.stream}: ${messageOf(error)}`);
      });
  }

  private async send(): Promise<void> {
    if (!this.created) await this.create();
    while (this.waiting.length > 0) {
      const logEvents = this.takeBatch();
      await this.client.send(
        new PutLogEventsCommand({ logGroupName: this.group, logStreamName: this.stream, logEvents }),
      );
    }
  }

  private takeBatch(): LogEvent[] {
    let bytes = 0;
    let count = 0;
    for (const event of this.waiting.slice(0, MAX_EVENTS)) {
      bytes += Buffer.byteLength(event.message) + EVENT_OVERHEAD_BYTES;
      if (bytes > MAX_BYTES && count > 0) break;
      count++;
    }
    return this.waiting.splice(0, count);
  }

  private async create(): Promise<void> {
    if (this.makesGroup) {
      await unlessExists(this.client.send(new CreateLogGroupCommand({ logGroupName: this.group })));
    }
    await unlessExists(
      this.client.send(new CreateLogStreamCommand({ logGroupName: this.group, logStreamName: this.stream })),
    );
    this.created = true;
  }
}

async function unlessExists(made: Promise<unknown>): Promise<void> {
  try {
    await made;
  } catch (error) {
    if (!(error instanceof ResourceAlreadyExistsException)) throw error;
  }
}
