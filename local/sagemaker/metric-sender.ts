import {
  CloudWatchServiceException,
  PutMetricDataCommand,
  type CloudWatchClient,
  type MetricDatum,
  type StandardUnit,
} from "@aws-sdk/client-cloudwatch";
import { messageOf } from "../server/errors";

/** A metric's name, where it belongs and what its numbers are. */
export interface Metric {
  namespace: string;
  name: string;
  unit: StandardUnit;
  dimensions: Readonly<Record<string, string>>;
}

/** Equal values of a metric within one second. */
interface Series {
  metric: Metric;
  /** Epoch seconds. */
  second: number;
  /** How often each value was there. */
  counts: Map<number, number>;
}

/** Data of one namespace, ready to be sent. */
interface Batch {
  namespace: string;
  data: MetricDatum[];
}

/** How long data may wait, in milliseconds. */
const INTERVAL_MS = 1_000;
/** How long CloudWatch may take to answer, in milliseconds. */
const TIMEOUT_MS = 5_000;
/** CloudWatch's limits of a datum and of a request. */
const MAX_VALUES = 150;
const MAX_DATA = 1_000;
/** Requests that may wait for a CloudWatch that does not answer; beyond it the oldest are given up. */
const MAX_WAITING = 100;

/**
 * Sends metrics to CloudWatch in the background: values are collected by second, so that sums, counts, extremes and
 * percentiles are those of the single values, and a busy endpoint costs a few data a second.
 */
export class MetricSender {
  private series = new Map<string, Series>();
  private readonly waiting: Batch[] = [];
  private sending: Promise<void> = Promise.resolve();
  private timer: NodeJS.Timeout | undefined;
  private failing = false;
  private lost = 0;

  constructor(
    private readonly client: Pick<CloudWatchClient, "send">,
    private readonly intervalMs = INTERVAL_MS,
  ) {}

  /** Counts a value in, at the present time. */
  add(metric: Metric, value: number): void {
    const second = Math.floor(Date.now() / 1000);
    const key = `${second} ${metric.namespace} ${metric.name} ${Object.values(metric.dimensions).join("/")}`;
    let series = this.series.get(key);
    if (!series) this.series.set(key, (series = { metric, second, counts: new Map() }));
    series.counts.set(value, (series.counts.get(value) ?? 0) + 1);
    this.timer ??= setTimeout(() => void this.flush(), this.intervalMs);
  }

  /** Sends what is there. Never rejects: what can't be sent is tried again with the next data. */
  flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.waiting.push(...batches([...this.series.values()]));
    this.series = new Map();
    for (const given of this.waiting.splice(0, Math.max(0, this.waiting.length - MAX_WAITING))) {
      this.lost += given.data.length;
    }
    this.sending = this.sending.then(() => this.send());
    return this.sending;
  }

  /** Sends what is left; what can't be sent is lost. */
  async close(): Promise<void> {
    await this.flush();
    clearTimeout(this.timer);
    this.lost += this.waiting.reduce((sum, { data }) => sum + data.length, 0);
    if (this.lost > 0) console.error(`CloudWatch did not take ${this.lost} data of SageMaker's metrics: they are lost`);
  }

  private async send(): Promise<void> {
    for (let batch = this.waiting[0]; batch; batch = this.waiting[0]) {
      try {
        const command = new PutMetricDataCommand({ Namespace: batch.namespace, MetricData: batch.data });
        await this.client.send(command, { abortSignal: AbortSignal.timeout(TIMEOUT_MS) });
      } catch (error) {
        if (!this.failing) console.error(`CloudWatch does not take SageMaker's metrics: ${messageOf(error)}`);
        this.failing = true;
        // What CloudWatch refuses it would refuse for ever.
        if (error instanceof CloudWatchServiceException && error.$fault === "client" && !error.$retryable) {
          this.lost += batch.data.length;
          this.waiting.shift();
          continue;
        }
        this.timer ??= setTimeout(() => void this.flush(), this.intervalMs);
        return;
      }
      this.failing = false;
      // Meanwhile it may have been given up.
      if (this.waiting[0] === batch) this.waiting.shift();
    }
  }
}

function batches(all: readonly Series[]): Batch[] {
  const byNamespace = new Map<string, MetricDatum[]>();
  for (const series of all) {
    const { namespace } = series.metric;
    byNamespace.set(namespace, [...(byNamespace.get(namespace) ?? []), ...dataOf(series)]);
  }
  return [...byNamespace].flatMap(([namespace, data]) =>
    chunks(data, MAX_DATA).map((chunk) => ({ namespace, data: chunk })),
  );
}

function dataOf({ metric, second, counts }: Series): MetricDatum[] {
  return chunks([...counts], MAX_VALUES).map((chunk) => ({
    MetricName: metric.name,
    Dimensions: Object.entries(metric.dimensions).map(([Name, Value]) => ({ Name, Value })),
    Timestamp: new Date(second * 1000),
    Unit: metric.unit,
    Values: chunk.map(([value]) => value),
    Counts: chunk.map(([, count]) => count),
  }));
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}
