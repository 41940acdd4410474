/**
 * The platform's components, for programs of your own: `import { StreamScorer } from "fraud-platform"`.
 *
 * @module
 */
export { PlatformComponent, type ComponentArgs, type Place, type Transform } from "./component";
export { type Grantee, type Statement } from "./iam";
export { type FunctionOverrides } from "./lambda-function";
export { Alerts, type AlertsArgs } from "./alerts";
export { CanaryEndpoint, type CanaryEndpointArgs } from "./canary-endpoint";
export { CiPipeline, type CiPipelineArgs } from "./ci-pipeline";
export { CostBudget } from "./cost-budget";
export { Dashboard } from "./dashboard";
export { InferenceApi, type InferenceApiArgs, type ServingEndpoint } from "./inference-api";
export { LabelMerger, type LabelMergerArgs } from "./label-merger";
export { LauncherImage, type LauncherImageArgs } from "./launcher-image";
export { ModelPromotion, type ModelPromotionArgs } from "./model-promotion";
export { ModelRegistry, type ModelRegistryArgs } from "./model-registry";
export { MonitorSuite, type MonitorSuiteArgs } from "./monitor-suite";
export { ShadowComparison, type ShadowComparisonArgs } from "./shadow-comparison";
export { Storage, type StorageArgs } from "./storage";
export { StreamScorer, type StreamScorerArgs } from "./stream-scorer";
export { TrainingPipeline, type TrainingPipelineArgs } from "./training-pipeline";
export { FraudPlatform, type FraudPlatformArgs } from "./fraud-platform";
export { platform, type PlatformPlace } from "./platform";
export type { PlatformOutputValues } from "./outputs";
export * from "./consume";
export { PublishedOutputs, type PublishedOutputsArgs } from "./published-outputs";
export { decodeStackConfig, describeErrors, StackConfig, type ConfigError } from "../config";
