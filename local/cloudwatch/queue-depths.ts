import { GetQueueAttributesCommand, ListQueuesCommand, type SQSClient } from "@aws-sdk/client-sqs";
import { messageOf } from "../server/errors";
import type { MetricStore, Put } from "./metric-store";

/** SQS's metrics of a queue's depth, by the attribute that says it. */
const DEPTHS = {
  ApproximateNumberOfMessagesVisible: "ApproximateNumberOfMessages",
  ApproximateNumberOfMessagesNotVisible: "ApproximateNumberOfMessagesNotVisible",
  ApproximateNumberOfMessagesDelayed: "ApproximateNumberOfMessagesDelayed",
} as const;

/** SQS measures every minute; more often here, so that a queue's alarm is seen within seconds. */
const INTERVAL_MILLISECONDS = 2_000;

/** Measures every queue, as SQS does for CloudWatch by itself. */
export class QueueDepths {
  private timer: NodeJS.Timeout | undefined;
  private measuring: Promise<void> = Promise.resolve();
  private lastFailure: string | undefined;

  /** @param now epoch seconds */
  constructor(
    private readonly sqs: SQSClient,
    private readonly store: MetricStore,
    private readonly now: () => number,
  ) {}

  start(): void {
    this.timer = setTimeout(() => {
      this.measuring = this.measure().finally(() => this.timer && this.start());
    }, INTERVAL_MILLISECONDS).unref();
  }

  async close(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    await this.measuring;
  }

  private async measure(): Promise<void> {
    try {
      const urls: string[] = [];
      let NextToken: string | undefined;
      do {
        const answer = await this.sqs.send(new ListQueuesCommand({ MaxResults: 1000, NextToken }));
        urls.push(...(answer.QueueUrls ?? []));
        NextToken = answer.NextToken;
      } while (NextToken);
      this.store.put((await Promise.all(urls.map((url) => this.depthsOf(url)))).flat());
      this.lastFailure = undefined;
    } catch (error) {
      // Told once, not every two seconds: the emulator starts after this server, and ends before it.
      const failure = messageOf(error);
      if (failure !== this.lastFailure) console.error(`queues can't be measured: ${failure}`);
      this.lastFailure = failure;
    }
  }

  private async depthsOf(url: string): Promise<Put[]> {
    const AttributeNames = Object.values(DEPTHS);
    const { Attributes = {} } = await this.sqs.send(new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames }));
    const QueueName = url.slice(url.lastIndexOf("/") + 1);
    return Object.entries(DEPTHS).map(([name, attribute]) => {
      const value = Number(Attributes[attribute] ?? 0);
      return {
        metric: { namespace: "AWS/SQS", name, dimensions: { QueueName } },
        unit: "Count",
        sample: { at: Math.floor(this.now()), count: 1, sum: value, minimum: value, maximum: value, value },
      };
    });
  }
}
