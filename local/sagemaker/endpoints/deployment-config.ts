import type { CapacitySize, DeploymentConfig } from "@aws-sdk/client-sagemaker";
import type { AwsError, Wire } from "../../server/json-service";
import { invalid } from "../errors";
import type { FleetPlan } from "./fleet-plan";

/** A time in which a rollout is watched before it goes on. */
export interface Bake {
  seconds: number;
  /** The setting that it comes from. */
  setting: "WaitIntervalInSeconds" | "TerminationWaitInSeconds";
}

/** One step of a rollout: how much of the new fleet runs and gets requests, and how it is watched then. */
export interface RolloutStep {
  /** Of the endpoint's requests, and of the new fleet's instances: above 0, up to 1. */
  share: number;
  /** As status messages call it. */
  capacity: "canary" | "linear" | "full";
  bakes: readonly Bake[];
}

/** Without a limit of its own, a deployment may take as long as AWS allows at all, in seconds. */
const LONGEST_SECONDS = 28_800;

/**
 * The steps of a deployment.
 *
 * @param config all at once and without a bake where it is undefined
 * @param instances of the new fleet in all
 */
export function stepsOf(config: Wire<DeploymentConfig> | undefined, instances: number): RolloutStep[] {
  const policy = config?.BlueGreenUpdatePolicy;
  const routing = policy?.TrafficRoutingConfiguration;
  const wait = bake("WaitIntervalInSeconds", routing?.WaitIntervalInSeconds);
  const partial = partialShares(routing, instances);
  const capacity = routing?.Type === "LINEAR" ? "linear" : "canary";
  return [
    ...partial.map((share): RolloutStep => ({ share, capacity, bakes: wait })),
    {
      share: 1,
      capacity: "full",
      bakes: [...wait, ...bake("TerminationWaitInSeconds", policy?.TerminationWaitInSeconds)],
    },
  ];
}

/** How long a deployment may take, in seconds. */
export function timeoutSeconds(config: Wire<DeploymentConfig> | undefined): number {
  return config?.BlueGreenUpdatePolicy?.MaximumExecutionTimeoutInSeconds ?? LONGEST_SECONDS;
}

/** Names of the alarms that roll a deployment back. */
export function rollbackAlarms(config: Wire<DeploymentConfig> | undefined): string[] {
  return (config?.AutoRollbackConfiguration?.Alarms ?? []).flatMap(({ AlarmName }) => AlarmName ?? []);
}

/** Instances of a variant that run in a step: the whole ones within its share, and one at least. */
export function stepInstances({ share }: Pick<RolloutStep, "share">, instanceCount: number): number {
  // 1/3 of 3 must not become 0.
  return Math.min(instanceCount, Math.max(1, Math.floor(share * instanceCount + 1e-9)));
}

/** A fleet with as many instances as run in a step. */
export function atStep(plan: FleetPlan, step: Pick<RolloutStep, "share">): FleetPlan {
  const part = (variants: FleetPlan["variants"]): FleetPlan["variants"] =>
    variants.map((variant) => ({ ...variant, instanceCount: stepInstances(step, variant.instanceCount) }));
  return { ...plan, variants: part(plan.variants), shadows: part(plan.shadows) };
}

/**
 * Holds a deployment to SageMaker's limits.
 *
 * @param plan the fleet that it brings
 * @throws AwsError that names the setting, its value and the limit
 */
export function checkDeployment(config: Wire<DeploymentConfig> | undefined, plan: FleetPlan): void {
  if (config?.RollingUpdatePolicy) {
    throw invalid("RollingUpdatePolicy is not known to the local SageMaker: use BlueGreenUpdatePolicy.");
  }
  const policy = config?.BlueGreenUpdatePolicy;
  if (!policy) return;
  const { Type: type, CanarySize, LinearStepSize } = policy.TrafficRoutingConfiguration;
  if (type !== "ALL_AT_ONCE" && plan.variants.some(({ serverless }) => serverless)) {
    throw invalid(`Traffic routing ${type} is not supported for serverless variants: it shifts instances.`);
  }
  if (type === "CANARY") checkSize("CanarySize", CanarySize, plan, 0);
  if (type === "LINEAR") checkSize("LinearStepSize", LinearStepSize, plan, 10);
  const timeout = policy.MaximumExecutionTimeoutInSeconds;
  const waits = stepsOf(config, instancesOf(plan)).flatMap(({ bakes }) => bakes.map(({ seconds }) => seconds));
  const total = waits.reduce((sum, seconds) => sum + seconds, 0);
  if (timeout !== undefined && timeout <= total) {
    throw invalid(
      `MaximumExecutionTimeoutInSeconds ${timeout} must be larger than the total waiting time of the deployment, ` +
        `${total} seconds (WaitIntervalInSeconds after each step, and TerminationWaitInSeconds).`,
    );
  }
}

/** Instances of a fleet's variants in all. */
export function instancesOf({ variants }: FleetPlan): number {
  return variants.reduce((sum, { instanceCount }) => sum + instanceCount, 0);
}

/** @param least of each variant's instances, in percent */
function checkSize(member: string, size: Wire<CapacitySize> | undefined, plan: FleetPlan, least: number): void {
  if (!size) throw invalid(`${member} is required for this type of traffic routing.`);
  const range = least > 0 ? `${least}-50%` : "less than or equal to 50%";
  for (const { variantName, instanceCount } of plan.variants) {
    const refused = (why: string): AwsError =>
      invalid(`${member} must be ${range} of the variant's total instance count: ${why}.`);
    const percent = size.Type === "CAPACITY_PERCENT" ? size.Value : (100 * size.Value) / instanceCount;
    if (percent > 50 || percent < least) {
      throw refused(`${size.Value} (${size.Type}) is ${Number(percent.toFixed(1))}% of variant ${variantName}`);
    }
    if (instanceCount < 2)
      throw refused(`variant ${variantName} has ${instanceCount} instance, and 2 or more are needed`);
  }
}

function partialShares(
  routing: NonNullable<Wire<DeploymentConfig>["BlueGreenUpdatePolicy"]>["TrafficRoutingConfiguration"] | undefined,
  instances: number,
): number[] {
  const share = ({ Type, Value }: Wire<CapacitySize>): number =>
    Type === "CAPACITY_PERCENT" ? Value / 100 : Value / instances;
  if (routing?.Type === "CANARY" && routing.CanarySize) return [share(routing.CanarySize)];
  if (routing?.Type !== "LINEAR" || !routing.LinearStepSize) return [];
  const step = share(routing.LinearStepSize);
  const count = Math.ceil(1 / step - 1e-9) - 1;
  return Array.from({ length: count }, (_, index) => step * (index + 1));
}

function bake(setting: Bake["setting"], seconds = 0): Bake[] {
  return seconds > 0 ? [{ setting, seconds }] : [];
}
