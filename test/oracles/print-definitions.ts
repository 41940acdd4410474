// Prints pipeline definitions that this project compiles, as one JSON object by name: test_definitions.py builds the
// same pipelines with the SageMaker Python SDK. Between them, the small ones use everything that pipeline/ offers.
import type { Json } from "../../pipeline/canonical-json";
import { compile, type Pipeline } from "../../pipeline/compile";
import {
  callback,
  condition,
  equals,
  fail,
  greaterThan,
  greaterThanOrEqualTo,
  isIn,
  lambda,
  lessThan,
  lessThanOrEqualTo,
  not,
  or,
} from "../../pipeline/control-steps";
import {
  booleanParameter,
  execution,
  floatParameter,
  integerParameter,
  join,
  stringParameter,
  text,
} from "../../pipeline/expressions";
import { fraudPipeline } from "../../pipeline/fraud-pipeline";
import { model, processing, training } from "../../pipeline/job-steps";
import type { Preprocessing } from "../../pipeline/preprocess-engine";
import { rawSettings, rdsSource, settings } from "../pipeline/samples";

const roleArn = "arn:aws:iam::123456789012:role/sagemaker";
const kmsKeyArn = "arn:aws:kms:eu-west-1:123456789012:key/0000";
const functionArn = "arn:aws:lambda:eu-west-1:123456789012:function:f";
const image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/image:1";

function fraud(
  changes: Readonly<Record<string, unknown>> = {},
  preprocessing: Preprocessing = { engine: "scikit-learn" },
): Json {
  return fraudPipeline({
    settings: settings(changes),
    code: {
      extract: "s3://bucket/fraud/scripts/d",
      preprocess: "s3://bucket/fraud/scripts/a",
      evaluate: "s3://bucket/fraud/scripts/b",
      baselines: "s3://bucket/fraud/scripts/d",
      training: "s3://bucket/fraud/scripts/c/sourcedir.tar.gz",
    },
    preprocessing,
    hyperparameters: { eta: 0.05, max_depth: 4, objective: "binary:logistic" },
  });
}

function parameters(): Pipeline {
  const name = stringParameter("Name");
  const kind = stringParameter("Kind", { default: "a", oneOf: ["a", "b"] });
  const count = integerParameter("Count", { default: 0 });
  const wanted = integerParameter("Wanted");
  const weight = floatParameter("Weight", { default: 1.5 });
  const share = floatParameter("Share");
  const loud = booleanParameter("Loud", { default: false });
  const quiet = booleanParameter("Quiet");
  const all = [name, kind, count, wanted, weight, share, loud, quiet];
  const inputs = {
    name,
    nested: { list: [kind, 1, "text", true, { count }], wanted },
    joined: join("-", ["a", weight, 1, join("", [loud])]),
    text: text(share),
    quiet,
    start: execution.startDateTime,
    now: execution.currentDateTime,
    pipeline: execution.pipelineName,
    arn: execution.pipelineArn,
    id: execution.pipelineExecutionId,
    execution: execution.pipelineExecutionArn,
  };
  return {
    parameters: all,
    steps: [lambda("Call", { functionArn, inputs, outputs: {} })],
    experiment: { name: execution.pipelineName, trial: join("-", ["trial", execution.pipelineExecutionId]) },
  };
}

