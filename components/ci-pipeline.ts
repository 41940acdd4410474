import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Ci } from "../config/platform";
import { RunPipelineEnvironment } from "../functions/run-pipeline/env";
import { DELIVERED } from "../functions/shared/delivered";
import type { Alerts } from "./alerts";
import { BuildProject } from "./build-project";
import { DeliveryTriggers, SOURCE } from "./delivery-triggers";
import type { ComponentArgs, Transform } from "./component";
import { PlatformComponent, refuse } from "./component";
import { EventAlert } from "./event-alert";
import { passingRoles, ServiceRole, type Statement } from "./iam";
import { LambdaFunction, type FunctionOverrides } from "./lambda-function";
import type { LauncherImage } from "./launcher-image";
import type { LauncherTask } from "./launcher";
import { privateBucket } from "./private-bucket";
import type { Storage } from "./storage";

/** Artifacts are what one stage hands to the next: nobody reads them later. */
const ARTIFACT_DAYS = 30;

/** Name that the pipeline's actions call the tests' result by. */
const TESTED = "Tested";

export interface CiPipelineArgs extends ComponentArgs {
  storage: Storage;
  alerts: Alerts;
  image: LauncherImage;
  /** The task that runs each new image. */
  launcher: LauncherTask;
  /** Begins the delivery pipeline's name: `<pipelineName>-ci`. */
  pipelineName: string;
  ci: Ci;
  functions?: { runPipeline?: FunctionOverrides };
  transform?: {
    pipeline?: Transform<aws.codepipeline.PipelineArgs>;
    testProject?: Transform<aws.codebuild.ProjectArgs>;
    imageProject?: Transform<aws.codebuild.ProjectArgs>;
  };
}

/**
 * What a merge to the main branch starts: the tests, the launcher's image, and a run of the training pipeline with it.
 * A stage that fails ends the delivery, and the alerts' topic hears why.
 *
 * @example
 * new CiPipeline("ci", { storage, alerts, image, launcher: training.launcher, pipelineName: "fraud-dev", ci });
 * @throws Error where the launcher has no subnet to run in.
 */
export class CiPipeline extends PlatformComponent {
  readonly pipelineName: pulumi.Output<string>;
  readonly pipelineArn: pulumi.Output<string>;

  constructor(name: string, args: CiPipelineArgs, options?: pulumi.ComponentResourceOptions) {
    refuse(
      "CiPipeline",
      name,
      args.launcher.subnetIds.length > 0
        ? []
        : ["the launcher's task needs a subnet: give ecs.subnetIds, network.subnetIds or network.create"],
    );
    super("CiPipeline", name, args, options);
    const { storage, alerts, ci } = args;

    const artifacts = privateBucket(this, this.childName("artifacts"), {
      keyArn: storage.keyArn,
      lifecycleRules: [
        {
          id: "artifacts",
          status: "Enabled",
          filter: { prefix: "" },
          expiration: { days: ARTIFACT_DAYS },
          noncurrentVersionExpiration: { noncurrentDays: 1 },
          abortIncompleteMultipartUpload: { daysAfterInitiation: 1 },
        },
      ],
      forceDestroy: true,
      tags: this.tags,
    });
    const tests = this.makeTests(args, artifacts);
    const build = this.makeBuild(args, artifacts);
    const run = this.makeRun(args);
    const role = this.makeRole(args, artifacts, [tests, build], run);

    const pipeline = this.child(
      aws.codepipeline.Pipeline,
      "pipeline",
      {
        name: deliveryName(args.pipelineName),
        pipelineType: "V2",
        // Each merge is tested, one after the other.
        executionMode: "QUEUED",
        roleArn: role.arn,
        artifactStores: [
          { type: "S3", location: artifacts.bucket, encryptionKey: { id: storage.keyArn, type: "KMS" } },
        ],
        ...(ci.after === undefined
          ? {
              triggers: [
                {
                  providerType: "CodeStarSourceConnection",
                  gitConfiguration: {
                    sourceActionName: SOURCE,
                    pushes: [{ branches: { includes: [ci.branch] } }],
                  },
                },
              ],
            }
          : {}),
        stages: [
          { name: "Source", actions: [this.sourceAction(ci)] },
          {
            name: "Test",
            actions: [
              {
                ...action("Test", "Test", "CodeBuild"),
                inputArtifacts: [SOURCE],
                outputArtifacts: [TESTED],
                configuration: { ProjectName: tests.name },
              },
            ],
          },
          {
            name: "Image",
            actions: [
              {
                ...action("Build", "Build", "CodeBuild"),
                namespace: "Image",
                inputArtifacts: [TESTED],
                configuration: {
                  ProjectName: build.name,
                  EnvironmentVariables: JSON.stringify([
                    { name: "GIT_REVISION", value: `#{${SOURCE}.CommitId}`, type: "PLAINTEXT" },
                  ]),
                },
              },
            ],
          },
          {
            name: "Run",
            actions: [
              {
                ...action("RunPipeline", "Invoke", "Lambda"),
                configuration: {
                  FunctionName: run.name,
                  UserParameters: JSON.stringify({
                    image: "#{Image.IMAGE}",
                    revision: `#{${SOURCE}.CommitId}`,
                    pipeline: deliveryName(args.pipelineName),
                  }),
                },
              },
            ],
          },
        ],
        tags: this.tags,
      },
      args.transform?.pipeline,
      { dependsOn: [...role.ready] },
    );
    this.pipelineName = pipeline.name;
    this.pipelineArn = pipeline.arn;

    new EventAlert(
      this.childName("failed"),
      {
        ...this.shared,
        description: "An action of the delivery pipeline failed",
        pattern: {
          source: ["aws.codepipeline"],
          "detail-type": ["CodePipeline Action Execution State Change"],
          detail: { pipeline: [pipeline.name], state: ["FAILED"] },
        },
        paths: {
          pipeline: "$.detail.pipeline",
          stage: "$.detail.stage",
          action: "$.detail.action",
          execution: "$.detail.execution-id",
          reason: "$.detail.execution-result.external-execution-summary",
        },
        text: "Delivery failed: <pipeline>, stage <stage>, action <action>: <reason> (execution <execution>)",
        alertsTopicArn: alerts.topicArn,
      },
      { parent: this },
    );
    new DeliveryTriggers(
      this.childName("triggers"),
      { ...this.shared, pipelineName: pipeline.name, pipelineArn: pipeline.arn, ci },
      { parent: this },
    );
    this.registerOutputs({ pipelineName: this.pipelineName });
  }

