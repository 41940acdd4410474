import { statfs } from "node:fs/promises";
import type { Fleet } from "./fleet";
import { InstanceUsage } from "./instance-usage";
import type { MetricSender } from "../metric-sender";

/** What one invocation was to the variant that it was routed to. */
export interface InvocationOutcome {
  /** HTTP status that the variant answered for; 503 where no instance of it runs. */
  status: number;
  /** Of the variant, when it was routed. */
  instanceCount: number;
  /** How long the container took, as SageMaker sees it, in microseconds; undefined where none was asked. */
  modelMicroseconds?: number;
  /** What SageMaker itself added, in microseconds. */
  overheadMicroseconds: number;
  /** Requests that the instance had under way with this one; undefined where there is none. */
  concurrentRequests?: number;
}

const INVOCATIONS = "AWS/SageMaker";
const INSTANCES = "/aws/sagemaker/Endpoints";
/** How often instances are measured, in milliseconds; on AWS it is every minute. */
const USAGE_INTERVAL_MS = 10_000;

/**
 * The metrics that SageMaker sends of endpoints: those of invocations by endpoint and variant, and once more with the
 * endpoint config, which tells the fleets of an update apart; those of instances by endpoint and variant.
 */
export class EndpointMetrics {
  private readonly usage = new InstanceUsage();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly sender: MetricSender) {}

  invocation(fleet: Fleet, variantName: string, outcome: InvocationOutcome): void {
    const { status, instanceCount, modelMicroseconds, overheadMicroseconds, concurrentRequests } = outcome;
    const asked = modelMicroseconds !== undefined;
    this.count(fleet, variantName, "Invocations", 1);
    this.count(fleet, variantName, "InvocationsPerInstance", 1 / Math.max(1, instanceCount));
    this.count(fleet, variantName, "Invocation4XXErrors", status >= 400 && status < 500 ? 1 : 0);
    this.count(fleet, variantName, "Invocation5XXErrors", status >= 500 ? 1 : 0);
    this.count(fleet, variantName, "InvocationModelErrors", asked && (status < 200 || status > 299) ? 1 : 0);
    this.add(fleet, variantName, "OverheadLatency", overheadMicroseconds);
    if (asked) this.add(fleet, variantName, "ModelLatency", modelMicroseconds);
    if (concurrentRequests !== undefined) {
      this.count(fleet, variantName, "ConcurrentRequestsPerModel", concurrentRequests);
    }
  }

  /** Measures the instances of the fleets from now on. */
  watch(fleets: () => Iterable<Fleet>): void {
    this.timer = setInterval(() => void this.measure([...fleets()]), USAGE_INTERVAL_MS).unref();
  }

  /** Sends what is left. */
  async close(): Promise<void> {
    clearInterval(this.timer);
    await this.sender.close();
  }

  private async measure(fleets: readonly Fleet[]): Promise<void> {
    for (const fleet of fleets) {
      const disk = await diskPercent(fleet.folder);
      for (const { variantName, pid } of fleet.instances()) {
        const { cpuPercent, memoryPercent } = this.usage.measure(pid);
        this.instance(fleet, variantName, "CPUUtilization", cpuPercent);
        this.instance(fleet, variantName, "MemoryUtilization", memoryPercent);
        this.instance(fleet, variantName, "DiskUtilization", disk);
      }
    }
    this.usage.forgetEnded();
  }

  private instance(fleet: Fleet, VariantName: string, name: string, percent: number | undefined): void {
    if (percent === undefined) return;
    const dimensions = { EndpointName: fleet.plan.endpointName, VariantName };
    this.sender.add({ namespace: INSTANCES, name, unit: "Percent", dimensions }, percent);
  }

  private count(fleet: Fleet, variantName: string, name: string, value: number): void {
    this.send(fleet, variantName, name, "None", value);
  }

  private add(fleet: Fleet, variantName: string, name: string, microseconds: number): void {
    // Three digits are more than the clock is good for, and let equal values be sent as one.
    this.send(fleet, variantName, name, "Microseconds", Number(microseconds.toPrecision(3)));
  }

  private send(fleet: Fleet, VariantName: string, name: string, unit: "None" | "Microseconds", value: number): void {
    const dimensions = { EndpointName: fleet.plan.endpointName, VariantName };
    this.sender.add({ namespace: INVOCATIONS, name, unit, dimensions }, value);
    const ofConfig = { ...dimensions, EndpointConfigName: fleet.plan.configName };
    this.sender.add({ namespace: INVOCATIONS, name, unit, dimensions: ofConfig }, value);
  }
}

async function diskPercent(folder: string): Promise<number | undefined> {
  const disk = await statfs(folder).catch(() => undefined);
  return disk && disk.blocks > 0 ? (100 * (disk.blocks - disk.bfree)) / disk.blocks : undefined;
}
