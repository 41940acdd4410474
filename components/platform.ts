import * as pulumi from "@pulumi/pulumi";
import type { StackConfig } from "../config";
import type { Monitors } from "../config/monitors";
import type { Ecs, FunctionKey } from "../config/platform";
import { version } from "../package.json";
import { Alerts } from "./alerts";
import { CiPipeline } from "./ci-pipeline";
import { CanaryEndpoint } from "./canary-endpoint";
import { CostBudget } from "./cost-budget";
import { Dashboard } from "./dashboard";
import { InferenceApi } from "./inference-api";
import type { FunctionOverrides } from "./lambda-function";
import { LabelMerger } from "./label-merger";
import { LauncherImage } from "./launcher-image";
import { ModelPromotion } from "./model-promotion";
import type { LauncherSettings } from "./launcher";
import { ModelRegistry } from "./model-registry";
import { MonitorSuite } from "./monitor-suite";
import { Network, type StackNetwork } from "./network";
import { OUTPUTS_VERSION, type PlatformOutputValues } from "./outputs";
import { PredictionsCatalog } from "./predictions-catalog";
import { PublishedOutputs } from "./published-outputs";
import { ShadowComparison } from "./shadow-comparison";
import { Storage } from "./storage";
import { PREDICTIONS, StreamScorer } from "./stream-scorer";
import { TrainingPipeline } from "./training-pipeline";

/** Settings that are valid, and that nothing in this version acts on yet: a line each. */
export function settingsWithoutEffect(config: StackConfig): string[] {
  const unused = (setting: string, consequence: string) => `${setting} has no effect yet: ${consequence}`;
  return [
    ...(config.deployment.dataCapturePercent === 0 && enabledMonitors(config.monitors).length > 0
      ? [
          unused(
            `monitors.${enabledMonitors(config.monitors).join(", monitors.")}`,
            "nothing is captured for them to look at; give deployment.dataCapturePercent",
          ),
        ]
      : []),
  ];
}

function enabledMonitors(monitors: Monitors): string[] {
  return (["dataQuality", "modelQuality", "bias", "explainability"] as const).filter((key) => monitors[key].enabled);
}

/** The launcher's task in the stack's network, where `ecs` names none of its own. */
function launcherTask(ecs: Ecs, network: StackNetwork | undefined): LauncherSettings {
  if (network === undefined) return ecs;
  return {
    ...ecs,
    subnetIds: ecs.subnetIds ?? network.subnetIds,
    securityGroupIds: ecs.securityGroupIds ?? network.securityGroupIds,
  };
}

/** The port that jobs reach a database on, where no security group of its own lets them in. */
function openDatabasePort(source: StackConfig["source"]): number | undefined {
  return source.type === "rds" && source.securityGroupId === undefined ? source.port : undefined;
}

/** Where a platform that is not a stack's only one goes. */
export interface PlatformPlace {
  /** Begins its components' names. Default: nothing does. */
  name?: string;
  /** Options of each component: its parent, its providers. */
  options?: pulumi.ComponentResourceOptions;
}

/**
 * The whole platform from a stack's configuration: the components, and what the stack tells those who build on it.
 *
 * @throws Error naming every configured choice of a component that is not built yet.
 */
