import * as pulumi from "@pulumi/pulumi";
import type { Evaluation, Preprocess, Registry, Source, Training } from "../config/training";
import { FindChampionEnvironment } from "../functions/find-champion/env";
import { GateModelEnvironment } from "../functions/gate-model/env";
import { RegisterModelEnvironment } from "../functions/register-model/env";
import { LaunchSettings, type LaunchSource } from "../pipeline/launch-settings";
import type { Alerts } from "./alerts";
import type { ComponentArgs } from "./component";
import { PlatformComponent } from "./component";
import { DatabaseSource } from "./database-source";
import { passingRoles, ServiceRole, type Statement } from "./iam";
import { joiningNetwork, runningJobs } from "./job-permissions";
import type { FunctionOverrides } from "./lambda-function";
import { LambdaFunction } from "./lambda-function";
import { Launcher, type LauncherArgs, type LauncherSettings, type LauncherTask } from "./launcher";
import type { ModelRegistry } from "./model-registry";
import { knownNetwork, type StackNetwork } from "./network";
import type { Storage } from "./storage";
import type { WorkQueue } from "./work-queue";

/** Tag of the scikit-learn image that processing jobs run on. */
const SKLEARN_VERSION = "1.4-2";

export interface TrainingPipelineArgs extends ComponentArgs {
  storage: Storage;
  alerts: Alerts;
  registry: ModelRegistry;
  /** Queue of the deploy step's callback messages. */
  deployQueue: WorkQueue;
  /** Name of the SageMaker pipeline that the launcher makes, at most 63 characters. */
  pipelineName: string;
  /** Beginning of the jobs' names, at most 32 characters. */
  baseJobNamePrefix: string;
  /** Folder of the jobs' code in the launcher's image. */
  jobsScriptsFolder: string;
  source: Source;
  /** Where the jobs run, and the models serve. Default: in none of the account's networks. */
  network?: StackNetwork;
  preprocess: Preprocess;
  training: Training;
  evaluation: Evaluation;
  approval: Registry["approval"];
  /** Size, network and image of the task that launches the pipeline. */
  launcher: LauncherSettings;
  /** The image of that task, where a delivery pipeline builds it. */
  launcherImage?: LauncherArgs["image"];
  /** Tags of everything that the pipeline makes at run time; how it is found again on destroy. */
  runTimeTags: Record<string, string>;
  /** What the models that the pipeline makes may do where they serve, beside what its jobs may. */
  modelStatements?: readonly Statement[];
  /** Removes the pipeline on destroy; nothing launches it any more by then. */
  teardown?: pulumi.Resource;
  /** Existing roles instead of made ones. */
  roles?: { sagemaker?: string; extract?: string; launcher?: string; launcherExecution?: string };
  /** Name of the task definition. Default: the pipeline's name, `-launcher`. */
  taskFamily?: string;
  functions?: LauncherArgs["functions"] & {
    findChampion?: FunctionOverrides;
    gateModel?: FunctionOverrides;
    registerModel?: FunctionOverrides;
  };
  transform?: LauncherArgs["transform"];
}

/**
 * Training from raw transactions to a registered model: the role that jobs run under, the functions of the pipeline's
 * gate and registration, and an ECS task that compiles, updates and starts the SageMaker pipeline. The pipeline itself
 * is made by the task, because it changes with the code and not with the infrastructure.
 *
 * @example
 * new TrainingPipeline("training", { storage, alerts, registry, deployQueue: endpoint.deployQueue, ...configuration });
 */
export class TrainingPipeline extends PlatformComponent {
  readonly sagemakerRoleArn: pulumi.Output<string>;
  readonly launcher: LauncherTask;

