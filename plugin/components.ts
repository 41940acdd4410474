// The platform's components, one by one, as programs in other languages get them.
import type * as pulumi from "@pulumi/pulumi";
import * as t from "io-ts";
import { Alerts } from "../components/alerts";
import { CanaryEndpoint } from "../components/canary-endpoint";
import { CiPipeline } from "../components/ci-pipeline";
import { InferenceApi } from "../components/inference-api";
import { LauncherImage } from "../components/launcher-image";
import { ModelRegistry } from "../components/model-registry";
import { MonitorSuite } from "../components/monitor-suite";
import { Storage } from "../components/storage";
import { StreamScorer } from "../components/stream-scorer";
import { TrainingPipeline } from "../components/training-pipeline";
import {
  Api,
  Ci,
  Deployment,
  Ecs,
  Evaluation,
  Monitors,
  NetworkExisting,
  Preprocess,
  Registry,
  Source,
  Stream,
  Training,
} from "../config";
import { optional, struct, withDefault } from "../config/codec";
import {
  component,
  defaulted,
  group,
  maybe,
  settingsOf,
  texts,
  whole,
  word,
  words,
  yesNo,
  type ArgsOf,
  type Field,
  type Fields,
} from "./fields";

/** What a component tells: a description, and whether it is a secret. */
type Told = Readonly<Record<string, { description: string; secret?: boolean }>>;

export interface Offered {
  description: string;
  fields: Fields;
  told: Told;
  make(
    name: string,
    args: never,
    options: pulumi.ComponentResourceOptions,
  ): { made: pulumi.ComponentResource; outputs: Record<string, pulumi.Input<string>> };
}

/** Checks that what is made fits the fields, and what it tells their list. */
function offered<F extends Fields, T extends Told, Made extends pulumi.ComponentResource>(of: {
  description: string;
  fields: F;
  told: T;
  make: (name: string, args: ArgsOf<F>, options: pulumi.ComponentResourceOptions) => Made;
  tell: (made: Made) => { [K in keyof T]: pulumi.Input<string> };
}): Offered {
  const { description, fields, told, make, tell } = of;
  return {
    description,
    fields,
    told,
    make(name, args: ArgsOf<F>, options) {
      const made = make(name, args, options);
      return { made, outputs: tell(made) };
    },
  };
}

const RoleSettings = struct("iam", { path: optional(t.string), permissionsBoundaryArn: optional(t.string) });

const shared = {
  tags: maybe(texts("On every child that can carry them. Default: none.")),
  logRetentionDays: maybe(whole("Days that log groups keep their events. Default: 30.")),
  iam: maybe(
    settingsOf(RoleSettings, "How roles are made: `path` (default `/`), `permissionsBoundaryArn` (default: none)."),
  ),
};

const storage = component("Storage", Storage, "Where data are.");
const alerts = component("Alerts", Alerts, "Who hears of what goes wrong.");
const registry = component("ModelRegistry", ModelRegistry, "Where models are registered.");
const endpoint = component("CanaryEndpoint", CanaryEndpoint, "The endpoint.");
const training = component("TrainingPipeline", TrainingPipeline, "The pipeline, whose launcher's task is run.");
const image = component("LauncherImage", LauncherImage, "The launcher's image.");
const pipelineName = word("Name of the SageMaker pipeline, at most 63 characters.");
const runTimeTags = texts("On everything that is made at run time: how it is found again on destroy. Not empty.");
const approval: Field<Registry["approval"]> = {
  ...word("`manual`: a model that passes the gate goes live when its package is approved; `auto`: at once."),
  codec: Registry.fields.approval,
  required: false,
};
const network = maybe(group("network", NetworkExisting));
const settings = <A>(name: string, codec: t.Type<A>) => defaulted(group(name, withDefault(codec, {})));

