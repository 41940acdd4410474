import type { Refusal } from "../server/json-service";

const VERBS = "(?:Create|Describe|List|Update|Delete|Start|Stop|Get|Search|Import|Render|Register|Deregister)";
const noun = (...nouns: string[]): RegExp => new RegExp(`^(?:${VERBS}(?:${nouns.join("|")}))$`);

/** What the local SageMaker leaves out on purpose. */
export const refused: readonly Refusal[] = [
  {
    operations: noun(
      ...["Domains?", "Spaces?", "UserProfiles?", "Apps?", "AppImageConfigs?", "StudioLifecycleConfigs?"],
      ...["PresignedDomainUrl", "PresignedNotebookInstanceUrl", "Session", "NotebookInstance.*"],
      "CodeRepositor(?:y|ies)",
    ),
    why: "Studio and notebook instances are places to work in: work beside the local cloud, with its variables.",
  },
  {
    operations: new RegExp(
      `^(?:Batch(?:Add|Delete|Reboot|Replace)ClusterNodes|(?:Attach|Detach)ClusterNode.*|ExtendTrainingPlan|` +
        `${VERBS}(?:Cluster.*|ComputeQuotas?|TrainingPlan.*|ReservedCapacity|UltraServersByReservedCapacity))$`,
    ),
    why: "Clusters and reserved capacity are AWS's machines: jobs run here at once, as processes.",
  },
  {
    operations: noun("LabelingJob.*", "Workteams?", "Workforces?", "FlowDefinitions?", "HumanTaskUis?", "UiTemplate"),
    why: "Labelling is the work of people whom AWS's workforces bring.",
  },
  {
    operations: noun(
      ...["Devices?", "DeviceFleet.*", "StageDevices", "Edge.*", "CompilationJobs?", "OptimizationJobs?"],
    ),
    why: "Compilation and edge deployment are for other machines than this one.",
  },
  {
    operations: noun(
      ...["AutoMLJob.*", "CandidatesForAutoMLJob", "AIBenchmarkJobs?", "AIRecommendationJobs?", "AIWorkloadConfigs?"],
      ...["InferenceRecommendationsJob.*", "ScalingConfigurationRecommendation"],
    ),
    why: "AWS's own algorithms, and its measurements of its instances, are not published.",
  },
  {
    operations: new RegExp(
      `^(?:(?:Enable|Disable|Get)SagemakerServicecatalogPortfolio.*|` +
        `${VERBS}(?:Hub.*|Algorithms?|SubscribedWorkteams?|PartnerApp.*|Projects?|ResourceCatalogs))$`,
    ),
    why: "Hubs, marketplace content, partner apps and project templates are hosted by AWS and others.",
  },
  {
    operations: noun("MlflowTrackingServers?", "PresignedMlflow.*Url"),
    why: "MLflow runs beside the local cloud, without a console: MLFLOW_TRACKING_URI is its address.",
  },
];

/** What SageMaker's runtime leaves out, though it answers for it. */
export const runtimeRefused: readonly Refusal[] = [
  { operations: /^InvokeEndpointAsync$/, why: "No endpoint is asynchronous: use InvokeEndpoint." },
  { operations: /^InvokeEndpointWithResponseStream$/, why: "Answers come whole: use InvokeEndpoint." },
];