  constructor(name: string, args: TrainingPipelineArgs, options?: pulumi.ComponentResourceOptions) {
    super("TrainingPipeline", name, args, options);

    const functions = {
      findChampion: this.makeFindChampion(args),
      gate: this.makeGate(args),
      register: this.makeRegister(args),
    };
    const database = this.makeDatabaseSource(args);
    const passed = database === undefined ? [] : [database.roleArn];
    const sagemaker = this.makeSagemakerRole(args, Object.values(functions), passed);
    this.sagemakerRoleArn = sagemaker.arn;
    this.launcher = new Launcher(
      this.childName("launcher"),
      {
        ...this.shared,
        storage: args.storage,
        pipelineName: args.pipelineName,
        sagemakerRoleArn: sagemaker.arn,
        ...(args.source.type === "s3" ? { rawDataKey: args.source.key } : {}),
        settings: this.settings(args, database, functions),
        task: args.launcher,
        ...(args.launcherImage === undefined ? {} : { image: args.launcherImage }),
        alertsTopicArn: args.alerts.topicArn,
        taskFamily: args.taskFamily,
        roles: { task: args.roles?.launcher, execution: args.roles?.launcherExecution },
        functions: args.functions,
        transform: args.transform,
      },
      { parent: this, ...(args.teardown === undefined ? {} : { dependsOn: [args.teardown] }) },
    ).task;
    this.registerOutputs({
      sagemakerRoleArn: this.sagemakerRoleArn,
      taskDefinitionArn: this.launcher.taskDefinitionArn,
    });
  }

  private makeFindChampion(args: TrainingPipelineArgs): LambdaFunction<typeof FindChampionEnvironment> {
    const { registry, storage } = args;
    return new LambdaFunction(
      this.childName("champion"),
      {
        ...this.shared,
        ...args.functions?.findChampion,
        functionName: "find-champion",
        description: "Finds the model that serves now, for the new one to be compared with",
        environment: FindChampionEnvironment,
        variables: { MLFLOW_ARN: registry.mlflowArn, MODEL_NAME: registry.modelName },
        statements: [
          ...storage.reading("*/model/*"),
          ...storage.writing("*/champion/*"),
          ...registry.findingChampion(),
        ],
        timeoutSeconds: 120,
        memoryMib: 256,
      },
      { parent: this },
    );
  }

  private makeGate(args: TrainingPipelineArgs): LambdaFunction<typeof GateModelEnvironment> {
    const { alerts, registry, storage } = args;
    return new LambdaFunction(
      this.childName("gate"),
      {
        ...this.shared,
        ...args.functions?.gateModel,
        functionName: "gate-model",
        description: "Decides whether a trained model is good enough to be registered",
        environment: GateModelEnvironment,
        variables: {
          ALERTS_TOPIC_ARN: alerts.topicArn,
          MLFLOW_ARN: registry.mlflowArn,
          MLFLOW_EXPERIMENT_NAME: args.pipelineName,
        },
        statements: [...storage.reading("*/evaluation/*"), ...alerts.publishing(), ...registry.tracking()],
        timeoutSeconds: 60,
        memoryMib: 256,
      },
      { parent: this },
    );
  }

  private makeRegister(args: TrainingPipelineArgs): LambdaFunction<typeof RegisterModelEnvironment> {
    const { registry, storage } = args;
    return new LambdaFunction(
      this.childName("register"),
      {
        ...this.shared,
        ...args.functions?.registerModel,
        functionName: "register-model",
        description: "Registers a model that passed the gate in MLflow and in SageMaker, once",
        environment: RegisterModelEnvironment,
        variables: {
          MLFLOW_ARN: registry.mlflowArn,
          MLFLOW_EXPERIMENT_NAME: args.pipelineName,
          MODEL_NAME: registry.modelName,
          MODEL_PACKAGE_GROUP_NAME: registry.groupName,
          APPROVAL_STATUS: args.approval === "auto" ? "Approved" : "PendingManualApproval",
        },
        statements: [...storage.reading("*/evaluation/*", "*/model/*"), ...registry.registering()],
        timeoutSeconds: 120,
        memoryMib: 256,
      },
      { parent: this },
    );
  }

  private makeDatabaseSource({ source, storage, network, roles }: TrainingPipelineArgs): DatabaseSource | undefined {
    if (source.type !== "rds") return undefined;
    const roleArn = roles?.extract ?? roles?.sagemaker;
    return new DatabaseSource(
      this.childName("database"),
      {
        ...this.shared,
        storage,
        source,
        ...(network === undefined ? {} : { network }),
        ...(roleArn === undefined ? {} : { roleArn }),
      },
      { parent: this },
    );
  }

