import { createHash } from "node:crypto";
import type {
  CreateEndpointConfigCommandInput,
  DeploymentConfig,
  ProductionVariant,
  ProductionVariantInstanceType,
  Tag,
} from "@aws-sdk/client-sagemaker";
import { canonicalJson } from "../../pipeline/canonical-json";
import { EndpointSettings, type DataCapture } from "./endpoint-settings";
import type { Tags } from "./environment";
import type { Rollout } from "./rollout";

/** The variant that gets a copy of the requests. */
export const SHADOW_VARIANT = "shadow";

/** Models behind an endpoint: the one that answers, and one that only gets a copy of the requests. */
export interface Served {
  modelName: string;
  shadowModelName?: string | undefined;
}

/**
 * The endpoint config that serves a model, named by what is in it: the same model and settings give the same name, and
 * a config is never replaced under its name.
 */
export function endpointConfig(
  { modelName, shadowModelName }: Served,
  settings: EndpointSettings,
  tags: Tags,
): CreateEndpointConfigCommandInput & { EndpointConfigName: string } {
  const { dataCapture, kmsKeyArn, rollout } = settings;
  const share = rollout.type === "shadow" ? rollout.samplePercent / 100 : 1;
  const content = {
    ProductionVariants: [variant(settings.variantName, modelName, settings, 1)],
    ...(shadowModelName === undefined
      ? {}
      : { ShadowProductionVariants: [variant(SHADOW_VARIANT, shadowModelName, settings, share)] }),
    ...(dataCapture === undefined || dataCapture.percent === 0
      ? {}
      : { DataCaptureConfig: captureConfig(dataCapture) }),
    // A serverless endpoint has no volume to encrypt.
    ...(kmsKeyArn === undefined || "serverless" in settings.capacity ? {} : { KmsKeyId: kmsKeyArn }),
  };
  return {
    EndpointConfigName: `${configNameStem(settings.endpointName)}-${contentHash(content)}`,
    ...content,
    Tags: tagList(tags),
  };
}

const NAME_CHARACTERS = 63;
const HASH_CHARACTERS = 12;

/** Beginning of the names of all configs of an endpoint. */
export const configNameStem = (endpointName: string): string =>
  endpointName.slice(0, NAME_CHARACTERS - HASH_CHARACTERS - 1).replace(/-+$/, "");

/** Beginning of the names of the jobs that check models for an endpoint. Names of jobs have 63 characters at most. */
export const checkJobPrefix = (endpointName: string): string =>
  `${configNameStem(endpointName).slice(0, 40).replace(/-+$/, "")}-check-`;

/** Twelve hexadecimal digits that stand for a plain value. */
export const contentHash = (content: unknown): string =>
  createHash("sha256").update(JSON.stringify(content)).digest("hex").slice(0, HASH_CHARACTERS);

/** Stands for what a stack configures of its endpoint: the same for the same settings, in whatever order they are. */
export const settingsHash = (settings: EndpointSettings): string =>
  contentHash(canonicalJson(EndpointSettings.encode(settings)));

function variant(name: string, modelName: string, { capacity }: EndpointSettings, weight: number): ProductionVariant {
  const common = { VariantName: name, ModelName: modelName };
  if ("serverless" in capacity) {
    const { memoryMib, maxConcurrency, provisionedConcurrency } = capacity.serverless;
    return {
      ...common,
      ServerlessConfig: {
        MemorySizeInMB: memoryMib,
        MaxConcurrency: maxConcurrency,
        ...(provisionedConcurrency === undefined ? {} : { ProvisionedConcurrency: provisionedConcurrency }),
      },
      InitialVariantWeight: weight,
    };
  }
  return {
    ...common,
    InstanceType: capacity.instances.instanceType as ProductionVariantInstanceType,
    InitialInstanceCount: capacity.instances.minCapacity,
    InitialVariantWeight: weight,
  };
}

function captureConfig({ percent, destinationUri }: DataCapture) {
  return {
    EnableCapture: true,
    InitialSamplingPercentage: percent,
    DestinationS3Uri: destinationUri,
    CaptureOptions: [{ CaptureMode: "Input" as const }, { CaptureMode: "Output" as const }],
    CaptureContentTypeHeader: { CsvContentTypes: ["text/csv"], JsonContentTypes: ["application/json"] },
  };
}

/** How SageMaker moves the traffic over, when it gives up, and which alarms make it go back. */
export function deploymentConfig(
  rollout: Rollout,
  timeoutSeconds: number,
  alarmNames: readonly string[] = [],
): DeploymentConfig {
  return {
    BlueGreenUpdatePolicy: {
      TrafficRoutingConfiguration: trafficRouting(rollout),
      // Canary and linear rollouts wait after each step, the last included; this one has no steps to wait after.
      TerminationWaitInSeconds: rollout.type === "all-at-once" ? (rollout.bakeSeconds ?? 0) : 0,
      MaximumExecutionTimeoutInSeconds: timeoutSeconds,
    },
    ...(alarmNames.length === 0
      ? {}
      : { AutoRollbackConfiguration: { Alarms: alarmNames.map((AlarmName) => ({ AlarmName })) } }),
  };
}

type BlueGreen = NonNullable<DeploymentConfig["BlueGreenUpdatePolicy"]>;

function trafficRouting(rollout: Rollout): BlueGreen["TrafficRoutingConfiguration"] {
  switch (rollout.type) {
    // A shadow's endpoint keeps the model that answers; the one that only listens needs no steps.
    case "shadow":
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
