import { messageOf } from "../../server/errors";
import { LogStream } from "../../server/log-stream";
import type { SageMakerContext } from "../state";
import type { VariantPlan } from "./fleet-plan";
import { ModelServer, type ModelServerPlan } from "./model-server";

/** The wait before a server that died is started again, in milliseconds. */
const RESTART_MS = 500;

/** The running instances of one variant: one model server process each. */
export class RunningVariant {
  private readonly servers: ModelServer[] = [];
  private readonly starting = new Set<Promise<void>>();
  private instances = 0;

  /**
   * @param plan what is wanted of it: how many instances, among other things
   * @param logs the log group, and what the names of its streams begin with
   * @param ended aborted once no server may be started any more
   */
  constructor(
    private readonly context: SageMakerContext,
    public plan: VariantPlan,
    private readonly serverPlan: ModelServerPlan,
    private readonly logs: { group: string; streamPrefix: string },
    private readonly ended: AbortSignal,
  ) {}

  /** Instances that run. */
  get instanceCount(): number {
    return this.servers.length;
  }

  /** The processes of its instances. */
  get pids(): number[] {
    return this.servers.flatMap(({ process }) => process.pid ?? []);
  }

  /**
   * Chooses an instance that can be reached: at random, or the one with the fewest requests under way.
   *
   * @param random in [0, 1)
   * @returns undefined when there is none
   */
  pick(random: number): ModelServer | undefined {
    const reachable = this.servers.filter((server) => server.reachable);
    if (this.plan.routing !== "LEAST_OUTSTANDING_REQUESTS") return reachable[Math.floor(random * reachable.length)];
    const [first, ...others] = reachable;
    return first && others.reduce((best, next) => (next.load < best.load ? next : best), first);
  }

  /**
   * Starts or ends instances until there are as many as the plan wants.
   *
   * @throws Error with the reason when one does not start; those that did stay
   */
  async scale(plan: VariantPlan): Promise<void> {
    this.plan = plan;
    const surplus = this.servers.splice(plan.instanceCount);
    const given = this.take(plan.instanceCount - this.servers.length);
    await allSettled([
      ...surplus.map((server) => server.stop()),
      ...given.map((giveBack) => this.startServer(giveBack)),
    ]);
  }

  /** Lets requests under way end, then ends every instance, and waits for those that were being started. */
  async stop(drainMs?: number): Promise<void> {
    await Promise.all(this.servers.splice(0).map((server) => server.stop(drainMs)));
    await Promise.allSettled(this.starting);
  }

  /** Instances that are to be started; what gives each back. A serverless variant has as many as it likes. */
  private take(count: number): (() => void)[] {
    return this.context.instances.take(this.plan.instanceType ?? "serverless", Math.max(0, count));
  }

  /** @param giveBack called once the instance is not needed any more */
  private startServer(giveBack: () => void): Promise<void> {
    const started = this.start(giveBack).finally(() => this.starting.delete(started));
    this.starting.add(started);
    return started;
  }

  private async start(giveBack: () => void): Promise<void> {
    const { group, streamPrefix } = this.logs;
    const log = new LogStream(this.context.clients.logs, group, `${streamPrefix}-${++this.instances}`);
    let server: ModelServer;
    try {
      server = await ModelServer.start(this.context.server, this.serverPlan, log, this.ended);
    } catch (error) {
      giveBack();
      throw error;
    }
    void server.process.exited.then(() => {
      giveBack();
      return log.close();
    });
    // Meanwhile the fleet may have been ended, or fewer be wanted.
    if (this.ended.aborted || this.servers.length >= this.plan.instanceCount) return server.stop();
    this.servers.push(server);
    void server.process.exited.then(() => this.replace(server));
  }

  /** Starts another server for one that died by itself, until one is healthy or the fleet is ended. */
  private async replace(dead: ModelServer): Promise<void> {
    const index = this.servers.indexOf(dead);
    // It was stopped, and not by itself.
    if (index < 0 || this.ended.aborted) return;
    this.servers.splice(index, 1);
    console.error(`${this.logs.group}: a model server of ${this.plan.variantName} ended; another one is started`);
    while (!this.ended.aborted && this.servers.length < this.plan.instanceCount) {
      await new Promise((resolve) => setTimeout(resolve, RESTART_MS));
      if (this.ended.aborted) return;
      try {
        const [giveBack = () => undefined] = this.take(1);
        return await this.startServer(giveBack);
      } catch (error) {
        if (!this.ended.aborted) console.error(`${this.logs.group}: ${messageOf(error)}`);
      }
    }
  }
}

/** Waits for all, then throws the first error: nothing is left running behind it. */
export async function allSettled(work: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(work)).find((result) => result.status === "rejected");
  if (failed) throw failed.reason;
}
