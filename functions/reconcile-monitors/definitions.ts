import type {
  CreateDataQualityJobDefinitionCommandInput,
  CreateModelBiasJobDefinitionCommandInput,
  CreateModelExplainabilityJobDefinitionCommandInput,
  CreateModelQualityJobDefinitionCommandInput,
  EndpointInput,
  MonitoringScheduleConfig,
  MonitoringType,
  ProcessingInstanceType,
} from "@aws-sdk/client-sagemaker";
import type { MonitorNetwork } from "../run-monitor/env";
import { contentHash, tagList } from "../shared/endpoint-config";
import type { Tags } from "../shared/environment";
import type { LiveModel } from "../shared/live-model";
import { monitorScheduleName, type MonitorKind } from "../shared/monitors";
import type { ManagedMonitor } from "./env";

/** What of the function's settings a definition hangs on. */
export interface DefinitionSettings {
  endpointName: string;
  analyzerImageUri: string;
  clarifyImageUri: string;
  jobRoleArn: string;
  recordPreprocessorUri: string;
  groundTruthUri: string;
  outputUri: string;
  kmsKeyArn: string;
  labelMaturityHours: number;
  network?: MonitorNetwork | undefined;
  tags: Tags;
}

/** Files that are made of a model's baselines, by URI. */
export interface ClarifyFiles {
  configUri: string;
  constraintsUri: string;
}

/** The request that makes a definition, by kind of monitor. */
export interface DefinitionRequests {
  "data-quality": CreateDataQualityJobDefinitionCommandInput;
  "model-quality": CreateModelQualityJobDefinitionCommandInput;
  "model-bias": CreateModelBiasJobDefinitionCommandInput;
  "model-explainability": CreateModelExplainabilityJobDefinitionCommandInput;
}

/** SageMaker's names of the kinds. */
export const MONITORING_TYPES = {
  "data-quality": "DataQuality",
  "model-quality": "ModelQuality",
  "model-bias": "ModelBias",
  "model-explainability": "ModelExplainability",
} as const satisfies Record<MonitorKind, MonitoringType>;

const FOLDER = "/opt/ml/processing";
const NAME_CHARACTERS = 63;
const HASH_CHARACTERS = 12;

/** Beginning of the names of all definitions of one monitor of an endpoint, without the dash after it. */
export const definitionStem = (endpointName: string, kind: MonitorKind): string =>
  monitorScheduleName(endpointName, kind)
    .slice(0, NAME_CHARACTERS - HASH_CHARACTERS - 1)
    .replace(/-+$/, "");

/** Where Clarify finds a request's features and labels, and the scores of the answer, by JMESPath. */
export const JSON_PATHS = {
  features: "instances[*].features",
  label: "instances[*].label",
  score: "predictions[*].score",
} as const;
/** Of a model that does not say its own. */
const DEFAULT_THRESHOLD = 0.5;
/** What the record preprocessor calls the score. */
const SCORE_NAME = "probability";

/**
 * The request for data quality's definition. A definition never changes: its name is made of its content.
 *
 * @throws Error when the live model lacks what the monitor needs.
 */
export function dataQuality(settings: DefinitionSettings, monitor: ManagedMonitor, live: LiveModel) {
  const { Statistics, Constraints } = live.package.DriftCheckBaselines?.ModelDataQuality ?? {};
  return named("data-quality", settings, {
    DataQualityAppSpecification: {
      ImageUri: settings.analyzerImageUri,
      RecordPreprocessorSourceUri: settings.recordPreprocessorUri,
      Environment: ENVIRONMENT,
    },
    DataQualityBaselineConfig: {
      StatisticsResource: { S3Uri: needed(Statistics?.S3Uri, "data-quality", live) },
      ConstraintsResource: { S3Uri: needed(Constraints?.S3Uri, "data-quality", live) },
    },
    DataQualityJobInput: { EndpointInput: endpointInput(settings) },
    DataQualityJobOutputConfig: output("data-quality", settings, monitor),
    ...common(settings, monitor),
  });
}

/** The request for model quality's definition. @throws Error as {@link dataQuality} does. */
export function modelQuality(settings: DefinitionSettings, monitor: ManagedMonitor, live: LiveModel) {
  const { Constraints } = live.package.DriftCheckBaselines?.ModelQuality ?? {};
  return named("model-quality", settings, {
    ModelQualityAppSpecification: {
      ImageUri: settings.analyzerImageUri,
      ProblemType: "BinaryClassification" as const,
      RecordPreprocessorSourceUri: settings.recordPreprocessorUri,
      Environment: ENVIRONMENT,
    },
    ModelQualityBaselineConfig: {
      ConstraintsResource: { S3Uri: needed(Constraints?.S3Uri, "model-quality", live) },
    },
    ModelQualityJobInput: {
      EndpointInput: labelledInput(settings, monitor, live, SCORE_NAME),
      GroundTruthS3Input: { S3Uri: settings.groundTruthUri },
    },
    ModelQualityJobOutputConfig: output("model-quality", settings, monitor),
    ...common(settings, monitor),
  });
}

