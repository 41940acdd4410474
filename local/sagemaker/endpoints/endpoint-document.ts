import type { DataCaptureConfig, DescribeEndpointOutput, DesiredWeightAndCapacity } from "@aws-sdk/client-sagemaker";
import type { Wire } from "../../server/json-service";
import { invalid } from "../errors";
import { omit } from "../objects";
import { summaries, type FleetPlan, type VariantPlan } from "./fleet-plan";

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
    ProductionVariants: summaries(current.variants, desired.variants),
    ...(current.shadows.length > 0 ? { ShadowProductionVariants: summaries(current.shadows, desired.shadows) } : {}),
  };
}

/** @param start epoch seconds */
export function pendingVariants(plan: FleetPlan, start: number): object {
  const pending = (variants: readonly VariantPlan[]): object[] =>
    summaries(variants).map((variant, index) => ({
      ...variant,
      CurrentInstanceCount: 0,
      VariantStatus: [
        {
          Status: "Creating",
          StatusMessage: `Launching ${variants[index]?.instanceCount} instance(s).`,
          StartTime: start,
        },
      ],
    }));
  return {
    ProductionVariants: pending(plan.variants),
    ...(plan.shadows.length > 0 ? { ShadowProductionVariants: pending(plan.shadows) } : {}),
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
