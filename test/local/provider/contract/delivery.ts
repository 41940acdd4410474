import type * as aws from "@pulumi/aws";
import { examples, OTHER_TAGS, policy, TAGS, type Examples } from "./examples";

/** A pipeline of two stages: a source, and a function that is told `parameters`. */
function stages(parameters: string) {
  return [
    {
      name: "Source",
      actions: [
        {
          name: "Source",
          namespace: "Source",
          category: "Source",
          owner: "AWS",
          provider: "CodeStarSourceConnection",
          version: "1",
          outputArtifacts: ["Source"],
          configuration: {
            ConnectionArn: "arn:aws:codeconnections:eu-west-1:123456789012:connection/0a",
            FullRepositoryId: "me/fraud",
            BranchName: "main",
          },
        },
      ],
    },
    {
      name: "Run",
      actions: [
        {
          name: "Run",
          category: "Invoke",
          owner: "AWS",
          provider: "Lambda",
          version: "1",
          runOrder: 1,
          inputArtifacts: ["Source"],
          configuration: { FunctionName: "run", UserParameters: parameters },
        },
      ],
    },
  ];
}

function trigger(branch: string) {
  return {
    providerType: "CodeStarSourceConnection",
    gitConfiguration: { sourceActionName: "Source", pushes: [{ branches: { includes: [branch] } }] },
  };
}

const images = (count: number) =>
  JSON.stringify({
    rules: [
      {
        rulePriority: 1,
        selection: { tagStatus: "untagged", countType: "imageCountMoreThan", countNumber: count },
        action: { type: "expire" },
      },
    ],
  });

