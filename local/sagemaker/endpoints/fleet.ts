import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { DataCaptureConfig } from "@aws-sdk/client-sagemaker";
import { messageOf } from "../../server/errors";
import type { Wire } from "../../server/json-service";
import { LogStream } from "../../server/log-stream";
import { randomId } from "../arns";
import { localiseValues } from "../opt-ml";
import type { SageMakerContext } from "../state";
import { DataCapture } from "./data-capture";
import { placeModelData } from "./model-data";
import { ModelServer, type ModelServerPlan } from "./model-server";
import type { ServedContainer } from "./models";

/** What one variant of a fleet serves, and on how many instances. */
export interface VariantPlan {
  variantName: string;
  weight: number;
  instanceCount: number;
  startupSeconds: number;
  container: ServedContainer;
}

/** What a fleet consists of. It holds all that is needed to start it again. */
export interface FleetPlan {
  endpointName: string;
  configName: string;
  variants: VariantPlan[];
  /** Absent when nothing is captured. */
  capture?: Wire<DataCaptureConfig>;
}

/** A variant and a server chosen for a request. */
export interface Target {
  fleet: Fleet;
  variantName: string;
  /** Instances of the variant that run. */
  instanceCount: number;
  /** Undefined when no instance of the variant runs. */
  server?: ModelServer;
}

const MODEL_SERVER = join(__dirname, "..", "..", "containers", "serve.py");
/** The wait before a server that died is started again, in milliseconds. */
const RESTART_MS = 500;

interface Variant {
  plan: VariantPlan;
  serverPlan: ModelServerPlan;
  servers: ModelServer[];
}

/** The running instances of one endpoint config: one model server process each. */
export class Fleet {
  /** Aborted once no server may be started any more. */
  private readonly ended: AbortSignal;
  /** Undefined when nothing is captured. */
  readonly capture: DataCapture | undefined;
  private readonly variants: Variant[] = [];
  private readonly stopping = new AbortController();

  private constructor(
    private readonly context: SageMakerContext,
    readonly plan: FleetPlan,
    /** Holds the data and code of its models. */
    readonly folder: string,
    ending: AbortSignal,
  ) {
    this.ended = AbortSignal.any([ending, this.stopping.signal]);
    const { captureIntervalSeconds } = context.server.settings;
    const options = { endpointName: plan.endpointName, intervalMs: captureIntervalSeconds * 1000 };
    this.capture = plan.capture && new DataCapture(context.clients.s3, plan.capture, options);
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
      await allSettled(plan.variants.map((variant) => fleet.startVariant(variant)));
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
    return this.variants.flatMap(({ plan, servers }) =>
      servers.flatMap(({ process }) =>
        process.pid === undefined ? [] : [{ variantName: plan.variantName, pid: process.pid }],
      ),
    );
  }

  /**
   * Chooses the least busy instance of a variant, itself chosen by weight unless it is named.
   *
   * @param random in [0, 1)
   * @returns undefined when there is no such variant
   */
  pick(variantName: string | undefined, random: number): Target | undefined {
    const variant = variantName === undefined ? this.byWeight(random) : this.named(variantName);
    if (!variant) return undefined;
    const [first, ...others] = variant.servers.filter(({ reachable }) => reachable);
    const server = first && others.reduce((best, next) => (next.load < best.load ? next : best), first);
    const routed = { fleet: this, variantName: variant.plan.variantName, instanceCount: variant.servers.length };
    return server ? { ...routed, server } : routed;
  }

  /** Lets requests under way end, then ends every instance, and writes what was captured. */
  async stop(drainMs?: number): Promise<void> {
    this.stopping.abort();
    const servers = this.variants.flatMap((variant) => variant.servers.splice(0));
    await Promise.all(servers.map((server) => server.stop(drainMs)));
    await this.capture?.close();
    await rm(this.folder, { recursive: true, force: true });
  }

  private named(name: string): Variant | undefined {
    return this.variants.find(({ plan }) => plan.variantName === name);
  }

  private byWeight(random: number): Variant | undefined {
    const total = this.variants.reduce((sum, { plan }) => sum + plan.weight, 0);
    let rest = random * total;
    for (const variant of this.variants) {
      rest -= variant.plan.weight;
      if (rest < 0) return variant;
    }
    return this.variants.at(-1);
  }

  private async startVariant(plan: VariantPlan): Promise<void> {
    const folder = join(this.folder, plan.variantName);
    const model = join(folder, "model");
    const temporary = join(folder, "tmp");
    try {
      await mkdir(temporary, { recursive: true });
      await placeModelData(this.context.clients, plan.container, model);
      const { server } = this.context;
      const variant: Variant = {
        plan,
        servers: [],
        serverPlan: {
          command: [server.settings.python, MODEL_SERVER, "--port", "0", "--model-dir", model],
          environment: {
            ...server.childEnvironment(),
            // What it unpacks goes when the fleet goes, however it ends.
            TMPDIR: temporary,
            ...localiseValues(plan.container.environment, folder),
          },
          workingDirectory: folder,
          startupSeconds: plan.startupSeconds,
        },
      };
      this.variants.push(variant);
      const indexes = Array.from({ length: plan.instanceCount }, (_, index) => index);
      await allSettled(indexes.map((index) => this.startServer(variant, index)));
    } catch (error) {
      throw new Error(
        `The primary container for production variant ${plan.variantName} did not pass the ping health check: ` +
          `${messageOf(error)}. Please check CloudWatch logs for this endpoint.`,
        { cause: error },
      );
    }
  }

  private async startServer(variant: Variant, index: number): Promise<void> {
    const group = `/aws/sagemaker/Endpoints/${this.plan.endpointName}`;
    const stream = `${variant.plan.variantName}/${this.configName}-${index + 1}`;
    const log = new LogStream(this.context.clients.logs, group, stream);
    const server = await ModelServer.start(this.context.server, variant.serverPlan, log, this.ended);
    if (this.ended.aborted) return server.stop();
    variant.servers.push(server);
    void server.process.exited.then(() => this.replace(variant, index, server, log));
  }

  /** Starts a server that died by itself again, until one is healthy or the fleet is stopped. */
  private async replace(variant: Variant, index: number, dead: ModelServer, log: LogStream): Promise<void> {
    await log.close();
    if (this.ended.aborted) return;
    variant.servers.splice(variant.servers.indexOf(dead), 1);
    console.error(
      `endpoint ${this.plan.endpointName}: a model server of ${variant.plan.variantName} ended; restarting`,
    );
    while (!this.ended.aborted) {
      await new Promise((resolve) => setTimeout(resolve, RESTART_MS));
      if (this.ended.aborted) return;
      try {
        return await this.startServer(variant, index);
      } catch (error) {
        if (this.ended.aborted) return;
        console.error(`endpoint ${this.plan.endpointName}: ${messageOf(error)}`);
      }
    }
  }
}

/** Waits for all, then throws the first error: nothing is left running behind it. */
async function allSettled(work: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(work)).find((result) => result.status === "rejected");
  if (failed) throw failed.reason;
}
