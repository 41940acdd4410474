import type {
  DataCaptureConfig,
  DesiredWeightAndCapacity,
  ProductionVariant,
  ProductionVariantServerlessConfig,
  ProductionVariantSummary,
  RoutingStrategy,
  VariantProperty,
} from "@aws-sdk/client-sagemaker";
import type { Wire } from "../../server/json-service";
import { defined } from "../objects";
import type { EndpointConfig } from "./configs";
import type { ServedContainer } from "./models";

/** What one variant of a fleet serves, and on how many instances. */
export interface VariantPlan {
  variantName: string;
  weight: number;
  instanceCount: number;
  /** Absent of serverless variants. */
  instanceType?: string;
  startupSeconds: number;
  /** How one of its instances is chosen for a request. */
  routing: RoutingStrategy;
  container: ServedContainer;
  /** Serverless variants run as one instance. */
  serverless?: Wire<ProductionVariantServerlessConfig>;
}

/** What a fleet consists of. It holds all that is needed to start it again. */
export interface FleetPlan {
  endpointName: string;
  configName: string;
  variants: VariantPlan[];
  /** Get copies of requests, and answer none. */
  shadows: VariantPlan[];
  /** Absent when nothing is captured. */
  capture?: Wire<DataCaptureConfig>;
}

/** How long a model may take to load when its variant does not say, in seconds. */
const STARTUP_SECONDS = 120;

/** @param served what the model of a name serves */
export function fleetPlan(
  endpointName: string,
  config: EndpointConfig,
  served: (modelName: string) => ServedContainer,
): FleetPlan {
  const variant = (declared: Wire<ProductionVariant>): VariantPlan => ({
    variantName: declared.VariantName,
    weight: declared.InitialVariantWeight ?? 1,
    instanceCount: declared.ServerlessConfig ? 1 : (declared.InitialInstanceCount ?? 1),
    startupSeconds: declared.ContainerStartupHealthCheckTimeoutInSeconds ?? STARTUP_SECONDS,
    routing: declared.RoutingConfig?.RoutingStrategy ?? "RANDOM",
    container: served(declared.ModelName ?? ""),
    ...defined({ serverless: declared.ServerlessConfig, instanceType: declared.InstanceType }),
  });
  const { DataCaptureConfig: capture } = config;
  return {
    endpointName,
    configName: config.EndpointConfigName,
    variants: config.ProductionVariants.map(variant),
    shadows: (config.ShadowProductionVariants ?? []).map(variant),
    ...(capture && capture.EnableCapture !== false ? { capture } : {}),
  };
}

/**
 * A plan with the weights and instance counts that the variants of the same names have now, which may have been changed
 * since their config was made, for example by auto scaling.
 *
 * @param excluded properties that the plan's own values have
 */
export function retained(
  plan: FleetPlan,
  serving: FleetPlan,
  excluded: readonly Wire<VariantProperty>[] = [],
): FleetPlan {
  const keeps = (property: string): boolean =>
    !excluded.some(({ VariantPropertyType }) => VariantPropertyType === property);
  const keep = (variant: VariantPlan, before: readonly VariantPlan[]): VariantPlan => {
    const present = before.find(({ variantName }) => variantName === variant.variantName);
    if (!present) return variant;
    return {
      ...variant,
      ...(keeps("DesiredWeight") ? { weight: present.weight } : {}),
      ...(keeps("DesiredInstanceCount") && !variant.serverless && !present.serverless
        ? { instanceCount: present.instanceCount }
        : {}),
    };
  };
  return {
    ...plan,
    variants: plan.variants.map((variant) => keep(variant, serving.variants)),
    shadows: plan.shadows.map((variant) => keep(variant, serving.shadows)),
  };
}

/** Names of a plan's variants that another one does not have, or has on instances of another type. */
export function replacedVariants(plan: FleetPlan, next: FleetPlan): string[] {
  return plan.variants
    .filter(({ variantName, instanceType }) => {
      const kept = next.variants.find((variant) => variant.variantName === variantName);
      return kept === undefined || kept.instanceType !== instanceType;
    })
    .map(({ variantName }) => variantName);
}

/** A plan with other weights and instance counts. */
export function rescaled(plan: FleetPlan, wanted: readonly Wire<DesiredWeightAndCapacity>[]): FleetPlan {
  const change = (variant: VariantPlan): VariantPlan => {
    const desired = wanted.find(({ VariantName }) => VariantName === variant.variantName);
    return {
      ...variant,
      ...defined({ weight: desired?.DesiredWeight, instanceCount: desired?.DesiredInstanceCount }),
    };
  };
  return { ...plan, variants: plan.variants.map(change), shadows: plan.shadows.map(change) };
}

/**
 * Variants as DescribeEndpoint tells of them.
 *
 * @param desired what they are being changed to
 */
export function summaries(
  current: readonly VariantPlan[],
  desired: readonly VariantPlan[] = current,
): Wire<ProductionVariantSummary>[] {
  return current.map((variant, index) => {
    const next = desired[index] ?? variant;
    return {
      VariantName: variant.variantName,
      DeployedImages: [{ SpecifiedImage: variant.container.image }],
      CurrentWeight: variant.weight,
      DesiredWeight: next.weight,
      CurrentInstanceCount: variant.serverless ? 0 : variant.instanceCount,
      ...(variant.serverless ? {} : { DesiredInstanceCount: next.instanceCount }),
      ...(variant.serverless
        ? { CurrentServerlessConfig: variant.serverless, DesiredServerlessConfig: variant.serverless }
        : {}),
    };
  });
}
