import type * as aws from "@pulumi/aws";
import type { Plain } from "../../../../local/provider/values";
import { examples, OTHER_TAGS, policy, TAGS, type Examples } from "./examples";
import { archive } from "./world";

function containers(image: string): string {
  return JSON.stringify([{ name: "launcher", image, essential: true }]);
}

/** Examples of Lambda, ECS, IAM and SageMaker. */
export const COMPUTE: Record<string, Examples> = {
  "aws:lambda/function:Function": examples<aws.lambda.FunctionArgs>(async (w) => {
    const code = (text: string) =>
      archive(`exports.handler = async () => "${text}";`) as Plain<aws.lambda.FunctionArgs>["code"];
    const [role, otherRole] = [(await w.role()).arn, (await w.role("other-role")).arn];
    const [layer, inBucket] = [await w.layer(), await w.codeInBucket()];
    const basis = { role, runtime: "nodejs22.x", handler: "index.handler" };
    return [
      {
        inputs: {
          ...basis,
          name: w.name(),
          architectures: ["x86_64"],
          code: code("one"),
          deadLetterConfig: { targetArn: (await w.queue()).arn },
          description: "one",
          environment: { variables: { VERSION: "one" } },
          ephemeralStorage: { size: 512 },
          kmsKeyArn: (await w.key()).arn,
          layers: [],
          loggingConfig: { logFormat: "Text", logGroup: String((await w.logGroup()).properties["name"]) },
          memorySize: 256,
          packageType: "Zip",
          publish: false,
          reservedConcurrentExecutions: 1,
          sourceCodeHash: "one",
          tags: TAGS,
          timeout: 10,
          tracingConfig: { mode: "PassThrough" },
          vpcConfig: { subnetIds: ["subnet-1"], securityGroupIds: ["sg-1"] },
        },
        others: {
          architectures: ["arm64"],
          code: code("other"),
          deadLetterConfig: { targetArn: (await w.topic()).arn },
          description: "other",
          environment: { variables: { VERSION: "other", MORE: "1" } },
          ephemeralStorage: { size: 1024 },
          handler: "other.handler",
          kmsKeyArn: (await w.key("other-key")).arn,
          layers: [layer],
          loggingConfig: { logFormat: "JSON", logGroup: String((await w.logGroup("other-logs")).properties["name"]) },
          memorySize: 512,
          name: "another-function",
          packageType: "Image",
          publish: true,
          reservedConcurrentExecutions: 2,
          role: otherRole,
          runtime: "python3.12",
          sourceCodeHash: "other",
          tags: OTHER_TAGS,
          timeout: 20,
          tracingConfig: { mode: "Active" },
          vpcConfig: { subnetIds: ["subnet-1", "subnet-2"], securityGroupIds: ["sg-2"] },
        },
      },
      {
        inputs: { ...basis, name: w.name(), s3Bucket: inBucket.bucket, s3Key: "one.zip" },
        others: { s3Bucket: inBucket.otherBucket, s3Key: "other.zip" },
      },
      {
        inputs: {
          ...basis,
          name: w.name(),
          s3Bucket: inBucket.bucket,
          s3Key: "one.zip",
          s3ObjectVersion: inBucket.one,
        },
        others: { s3ObjectVersion: inBucket.other },
      },
      {
        inputs: { ...basis, name: w.name(), code: code("snap"), runtime: "python3.12", snapStart: { applyOn: "None" } },
        others: { snapStart: { applyOn: "PublishedVersions" } },
      },
    ];
  }),
  "aws:lambda/permission:Permission": examples<aws.lambda.PermissionArgs>(async (w) => {
    const other = "arn:aws:execute-api:eu-west-1:123456789012:other";
    return [
      {
        inputs: {
          action: "lambda:InvokeFunction",
          function: String((await w.function()).properties["name"]),
          principal: "apigateway.amazonaws.com",
          sourceAccount: "123456789012",
          sourceArn: "arn:aws:execute-api:eu-west-1:123456789012:one",
          statementId: "one",
        },
        others: {
          action: "lambda:*",
          eventSourceToken: "other",
          function: "other",
          functionUrlAuthType: "NONE",
          invokedViaFunctionUrl: true,
          principal: "events.amazonaws.com",
          principalOrgId: "o-1234567890",
          qualifier: "other",
          sourceAccount: "210987654321",
          sourceArn: other,
          statementId: "other",
        },
      },
    ];
  }),
  "aws:lambda/eventSourceMapping:EventSourceMapping": examples<aws.lambda.EventSourceMappingArgs>(async (w) => {
    const [lambda, other] = [await w.function(), await w.function("other-function")];
    const pattern = (amount: number) => ({
      filters: [{ pattern: JSON.stringify({ body: { amount: [{ numeric: [">", amount] }] } }) }],
    });
    return [
      {
        inputs: {
          functionName: lambda.arn,
          eventSourceArn: (await w.queue()).arn,
          batchSize: 5,
          enabled: true,
          filterCriteria: pattern(1),
          functionResponseTypes: [],
          kmsKeyArn: (await w.key()).arn,
          maximumBatchingWindowInSeconds: 1,
          scalingConfig: { maximumConcurrency: 2 },
          tags: TAGS,
        },
        others: {
          batchSize: 10,
          enabled: false,
          eventSourceArn: (await w.queue("other-queue")).arn,
          filterCriteria: pattern(2),
          functionName: other.arn,
          functionResponseTypes: ["ReportBatchItemFailures"],
          kmsKeyArn: (await w.key("other-key")).arn,
          maximumBatchingWindowInSeconds: 2,
          scalingConfig: { maximumConcurrency: 3 },
          tags: OTHER_TAGS,
        },
      },
      {
        inputs: {
          functionName: lambda.arn,
          eventSourceArn: String((await w.table()).properties["streamArn"]),
          startingPosition: "LATEST",
          bisectBatchOnFunctionError: false,
          enabled: false,
          maximumRecordAgeInSeconds: 60,
          maximumRetryAttempts: 1,
          parallelizationFactor: 1,
          tumblingWindowInSeconds: 10,
        },
        others: {
          bisectBatchOnFunctionError: true,
          maximumRecordAgeInSeconds: 120,
          maximumRetryAttempts: 2,
          parallelizationFactor: 2,
          startingPosition: "TRIM_HORIZON",
          startingPositionTimestamp: "2026-01-01T00:00:00Z",
          tumblingWindowInSeconds: 20,
        },
      },
    ];
  }),
  "aws:lambda/invocation:Invocation": examples<aws.lambda.InvocationArgs>(async (w) => [
    {
      inputs: {
        functionName: String((await w.function()).properties["name"]),
        input: JSON.stringify({ version: "one" }),
        lifecycleScope: "CRUD",
        qualifier: "$LATEST",
        terraformKey: "tf",
        triggers: { version: "one" },
      },
      others: {
        functionName: "other",
        input: JSON.stringify({ version: "other" }),
        lifecycleScope: "CREATE_ONLY",
        qualifier: "other",
        terraformKey: "other",
        triggers: { version: "other" },
      },
    },
  ]),
  "aws:ecs/cluster:Cluster": examples<aws.ecs.ClusterArgs>((w) => [
    {
      inputs: {
        name: w.name(),
        configuration: { executeCommandConfiguration: { logging: "DEFAULT" } },
        settings: [{ name: "containerInsights", value: "disabled" }],
        tags: TAGS,
      },
      others: {
        configuration: { executeCommandConfiguration: { logging: "NONE" } },
        name: "another-cluster",
        settings: [{ name: "containerInsights", value: "enabled" }],
        tags: OTHER_TAGS,
      },
    },
  ]),
  "aws:ecs/taskDefinition:TaskDefinition": examples<aws.ecs.TaskDefinitionArgs>(async (w) => [
    {
      inputs: {
        family: w.name(),
        containerDefinitions: containers("one"),
        cpu: "256",
        memory: "512",
        networkMode: "awsvpc",
        requiresCompatibilities: ["FARGATE"],
        skipDestroy: false,
        tags: TAGS,
        trackLatest: false,
      },
      others: {
        containerDefinitions: containers("other"),
        cpu: "512",
        ephemeralStorage: { sizeInGib: 30 },
        executionRoleArn: (await w.role()).arn,
        family: "another-family",
        ipcMode: "task",
        memory: "1024",
        networkMode: "bridge",
        pidMode: "task",
        placementConstraints: [{ type: "memberOf", expression: "attribute:ecs.os-type == linux" }],
        requiresCompatibilities: ["EC2"],
        runtimePlatform: { cpuArchitecture: "ARM64" },
        skipDestroy: true,
        tags: OTHER_TAGS,
        taskRoleArn: (await w.role()).arn,
        trackLatest: true,
        volumes: [{ name: "scratch" }],
      },
    },
  ]),
  "aws:iam/role:Role": examples<aws.iam.RoleArgs>((w) => {
    const trust = (service: string) => policy({ Principal: { Service: service }, Action: "sts:AssumeRole" });
    return [
      {
        inputs: {
          name: w.name(),
          assumeRolePolicy: trust("lambda.amazonaws.com"),
          description: "one",
          forceDetachPolicies: false,
          maxSessionDuration: 3600,
          path: "/one/",
          permissionsBoundary: "arn:aws:iam::aws:policy/ReadOnlyAccess",
          tags: TAGS,
        },
        others: {
          assumeRolePolicy: trust("ecs-tasks.amazonaws.com"),
          description: "other",
          forceDetachPolicies: true,
          maxSessionDuration: 7200,
          name: "another-role",
          path: "/other/",
          permissionsBoundary: "arn:aws:iam::aws:policy/PowerUserAccess",
          tags: OTHER_TAGS,
        },
      },
    ];
  }),
  "aws:iam/rolePolicy:RolePolicy": examples<aws.iam.RolePolicyArgs>(async (w) => [
    {
      inputs: { name: "one", role: (await w.role()).id, policy: policy({ Action: "s3:GetObject", Resource: "*" }) },
      others: { name: "other", policy: policy({ Action: "s3:PutObject", Resource: "*" }), role: "other" },
    },
  ]),
  "aws:iam/rolePolicyAttachment:RolePolicyAttachment": examples<aws.iam.RolePolicyAttachmentArgs>(async (w) => [
    {
      inputs: { role: (await w.role()).id, policyArn: "arn:aws:iam::aws:policy/ReadOnlyAccess" },
      others: { role: "other", policyArn: "arn:aws:iam::aws:policy/PowerUserAccess" },
    },
  ]),
  "aws:sagemaker/modelPackageGroup:ModelPackageGroup": examples<aws.sagemaker.ModelPackageGroupArgs>((w) => [
    {
      inputs: { modelPackageGroupName: w.name(), modelPackageGroupDescription: "one", tags: TAGS },
      others: { modelPackageGroupName: "another-group", modelPackageGroupDescription: "other", tags: OTHER_TAGS },
    },
  ]),
  "aws:sagemaker/modelPackageGroupPolicy:ModelPackageGroupPolicy": examples<aws.sagemaker.ModelPackageGroupPolicyArgs>(
    async (w) => {
      const group = await w.make<aws.sagemaker.ModelPackageGroupArgs>(
        "aws:sagemaker/modelPackageGroup:ModelPackageGroup",
        { modelPackageGroupName: w.name() },
      );
      const reading = (Action: string) =>
        policy({ Action, Resource: "*", Principal: { AWS: "arn:aws:iam::210987654321:root" } });
      return [
        {
          inputs: { modelPackageGroupName: group.id, resourcePolicy: reading("sagemaker:DescribeModelPackage") },
          others: { resourcePolicy: reading("sagemaker:ListModelPackages"), modelPackageGroupName: "another-group" },
        },
      ];
    },
  ),
  "aws:sagemaker/mlflowApp:MlflowApp": examples<aws.sagemaker.MlflowAppArgs>(async (w) => [
    {
      inputs: {
        name: w.name(),
        accountDefaultStatus: "DISABLED",
        artifactStoreUri: "s3://one/mlflow",
        defaultDomainIdLists: ["d-one"],
        modelRegistrationMode: "AutoModelRegistrationDisabled",
        roleArn: (await w.role()).arn,
        tags: TAGS,
        weeklyMaintenanceWindowStart: "Mon:03:30",
      },
      others: {
        accountDefaultStatus: "ENABLED",
        artifactStoreUri: "s3://other/mlflow",
        defaultDomainIdLists: ["d-one", "d-other"],
        modelRegistrationMode: "AutoModelRegistrationEnabled",
        name: w.name(),
        roleArn: (await w.role("other-role")).arn,
        tags: OTHER_TAGS,
        weeklyMaintenanceWindowStart: "Tue:03:30",
      },
    },
  ]),
};
