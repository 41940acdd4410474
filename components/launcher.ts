import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Ecs } from "../config/platform";
import { version } from "../package.json";
import { launchSettingsVariable } from "../pipeline/launch-settings";
import type { ComponentArgs, Transform } from "./component";
import { PlatformComponent } from "./component";
import { literally, passingRoles, pullingImages, ServiceRole, type Statement } from "./iam";
import type { FunctionOverrides } from "./lambda-function";
import { LaunchOnRawData } from "./launch-on-raw-data";
import { LaunchSchedule } from "./launch-schedule";
import { LaunchTarget } from "./launch-target";
import type { Storage } from "./storage";

/** How the task is configured; its network may be one that the same program makes. */
export type LauncherSettings = Omit<Ecs, "subnetIds" | "securityGroupIds"> & {
  subnetIds?: readonly pulumi.Input<string>[] | undefined;
  securityGroupIds?: readonly pulumi.Input<string>[] | undefined;
};

export interface LauncherArgs extends ComponentArgs {
  storage: Storage;
  /** The pipeline that the task makes and starts. */
  pipelineName: string;
  /** The task passes this role to the pipeline. */
  sagemakerRoleArn: pulumi.Input<string>;
  /** Key of the raw data under the prefix, in case it lies outside `raw/`. None where they come from elsewhere. */
  rawDataKey?: string;
  /** JSON of `LaunchSettings` (pipeline/launch-settings.ts). */
  settings: pulumi.Input<string>;
  /** Size, network, image and schedule of the task. */
  task: LauncherSettings;
  /** The image that runs, and its repository, instead of one named by `task`. */
  image?: { uri: pulumi.Input<string>; repositoryArn: pulumi.Input<string> };
  /** Topic that hears of launches by the clock or for raw data that failed. */
  alertsTopicArn: pulumi.Input<string>;
  /** Name of the task definition. Default: the pipeline's name, `-launcher`. */
  taskFamily?: string;
  /** Existing roles instead of made ones. */
  roles?: { task?: string; execution?: string };
  functions?: { launchSoon?: FunctionOverrides };
  transform?: {
    cluster?: Transform<aws.ecs.ClusterArgs>;
    taskDefinition?: Transform<aws.ecs.TaskDefinitionArgs>;
    schedule?: Transform<aws.scheduler.ScheduleArgs>;
    rawDataScheduleGroup?: Transform<aws.scheduler.ScheduleGroupArgs>;
  };
}

/** How a schedule, a merge or a person runs the launcher. */
export interface LauncherTask {
  clusterArn: pulumi.Output<string>;
  taskDefinitionArn: pulumi.Output<string>;
  taskFamily: pulumi.Output<string>;
  containerName: string;
  subnetIds: readonly pulumi.Input<string>[];
  securityGroupIds: readonly pulumi.Input<string>[];
  /** Roles that the task runs under: whoever runs it passes them. */
  roleArns: readonly pulumi.Output<string>[];
}

const CONTAINER = "launcher";

/** The parts of an ECR image's URI, or undefined for an image of another registry. */
export function ecrImage(uri: string): { accountId: string; region: string; repository: string } | undefined {
  const match = /^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?\/([a-z0-9._/-]+?)(?:[:@].+)?$/.exec(uri);
  const [, accountId, region, repository] = match ?? [];
  if (accountId === undefined || region === undefined || repository === undefined) return undefined;
  return { accountId, region, repository };
}

/** The ECS Fargate task that compiles the SageMaker pipeline, brings it up to date and starts it. */
export class Launcher extends PlatformComponent {
  readonly task: LauncherTask;

