import * as aws from "@pulumi/aws";
import { expect } from "chai";
import { granteeFor } from "../../components/iam";
import { DEPLOYMENT, endpointOn, foundations, RUN_TIME_TAGS, TASK_TAGS } from "./support/foundations";
import {
  actionsOf,
  dependenciesOf,
  everythingRegistered,
  inputsOf,
  ofType,
  permissionsOf,
  recording,
  startRecording,
  variablesOf,
} from "./support/mocks";

const ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm";
const MAPPING = "aws:lambda/eventSourceMapping:EventSourceMapping";
const INVOCATION = "aws:lambda/invocation:Invocation";
const SAGEMAKER = "arn:aws:sagemaker:eu-west-1:123456789012";
/** SageMaker writes names into ARNs in lower case. */
const ENDPOINT_ARN = `${SAGEMAKER}:endpoint/fraud-scores`;

/** Actions that every function has: writing its log. */
const LOGGING = ["logs:CreateLogStream", "logs:PutLogEvents"];
const REMEMBERING = [
  "dynamodb:DeleteItem",
  "dynamodb:GetItem",
  "dynamodb:PutItem",
  "dynamodb:Query",
  "dynamodb:UpdateItem",
];
const USING_KEY = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"];
const ANSWERING = ["sagemaker:SendPipelineExecutionStepFailure", "sagemaker:SendPipelineExecutionStepSuccess"];
const PROMOTING = [
  "sagemaker-mlflow:SetRegisteredModelAlias",
  "sagemaker:CallMlflowAppApi",
  "sagemaker:DescribeModelPackage",
];

/** What follows once a deployment has ended, whichever function finds it so. */
const SETTLING = [
  "application-autoscaling:DeregisterScalableTarget",
  "application-autoscaling:PutScalingPolicy",
  "application-autoscaling:RegisterScalableTarget",
  "cloudwatch:DeleteAlarms",
  "cloudwatch:DescribeAlarmHistory",
  "cloudwatch:DescribeAlarms",
  "cloudwatch:PutMetricAlarm",
  "iam:CreateServiceLinkedRole",
  "sagemaker:DeleteEndpointConfig",
  "sagemaker:DeleteModel",
  "sagemaker:DescribeEndpoint",
  "sagemaker:DescribeEndpointConfig",
  "sagemaker:DescribeModel",
  "sagemaker:UpdateEndpointWeightsAndCapacities",
  "sagemaker:UpdateModelPackage",
  "sqs:SendMessage",
];