/** The request for bias's definition. @throws Error as {@link dataQuality} does. */
export function modelBias(settings: DefinitionSettings, monitor: ManagedMonitor, live: LiveModel, files: ClarifyFiles) {
  return named("model-bias", settings, {
    ModelBiasAppSpecification: {
      ImageUri: settings.clarifyImageUri,
      ConfigUri: files.configUri,
      Environment: ENVIRONMENT,
    },
    ModelBiasBaselineConfig: { ConstraintsResource: { S3Uri: files.constraintsUri } },
    ModelBiasJobInput: {
      EndpointInput: {
        ...labelledInput(settings, monitor, live, JSON_PATHS.score),
        FeaturesAttribute: JSON_PATHS.features,
      },
      GroundTruthS3Input: { S3Uri: settings.groundTruthUri },
    },
    ModelBiasJobOutputConfig: output("model-bias", settings, monitor),
    ...common(settings, monitor),
  });
}

/** The request for explainability's definition. */
export function modelExplainability(settings: DefinitionSettings, monitor: ManagedMonitor, files: ClarifyFiles) {
  return named("model-explainability", settings, {
    ModelExplainabilityAppSpecification: {
      ImageUri: settings.clarifyImageUri,
      ConfigUri: files.configUri,
      Environment: ENVIRONMENT,
    },
    ModelExplainabilityBaselineConfig: { ConstraintsResource: { S3Uri: files.constraintsUri } },
    ModelExplainabilityJobInput: {
      EndpointInput: {
        ...endpointInput(settings),
        FeaturesAttribute: JSON_PATHS.features,
        // Of what the copy of the model answers.
        InferenceAttribute: JSON_PATHS.score,
      },
    },
    ModelExplainabilityJobOutputConfig: output("model-explainability", settings, monitor),
    ...common(settings, monitor),
  });
}

/** What a schedule is to be. */
export const scheduleConfig = (
  kind: MonitorKind,
  { schedule }: ManagedMonitor,
  definitionName: string,
): MonitoringScheduleConfig => ({
  ScheduleConfig: { ScheduleExpression: schedule },
  MonitoringJobDefinitionName: definitionName,
  MonitoringType: MONITORING_TYPES[kind],
});

const ENVIRONMENT = { publish_cloudwatch_metrics: "Enabled" };

const named = <Content extends object>(
  kind: MonitorKind,
  { endpointName, tags }: DefinitionSettings,
  content: Content,
) => ({
  JobDefinitionName: `${definitionStem(endpointName, kind)}-${contentHash(content)}`,
  ...content,
  Tags: tagList({ ...tags, "fraud:monitor": kind }),
});

function needed(uri: string | undefined, kind: MonitorKind, { packageArn }: LiveModel): string {
  if (uri !== undefined) return uri;
  throw new Error(`${packageArn} has no baselines of ${kind} to hold its traffic against: train again`);
}

const endpointInput = ({ endpointName }: DefinitionSettings) => ({
  EndpointName: endpointName,
  LocalPath: `${FOLDER}/input/endpoint`,
  S3InputMode: "File" as const,
  S3DataDistributionType: "FullyReplicated" as const,
});

/** Traffic of so long ago that its labels have come, one period of it. */
function labelledInput(
  settings: DefinitionSettings,
  { periodHours }: ManagedMonitor,
  { packageArn, package: model }: LiveModel,
  score: string,
): EndpointInput {
  const { labelMaturityHours } = settings;
  const told = model.CustomerMetadataProperties?.threshold;
  const threshold = told === undefined ? DEFAULT_THRESHOLD : Number(told);
  if (!(threshold >= 0 && threshold <= 1)) {
    throw new Error(`${packageArn} has the threshold "${told ?? ""}", and 0 to 1 is wanted: train again`);
  }
  return {
    ...endpointInput(settings),
    ProbabilityAttribute: score,
    ProbabilityThresholdAttribute: threshold,
    StartTimeOffset: `-PT${labelMaturityHours + periodHours}H`,
    EndTimeOffset: `-PT${labelMaturityHours}H`,
  };
}

const output = (kind: MonitorKind, settings: DefinitionSettings, { kmsKeyArn }: ManagedMonitor) => ({
  MonitoringOutputs: [
    {
      S3Output: {
        S3Uri: `${settings.outputUri}/${kind}`,
        LocalPath: `${FOLDER}/output`,
        // Whoever is told of violations finds files that are whole.
        S3UploadMode: "EndOfJob" as const,
      },
    },
  ],
  KmsKeyId: kmsKeyArn ?? settings.kmsKeyArn,
});

const common = ({ jobRoleArn, kmsKeyArn, network }: DefinitionSettings, monitor: ManagedMonitor) => ({
  JobResources: {
    ClusterConfig: {
      InstanceCount: monitor.instanceCount,
      InstanceType: monitor.instanceType as ProcessingInstanceType,
      VolumeSizeInGB: monitor.volumeSizeGb,
      VolumeKmsKeyId: monitor.kmsKeyArn ?? kmsKeyArn,
    },
  },
  ...(network === undefined
    ? {}
    : {
        NetworkConfig: {
          EnableInterContainerTrafficEncryption: true,
          EnableNetworkIsolation: false,
          VpcConfig: { Subnets: network.subnetIds, SecurityGroupIds: network.securityGroupIds },
        },
      }),
  RoleArn: jobRoleArn,
  StoppingCondition: { MaxRuntimeInSeconds: monitor.maxRuntimeSeconds },
});
