import { createHash } from "node:crypto";
import type {
  CreateEndpointConfigCommandInput,
  DeploymentConfig,
  ProductionVariantInstanceType,
  Tag,
} from "@aws-sdk/client-sagemaker";
import * as t from "io-ts";
import type { Tags } from "../shared/environment";
import type { DataCapture, Rollout } from "../shared/rollout";

/** The message of SageMaker's callback step. `status` is `Stopping` when the pipeline is being stopped. */
export const CallbackMessage = t.type(
  {
    token: t.string,
    pipelineExecutionArn: t.string,
    arguments: t.type({ modelName: t.string, modelPackageArn: t.string }),
    status: t.string,
  },
  "CallbackMessage",
);
export type CallbackMessage = t.TypeOf<typeof CallbackMessage>;

export interface EndpointSettings {
  endpointName: string;
  variantName: string;
  instanceType: string;
  instanceCount: number;
  dataCapture?: DataCapture | undefined;
  kmsKeyArn?: string | undefined;
  tags: Tags;
}

/**
 * The endpoint config that serves `modelName`, named by what is in it: the same model and settings give the same name,
 * and a config is never replaced under its name.
 */
export function endpointConfig(modelName: string, settings: EndpointSettings): CreateEndpointConfigCommandInput {
  const { dataCapture, kmsKeyArn } = settings;
  const content = {
    ProductionVariants: [
      {
        VariantName: settings.variantName,
        ModelName: modelName,
        InstanceType: settings.instanceType as ProductionVariantInstanceType,
        InitialInstanceCount: settings.instanceCount,
        InitialVariantWeight: 1,
      },
    ],
    ...(dataCapture === undefined || dataCapture.percent === 0
      ? {}
      : { DataCaptureConfig: captureConfig(dataCapture) }),
    ...(kmsKeyArn === undefined ? {} : { KmsKeyId: kmsKeyArn }),
  };
  const hash = createHash("sha256").update(JSON.stringify(content)).digest("hex").slice(0, HASH_CHARACTERS);
  const stem = settings.endpointName.slice(0, NAME_CHARACTERS - HASH_CHARACTERS - 1).replace(/-+$/, "");
  return { EndpointConfigName: `${stem}-${hash}`, ...content, Tags: tagList(settings.tags) };
}

const NAME_CHARACTERS = 63;
const HASH_CHARACTERS = 12;

function captureConfig({ percent, destinationUri }: DataCapture) {
  return {
    EnableCapture: true,
    InitialSamplingPercentage: percent,
    DestinationS3Uri: destinationUri,
    CaptureOptions: [{ CaptureMode: "Input" as const }, { CaptureMode: "Output" as const }],
    CaptureContentTypeHeader: { CsvContentTypes: ["text/csv"], JsonContentTypes: ["application/json"] },
  };
}

/** How SageMaker moves the traffic over, and when it gives up. */
export function deploymentConfig(rollout: Rollout, timeoutSeconds: number): DeploymentConfig {
  return {
    BlueGreenUpdatePolicy: {
      TrafficRoutingConfiguration: trafficRouting(rollout),
      TerminationWaitInSeconds: 0,
      MaximumExecutionTimeoutInSeconds: timeoutSeconds,
    },
  };
}

type BlueGreen = NonNullable<DeploymentConfig["BlueGreenUpdatePolicy"]>;

function trafficRouting(rollout: Rollout): BlueGreen["TrafficRoutingConfiguration"] {
  switch (rollout.type) {
    case "all-at-once":
      return { Type: "ALL_AT_ONCE", WaitIntervalInSeconds: 0 };
    case "canary":
      return {
        Type: "CANARY",
        WaitIntervalInSeconds: rollout.waitIntervalSeconds,
        CanarySize: { Type: "CAPACITY_PERCENT", Value: rollout.canaryPercent },
      };
    case "linear":
      return {
        Type: "LINEAR",
        WaitIntervalInSeconds: rollout.waitIntervalSeconds,
        LinearStepSize: { Type: "CAPACITY_PERCENT", Value: rollout.stepPercent },
      };
  }
}

export const tagList = (tags: Tags): Tag[] => Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));

/**
 * Whether SageMaker refused a call for good. Throttles, its own faults and a network that fails are worth another try.
 */
export function isRefusal(error: unknown): error is Error {
  if (!(error instanceof Error) || !("$metadata" in error)) return false;
  const status = (error.$metadata as { httpStatusCode?: number }).httpStatusCode ?? 0;
  return status >= 400 && status < 500 && status !== 429 && !/throttl|toomanyrequests|requestlimit/i.test(error.name);
}