export function platform(config: StackConfig, { name, options }: PlatformPlace = {}): PlatformOutputValues {
  /** A component of this platform, in its place. */
  const make = <Args, Made>(
    Component: new (name: string, args: Args, options?: pulumi.ComponentResourceOptions) => Made,
    component: string,
    args: NoInfer<Args>,
  ): Made => new Component(name === undefined ? component : `${name}-${component}`, args, options);
  for (const setting of settingsWithoutEffect(config)) void pulumi.log.warn(setting);
  const pipelineName = config.names.pipeline ?? config.global.pipelineName;
  const taskFamily = config.names.taskDefinition ?? `${pipelineName}-launcher`;
  const tags = { ...config.tags, project: pulumi.getProject(), stack: pulumi.getStack() };
  const shared = {
    tags,
    logRetentionDays: config.logs.retentionDays,
    iam: {
      ...(config.roles.path === undefined ? {} : { path: config.roles.path }),
      ...(config.roles.permissionsBoundaryArn === undefined
        ? {}
        : { permissionsBoundaryArn: config.roles.permissionsBoundaryArn }),
    },
  };
  /** What is made at run time is found again by these. */
  const runTimeTags = { ...tags, "fraud:endpoint": config.deployment.endpointName };
  const chosen = (key: FunctionKey): FunctionOverrides => ({
    ...(config.roles[key] === undefined ? {} : { roleArn: config.roles[key] }),
    ...(config.names[key] === undefined ? {} : { physicalName: config.names[key] }),
  });

  const { readerAccountIds } = config.promotion;
  const network: StackNetwork | undefined =
    config.network !== undefined && "create" in config.network
      ? make(Network, "network", {
          ...shared,
          network: config.network.create,
          databasePort: openDatabasePort(config.source),
          flowLogsRoleArn: config.roles.flowLogs,
        })
      : config.network;
  const storage = make(Storage, "storage", { ...shared, ...config.storage, readerAccountIds });
  const alerts = make(Alerts, "alerts", { ...shared, storage, emails: config.notifications.emails });
  const registry = make(ModelRegistry, "registry", {
    ...shared,
    storage,
    groupName: config.registry.modelName,
    modelName: config.registry.modelName,
    readerAccountIds,
    // Where roles are given because none may be made, SageMaker's serves MLflow too: it may use the whole prefix.
    ...(config.roles.sagemaker === undefined ? {} : { mlflowRoleArn: config.roles.sagemaker }),
  });
  const endpoint = make(CanaryEndpoint, "endpoint", {
    ...shared,
    storage,
    alerts,
    registry,
    deployment: config.deployment,
    approval: config.registry.approval,
    // A role that was given is used for models however they are made.
    ...(config.roles.sagemaker === undefined ? {} : { modelRoleArn: config.roles.sagemaker }),
    pipelineName,
    runTimeTags,
    ...(network === undefined ? {} : { network }),
    launcherTask: { family: taskFamily, tags },
    functions: {
      deployModel: chosen("deployModel"),
      settleDeployment: chosen("settleDeployment"),
      requestDeployment: chosen("requestDeployment"),
      teardown: chosen("teardown"),
    },
  });
  const image =
    config.ci === undefined ? undefined : make(LauncherImage, "image", { ...shared, storage, readerAccountIds });
  const training = make(TrainingPipeline, "training", {
    ...shared,
    storage,
    alerts,
    registry,
    deployQueue: endpoint.deployQueue,
    // An update that alarms may roll back looks at them under the model's own role, and disks are encrypted in its name.
    modelStatements: [endpoint.readingRolloutAlarms(), storage.lendingKey()],
    pipelineName,
    baseJobNamePrefix: config.global.baseJobNamePrefix,
    jobsScriptsFolder: config.global.jobsScriptsFolder,
    source: config.source,
    ...(network === undefined ? {} : { network }),
    preprocess: config.preprocess,
    training: config.training,
    evaluation: config.evaluation,
    approval: config.registry.approval,
    launcher: launcherTask(config.ecs, network),
    ...(image === undefined ? {} : { launcherImage: image }),
    runTimeTags,
    roles: {
      ...(config.roles.sagemaker === undefined ? {} : { sagemaker: config.roles.sagemaker }),
      ...(config.roles.extract === undefined ? {} : { extract: config.roles.extract }),
      ...(config.roles.launcher === undefined ? {} : { launcher: config.roles.launcher }),
      ...(config.roles.launcherExecution === undefined ? {} : { launcherExecution: config.roles.launcherExecution }),
    },
    taskFamily,
    teardown: endpoint.teardown,
    functions: {
      findChampion: chosen("findChampion"),
      gateModel: chosen("gateModel"),
      registerModel: chosen("registerModel"),
      launchSoon: chosen("launchSoon"),
    },
  });
  const promotion =
    config.promotion.from === undefined
      ? undefined
      : make(ModelPromotion, "promotion", {
          ...shared,
          storage,
          registry,
          deployQueue: endpoint.deployQueue,
          experimentName: pipelineName,
          approval: config.registry.approval,
          from: config.promotion.from,
          functions: { promoteModel: chosen("promoteModel") },
        });
  const shadow =
    config.deployment.rollout.type === "shadow"
      ? make(ShadowComparison, "shadow", {
          ...shared,
          storage,
          registry,
          endpoint,
          functions: { compareShadow: chosen("compareShadow") },
        })
      : undefined;
  const api = make(InferenceApi, "api", {
    ...shared,
    endpoint,
    registry,
    api: config.api,
    functions: {
      inference: chosen("inference"),
      inferenceHealth: chosen("inferenceHealth"),
      authorize: chosen("authorize"),
    },
  });
  const stream = make(StreamScorer, "stream", {
    ...shared,
    storage,
    alerts,
    registry,
    endpoint,
    stream: config.stream,
    jobNamePrefix: config.global.baseJobNamePrefix,
    runTimeTags,
    functions: { scorer: chosen("scorer") },
  });
  const catalog = make(PredictionsCatalog, "predictions", {
    ...shared,
    storage,
    folder: PREDICTIONS,
    queryScanLimitGb: config.stream.queryScanLimitGb,
  });

  // Labels that another stack or system keeps are merged there.
  const labels =
    config.monitors.groundTruthUri === undefined
      ? make(LabelMerger, "labels", {
          ...shared,
          storage,
          alerts,
          stream,
          functions: { mergeLabels: chosen("mergeLabels") },
        })
      : undefined;
  const monitors = make(MonitorSuite, "monitors", {
    ...shared,
    storage,
    alerts,
    registry,
    endpoint,
    monitors: config.monitors,
    jobNamePrefix: config.global.baseJobNamePrefix,
    launcher: training.launcher,
    ...(network === undefined ? {} : { network }),
    runTimeTags: {
      ...runTimeTags,
      "fraud:project-id": `${pulumi.getProject()}-${pulumi.getStack()}`,
      "fraud:project-name": pulumi.getProject(),
    },
    ...(config.roles.monitoring === undefined ? {} : { jobRoleArn: config.roles.monitoring }),
    ...("instanceType" in config.deployment ? { modelInstanceType: config.deployment.instanceType } : {}),
    functions: {
      runMonitor: chosen("runMonitor"),
      settleMonitor: chosen("settleMonitor"),
      reconcileMonitors: chosen("reconcileMonitors"),
    },
  });
  if (config.budget !== undefined) make(CostBudget, "budget", { ...shared, alerts, ...config.budget });
  make(Dashboard, "dashboard", { ...shared, pipelineName, endpoint, stream, api });
  const ci =
    config.ci === undefined || image === undefined
      ? undefined
      : make(CiPipeline, "ci", {
          ...shared,
          storage,
          alerts,
          image,
          launcher: training.launcher,
          pipelineName,
          ci: config.ci,
          functions: { runPipeline: chosen("runPipeline") },
        });

  const outputs: PlatformOutputValues = {
    outputsVersion: OUTPUTS_VERSION,
    stack: pulumi.getStack(),
    version,
    bucketName: storage.bucketName,
    prefix: storage.prefix,
    kmsKeyArn: storage.keyArn,
    ...(config.source.type === "s3" ? { rawDataUri: storage.uri(config.source.key) } : {}),
    ...(labels === undefined ? {} : { labelsUri: labels.inputUri }),
    sagemakerRoleArn: training.sagemakerRoleArn,
    pipelineName,
    modelPackageGroupName: registry.groupName,
    mlflowArn: registry.mlflowArn,
    launcher: {
      clusterArn: training.launcher.clusterArn,
      taskDefinitionArn: training.launcher.taskDefinitionArn,
      taskFamily: training.launcher.taskFamily,
      containerName: training.launcher.containerName,
      subnetIds: pulumi.all([...training.launcher.subnetIds]),
      securityGroupIds: pulumi.all([...training.launcher.securityGroupIds]),
    },
    endpointName: endpoint.endpointName,
    apiUrl: api.url,
    apiKey: api.apiKey,
    scorer: {
      tableName: stream.tableName,
      queueUrl: stream.queue.url,
      dlqUrl: stream.queue.deadLettersUrl,
      inputUri: stream.inputUri,
      quarantineUri: stream.quarantineUri,
      predictionsUri: stream.predictionsUri,
      manifestsUri: stream.manifestsUri,
    },
    athena: {
      databaseName: catalog.databaseName,
      tableName: catalog.tableName,
      workgroupName: catalog.workgroupName,
    },
    monitors: {
      runFunctionName: monitors.runFunctionName,
      outputUri: monitors.outputUri,
    },
    deploymentsTableName: endpoint.deploymentsTableName,
    deployQueueUrl: endpoint.deployQueue.url,
    alertsTopicArn: alerts.topicArn,
    ...(promotion === undefined ? {} : { promotion: promotion.described }),
    ...(shadow === undefined ? {} : { compareShadowFunctionName: shadow.functionName }),
    deploymentStatus: endpoint.status.apply(({ status }) => status),
    deploymentReason: endpoint.status.apply(({ reason }) => reason),
    ...(ci === undefined ? {} : { ciPipelineName: ci.pipelineName }),
  };
  make(PublishedOutputs, "outputs", {
    ...shared,
    outputs,
    keyArn: storage.keyArn,
    ...(name === undefined ? {} : { name }),
  });
  return outputs;
}
