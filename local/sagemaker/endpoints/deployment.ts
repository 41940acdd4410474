import type { DataCaptureConfig, DeploymentConfig } from "@aws-sdk/client-sagemaker";
import { setTimeout as delay } from "node:timers/promises";
import { arnIn } from "../../iam/arns";
import { messageOf } from "../../server/errors";
import { AwsError } from "../../server/json-service";
import type { Wire } from "../../server/json-service";
import type { SageMakerContext } from "../state";
import { now } from "../time";
import { atStep, instancesOf, rollbackAlarms, stepsOf, timeoutSeconds } from "./deployment-config";
import type { EndpointConfig } from "./configs";
import { Fleet } from "./fleet";
import type { FleetPlan } from "./fleet-plan";
import { alarmStates } from "./rollback-alarms";
import { rollOut, type RolloutStage } from "./rollout";
import type { Traffic } from "./traffic";

/** A deployment that is under way, as it is kept: all that going on with it takes. */
export interface PendingDeployment {
  /** The fleet that it brings. */
  plan: FleetPlan;
  config?: Wire<DeploymentConfig>;
  /** As the endpoint config has it, though nothing be captured. */
  capture?: Wire<DataCaptureConfig>;
  /** Epoch seconds. */
  startedAt: number;
  /** The step that it is in. */
  step: number;
}

/** @param startedAt epoch seconds */
export function pendingDeployment(
  plan: FleetPlan,
  { DataCaptureConfig: capture }: EndpointConfig,
  config: Wire<DeploymentConfig> | undefined,
  startedAt: number,
): PendingDeployment {
  return { plan, startedAt, step: 0, ...(config ? { config } : {}), ...(capture ? { capture } : {}) };
}

/** Brings a new fleet into an endpoint's traffic, beside the one that serves, if any does, and then in its place. */
export class Deployment {
  private green: Fleet | undefined;
  private starting: Promise<Fleet> | undefined;
  private readonly givenUp = new AbortController();
  /** What served before. */
  readonly blue: Fleet | undefined;

  /**
   * @param ending aborted when the server ends: the deployment is gone on with by the next one
   * @param report keeps the stage and tells of it
   */
  constructor(
    private readonly context: SageMakerContext,
    private readonly pending: PendingDeployment,
    private readonly traffic: Traffic,
    private readonly ending: AbortSignal,
    private readonly report: (stage: RolloutStage) => void,
  ) {
    this.blue = traffic.fleets[0];
  }

  /** What is wrong by the alarms, which SageMaker looks at in the name of the model's role. */
  private async watched(alarms: readonly string[]): Promise<string | undefined> {
    const { context, pending } = this;
    const { access, settings } = context.server;
    const roleArn = pending.plan.variants[0]?.container.roleArn;
    if (alarms.length > 0 && roleArn !== undefined) {
      const resources = alarms.map((name) => arnIn(settings, "cloudwatch", `alarm:${name}`));
      try {
        const demands = [{ action: "cloudwatch:DescribeAlarms", resources }];
        await access.require({ roleArn, session: pending.plan.endpointName }, () => demands);
      } catch (error) {
        if (error instanceof AwsError) return `The deployment's alarms can't be looked at: ${error.message}`;
        throw error;
      }
    }
    return troubleOf(context, alarms);
  }

  /**
   * Settles once the new fleet serves everything, and has done so for as long as it has to.
   *
   * @throws Error with the reason why it can't be; the requests are still divided as they were then
   */
  run(): Promise<void> {
    const { pending, blue } = this;
    const steps = stepsOf(pending.config, instancesOf(pending.plan));
    const alarms = rollbackAlarms(pending.config);
    return rollOut(steps, pending.step, pending.startedAt + timeoutSeconds(pending.config), {
      provide: (index) => this.provide(atStep(pending.plan, steps[index] ?? { share: 1 })),
      route: (share) => {
        if (!this.green) return;
        const rest = blue ? [{ fleet: blue, share: 1 - share }] : [];
        this.traffic.set([{ fleet: this.green, share }, ...rest]);
      },
      report: this.report,
      trouble: () => this.watched(alarms),
      now,
      sleep: async (seconds) => {
        await delay(seconds * 1000, undefined, { signal: this.ending, ref: false });
      },
    });
  }

  /** Ends the new fleet, which must have no share of the traffic any more. Nothing of it is left. */
  async stop(drainMs?: number): Promise<void> {
    this.givenUp.abort();
    await this.starting?.catch(() => undefined);
    await this.green?.stop(drainMs);
  }

  private async provide(plan: FleetPlan): Promise<void> {
    if (this.green) return this.green.rescale(plan);
    this.starting = Fleet.start(this.context, plan, AbortSignal.any([this.ending, this.givenUp.signal]));
    this.green = await this.starting;
  }
}

/** A deployment that can't be watched is in trouble as well, but not because CloudWatch is slow for once. */
async function troubleOf({ clients }: SageMakerContext, alarms: readonly string[]): Promise<string | undefined> {
  let states;
  try {
    states = await alarmStates(clients.cloudwatch, alarms);
  } catch (error) {
    console.error(`the alarms ${alarms.join(", ")} can't be looked at: ${messageOf(error)}`);
    return undefined;
  }
  const { missing, tripped } = states;
  if (missing.length > 0)
    return `The CloudWatch alarm(s) ${missing.join(", ")} of the deployment do not exist any more.`;
  if (tripped.length === 0) return undefined;
  const reasons = tripped.map(({ name, reason }) => `${name} (${reason})`);
  return `The CloudWatch alarm(s) of the deployment tripped: ${reasons.join("; ")}.`;
}
