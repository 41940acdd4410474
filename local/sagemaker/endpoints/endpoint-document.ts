import type {
  DataCaptureConfig,
  DescribeEndpointOutput,
  DesiredWeightAndCapacity,
  ProductionVariantSummary,
} from "@aws-sdk/client-sagemaker";
import type { Wire } from "../../server/json-service";
import { invalid } from "../errors";
import { defined, omit } from "../objects";
import { now } from "../time";
import { stepInstances, type RolloutStep } from "./deployment-config";
import { summaries, type FleetPlan, type VariantPlan } from "./fleet-plan";
import type { RolloutStage } from "./rollout";

/** An endpoint as it is described. */
export type Endpoint = Wire<DescribeEndpointOutput> & { EndpointConfigName: string };

/** The capture as it is stored; whoever describes the endpoint is told the present status. */
export function describedCapture(config: Wire<DataCaptureConfig> | undefined): Pick<Endpoint, "DataCaptureConfig"> {
  if (!config) return {};
  return {
    DataCaptureConfig: {
      EnableCapture: config.EnableCapture ?? true,
      CaptureStatus: "Stopped",
      CurrentSamplingPercentage: config.InitialSamplingPercentage,
      DestinationS3Uri: config.DestinationS3Uri,
      KmsKeyId: config.KmsKeyId ?? "",
    },
  };
}

/** @param desired what the variants are being changed to */
export function describedVariants(
  current: FleetPlan,
  desired = current,
): Pick<Endpoint, "ProductionVariants" | "ShadowProductionVariants"> {
  return {
    ProductionVariants: scaling(summaries(current.variants, desired.variants)),
    ...(current.shadows.length > 0
      ? { ShadowProductionVariants: scaling(summaries(current.shadows, desired.shadows)) }
      : {}),
  };
}

/** Says of each variant that is to have another number of instances that it is being changed. */
function scaling(variants: Wire<ProductionVariantSummary>[]): Wire<ProductionVariantSummary>[] {
  return variants.map((variant) => {
    const { CurrentInstanceCount: current = 0, DesiredInstanceCount: desired = current } = variant;
    if (desired === current) return variant;
    const StatusMessage = `Scaling ${desired > current ? "out" : "in"} desired instance count to ${desired}.`;
    return { ...variant, VariantStatus: [{ Status: "Updating" as const, StatusMessage, StartTime: now() }] };
  });
}

/**
 * The summary of a deployment that is under way.
 *
 * @param startedAt epoch seconds
 */
export function pendingSummary(
  plan: FleetPlan,
  steps: readonly RolloutStep[],
  { startedAt, ...stage }: RolloutStage & { startedAt: number },
): NonNullable<Endpoint["PendingDeploymentSummary"]> {
  const step = steps[stage.step] ?? { share: 1, capacity: "full", bakes: [] };
  const before = steps[stage.step - 1];
  const launching = stage.status === "Creating" || stage.status === "Updating";
  const pending = (variants: readonly VariantPlan[]) =>
    summaries(variants).map((variant, index) => {
      const { instanceCount, serverless } = variants[index] as VariantPlan;
      const wanted = stepInstances(step, instanceCount);
      const running = before && stage.status !== "Creating" ? stepInstances(before, instanceCount) : 0;
      const status = {
        Status: stage.status,
        StatusMessage: launching
          ? `Launching ${wanted - running} instance(s).`
          : stageMessage(stage, `${step.capacity} capacity of ${wanted} instance(s)`),
        StartTime: now(),
      };
      return {
        ...variant,
        CurrentInstanceCount: serverless ? 0 : launching ? running : wanted,
        VariantStatus: [status],
      };
    });
  return {
    EndpointConfigName: plan.configName,
    StartTime: startedAt,
    ProductionVariants: pending(plan.variants),
    ...(plan.shadows.length > 0 ? { ShadowProductionVariants: pending(plan.shadows) } : {}),
  };
}

function stageMessage({ bake }: Pick<RolloutStage, "bake">, capacity: string): string {
  return bake
    ? `Baking for ${bake.seconds} seconds (${bake.setting}) with traffic enabled on ${capacity}.`
    : `Activating traffic on ${capacity}.`;
}

/** The summary of a deployment whose fleet is being ended. */
export function terminating(
  summary: NonNullable<Endpoint["PendingDeploymentSummary"]>,
): NonNullable<Endpoint["PendingDeploymentSummary"]> {
  const ended = (variants: typeof summary.ProductionVariants) =>
    variants?.map((variant) => ({
      ...variant,
      VariantStatus: [
        {
          Status: "Deleting" as const,
          StatusMessage: `Terminating ${variant.CurrentInstanceCount ?? 0} instance(s).`,
          StartTime: now(),
        },
      ],
    }));
  return {
    ...summary,
    ...defined({
      ProductionVariants: ended(summary.ProductionVariants),
      ShadowProductionVariants: ended(summary.ShadowProductionVariants),
    }),
  };
}

/** @throws AwsError when it names variants that are not there, or twice, or wants of one what it can't be */
export function refuseRescale(
  wanted: readonly Wire<DesiredWeightAndCapacity>[],
  { configName, ...plan }: FleetPlan,
): void {
  const variants = [...plan.variants, ...plan.shadows];
  const names = wanted.map(({ VariantName }) => VariantName);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice) throw invalid(`The variant name "${twice}" was non-unique within the request.`);
  for (const { VariantName, DesiredInstanceCount, ServerlessUpdateConfig } of wanted) {
    const variant = variants.find(({ variantName }) => variantName === VariantName);
    if (!variant) {
      const where = `endpoint configuration "${configName}"`;
      throw invalid(`The variant name(s) "${VariantName}" is/are not present within ${where}.`);
    }
    if (DesiredInstanceCount !== undefined && (variant.serverless || DesiredInstanceCount < 1)) {
      throw invalid(
        `DesiredInstanceCount of variant ${VariantName} can't be ${DesiredInstanceCount}: ` +
          (variant.serverless ? "the variant is serverless." : "an instance at least has to serve."),
      );
    }
    if (ServerlessUpdateConfig) {
      throw invalid(`ServerlessUpdateConfig of variant ${VariantName} is not known to the local SageMaker.`);
    }
  }
}

export function without(
  endpoint: Endpoint,
  ...members: ("FailureReason" | "PendingDeploymentSummary" | "DataCaptureConfig" | "ShadowProductionVariants")[]
): Endpoint {
  return omit(endpoint, ...members);
}