/** Examples of CodePipeline, CodeBuild, ECR, SSM, and of events between accounts. */
export const DELIVERY: Record<string, Examples> = {
  "aws:codepipeline/pipeline:Pipeline": examples<aws.codepipeline.PipelineArgs>(async (w) => {
    const store = (location: string) => [
      { type: "S3", location, encryptionKey: { id: "arn:aws:kms:eu-west-1:123456789012:key/one", type: "KMS" } },
    ];
    return [
      {
        inputs: {
          name: w.name(),
          artifactStores: store("one-bucket"),
          executionMode: "QUEUED",
          pipelineType: "V2",
          roleArn: (await w.role()).arn,
          stages: stages("one"),
          tags: TAGS,
          triggers: [trigger("main")],
          variables: [{ name: "ONE", defaultValue: "1" }],
        },
        others: {
          name: "another-pipeline",
          artifactStores: store("other-bucket"),
          executionMode: "SUPERSEDED",
          pipelineType: "V1",
          roleArn: (await w.role("other-role")).arn,
          stages: stages("other"),
          tags: OTHER_TAGS,
          triggers: [trigger("release")],
          variables: [{ name: "OTHER", defaultValue: "2" }],
        },
      },
    ];
  }),
  "aws:codebuild/project:Project": examples<aws.codebuild.ProjectArgs>(async (w) => {
    const environment = (value: string) => ({
      type: "LINUX_CONTAINER",
      image: "aws/codebuild/standard:7.0",
      computeType: "BUILD_GENERAL1_MEDIUM",
      privilegedMode: false,
      environmentVariables: [{ name: "VERSION", value }],
    });
    return [
      {
        inputs: {
          name: w.name(),
          artifacts: { type: "CODEPIPELINE" },
          autoRetryLimit: 1,
          buildTimeout: 30,
          concurrentBuildLimit: 1,
          description: "one",
          encryptionKey: (await w.key()).arn,
          environment: environment("one"),
          logsConfig: { cloudwatchLogs: { status: "ENABLED", groupName: "one" } },
          queuedTimeout: 30,
          serviceRole: (await w.role()).arn,
          source: { type: "CODEPIPELINE", buildspec: "one.yml" },
          sourceVersion: "main",
          tags: TAGS,
        },
        others: {
          name: "another-project",
          artifacts: { type: "NO_ARTIFACTS" },
          autoRetryLimit: 2,
          buildTimeout: 60,
          concurrentBuildLimit: 2,
          description: "other",
          encryptionKey: (await w.key("other-key")).arn,
          environment: environment("other"),
          logsConfig: { cloudwatchLogs: { status: "ENABLED", groupName: "other" } },
          queuedTimeout: 60,
          serviceRole: (await w.role("other-role")).arn,
          source: { type: "CODEPIPELINE", buildspec: "other.yml" },
          sourceVersion: "release",
          tags: OTHER_TAGS,
        },
      },
    ];
  }),
  "aws:codebuild/reportGroup:ReportGroup": examples<aws.codebuild.ReportGroupArgs>(async (w) => {
    const to = (bucket: string, encryptionKey: string) => ({
      type: "S3",
      s3Destination: { bucket, path: "reports", encryptionKey, packaging: "ZIP" },
    });
    const [key, other] = [(await w.key()).arn, (await w.key("other-key")).arn];
    return [
      {
        inputs: { name: w.name(), deleteReports: true, exportConfig: to("one-bucket", key), tags: TAGS, type: "TEST" },
        others: {
          name: "another-group",
          deleteReports: false,
          exportConfig: to("other-bucket", other),
          tags: OTHER_TAGS,
          type: "CODE_COVERAGE",
        },
      },
    ];
  }),
  "aws:ecr/repository:Repository": examples<aws.ecr.RepositoryArgs>(async (w) => [
    {
      inputs: {
        name: w.name(),
        encryptionConfigurations: [{ encryptionType: "KMS", kmsKey: (await w.key()).arn }],
        forceDelete: true,
        imageScanningConfiguration: { scanOnPush: true },
        imageTagMutability: "IMMUTABLE_WITH_EXCLUSION",
        imageTagMutabilityExclusionFilters: [{ filter: "cache-*", filterType: "WILDCARD" }],
        tags: TAGS,
      },
      others: {
        name: "another-repository",
        encryptionConfigurations: [{ encryptionType: "AES256" }],
        forceDelete: false,
        imageScanningConfiguration: { scanOnPush: false },
        imageTagMutability: "MUTABLE_WITH_EXCLUSION",
        imageTagMutabilityExclusionFilters: [{ filter: "latest", filterType: "WILDCARD" }],
        tags: OTHER_TAGS,
      },
    },
  ]),
  "aws:ecr/lifecyclePolicy:LifecyclePolicy": examples<aws.ecr.LifecyclePolicyArgs>(async (w) => [
    {
      inputs: {
        repository: (await w.make<aws.ecr.RepositoryArgs>("aws:ecr/repository:Repository", { name: w.name() })).id,
        policy: images(1),
      },
      others: { policy: images(2), repository: "another-repository" },
    },
  ]),
  "aws:ecr/repositoryPolicy:RepositoryPolicy": examples<aws.ecr.RepositoryPolicyArgs>(async (w) => {
    const pulling = (Action: string) => policy({ Action, Principal: { AWS: "arn:aws:iam::210987654321:root" } });
    return [
      {
        inputs: {
          repository: (await w.make<aws.ecr.RepositoryArgs>("aws:ecr/repository:Repository", { name: w.name() })).id,
          policy: pulling("ecr:BatchGetImage"),
        },
        others: { policy: pulling("ecr:GetDownloadUrlForLayer"), repository: "another-repository" },
      },
    ];
  }),
  "aws:cloudwatch/eventPermission:EventPermission": examples<aws.cloudwatch.EventPermissionArgs>((w) => [
    {
      inputs: { action: "events:PutEvents", eventBusName: "default", principal: "210987654321", statementId: w.name() },
      others: {
        action: "events:PutRule",
        eventBusName: "other",
        principal: "321098765432",
        statementId: "other",
      },
    },
  ]),
  "aws:ssm/parameter:Parameter": examples<aws.ssm.ParameterArgs>((w) => [
    {
      inputs: {
        name: w.name("/contract/parameter"),
        allowedPattern: "[a-z]+",
        dataType: "text",
        description: "one",
        tags: TAGS,
        tier: "Standard",
        type: "String",
        value: "one",
      },
      others: {
        name: "/contract/another",
        allowedPattern: ".+",
        dataType: "aws:ssm:integration",
        description: "other",
        tags: OTHER_TAGS,
        tier: "Advanced",
        type: "StringList",
        value: "other",
      },
    },
    {
      inputs: { name: w.name("plain"), type: "String", insecureValue: "one" },
      others: { insecureValue: "other" },
    },
    {
      inputs: { name: w.name("secret"), type: "SecureString", value: "one", keyId: "alias/aws/ssm" },
      others: { value: "other", keyId: "alias/another" },
    },
  ]),
};