  private sourceAction(ci: Ci): aws.types.input.codepipeline.PipelineStageAction {
    return {
      ...action("Source", "Source", "CodeStarSourceConnection"),
      name: SOURCE,
      namespace: SOURCE,
      outputArtifacts: [SOURCE],
      configuration: {
        ConnectionArn: ci.connectionArn,
        FullRepositoryId: ci.repository,
        BranchName: ci.branch,
        // The pipeline's own trigger starts it.
        DetectChanges: "false",
        // With its history: previews compare revisions.
        OutputArtifactFormat: "CODEBUILD_CLONE_REF",
      },
    };
  }

  private makeTests(args: CiPipelineArgs, artifacts: aws.s3.Bucket): BuildProject {
    const { storage, ci } = args;
    const tests = new BuildProject(
      this.childName("tests"),
      {
        ...this.shared,
        description: "Lints, type-checks, tests and bundles a revision",
        buildspec: "testspec.yml",
        computeType: ci.testComputeType,
        timeoutMinutes: ci.testTimeoutMinutes,
        keyArn: storage.keyArn,
        statements: [...this.passingArtifacts(storage, artifacts), ...storage.writing("ci/*"), usingConnection(ci)],
        transform: { project: args.transform?.testProject },
      },
      { parent: this },
    );
    const destination = (path: string) => ({
      bucket: storage.bucketName,
      path: `${storage.prefix}/ci/${path}`,
      keyArn: storage.keyArn,
    });
    tests.reportGroup("results", "TEST", destination("results"));
    tests.reportGroup("coverage", "CODE_COVERAGE", destination("coverage"));
    return tests;
  }

  private makeBuild(args: CiPipelineArgs, artifacts: aws.s3.Bucket): BuildProject {
    const { storage, image } = args;
    return new BuildProject(
      this.childName("image"),
      {
        ...this.shared,
        description: "Builds the launcher's image of a tested revision, once",
        buildspec: "buildspec.yml",
        computeType: "BUILD_GENERAL1_MEDIUM",
        timeoutMinutes: 30,
        keyArn: storage.keyArn,
        privileged: true,
        variables: { REPOSITORY_NAME: image.repositoryName, REPOSITORY_URL: image.repositoryUrl },
        statements: [
          ...this.passingArtifacts(storage, artifacts),
          {
            actions: ["ecr:GetAuthorizationToken"],
            anyResourceBecause: "the token is for a registry, and ECR has no resource for that",
          },
          {
            actions: [
              "ecr:BatchCheckLayerAvailability",
              "ecr:BatchGetImage",
              "ecr:CompleteLayerUpload",
              "ecr:DescribeImages",
              "ecr:GetDownloadUrlForLayer",
              "ecr:InitiateLayerUpload",
              "ecr:PutImage",
              "ecr:UploadLayerPart",
            ],
            resources: [image.repositoryArn],
          },
        ],
        transform: { project: args.transform?.imageProject },
      },
      { parent: this },
    );
  }

