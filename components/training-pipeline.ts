import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Ecs } from "../config/platform";
import type { Evaluation, Preprocess, Registry, Source, Training } from "../config/training";
import { GateModelEnvironment } from "../functions/gate-model/env";
import { RegisterModelEnvironment } from "../functions/register-model/env";
import { LaunchSettings, launchSettingsVariable } from "../pipeline/launch-settings";
import type { Alerts } from "./alerts";
import type { ComponentArgs, Transform } from "./component";
import { PlatformComponent, refuse } from "./component";
import type { FunctionOverrides } from "./lambda-function";
import { LambdaFunction } from "./lambda-function";
import type { ModelRegistry } from "./model-registry";
import { ServiceRole, type Statement } from "./iam";
import type { Storage } from "./storage";
import type { WorkQueue } from "./work-queue";

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
  preprocess: Preprocess;
  training: Training;
  evaluation: Evaluation;
  approval: Registry["approval"];
  launcher: Ecs;
  /** Tags of everything that the pipeline makes at run time; how it is found again on destroy. */
  runTimeTags: Record<string, string>;
  /** Existing roles instead of made ones. */
  roles?: { sagemaker?: string; launcher?: string; launcherExecution?: string };
  taskFamily?: string;
  functions?: { gateModel?: FunctionOverrides; registerModel?: FunctionOverrides };
  transform?: {
    cluster?: Transform<aws.ecs.ClusterArgs>;
    taskDefinition?: Transform<aws.ecs.TaskDefinitionArgs>;
  };
}

/** The launcher as a schedule, a merge or a person runs it. */
export interface Launcher {
  clusterArn: pulumi.Output<string>;
  taskDefinitionArn: pulumi.Output<string>;
  taskFamily: pulumi.Output<string>;
  containerName: string;
  subnetIds: readonly string[];
  securityGroupIds: readonly string[];
}

const CONTAINER = "launcher";

/** What this version cannot do yet; said before anything is made. */
export function trainingProblems(args: Pick<TrainingPipelineArgs, "source" | "preprocess" | "training">): string[] {
  const problems: string[] = [];
  if (args.source.type !== "s3") problems.push(`source.type is "${args.source.type}": only "s3" is built so far`);
  if (args.preprocess.framework !== "scikit-learn") {
    problems.push(`preprocess.framework is "${args.preprocess.framework}": only "scikit-learn" is built so far`);
  }
  if (args.training.algorithm !== "xgboost") {
    problems.push(`training.algorithm is "${args.training.algorithm}": only "xgboost" is built so far`);
  }
  return problems;
}

/**
 * Training from raw transactions to a registered model: the role that jobs run under, the functions of the pipeline's
 * gate and registration, and an ECS task that compiles, updates and starts the SageMaker pipeline. The pipeline itself
 * is made by the task, because it changes with the code and not with the infrastructure.
 *
 * @example
 * new TrainingPipeline("training", { storage, alerts, registry, deployQueue: endpoint.deployQueue, ...configuration });
 * @throws Error naming every configured choice that is not built yet.
 */
export class TrainingPipeline extends PlatformComponent {
  readonly sagemakerRoleArn: pulumi.Output<string>;
  readonly launcher: Launcher;

  constructor(name: string, args: TrainingPipelineArgs, options?: pulumi.ComponentResourceOptions) {
    refuse("TrainingPipeline", name, trainingProblems(args));
    super("TrainingPipeline", name, args, options);

    const gate = this.makeGate(args);
    const register = this.makeRegister(args);
    const sagemaker = this.makeSagemakerRole(args, [gate, register]);
    this.sagemakerRoleArn = sagemaker.arn;
    this.launcher = this.makeLauncher(args, this.settings(args, gate, register));
    this.registerOutputs({
      sagemakerRoleArn: this.sagemakerRoleArn,
      taskDefinitionArn: this.launcher.taskDefinitionArn,
    });
  }