  constructor(name: string, args: LauncherArgs, options?: pulumi.ComponentResourceOptions) {
    super("Launcher", name, args, options);

    const cluster = this.child(
      aws.ecs.Cluster,
      "cluster",
      { settings: [{ name: "containerInsights", value: "enabled" }], tags: this.tags },
      args.transform?.cluster,
    );
    const logs = this.child(aws.cloudwatch.LogGroup, "logs", {
      retentionInDays: this.shared.logRetentionDays,
      tags: this.tags,
    });
    const { region, accountId } = this.place;
    const repository = args.pipelineName.toLowerCase();
    const image =
      args.image?.uri ??
      args.task.image ??
      pulumi.interpolate`${accountId}.dkr.ecr.${region}.amazonaws.com/${repository}:${version}`;
    const role = new ServiceRole(
      this.childName("task"),
      {
        ...this.shared,
        existingArn: args.roles?.task,
        services: ["ecs-tasks.amazonaws.com"],
        statements: this.launching(args),
      },
      { parent: this },
    );
    const execution = new ServiceRole(
      this.childName("execution"),
      {
        ...this.shared,
        existingArn: args.roles?.execution,
        services: ["ecs-tasks.amazonaws.com"],
        statements: [
          {
            actions: ["logs:CreateLogStream", "logs:PutLogEvents"],
            resources: [pulumi.interpolate`${logs.arn}:*`],
          },
          ...(args.image === undefined
            ? this.pulling(args.task.image, repository)
            : pullingImages(args.image.repositoryArn)),
        ],
      },
      { parent: this },
    );
    const task = this.child(
      aws.ecs.TaskDefinition,
      "task",
      {
        family: args.taskFamily ?? `${args.pipelineName}-launcher`,
        requiresCompatibilities: ["FARGATE"],
        networkMode: "awsvpc",
        cpu: String(args.task.cpu),
        memory: String(args.task.memoryMib),
        taskRoleArn: role.arn,
        executionRoleArn: execution.arn,
        containerDefinitions: pulumi.jsonStringify([
          {
            name: CONTAINER,
            image,
            essential: true,
            user: "1000",
            readonlyRootFilesystem: true,
            environment: [{ name: launchSettingsVariable, value: args.settings }],
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

    this.task = {
      clusterArn: cluster.arn,
      taskDefinitionArn: task.arn,
      taskFamily: task.family,
      containerName: CONTAINER,
      subnetIds: args.task.subnetIds ?? [],
      securityGroupIds: args.task.securityGroupIds ?? [],
      roleArns: [role.arn, execution.arn],
    };
    this.launchByItself(args);
    this.registerOutputs({ clusterArn: cluster.arn, taskDefinitionArn: task.arn });
  }

  /** Launches by the clock, and for raw data that land, where they are configured. */
  private launchByItself(args: LauncherArgs): void {
    const { schedule, launchOnRawData, scheduleTimezone, flexibleWindowMinutes } = args.task;
    if (schedule === undefined && launchOnRawData === undefined) return;
    const { alertsTopicArn, storage, transform } = args;
    const target = new LaunchTarget(
      this.childName("target"),
      { ...this.shared, ...this.task, taskRoleArns: this.task.roleArns, alertsTopicArn },
      { parent: this },
    );
    if (schedule !== undefined) {
      new LaunchSchedule(
        this.childName("schedule"),
        {
          ...this.shared,
          schedule,
          timezone: scheduleTimezone,
          flexibleWindowMinutes,
          target,
          transform: { schedule: transform?.schedule },
        },
        { parent: this },
      );
    }
    if (launchOnRawData === undefined) return;
    const { rawDataKey } = args;
    if (rawDataKey === undefined) {
      throw new Error("ecs.launchOnRawData waits for objects to land: give a source of type s3, or leave it out");
    }
    new LaunchOnRawData(
      this.childName("raw-data"),
      {
        ...this.shared,
        storage,
        rawDataKey,
        quietMinutes: launchOnRawData.quietMinutes,
        clusterArn: this.task.clusterArn,
        containerName: CONTAINER,
        target,
        alertsTopicArn,
        function: args.functions?.launchSoon,
        transform: { group: transform?.rawDataScheduleGroup },
      },
      { parent: this },
    );
  }

  /** What the launcher does: uploads code, looks at the raw data, brings the pipeline up to date, starts and follows it. */
  private launching(args: LauncherArgs): Statement[] {
    const { storage } = args;
    const pipeline = `pipeline/${args.pipelineName.toLowerCase()}`;
    return [
      // It looks at what is there, and reads none of it.
      storage.listing("scripts/*", ...(args.rawDataKey === undefined ? [] : ["raw/*", literally(args.rawDataKey)])),
      ...storage.writing("scripts/*"),
      {
        actions: [
          "sagemaker:CreatePipeline",
          "sagemaker:UpdatePipeline",
          "sagemaker:DescribePipeline",
          "sagemaker:StartPipelineExecution",
          "sagemaker:StopPipelineExecution",
          "sagemaker:RetryPipelineExecution",
          "sagemaker:ListPipelineExecutions",
          "sagemaker:DescribePipelineExecution",
          "sagemaker:ListPipelineExecutionSteps",
          "sagemaker:ListPipelineParametersForExecution",
          "sagemaker:AddTags",
        ],
        resources: [this.arnOf("sagemaker", pipeline), this.arnOf("sagemaker", `${pipeline}/execution/*`)],
      },
      passingRoles([args.sagemakerRoleArn], "sagemaker"),
    ];
  }

  /** An image of another registry is public, or its owner adds the credentials by `transform`. */
  private pulling(given: string | undefined, repository: string): Statement[] {
    if (given === undefined) return pullingImages(this.arnOf("ecr", `repository/${repository}`));
    const image = ecrImage(given);
    if (image === undefined) return [];
    const { partition } = this.place;
    return pullingImages(
      pulumi.interpolate`arn:${partition}:ecr:${image.region}:${image.accountId}:repository/${image.repository}`,
    );
  }
}