  private makeRun(args: CiPipelineArgs): LambdaFunction<typeof RunPipelineEnvironment> {
    const { launcher, image, ci } = args;
    const family = this.arnOf("ecs", pulumi.interpolate`task-definition/${launcher.taskFamily}`);
    const tasks = launcher.clusterArn.apply((arn) => `${arn.replace(":cluster/", ":task/")}/*`);
    const inCluster = { ArnEquals: { "ecs:cluster": launcher.clusterArn } };
    return new LambdaFunction(
      this.childName("run"),
      {
        ...this.shared,
        ...args.functions?.runPipeline,
        functionName: "run-pipeline",
        description: "Runs the launcher with an image that was just delivered",
        environment: RunPipelineEnvironment,
        variables: {
          CLUSTER_ARN: launcher.clusterArn,
          TASK_FAMILY: launcher.taskFamily,
          CONTAINER_NAME: launcher.containerName,
          SUBNET_IDS: pulumi.jsonStringify(launcher.subnetIds),
          SECURITY_GROUP_IDS: pulumi.jsonStringify(launcher.securityGroupIds),
          IMAGE_PARAMETER_NAME: image.parameterName,
          START_TIMEOUT_SECONDS: String(ci.startTimeoutSeconds),
        },
        statements: [
          {
            actions: ["ecs:DescribeTaskDefinition"],
            anyResourceBecause: "ECS has no resource for it",
          },
          { actions: ["ecs:RegisterTaskDefinition"], resources: [pulumi.interpolate`${family}:*`] },
          {
            actions: ["ecs:ListTasks"],
            anyResourceBecause: "tasks are listed of a cluster, which the condition names",
            conditions: inCluster,
          },
          {
            actions: ["ecs:TagResource"],
            resources: [pulumi.interpolate`${family}:*`],
            conditions: { StringEquals: { "ecs:CreateAction": "RegisterTaskDefinition" } },
          },
          { actions: ["ecs:RunTask"], resources: [family, pulumi.interpolate`${family}:*`], conditions: inCluster },
          { actions: ["ecs:DescribeTasks", "ecs:StopTask"], resources: [tasks], conditions: inCluster },
          passingRoles(launcher.roleArns, "ecs-tasks"),
          { actions: ["ssm:PutParameter"], resources: [image.parameterArn] },
          {
            actions: ["events:PutEvents"],
            resources: [this.arnOf("events", "event-bus/default")],
            conditions: { StringEquals: { "events:source": DELIVERED.source } },
          },
          {
            actions: ["codepipeline:PutJobSuccessResult", "codepipeline:PutJobFailureResult"],
            anyResourceBecause: "jobs of CodePipeline are no resources",
          },
        ],
        timeoutSeconds: 60,
        memoryMib: 256,
      },
      { parent: this },
    );
  }

  private makeRole(
    { storage, ci }: CiPipelineArgs,
    artifacts: aws.s3.Bucket,
    projects: readonly BuildProject[],
    run: LambdaFunction<never>,
  ): ServiceRole {
    return new ServiceRole(
      this.childName("pipeline"),
      {
        ...this.shared,
        services: ["codepipeline.amazonaws.com"],
        statements: [
          ...this.passingArtifacts(storage, artifacts),
          usingConnection(ci),
          {
            actions: ["codebuild:StartBuild", "codebuild:BatchGetBuilds", "codebuild:StopBuild"],
            resources: projects.map((project) => project.arn),
          },
          { actions: ["lambda:InvokeFunction"], resources: [run.arn] },
        ],
      },
      { parent: this },
    );
  }

  /** What reading and writing what stages hand to each other takes. */
  private passingArtifacts(storage: Storage, artifacts: aws.s3.Bucket): Statement[] {
    return [
      {
        actions: ["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"],
        resources: [pulumi.interpolate`${artifacts.arn}/*`],
      },
      { actions: ["s3:GetBucketLocation", "s3:GetBucketVersioning", "s3:ListBucket"], resources: [artifacts.arn] },
      storage.usingKey(),
    ];
  }
}

const deliveryName = (pipelineName: string): string => `${pipelineName}-ci`;

/** The service was renamed: the same connection is asked for by either name. */
function usingConnection(ci: Ci): Statement {
  return {
    actions: ["codeconnections:UseConnection", "codestar-connections:UseConnection"],
    resources: [ci.connectionArn],
  };
}

function action(name: string, category: string, provider: string) {
  return { name, category, owner: "AWS", provider, version: "1" };
}