/** Components by kind. What a component takes of another's parts in TypeScript is the other itself here. */
export const OFFERED: Readonly<Record<string, Offered>> = {
  Storage: offered({
    description: "A bucket for everything of the platform, and its key.",
    fields: {
      ...shared,
      prefix: maybe(word("Beginning of every key. Default: `fraud`.")),
      bucketName: maybe(word("An existing bucket to use instead of making one.")),
      retainOnDelete: maybe(yesNo("Whether bucket and key outlive the stack. Default: true.")),
      protect: maybe(yesNo("Whether Pulumi refuses to delete them. Default: false.")),
      readerAccountIds: maybe(words("Accounts that take promoted models from here. Default: none.")),
    },
    told: {
      bucketName: { description: "The bucket's name." },
      bucketArn: { description: "The bucket's ARN." },
      keyArn: { description: "ARN of the key that encrypts it." },
    },
    make: (name, args, options) => new Storage(name, args, options),
    tell: ({ bucketName, bucketArn, keyArn }) => ({ bucketName, bucketArn, keyArn }),
  }),
  Alerts: offered({
    description: "The topic of all alerts.",
    fields: { ...shared, storage, emails: maybe(words("Addresses that are sent each alert. Default: none.")) },
    told: { topicArn: { description: "The topic's ARN." } },
    make: (name, args, options) => new Alerts(name, args, options),
    tell: ({ topicArn }) => ({ topicArn }),
  }),
  ModelRegistry: offered({
    description: "SageMaker's model registry and MLflow's.",
    fields: {
      ...shared,
      storage,
      groupName: word("Name of the model package group, at most 63 characters."),
      modelName: word("Name of the registered model in MLflow."),
      mlflowArn: maybe(word("An existing MLflow app or tracking server. Default: an app is made.")),
      mlflowRoleArn: maybe(word("An existing role for the MLflow app. Default: a role is made.")),
      readerAccountIds: maybe(words("Accounts that take promoted models from here. Default: none.")),
    },
    told: {
      groupName: { description: "Name of the model package group." },
      groupArn: { description: "Its ARN." },
      mlflowArn: { description: "ARN of the MLflow app or tracking server." },
    },
    make: (name, args, options) => new ModelRegistry(name, args, options),
    tell: ({ groupName, groupArn, mlflowArn }) => ({ groupName, groupArn, mlflowArn }),
  }),
  LauncherImage: offered({
    description: "The repository of the launcher's image, and which of its images runs.",
    fields: { ...shared, storage, readerAccountIds: maybe(words("Accounts that may pull the image. Default: none.")) },
    told: {
      repositoryUrl: { description: "The repository's URL." },
      parameterName: { description: "SSM parameter that names the image that runs." },
    },
    make: (name, args, options) => new LauncherImage(name, args, options),
    tell: ({ repositoryUrl, parameterName }) => ({ repositoryUrl, parameterName }),
  }),
  CanaryEndpoint: offered({
    description: "A real-time endpoint whose every update is a rollout with alarms that take it back.",
    fields: {
      ...shared,
      storage,
      alerts,
      registry,
      deployment: group("deployment", Deployment),
      approval,
      pipelineName,
      runTimeTags,
      network,
      modelRoleArn: maybe(word("An existing role for models that are made of packages. Default: a role is made.")),
      taskFamily: maybe(word("Family of the launcher's task. Default: the pipeline's name, `-launcher`.")),
    },
    told: {
      endpointName: { description: "The endpoint's name." },
      endpointArn: { description: "The endpoint's ARN." },
      deployQueueUrl: { description: "Takes what asks for deployments." },
      deploymentsTableName: { description: "The table of what was deployed." },
    },
    make: (name, { taskFamily, ...args }, options) =>
      new CanaryEndpoint(
        name,
        {
          ...args,
          launcherTask: { family: taskFamily ?? `${args.pipelineName}-launcher`, tags: args.tags ?? {} },
        },
        options,
      ),
    tell: ({ endpointName, endpointArn, deployQueue, deploymentsTableName }) => ({
      endpointName,
      endpointArn,
      deployQueueUrl: deployQueue.url,
      deploymentsTableName,
    }),
  }),
  TrainingPipeline: offered({
    description: "An ECS task that compiles and starts the SageMaker pipeline, by the clock or when it is run.",
    fields: {
      ...shared,
      storage,
      alerts,
      registry,
      endpoint,
      pipelineName,
      baseJobNamePrefix: word("Begins the jobs' names: at most 28 characters."),
      source: defaulted(group("source", withDefault(Source, { type: "s3" }))),
      preprocess: group("preprocess", Preprocess),
      training: group("training", Training),
      evaluation: group("evaluation", Evaluation),
      approval,
      ecs: settings("ecs", Ecs),
      image: maybe(image),
      network,
      runTimeTags,
      taskFamily: maybe(word("Family of the launcher's task. Default: the pipeline's name, `-launcher`.")),
    },
    told: {
      sagemakerRoleArn: { description: "Role of the pipeline's jobs." },
      clusterArn: { description: "Cluster of the launcher's task." },
      taskDefinitionArn: { description: "The launcher's task." },
    },
    make: (name, { endpoint, ecs, image, ...args }, options) =>
      new TrainingPipeline(
        name,
        {
          ...args,
          deployQueue: endpoint.deployQueue,
          modelStatements: [endpoint.readingRolloutAlarms(), args.storage.lendingKey()],
          teardown: endpoint.teardown,
          jobsScriptsFolder: JOBS_FOLDER,
          launcher: ecs,
          launcherImage: image,
        },
        options,
      ),
    tell: ({ sagemakerRoleArn, launcher: { clusterArn, taskDefinitionArn } }) => ({
      sagemakerRoleArn,
      clusterArn,
      taskDefinitionArn,
    }),
  }),
  InferenceApi: offered({
    description: "API Gateway with keys, usage plan and throttle in front of the endpoint.",
    fields: { ...shared, endpoint, registry, api: settings("api", Api) },
    told: {
      url: { description: "Without a slash at its end: `{url}/predict`." },
      apiKey: { description: "Header x-api-key of POST /predict.", secret: true },
    },
    make: (name, args, options) => new InferenceApi(name, args, options),
    tell: ({ url, apiKey }) => ({ url, apiKey }),
  }),
  StreamScorer: offered({
    description: "A CSV that lands in the bucket is scored into DynamoDB; bad rows are set aside with the reason.",
    fields: {
      ...shared,
      storage,
      alerts,
      registry,
      endpoint,
      stream: settings("stream", Stream),
      jobNamePrefix: word("Begins the names of transform jobs: at most 28 characters."),
      runTimeTags,
    },
    told: {
      tableName: { description: "The table of predictions." },
      queueUrl: { description: "The queue of files." },
      inputUri: { description: "Where files land." },
      quarantineUri: { description: "Where rows are set aside." },
      predictionsUri: { description: "Where predictions are kept for SQL." },
    },
    make: (name, args, options) => new StreamScorer(name, args, options),
    tell: ({ tableName, queue, inputUri, quarantineUri, predictionsUri }) => ({
      tableName,
      queueUrl: queue.url,
      inputUri,
      quarantineUri,
      predictionsUri,
    }),
  }),
  MonitorSuite: offered({
    description: "Four monitors against the baselines of the model that is live.",
    fields: {
      ...shared,
      storage,
      alerts,
      registry,
      endpoint,
      training,
      monitors: settings("monitors", Monitors),
      jobNamePrefix: word("Begins the jobs' names: at most 28 characters."),
      network,
      runTimeTags,
      jobRoleArn: maybe(word("An existing role for the jobs. Default: one is made.")),
    },
    told: {
      runFunctionName: { description: "The function that runs a monitor on a period." },
      outputUri: { description: "Folder of what the monitors found." },
    },
    make: (name, { training, ...args }, options) =>
      new MonitorSuite(name, { ...args, launcher: training.launcher }, options),
    tell: ({ runFunctionName, outputUri }) => ({ runFunctionName, outputUri }),
  }),
  CiPipeline: offered({
    description: "A merge is tested, built into an image and run.",
    fields: { ...shared, storage, alerts, image, training, pipelineName, ci: group("ci", Ci) },
    told: {
      pipelineName: { description: "The CodePipeline's name." },
      pipelineArn: { description: "Its ARN." },
    },
    make: (name, { training, ...args }, options) =>
      new CiPipeline(name, { ...args, launcher: training.launcher }, options),
    tell: ({ pipelineName, pipelineArn }) => ({ pipelineName, pipelineArn }),
  }),
};

/** Folder of the jobs' code in the launcher's image, as the project builds it. */
const JOBS_FOLDER = "jobs";