describe("the endpoint", () => {
  beforeEach(startRecording);

  async function endpoint(args: Parameters<typeof endpointOn>[1] = {}) {
    const made = endpointOn(foundations(), args, recording);
    await everythingRegistered();
    return made;
  }

  it("is made by a function, from what the stack configures", async () => {
    await endpoint();
    const { RESOURCE_TAGS, ENDPOINT_SETTINGS, ...variables } = variablesOf("endpoint-deploy-function");
    expect(variables).to.deep.equal({
      DEPLOYMENTS_TABLE_NAME: "endpoint-deployments",
      QUEUE_URL: "https://sqs.eu-west-1.amazonaws.com/123456789012/endpoint-deploy-queue",
      MLFLOW_ARN: `${SAGEMAKER}:mlflow-app/fraud`,
      MODEL_NAME: "fraud-model",
      MODEL_ROLE_ARN: "arn:aws:iam::123456789012:role/endpoint-model",
      CHECK_INSTANCE_TYPE: "ml.m5.large",
    });
    const { rollout, timeoutSeconds, alarms, keepVersions, autoscaling } = DEPLOYMENT;
    expect(JSON.parse(ENDPOINT_SETTINGS ?? "")).to.deep.equal({
      endpointName: "Fraud-Scores",
      variantName: "main",
      capacity: { instances: { instanceType: "ml.m5.large", minCapacity: 2, maxCapacity: 4, ...autoscaling } },
      ...{ rollout, timeoutSeconds, alarms, keepVersions },
      dataCapture: { percent: 80, destinationUri: "s3://storage-bucket/fraud/data-capture" },
      kmsKeyArn: "arn:aws:kms:eu-west-1:123456789012:key/storage-key",
    });
    expect(variablesOf("endpoint-settle-function").ENDPOINT_SETTINGS).to.equal(ENDPOINT_SETTINGS);
    expect(JSON.parse(RESOURCE_TAGS ?? "")).to.deep.equal(RUN_TIME_TAGS);
    expect(ofType("aws:sagemaker/endpoint:Endpoint")).to.deep.equal([]);
  });

  it("captures nothing where the share is 0", async () => {
    await endpoint({ deployment: { ...DEPLOYMENT, dataCapturePercent: 0 } });
    const { ENDPOINT_SETTINGS } = variablesOf("endpoint-deploy-function");
    expect(JSON.parse(ENDPOINT_SETTINGS ?? "")).not.to.have.property("dataCapture");
  });

  it("is deployed by who may create and update it, and read the queue, but invoke nothing", async () => {
    await endpoint();
    expect(actionsOf("endpoint-deploy")).to.have.members([
      ...LOGGING,
      ...REMEMBERING,
      ...USING_KEY,
      ...ANSWERING,
      ...PROMOTING,
      ...SETTLING,
      "kms:CreateGrant",
      "cloudwatch:TagResource",
      "iam:PassRole",
      "s3:GetObject",
      "s3:GetObjectVersion",
      "s3:ListBucket",
      "sagemaker-mlflow:GetModelVersionByAlias",
      "sqs:ReceiveMessage",
      "sqs:DeleteMessage",
      "sqs:GetQueueAttributes",
      "sagemaker:DescribePipelineExecution",
      "sagemaker:CreateEndpoint",
      "sagemaker:CreateEndpointConfig",
      "sagemaker:CreateModel",
      "sagemaker:CreateTransformJob",
      "sagemaker:DescribeTransformJob",
      "sagemaker:UpdateEndpoint",
      "sagemaker:DeleteEndpoint",
      "sagemaker:AddTags",
    ]);
    const may = permissionsOf("endpoint-deploy");
    expect(may.filter((each) => each.startsWith("sagemaker:DeleteEndpoint "))).to.deep.equal([
      `sagemaker:DeleteEndpoint ${ENDPOINT_ARN}`,
    ]);
    expect(may).to.include(`sagemaker:DescribePipelineExecution ${SAGEMAKER}:pipeline/fraud-training/execution/*`);
    expect(may.filter((each) => each.startsWith("iam:"))).to.deep.equal([
      "iam:CreateServiceLinkedRole arn:aws:iam::123456789012:role/aws-service-role/sagemaker.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint",
      "iam:PassRole arn:aws:iam::123456789012:role/endpoint-model",
    ]);
    expect(may.filter((each) => each.startsWith("cloudwatch:PutMetricAlarm "))).to.deep.equal([
      "cloudwatch:PutMetricAlarm arn:aws:cloudwatch:eu-west-1:123456789012:alarm:Fraud-Scores-*",
      "cloudwatch:PutMetricAlarm arn:aws:cloudwatch:eu-west-1:123456789012:alarm:TargetTracking-endpoint/Fraud-Scores/variant/*",
    ]);
    expect(may.filter((each) => each.startsWith("s3:GetObject "))).to.deep.equal([
      "s3:GetObject arn:aws:s3:::storage-bucket/fraud/*/evaluation/golden/*",
      "s3:GetObject arn:aws:s3:::storage-bucket/fraud/*/model/*",
    ]);
  });

  it("is settled by who may answer the pipeline and see to the endpoint, but not deploy", async () => {
    await endpoint();
    expect(actionsOf("endpoint-settle")).to.have.members([
      ...LOGGING,
      ...REMEMBERING,
      ...USING_KEY,
      ...ANSWERING,
      ...PROMOTING,
      ...SETTLING,
    ]);
    expect(permissionsOf("endpoint-settle")).to.include(
      "sqs:SendMessage arn:aws:sqs:eu-west-1:123456789012:endpoint-deploy-dead-letters-queue",
    );
  });

  it("hears of its own state changes, creations included", async () => {
    await endpoint();
    const { eventPattern } = inputsOf("aws:cloudwatch/eventRule:EventRule", "endpoint-state-changes-rule");
    expect(JSON.parse(String(eventPattern))).to.deep.equal({
      source: ["aws.sagemaker"],
      "detail-type": ["SageMaker Endpoint State Change", "SageMaker Endpoint Deployment State Change"],
      detail: { EndpointName: ["Fraud-Scores"] },
    });
    expect(inputsOf("aws:cloudwatch/eventTarget:EventTarget", "endpoint-state-changes-function").arn).to.equal(
      "arn:aws:lambda:eu-west-1:123456789012:function:endpoint-settle-function",
    );
    expect(inputsOf("aws:lambda/permission:Permission", "endpoint-state-changes-rule")).to.deep.equal({
      function: "endpoint-settle-function",
      action: "lambda:InvokeFunction",
      principal: "events.amazonaws.com",
      sourceArn: "arn:aws:cloudwatch:eu-west-1:123456789012:endpoint-state-changes-rule",
    });
  });

  it("tells the alerts' topic of deployments that failed or were rolled back", async () => {
    await endpoint();
    const pattern = (name: string) =>
      JSON.parse(String(inputsOf("aws:cloudwatch/eventRule:EventRule", name).eventPattern)) as unknown;
    expect(pattern("endpoint-deployments-refused-rule")).to.deep.equal({
      source: ["aws.sagemaker"],
      "detail-type": ["SageMaker Model Building Pipeline Execution Step Status Change"],
      detail: {
        pipelineArn: ["arn:aws:sagemaker:eu-west-1:123456789012:pipeline/fraud-training"],
        stepName: ["Deploy"],
        currentStepStatus: ["Failed"],
      },
    });
    expect(pattern("endpoint-deployments-rolled-back-rule")).to.deep.equal({
      source: ["aws.sagemaker"],
      "detail-type": ["SageMaker Endpoint State Change"],
      detail: { EndpointName: ["Fraud-Scores"], EndpointStatus: ["ROLLING_BACK", "UPDATE_ROLLBACK_FAILED", "FAILED"] },
    });
    for (const name of ["refused", "rolled-back"]) {
      const target = inputsOf("aws:cloudwatch/eventTarget:EventTarget", `endpoint-deployments-${name}-topic`);
      expect(target.arn).to.match(/:alerts-topic$/);
    }
  });

  it("is looked at every few minutes, for events that were lost", async () => {
    await endpoint();
    const { target, ...schedule } = inputsOf("aws:scheduler/schedule:Schedule", "endpoint-sweep-schedule");
    expect(schedule).to.deep.include({ scheduleExpression: "rate(5 minutes)", flexibleTimeWindow: { mode: "OFF" } });
    expect(target).to.deep.include({
      arn: "arn:aws:lambda:eu-west-1:123456789012:function:endpoint-settle-function",
      input: '{"sweep":true}',
      deadLetterConfig: { arn: "arn:aws:sqs:eu-west-1:123456789012:endpoint-deploy-dead-letters-queue" },
    });
    expect(permissionsOf("endpoint-sweep-scheduler")).to.deep.equal([
      "lambda:InvokeFunction arn:aws:lambda:eu-west-1:123456789012:function:endpoint-settle-function",
      "sqs:SendMessage arn:aws:sqs:eu-west-1:123456789012:endpoint-deploy-dead-letters-queue",
    ]);
  });

  it("hears of checks that have ended, and of approvals only where a person gives them", async () => {
    await endpoint();
    const RULE = "aws:cloudwatch/eventRule:EventRule";
    const pattern = (name: string) => JSON.parse(String(inputsOf(RULE, name).eventPattern)) as unknown;
    expect(pattern("endpoint-checked")).to.deep.equal({
      source: ["aws.sagemaker"],
      "detail-type": ["SageMaker Transform Job State Change"],
      detail: {
        TransformJobName: [{ prefix: "Fraud-Scores-check-" }],
        TransformJobStatus: ["Completed", "Failed", "Stopped"],
      },
    });
    expect(ofType(RULE).map(({ name }) => name)).not.to.include("endpoint-approved");
    await startRecording();
    await endpoint({ approval: "manual" });
    expect(pattern("endpoint-approved")).to.deep.equal({
      source: ["aws.sagemaker"],
      "detail-type": ["SageMaker Model Package State Change"],
      detail: { ModelPackageGroupName: ["fraud"], ModelApprovalStatus: ["Approved"] },
    });
    expect(inputsOf("aws:cloudwatch/eventTarget:EventTarget", "endpoint-approved").arn).to.equal(
      "arn:aws:sqs:eu-west-1:123456789012:endpoint-deploy-queue",
    );
  });

  it("runs models that are made of packages under a role that reads them, and writes what is captured", async () => {
    await endpoint();
    const may = permissionsOf("endpoint-model").filter((each) => each.startsWith("s3:"));
    const objects = "arn:aws:s3:::storage-bucket/fraud";
    expect(may).to.deep.equal([
      `s3:AbortMultipartUpload ${objects}/*/evaluation/golden/checks/*`,
      `s3:AbortMultipartUpload ${objects}/data-capture/*`,
      `s3:AbortMultipartUpload ${objects}/transform/*`,
      `s3:GetObject ${objects}/*/evaluation/golden/*`,
      `s3:GetObject ${objects}/*/model/*`,
      `s3:GetObject ${objects}/transform/*`,
      `s3:GetObjectVersion ${objects}/*/evaluation/golden/*`,
      `s3:GetObjectVersion ${objects}/*/model/*`,
      `s3:GetObjectVersion ${objects}/transform/*`,
      "s3:ListBucket arn:aws:s3:::storage-bucket",
      `s3:PutObject ${objects}/*/evaluation/golden/checks/*`,
      `s3:PutObject ${objects}/data-capture/*`,
      `s3:PutObject ${objects}/transform/*`,
    ]);
  });

  it("takes one deployment at a time from the queue, and gives back those that failed", async () => {
    await endpoint();
    expect(inputsOf(MAPPING, "endpoint-deploy")).to.deep.include({
      eventSourceArn: "arn:aws:sqs:eu-west-1:123456789012:endpoint-deploy-queue",
      batchSize: 1,
      functionResponseTypes: ["ReportBatchItemFailures"],
    });
  });

  it("remembers deployments in an encrypted table", async () => {
    await endpoint();
    expect(inputsOf("aws:dynamodb/table:Table", "endpoint-deployments")).to.deep.include({
      hashKey: "endpointName",
      rangeKey: "record",
      attributes: [
        { name: "endpointName", type: "S" },
        { name: "record", type: "S" },
      ],
      serverSideEncryption: { enabled: true, kmsKeyArn: "arn:aws:kms:eu-west-1:123456789012:key/storage-key" },
    });
  });

  it("alarms on server errors and on latency, and on neither while nothing is there", async () => {
    await endpoint();
    const alarms = ["endpoint-server-errors", "endpoint-latency"].map((name) => inputsOf(ALARM, name));
    for (const alarm of alarms) {
      expect(alarm).to.deep.include({
        namespace: "AWS/SageMaker",
        dimensions: { EndpointName: "Fraud-Scores", VariantName: "main" },
        treatMissingData: "notBreaching",
        alarmActions: ["arn:aws:sns:eu-west-1:123456789012:alerts-topic"],
      });
    }
    expect(alarms[0]).to.deep.include({ metricName: "Invocation5XXErrors", statistic: "Sum" });
    // Microseconds.
    expect(alarms[1]).to.deep.include({ metricName: "ModelLatency", extendedStatistic: "p99", threshold: 500_000 });
  });

  it("is brought to settings that changed, by who may ask for that and no more, once all have them", async () => {
    await endpoint();
    const invocation = (args: object = {}) => {
      const { input, ...rest } = inputsOf(INVOCATION, "endpoint-settings");
      expect(rest).to.deep.equal({ functionName: "endpoint-request-function", lifecycleScope: "CRUD", ...args });
      return JSON.parse(String(input)) as Record<string, unknown>;
    };
    const { settingsHash, idle } = invocation();
    expect(idle).to.equal(false);
    expect(settingsHash).to.match(/^[0-9a-f]{12}$/);
    expect(await dependenciesOf(INVOCATION, "endpoint-settings")).to.include.members([
      "endpoint-deploy",
      "endpoint-settle-function",
      "endpoint-teardown",
    ]);
    expect(variablesOf("endpoint-request-function").ENDPOINT_SETTINGS).to.equal(
      variablesOf("endpoint-deploy-function").ENDPOINT_SETTINGS,
    );
    expect(actionsOf("endpoint-request")).to.have.members([
      ...LOGGING,
      "dynamodb:GetItem",
      "dynamodb:PutItem",
      "dynamodb:Query",
      ...USING_KEY,
      "sagemaker:DescribeEndpoint",
      "sagemaker:DescribeEndpointConfig",
      "sagemaker:DescribeModel",
      "sqs:SendMessage",
    ]);
    await startRecording();
    await endpoint({ deployment: { ...DEPLOYMENT, instanceType: "ml.m5.xlarge" } });
    expect(invocation().settingsHash).not.to.equal(settingsHash);
    await startRecording();
    await endpoint();
    expect(invocation().settingsHash).to.equal(settingsHash);
  });

  it("goes down and comes back by the clock where it is told when, and never where it is not", async () => {
    const SCHEDULE = "aws:scheduler/schedule:Schedule";
    await endpoint();
    expect(ofType(SCHEDULE).map(({ name }) => name)).to.deep.equal(["endpoint-sweep-schedule"]);
    await startRecording();
    const idle = {
      downSchedule: "cron(0 20 ? * MON-FRI *)",
      upSchedule: "cron(0 7 ? * MON-FRI *)",
      timezone: "Europe/Berlin",
    };
    await endpoint({ deployment: { ...DEPLOYMENT, idle } });
    for (const [name, scheduleExpression, request] of [
      ["down", idle.downSchedule, "sleep"],
      ["up", idle.upSchedule, "wake"],
    ]) {
      const { target, ...schedule } = inputsOf(SCHEDULE, `endpoint-${name}-schedule`);
      expect(schedule).to.deep.include({ scheduleExpression, scheduleExpressionTimezone: "Europe/Berlin" });
      expect(target).to.deep.include({
        arn: "arn:aws:lambda:eu-west-1:123456789012:function:endpoint-request-function",
        input: JSON.stringify({ request }),
        retryPolicy: { maximumRetryAttempts: 2, maximumEventAgeInSeconds: 3600 },
      });
    }
    const { input } = inputsOf(INVOCATION, "endpoint-settings");
    expect(JSON.parse(String(input))).to.include({ idle: true });
  });

  it("is torn down with the stack: what to remove is known, by tags that nothing else carries", async () => {
    await endpoint();
    const { RESOURCE_TAGS, TASK_TAGS: taskTags, ...variables } = variablesOf("endpoint-teardown-function");
    expect(variables).to.deep.equal({
      ENDPOINT_NAME: "Fraud-Scores",
      ENDPOINT_VARIANT_NAME: "main",
      PIPELINE_NAME: "Fraud-Training",
      MODEL_PACKAGE_GROUP_NAME: "fraud",
      QUEUE_URL: "https://sqs.eu-west-1.amazonaws.com/123456789012/endpoint-deploy-queue",
      TASK_FAMILY: "fraud-launcher",
    });
    expect(JSON.parse(RESOURCE_TAGS ?? "")).to.deep.equal(RUN_TIME_TAGS);
    expect(JSON.parse(taskTags ?? "")).to.deep.equal(TASK_TAGS);
    expect(inputsOf(INVOCATION, "endpoint-teardown")).to.deep.include({
      functionName: "endpoint-teardown-function",
      lifecycleScope: "CRUD",
    });
    expect(actionsOf("endpoint-teardown")).to.have.members([
      ...LOGGING,
      "application-autoscaling:DeregisterScalableTarget",
      "cloudwatch:DeleteAlarms",
      "cloudwatch:DescribeAlarms",
      "sagemaker:DescribeEndpoint",
      "sagemaker:DeleteEndpoint",
      "sagemaker:DeleteEndpointConfig",
      "sagemaker:DeleteModel",
      "sagemaker:DeleteModelPackage",
      "sagemaker:DeletePipeline",
      "sagemaker:DescribePipeline",
      "sagemaker:ListPipelineExecutions",
      "sagemaker:StopPipelineExecution",
      ...ANSWERING,
      "sqs:ReceiveMessage",
      "sqs:DeleteMessage",
      "sqs:GetQueueAttributes",
      "ecs:ListTaskDefinitions",
      "ecs:DescribeTaskDefinition",
      "ecs:DeregisterTaskDefinition",
      "sagemaker:ListEndpointConfigs",
      "sagemaker:ListModelPackages",
      "sagemaker:ListModels",
      "sagemaker:ListTags",
    ]);
  });

  it("is torn down while the permissions still stand, the group still stands, and nothing deploys any more", async () => {
    await endpoint();
    // What is waited for at creation goes later on destroy.
    expect(await dependenciesOf(INVOCATION, "endpoint-teardown")).to.have.members([
      "endpoint-teardown-own",
      "registry",
      "endpoint-deploy",
    ]);
    expect(await dependenciesOf(MAPPING, "endpoint-deploy")).to.include("endpoint-teardown");
    expect(await dependenciesOf("aws:lambda/function:Function", "endpoint-teardown-function")).to.deep.equal([
      "endpoint-teardown-own",
    ]);
  });

  it("may be invoked by whom it grants that, a role of anybody's included, and nothing but that", async () => {
    const made = await endpoint();
    made.grantInvoke("score", granteeFor(new aws.iam.Role("theirs", { assumeRolePolicy: "{}" })));
    await everythingRegistered();
    expect(permissionsOf("theirs")).to.deep.equal([`sagemaker:InvokeEndpoint ${ENDPOINT_ARN}`]);
  });

  it("takes the user's last word on its children and functions", async () => {
    await endpoint({
      transform: { latencyAlarm: { threshold: 1 } },
      functions: { deployModel: { physicalName: "deploys", transform: { function: { memorySize: 512 } } } },
    });
    expect(inputsOf(ALARM, "endpoint-latency").threshold).to.equal(1);
    expect(inputsOf("aws:lambda/function:Function", "endpoint-deploy-function")).to.deep.include({
      name: "deploys",
      memorySize: 512,
    });
  });
});