  private makeGate(args: TrainingPipelineArgs): LambdaFunction<typeof GateModelEnvironment> {
    return new LambdaFunction(
      this.childName("gate"),
      {
        ...this.shared,
        ...args.functions?.gateModel,
        functionName: "gate-model",
        description: "Decides whether a trained model is good enough to be registered",
        environment: GateModelEnvironment,
        variables: { ALERTS_TOPIC_ARN: args.alerts.topicArn },
        statements: [...args.storage.reading("*/evaluation/*"), ...args.alerts.publishing()],
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

  private makeSagemakerRole(args: TrainingPipelineArgs, steps: { arn: pulumi.Output<string> }[]): ServiceRole {
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
            resources: ["processing-job/*", "training-job/*", "model/*"].map((kind) => this.arn("sagemaker", kind)),
          },
          { actions: ["lambda:InvokeFunction"], resources: steps.map((step) => step.arn) },
          args.deployQueue.sending(),
          {
            actions: ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
            resources: [this.arn("logs", "log-group:/aws/sagemaker/*")],
          },
          {
            actions: ["cloudwatch:PutMetricData"],
            anyResourceBecause: "CloudWatch metrics are no resources",
            conditions: { StringLike: { "cloudwatch:namespace": ["/aws/sagemaker/*", "SageMaker*"] } },
          },
          ...pullingImages(),
        ],
      },
      { parent: this },
    );
    role.grant("jobs", [
      {
        actions: ["iam:PassRole"],
        resources: [role.arn],
        conditions: { StringEquals: { "iam:PassedToService": "sagemaker.amazonaws.com" } },
      },
    ]);
    return role;
  }

  /** The launcher's settings; the codec that decodes them at its start encodes them here. */
  private settings(
    args: TrainingPipelineArgs,
    gate: { arn: pulumi.Output<string> },
    register: { arn: pulumi.Output<string> },
  ): pulumi.Output<string> {
    const { storage, registry, deployQueue, preprocess, training, evaluation, source } = args;
    const { region } = aws.getRegionOutput({}, { parent: this });
    return pulumi
      .all([
        region,
        storage.bucketName,
        storage.keyArn,
        this.sagemakerRoleArn,
        registry.groupName,
        gate.arn,
        register.arn,
        deployQueue.url,
      ])
      .apply(
        ([
          region,
          bucket,
          kmsKeyArn,
          sagemakerRoleArn,
          modelPackageGroupName,
          gateModelArn,
          registerModelArn,
          deployQueueUrl,
        ]) => {
          const { trainRatio, validationRatio, testRatio, instanceType, split, seed } = preprocess;
          const settings: LaunchSettings = {
            region,
            bucket,
            prefix: storage.prefix,
            kmsKeyArn,
            pipelineName: args.pipelineName,
            sagemakerRoleArn,
            baseJobNamePrefix: args.baseJobNamePrefix,
            jobsScriptsFolder: args.jobsScriptsFolder,
            modelPackageGroupName,
            rawDataKey: s3KeyOf(source),
            preprocess: {
              framework: "scikit-learn",
              frameworkVersion: "1.4-2",
              instanceType,
              trainRatio,
              validationRatio,
              testRatio,
              split,
              seed,
            },
            training: { ...training, algorithm: "xgboost" },
            evaluation,
            approval: args.approval,
            functions: { gateModelArn, registerModelArn },
            deployQueueUrl,
            tags: args.runTimeTags,
            gitRevision: undefined,
          };
          return JSON.stringify(LaunchSettings.encode(settings));
        },
      );
  }

  private makeLauncher(args: TrainingPipelineArgs, settings: pulumi.Output<string>): Launcher {
    const family = args.taskFamily ?? `${args.pipelineName}-launcher`;
    const cluster = this.child(
      aws.ecs.Cluster,
      "launcher",
      { settings: [{ name: "containerInsights", value: "enabled" }], tags: this.tags },
      args.transform?.cluster,
    );
    const logs = this.child(aws.cloudwatch.LogGroup, "launcher", {
      retentionInDays: this.shared.logRetentionDays,
      tags: this.tags,
    });
    const role = new ServiceRole(
      this.childName("launcher"),
      {
        ...this.shared,
        existingArn: args.roles?.launcher,
        services: ["ecs-tasks.amazonaws.com"],
        statements: this.launching(args),
      },
      { parent: this },
    );
    const execution = new ServiceRole(
      this.childName("launcher-execution"),
      {
        ...this.shared,
        existingArn: args.roles?.launcherExecution,
        services: ["ecs-tasks.amazonaws.com"],
        statements: [
          {
            actions: ["logs:CreateLogStream", "logs:PutLogEvents"],
            resources: [pulumi.interpolate`${logs.arn}:*`],
          },
          ...pullingImages(),
        ],
      },
      { parent: this },
    );
    const { region } = aws.getRegionOutput({}, { parent: this });
    const { accountId } = aws.getCallerIdentityOutput({}, { parent: this });
    const image =
      args.launcher.image ??
      pulumi.interpolate`${accountId}.dkr.ecr.${region}.amazonaws.com/${args.pipelineName}:latest`;
    const task = this.child(
      aws.ecs.TaskDefinition,
      "launcher",
      {
        family,
        requiresCompatibilities: ["FARGATE"],
        networkMode: "awsvpc",
        cpu: String(args.launcher.cpu),
        memory: String(args.launcher.memoryMib),
        taskRoleArn: role.arn,
        executionRoleArn: execution.arn,
        containerDefinitions: pulumi.jsonStringify([
          {
            name: CONTAINER,
            image,
            essential: true,
            user: "1000",
            readonlyRootFilesystem: true,
            environment: [{ name: launchSettingsVariable, value: settings }],
            logConfiguration: {
              logDriver: "awslogs",
              options: { "awslogs-group": logs.name, "awslogs-region": region, "awslogs-stream-prefix": "run" },
            },
          },
        ]),
        tags: this.tags,
      },
      args.transform?.taskDefinition,
      { dependsOn: [...role.ready, ...execution.ready] },
    );
    return {
      clusterArn: cluster.arn,
      taskDefinitionArn: task.arn,
      taskFamily: task.family,
      containerName: CONTAINER,
      subnetIds: args.launcher.subnetIds ?? [],
      securityGroupIds: args.launcher.securityGroupIds ?? [],
    };
  }

  /** What the launcher does: uploads code, brings the pipeline up to date, starts and follows it. */
  private launching(args: TrainingPipelineArgs): Statement[] {
    const { storage } = args;
    const pipeline = `pipeline/${args.pipelineName}`;
    return [
      ...storage.reading("scripts/*", "raw/*"),
      ...storage.writing("scripts/*"),
      {
        actions: [
          "sagemaker:CreatePipeline",
          "sagemaker:UpdatePipeline",
          "sagemaker:DescribePipeline",
          "sagemaker:StartPipelineExecution",
          "sagemaker:DescribePipelineExecution",
          "sagemaker:ListPipelineExecutionSteps",
          "sagemaker:AddTags",
        ],
        resources: [this.arn("sagemaker", pipeline), this.arn("sagemaker", `${pipeline}/execution/*`)],
      },
      {
        actions: ["iam:PassRole"],
        resources: [this.sagemakerRoleArn],
        conditions: { StringEquals: { "iam:PassedToService": "sagemaker.amazonaws.com" } },
      },
    ];
  }

  private arn(service: string, resource: string): pulumi.Output<string> {
    const { partition } = aws.getPartitionOutput({}, { parent: this });
    const { region } = aws.getRegionOutput({}, { parent: this });
    const { accountId } = aws.getCallerIdentityOutput({}, { parent: this });
    return pulumi.interpolate`arn:${partition}:${service}:${region}:${accountId}:${resource}`;
  }
}

/** @throws Error for a source that {@link trainingProblems} refuses. */
function s3KeyOf(source: Source): string {
  if (source.type !== "s3") throw new Error(`source.type is "${source.type}": only "s3" is built so far`);
  return source.key;
}

/** What pulling an image from ECR takes; AWS's own images live in accounts of theirs. */
function pullingImages(): Statement[] {
  return [
    {
      actions: ["ecr:GetAuthorizationToken"],
      anyResourceBecause: "the token is for a registry, and ECR has no resource for that",
    },
    {
      actions: ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"],
      resources: ["arn:aws*:ecr:*:*:repository/*"],
    },
  ];
}