function jobs(): Pipeline {
  const instances = integerParameter("Instances", { default: 2 });
  const instanceType = stringParameter("InstanceType", { default: "ml.m5.large" });
  const raw = stringParameter("Raw");
  const prepare = processing("Prepare", {
    displayName: "Prepare it",
    description: "Splits the rows",
    namePrefix: "prepare",
    image,
    roleArn,
    instanceType,
    instanceCount: instances,
    volumeSizeGb: 50,
    maxRuntimeSeconds: 600,
    entrypoint: ["python3", "/opt/ml/processing/input/code/prepare.py"],
    arguments: ["--rows", text(instances), "--from", raw],
    inputs: {
      raw: { uri: raw, path: "/opt/ml/processing/raw" },
      code: { uri: "s3://bucket/code/prepare.py", path: "/opt/ml/processing/input/code" },
    },
    outputs: {
      train: { uri: join("/", ["s3://bucket", execution.pipelineExecutionId]), path: "/opt/ml/processing/train" },
      report: { uri: "s3://bucket/report", path: "/opt/ml/processing/report" },
    },
    propertyFiles: {
      Report: { output: "report", path: "report.json" },
      Other: { output: "report", path: "deep/other.json" },
    },
    environment: { RAW: raw, LEVEL: "1" },
    outputKmsKeyArn: kmsKeyArn,
    tags: { a: "1", b: raw },
    retries: [
      { on: ["Step.SERVICE_FAULT", "Step.THROTTLING"], intervalSeconds: 1, backoffRate: 1.5, limit: { attempts: 3 } },
      {
        on: ["SageMaker.JOB_INTERNAL_ERROR", "SageMaker.CAPACITY_ERROR", "SageMaker.RESOURCE_LIMIT"],
        intervalSeconds: 60,
        backoffRate: 2,
        limit: { minutes: 30 },
      },
    ],
    caching: { expireAfter: "PT1H" },
  });
  const plain = processing("Plain", {
    namePrefix: "plain",
    image,
    roleArn,
    instanceType: "ml.m5.large",
    entrypoint: ["true"],
    inputs: {},
    outputs: {},
    dependsOn: [prepare],
  });
  const train = training("Train", {
    namePrefix: "mine",
    image,
    roleArn,
    instanceType,
    instanceCount: instances,
    volumeSizeGb: 10,
    hyperparameters: { eta: "0.1", rounds: text(instances) },
    channels: {
      train: { uri: prepare.output("train"), contentType: "text/csv" },
      extra: { uri: "s3://bucket/extra" },
    },
    outputUri: "s3://bucket/model",
    metrics: { auc: "auc=([0-9.]+)", loss: "loss=([0-9.]+)" },
    environment: { LEVEL: "1" },
    outputKmsKeyArn: kmsKeyArn,
    tags: { a: "1" },
    caching: { expireAfter: "P30D" },
    dependsOn: [plain],
  });
  const create = model("Create", {
    displayName: "Create it",
    description: "For the endpoint",
    namePrefix: "mine",
    image,
    artifactUri: train.property("ModelArtifacts", "S3ModelArtifacts"),
    roleArn,
    environment: { LEVEL: "1", NAME: train.property("TrainingJobName") },
    tags: { a: "1" },
    retries: [{ on: ["Step.THROTTLING"], intervalSeconds: 1, backoffRate: 2, limit: { attempts: 2 } }],
    dependsOn: [prepare],
  });
  const seconds = prepare.property("StoppingCondition", "MaxRuntimeInSeconds");
  const use = lambda("Use", { functionArn, inputs: { model: create.property("ModelName"), seconds }, outputs: {} });
  return { parameters: [instances, instanceType, raw], steps: [prepare, plain, train, create, use] };
}

function control(): Pipeline {
  const score = processing("Score", {
    image,
    roleArn,
    instanceType: "ml.m5.large",
    entrypoint: ["true"],
    inputs: {},
    outputs: { report: { uri: "s3://bucket/report", path: "/opt/ml/processing/report" } },
    propertyFiles: { Report: { output: "report", path: "report.json" } },
  });
  const decide = lambda("Decide", {
    displayName: "Decide it",
    description: "By the figures",
    functionArn,
    inputs: { report: score.output("report") },
    outputs: { verdict: "String", count: "Integer", share: "Float", sure: "Boolean" },
    caching: { expireAfter: "P1D" },
  });
  const ask = callback("Ask", {
    displayName: "Ask it",
    description: "Somebody answers",
    queueUrl: "https://sqs.eu-west-1.amazonaws.com/123456789012/q",
    inputs: { verdict: decide.output("verdict") },
    outputs: { answer: "String", score: "Float" },
    caching: { expireAfter: "P1D" },
    dependsOn: [score],
  });
  const auc = score.json<number>("Report", "metrics['roc auc'][0].value");
  const inner = condition("Inner", {
    displayName: "Choose again",
    description: "Within the first",
    conditions: [isIn(ask.output("answer"), ["a", "b"])],
    ifSteps: [],
    elseSteps: [fail("Neither", "neither a nor b", { displayName: "No", description: "Not one of them" })],
  });
  const choose = condition("Choose", {
    conditions: [
      equals(decide.output("verdict"), "yes"),
      greaterThan(decide.output("count"), 1),
      greaterThanOrEqualTo(auc, 0.9),
      lessThan(decide.output("share"), 0.5),
      lessThanOrEqualTo(auc, 1),
      not(equals(execution.pipelineName, "other")),
      or(equals(decide.output("sure"), true), equals(ask.output("score"), 1)),
    ],
    ifSteps: [inner],
    elseSteps: [fail("Refused", join(": ", ["too low", auc]))],
    dependsOn: [ask],
  });
  return { parameters: [], steps: [score, decide, ask, choose] };
}

const definitions: Readonly<Record<string, Json>> = {
  "fraud, deployed at once": fraud(),
  "fraud, approved by a person": fraud({ approval: "manual" }),
  "fraud, encrypted": fraud({ kmsKeyArn }),
  "fraud, from a database": fraud({ source: { ...rdsSource, caBundleKey: "tls/roots.pem" } }),
  "fraud, on Spark": fraud(
    { preprocess: { ...rawSettings.preprocess, framework: "pyspark", instanceType: "ml.m5.xlarge", instanceCount: 3 } },
    { engine: "pyspark", configuration: "s3://bucket/fraud/scripts/f" },
  ),
  parameters: compile(parameters()),
  jobs: compile(jobs()),
  control: compile(control()),
};
console.log(JSON.stringify(definitions));
