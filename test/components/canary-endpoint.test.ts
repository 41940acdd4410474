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
const REMEMBERING = ["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"];
const USING_KEY = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"];
const ANSWERING = ["sagemaker:SendPipelineExecutionStepFailure", "sagemaker:SendPipelineExecutionStepSuccess"];
const PROMOTING = [
  "sagemaker-mlflow:SetRegisteredModelAlias",
  "sagemaker:CallMlflowAppApi",
  "sagemaker:DescribeModelPackage",
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
    const { RESOURCE_TAGS, ENDPOINT_ROLLOUT, DATA_CAPTURE, ...variables } = variablesOf("endpoint-deploy-function");
    expect(variables).to.deep.equal({
      ENDPOINT_NAME: "Fraud-Scores",
      ENDPOINT_VARIANT_NAME: "main",
      ENDPOINT_INSTANCE_TYPE: "ml.m5.large",
      ENDPOINT_INSTANCE_COUNT: "2",
      DEPLOYMENT_TIMEOUT_SECONDS: "3600",
      DEPLOYMENTS_TABLE_NAME: "endpoint-deployments",
      QUEUE_URL: "https://sqs.eu-west-1.amazonaws.com/123456789012/endpoint-deploy-queue",
      MLFLOW_ARN: `${SAGEMAKER}:mlflow-app/fraud`,
      MODEL_NAME: "fraud-model",
      KMS_KEY_ARN: "arn:aws:kms:eu-west-1:123456789012:key/storage-key",
    });
    expect(JSON.parse(ENDPOINT_ROLLOUT ?? "")).to.deep.equal(DEPLOYMENT.rollout);
    expect(JSON.parse(RESOURCE_TAGS ?? "")).to.deep.equal(RUN_TIME_TAGS);
    expect(JSON.parse(DATA_CAPTURE ?? "")).to.deep.equal({
      percent: 80,
      destinationUri: "s3://storage-bucket/fraud/data-capture",
    });
    expect(ofType("aws:sagemaker/endpoint:Endpoint")).to.deep.equal([]);
  });

  it("captures nothing where the share is 0", async () => {
    await endpoint({ deployment: { ...DEPLOYMENT, dataCapturePercent: 0 } });
    expect(variablesOf("endpoint-deploy-function")).not.to.have.property("DATA_CAPTURE");
  });

  it("is deployed by who may create and update it, and read the queue, but invoke nothing", async () => {
    await endpoint();
    expect(actionsOf("endpoint-deploy")).to.have.members([
      ...LOGGING,
      ...REMEMBERING,
      ...USING_KEY,
      ...ANSWERING,
      ...PROMOTING,
      "kms:CreateGrant",
      "sqs:ReceiveMessage",
      "sqs:DeleteMessage",
      "sqs:GetQueueAttributes",
      "sqs:SendMessage",
      "sagemaker:DescribePipelineExecution",
      "sagemaker:DescribeEndpoint",
      "sagemaker:CreateEndpoint",
      "sagemaker:CreateEndpointConfig",
      "sagemaker:UpdateEndpoint",
      "sagemaker:DeleteEndpoint",
      "sagemaker:AddTags",
    ]);
    const may = permissionsOf("endpoint-deploy");
    expect(may.filter((each) => each.startsWith("sagemaker:DeleteEndpoint "))).to.deep.equal([
      `sagemaker:DeleteEndpoint ${ENDPOINT_ARN}`,
    ]);
    expect(may).to.include(`sagemaker:DescribePipelineExecution ${SAGEMAKER}:pipeline/fraud-training/execution/*`);
  });

  it("is settled by who may look at it and answer the pipeline, but change nothing", async () => {
    await endpoint();
    expect(actionsOf("endpoint-settle")).to.have.members([
      ...LOGGING,
      ...REMEMBERING,
      ...USING_KEY,
      ...ANSWERING,
      ...PROMOTING,
      "sagemaker:DescribeEndpoint",
      // Events that could not be handled.
      "sqs:SendMessage",
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
      attributes: [{ name: "endpointName", type: "S" }],
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

  it("is torn down with the stack: what to remove is known, by tags that nothing else carries", async () => {
    await endpoint();
    const { RESOURCE_TAGS, TASK_TAGS: taskTags, ...variables } = variablesOf("endpoint-teardown-function");
    expect(variables).to.deep.equal({
      ENDPOINT_NAME: "Fraud-Scores",
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
