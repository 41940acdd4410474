import { rm } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "../../server/errors";
import { randomId } from "../arns";
import { actingAs, type Acting } from "../acting";
import type { SageMakerContext } from "../state";
import { DataCapture } from "./data-capture";
import type { FleetPlan, VariantPlan } from "./fleet-plan";
import type { ModelServer } from "./model-server";
import { InsufficientCapacityError } from "./instance-pool";
import { placeServed, servingPlan } from "./serving";
import { allSettled, RunningVariant } from "./variant";

/** A variant and a server chosen for a request. */
export interface Target {
  fleet: Fleet;
  variantName: string;
  /** Instances of the variant that run. */
  instanceCount: number;
  /** Requests that the variant takes at once; undefined where it has no such limit. */
  maxConcurrency?: number;
  /** Undefined when no instance of the variant runs. */
  server?: ModelServer;
}

/** What serves one endpoint config: its variants, and the capture of what they answer. */
export class Fleet {
  /** Undefined when nothing is captured. */
  readonly capture: DataCapture | undefined;
  private readonly variants = new Map<string, RunningVariant>();
  /** What it does in the names of its models' roles. */
  private readonly acting: Acting[] = [];
  private readonly stopping = new AbortController();
  /** Aborted once no server may be started any more. */
  private readonly ended: AbortSignal;

  private constructor(
    private readonly context: SageMakerContext,
    public plan: FleetPlan,
    /** Holds the data and code of its models. */
    readonly folder: string,
    ending: AbortSignal,
  ) {
    this.ended = AbortSignal.any([ending, this.stopping.signal]);
    const { captureIntervalSeconds } = context.server.settings;
    const options = { endpointName: plan.endpointName, intervalMs: captureIntervalSeconds * 1000 };
    const capturing = actingAs(context, plan.variants[0]?.container.roleArn, plan.endpointName);
    this.acting.push(capturing);
    this.capture = plan.capture && new DataCapture(capturing.context.clients.s3, plan.capture, options);
  }

  /**
   * Starts every instance and waits until all are healthy; if one is not, none is left.
   *
   * @param ending gives it up while it starts, and keeps it from replacing servers
   * @throws Error that names the variant and the reason
   */
  static async start(context: SageMakerContext, plan: FleetPlan, ending: AbortSignal): Promise<Fleet> {
    const folder = join(context.folder, "endpoints", plan.endpointName, randomId(8));
    const fleet = new Fleet(context, plan, folder, ending);
    try {
      await allSettled([...plan.variants, ...plan.shadows].map((variant) => fleet.startVariant(variant)));
      return fleet;
    } catch (error) {
      await fleet.stop();
      throw error;
    }
  }

  get configName(): string {
    return this.plan.configName;
  }

  /** The processes that serve. */
  instances(): { variantName: string; pid: number }[] {
    return [...this.variants].flatMap(([variantName, { pids }]) => pids.map((pid) => ({ variantName, pid })));
  }

  /**
   * Chooses a variant by weight unless it is named, and one of its instances.
   *
   * @returns undefined when there is no such variant
   */
  pick(variantName?: string): Target | undefined {
    const { variants } = this.plan;
    const variant =
      variantName === undefined
        ? byWeight(variants, Math.random())
        : variants.find((candidate) => candidate.variantName === variantName);
    return variant && this.target(variant);
  }

  /** Where copies of a request go that a variant answers. A shadow gets the share that its weight is of the variant's. */
  shadows(variantName: string): Target[] {
    const weight = this.plan.variants.find((variant) => variant.variantName === variantName)?.weight ?? 1;
    return this.plan.shadows
      .filter((shadow) => Math.random() * weight < shadow.weight)
      .flatMap((shadow) => this.target(shadow) ?? []);
  }

  /**
   * Gives variants the weights, and as many instances, as another plan for the same config says.
   *
   * @throws Error that names the variant and the reason when an instance does not start; what was before is then again
   */
  async rescale(plan: FleetPlan): Promise<void> {
    const before = this.plan;
    this.plan = plan;
    try {
      await this.scaleAll(plan);
    } catch (error) {
      this.plan = before;
      await this.scaleAll(before);
      throw error;
    }
  }

  /** Lets requests under way end, then ends every instance, and writes what was captured. */
  async stop(drainMs?: number): Promise<void> {
    this.stopping.abort();
    await Promise.all([...this.variants.values()].map((variant) => variant.stop(drainMs)));
    await this.capture?.close();
    for (const each of this.acting) each.end();
    await rm(this.folder, { recursive: true, force: true });
  }

  private target({ variantName, serverless }: VariantPlan): Target | undefined {
    const running = this.variants.get(variantName);
    if (!running) return undefined;
    const server = running.pick(Math.random());
    const routed = {
      fleet: this,
      variantName,
      instanceCount: running.instanceCount,
      ...(serverless ? { maxConcurrency: serverless.MaxConcurrency } : {}),
    };
    return server ? { ...routed, server } : routed;
  }

  private scaleAll(plan: FleetPlan): Promise<void> {
    return allSettled(
      [...plan.variants, ...plan.shadows].map(async (variant) => {
        try {
          await this.variants.get(variant.variantName)?.scale(variant);
        } catch (error) {
          throw unhealthy(variant, error);
        }
      }),
    );
  }

  private async startVariant(plan: VariantPlan): Promise<void> {
    const folder = join(this.folder, plan.variantName);
    const serving = { container: plan.container, folder, startupSeconds: plan.startupSeconds };
    const logs = {
      group: `/aws/sagemaker/Endpoints/${this.plan.endpointName}`,
      streamPrefix: `${plan.variantName}/${this.configName}`,
    };
    const acting = actingAs(this.context, plan.container.roleArn, this.plan.endpointName);
    this.acting.push(acting);
    const { context } = acting;
    const variant = new RunningVariant(context, plan, servingPlan(context, serving), logs, this.ended);
    this.variants.set(plan.variantName, variant);
    try {
      await acting.prepare(plan.container.image);
      await placeServed(context, serving);
      await variant.scale(plan);
    } catch (error) {
      throw unhealthy(plan, error);
    }
  }
}

function unhealthy({ variantName }: VariantPlan, error: unknown): Error {
  if (error instanceof InsufficientCapacityError) return error;
  return new Error(
    `The primary container for production variant ${variantName} did not pass the ping health check: ` +
      `${messageOf(error)}. Please check CloudWatch logs for this endpoint.`,
    { cause: error },
  );
}

/** @param random in [0, 1) */
function byWeight(variants: readonly VariantPlan[], random: number): VariantPlan | undefined {
  const weighed = variants.filter(({ weight }) => weight > 0);
  let rest = random * weighed.reduce((sum, { weight }) => sum + weight, 0);
  for (const variant of weighed) {
    rest -= variant.weight;
    if (rest < 0) return variant;
  }
  return weighed.at(-1) ?? variants.at(0);
}