  private makeSagemakerRole(
    args: TrainingPipelineArgs,
    steps: { arn: pulumi.Output<string> }[],
    passedRoleArns: pulumi.Output<string>[],
  ): ServiceRole {
    const { storage } = args;
    const role = new ServiceRole(
      this.childName("sagemaker"),
      {
        ...this.shared,
        existingArn: args.roles?.sagemaker,
        services: ["sagemaker.amazonaws.com"],
        statements: [
          ...storage.reading("*"),
          ...storage.writing("*"),
          {
            actions: [
              "sagemaker:CreateProcessingJob",
              "sagemaker:DescribeProcessingJob",
              "sagemaker:StopProcessingJob",
              "sagemaker:CreateTrainingJob",
              "sagemaker:DescribeTrainingJob",
              "sagemaker:StopTrainingJob",
              "sagemaker:CreateModel",
              "sagemaker:DescribeModel",
              "sagemaker:AddTags",
            ],
            resources: ["processing-job/*", "training-job/*", "model/*"].map((kind) => this.arnOf("sagemaker", kind)),
          },
          ...args.registry.tracking(),
          { actions: ["lambda:InvokeFunction"], resources: steps.map((step) => step.arn) },
          args.deployQueue.sending(),
          ...runningJobs(this.place),
          ...(args.network === undefined ? [] : joiningNetwork(this.place, args.network)),
          ...(args.modelStatements ?? []),
        ],
      },
      { parent: this },
    );
    role.grant("jobs", [passingRoles([role.arn, ...passedRoleArns], "sagemaker")]);
    return role;
  }

  /** The launcher's settings; the codec that decodes them at its start encodes them here. */
  private settings(
    args: TrainingPipelineArgs,
    database: DatabaseSource | undefined,
    functions: Readonly<Record<"findChampion" | "gate" | "register", { arn: pulumi.Output<string> }>>,
  ): pulumi.Output<string> {
    const { storage, registry, deployQueue, preprocess, training, evaluation } = args;
    return pulumi
      .output({
        region: this.place.region,
        bucket: storage.bucketName,
        kmsKeyArn: storage.keyArn,
        sagemakerRoleArn: this.sagemakerRoleArn,
        modelPackageGroupName: registry.groupName,
        mlflowArn: registry.mlflowArn,
        functions: {
          findChampionArn: functions.findChampion.arn,
          gateModelArn: functions.gate.arn,
          registerModelArn: functions.register.arn,
        },
        deployQueueUrl: deployQueue.url,
        source: launchSource(args.source, database),
        network: knownNetwork(args.network),
      })
      .apply((known) => {
        const settings: LaunchSettings = {
          ...known,
          prefix: storage.prefix,
          pipelineName: args.pipelineName,
          baseJobNamePrefix: args.baseJobNamePrefix,
          jobsScriptsFolder: args.jobsScriptsFolder,
          preprocess,
          training,
          evaluation,
          approval: args.approval,
          overlappingRuns: args.launcher.overlappingRuns,
          tags: args.runTimeTags,
          gitRevision: undefined,
        };
        return JSON.stringify(LaunchSettings.encode(settings));
      });
  }
}

/** The source as the launcher's settings have it. */
function launchSource(source: Source, database: DatabaseSource | undefined): pulumi.Input<LaunchSource> {
  if (source.type === "s3") return source;
  if (database === undefined) throw new Error("a database is read by a role of its own, which was not made");
  const { type, host, port, secretArn, caBundleKey, instanceType, volumeSizeGb, maxRuntimeSeconds } = source;
  return pulumi.all([database.roleArn, database.network]).apply(([roleArn, network]) => ({
    ...{ type, host, port, secretArn, database: source.database, table: source.table, caBundleKey },
    ...{ instanceType, volumeSizeGb, maxRuntimeSeconds },
    frameworkVersion: SKLEARN_VERSION,
    roleArn,
    ...(network === undefined ? {} : { network }),
  }));
}
