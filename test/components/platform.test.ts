// The whole platform on Pulumi's mocks: what each component asks for, and who may do what.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { expect } from "chai";
import { isLeft } from "fp-ts/Either";
import { parse } from "yaml";
import { platform } from "../../components/platform";
import type { PlatformOutputValues } from "../../components/outputs";
import { PlatformOutputs } from "../../components/outputs";
import { decodeStackConfig, type StackConfig } from "../../config";
import { algorithms } from "../../pipeline/algorithms";
import { fraudPipeline } from "../../pipeline/fraud-pipeline";
import { resolveHyperparameters, type Hyperparameters } from "../../pipeline/hyperparameters";
import { decodeLaunchSettings } from "../../pipeline/launch-settings";
import { chooseEngine } from "../../pipeline/preprocess-engine";
import { sparkConfiguration } from "../../pipeline/spark-cluster";
import { buildFunctions, MOCKED_VPC } from "./support/mocks";

type Inputs = Record<string, unknown>;
interface Registered {
  type: string;
  name: string;
  inputs: Inputs;
}
interface PolicyStatement {
  Effect: string;
  Action: string | string[];
  Resource: string | string[];
  Condition?: unknown;
}

const ROOT = join(__dirname, "..", "..");
const RUNNING_IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/fraud:0.0.9";
const registered: Registered[] = [];

function configuration(stack: string, change: (groups: Record<string, Inputs>) => void = () => undefined): StackConfig {
  const file = parse(readFileSync(join(ROOT, `Pulumi.${stack}.yaml`), "utf8")) as { config: Record<string, Inputs> };
  const groups = Object.fromEntries(
    Object.entries(file.config).flatMap(([key, value]) => (key.startsWith("fraud:") ? [[key.slice(6), value]] : [])),
  );
  change(groups);
  const decoded = decodeStackConfig(groups);
  if (isLeft(decoded)) throw new Error(`${stack} does not decode: ${JSON.stringify(decoded.left)}`);
  return decoded.right;
}

/** Plausible ARNs: the launcher's settings look at their form. */
function arnOf(type: string, name: string): string {
  const forms: Record<string, string> = {
    "aws:iam/role:Role": `arn:aws:iam::123456789012:role/${name}`,
    "aws:kms/key:Key": `arn:aws:kms:eu-west-1:123456789012:key/${name}`,
    "aws:sagemaker/mlflowApp:MlflowApp": `arn:aws:sagemaker:eu-west-1:123456789012:mlflow-app/${name}`,
    "aws:lambda/function:Function": `arn:aws:lambda:eu-west-1:123456789012:function:${name}`,
  };
  return forms[type] ?? `arn:aws:service:eu-west-1:123456789012:${name}`;
}

/** Resolves outputs within outputs, as they stand once everything is registered. */
const settled = <T>(value: pulumi.Input<T>): Promise<unknown> =>
  new Promise((done) => pulumi.output(value).apply((known) => done(known)));

async function build(config: StackConfig): Promise<{ values: PlatformOutputValues; known: unknown }> {
  registered.length = 0;
  const values = platform(config);
  const known = await settled<unknown>({ ...values });
  // Children whose outputs nobody waits for are registered by then, too.
  await new Promise((next) => setImmediate(next));
  return { values, known };
}

const ofType = (type: string): Registered[] => registered.filter((each) => each.type === type);
function one(type: string, name: string): Inputs {
  const found = ofType(type).filter((each) => each.name === name);
  expect(
    found,
    `${type} ${name} among ${ofType(type)
      .map((each) => each.name)
      .join(", ")}`,
  ).to.have.length(1);
  return (found[0] as Registered).inputs;
}
const statementsOf = (policy: unknown): PolicyStatement[] =>
  (JSON.parse(String(policy)) as { Statement: PolicyStatement[] }).Statement;
const list = (value: string | string[]): string[] => (Array.isArray(value) ? value : [value]);

describe("the platform", function () {
  let known: Record<string, unknown>;
  let values: PlatformOutputValues;

  before(async () => {
    await buildFunctions();
    await pulumi.runtime.setMocks(
      {
        newResource: ({ type, name, inputs }) => {
          const given = inputs as Inputs;
          registered.push({ type, name, inputs: given });
          const arn = arnOf(type, name);
          const state = {
            ...given,
            arn,
            bucket: given.bucket ?? name,
            executionArn: arn,
            invokeArn: arn,
            invokeUrl: `https://${name}.example/v1`,
            keyId: name,
            name: given.name ?? name,
            rootResourceId: "root",
            url: `https://sqs.eu-west-1.amazonaws.com/123456789012/${name}`,
            value: "key-of-api-key-client",
            ...(type === "awsx:ec2:Vpc" ? MOCKED_VPC : {}),
          };
          // The launcher's settings look at the form of a group's id, too.
          const isGroup = type === "aws:ec2/securityGroup:SecurityGroup";
          return { id: isGroup ? "sg-0123456789abcdef0" : `${name}-id`, state };
        },
        call: ({ token }) => {
          if (token.includes("getRegion")) return { region: "eu-west-1", name: "eu-west-1" };
          if (token.includes("getPartition")) return { partition: "aws" };
          if (token.includes("getParameter")) return { insecureValue: RUNNING_IMAGE };
          return { accountId: "123456789012" };
        },
      },
      "fraud",
      "local",
    );
    const built = await build(configuration("local"));
    known = built.known as Record<string, unknown>;
    values = built.values;
  });

  it("tells what PlatformOutputs declares, the API key as a secret", async () => {
    expect(isLeft(PlatformOutputs.decode(known))).to.equal(false);
    expect(await pulumi.isSecret(values.apiKey)).to.equal(true);
  });

  it("delivers with ci, and runs the image that a delivery left in the parameter", async () => {
    const ci = {
      connectionArn: "arn:aws:codeconnections:eu-west-1:123456789012:connection/0a",
      repository: "me/fraud",
    };
    const built = await build(configuration("local", (groups) => (groups.ci = ci)));
    expect((built.known as Record<string, unknown>).ciPipelineName).to.equal("fraud-local-ci");
    const task = one("aws:ecs/taskDefinition:TaskDefinition", "training-launcher-task");
    expect(JSON.parse(String(task.containerDefinitions))).to.have.nested.property("[0].image", RUNNING_IMAGE);
    await build(configuration("local"));
  });

  it("asks for a key on /predict and for none on /health", () => {
    const methods = ofType("aws:apigateway/method:Method").map(({ inputs }) => [
      inputs.httpMethod,
      inputs.apiKeyRequired,
    ]);
    expect(methods).to.have.deep.members([
      ["POST", true],
      ["GET", false],
    ]);
    expect(one("aws:apigateway/usagePlan:UsagePlan", "api-clients")).to.deep.include({
      throttleSettings: { rateLimit: 50, burstLimit: 100 },
      quotaSettings: { limit: 100_000, period: "DAY" },
    });
  });

  it("keeps queues' messages hidden for six times their function's longest run, and watches the dead letters", () => {
    expect(one("aws:sqs/queue:Queue", "stream-files-queue").visibilityTimeoutSeconds).to.equal(6 * 300);
    expect(one("aws:lambda/function:Function", "stream-scorer-function").timeout).to.equal(300);
    for (const { inputs } of ofType("aws:cloudwatch/metricAlarm:MetricAlarm")) {
      // A monitor's alarm for a sign of life is the one that silence sets off.
      const silent = inputs.metricName === "MonitorHeartbeat" ? "breaching" : "notBreaching";
      expect(inputs.treatMissingData).to.equal(silent);
      expect(inputs.alarmActions).to.have.length(1);
    }
  });

  it("scores files of the stream's prefix alone, and reports partial failures", () => {
    const rule = JSON.parse(String(one("aws:cloudwatch/eventRule:EventRule", "stream-files").eventPattern)) as unknown;
    expect(rule).to.deep.equal({
      source: ["aws.s3"],
      "detail-type": ["Object Created"],
      detail: { bucket: { name: ["storage-bucket"] }, object: { key: [{ prefix: "fraud/stream_data/" }] } },
    });
    const mapping = one("aws:lambda/eventSourceMapping:EventSourceMapping", "stream-files");
    expect(mapping).to.deep.include({
      functionResponseTypes: ["ReportBatchItemFailures"],
      scalingConfig: { maximumConcurrency: 5 },
    });
  });

  it("keeps the bucket private, encrypted, versioned and for TLS alone", () => {
    expect(one("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "storage-bucket")).to.deep.include({
      blockPublicAcls: true,
      blockPublicPolicy: true,
      ignorePublicAcls: true,
      restrictPublicBuckets: true,
    });
    const [tls] = statementsOf(one("aws:s3/bucketPolicy:BucketPolicy", "storage-bucket").policy);
    expect(tls).to.deep.include({ Effect: "Deny", Condition: { Bool: { "aws:SecureTransport": "false" } } });
    const versioning = one("aws:s3/bucketVersioning:BucketVersioning", "storage-bucket");
    expect(versioning.versioningConfiguration).to.deep.equal({ status: "Enabled" });
    const encrypted = ofType("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration");
    expect(encrypted.map(({ inputs }) => inputs.bucket)).to.have.members(
      ofType("aws:s3/bucket:Bucket").map(({ name }) => name),
    );
  });

  it("lets nobody do everything, and everything be done to all only where AWS has no resource", () => {
    const unscoped = new Set<string>();
    for (const { name, inputs } of ofType("aws:iam/rolePolicy:RolePolicy")) {
      for (const statement of statementsOf(inputs.policy)) {
        for (const action of list(statement.Action)) expect(action, name).not.to.contain("*");
        if (list(statement.Resource).includes("*")) for (const action of list(statement.Action)) unscoped.add(action);
      }
    }
    expect([...unscoped].sort()).to.deep.equal([
      "cloudwatch:PutMetricData",
      "codepipeline:PutJobFailureResult",
      "codepipeline:PutJobSuccessResult",
      "ecr:GetAuthorizationToken",
      "ecs:DeregisterTaskDefinition",
      "ecs:DescribeTaskDefinition",
      "ecs:ListTaskDefinitions",
      "ecs:ListTasks",
      "sagemaker:ListEndpointConfigs",
      "sagemaker:ListModels",
    ]);
  });

  it("lets the API and the scorer alone invoke the endpoint", () => {
    const invoking = ofType("aws:iam/rolePolicy:RolePolicy")
      .filter(({ inputs }) =>
        statementsOf(inputs.policy).some((each) => list(each.Action).includes("sagemaker:InvokeEndpoint")),
      )
      .map(({ inputs }) => inputs.role);
    expect(invoking).to.have.members(["api-predict", "stream-scorer"]);
  });

  const launchSettings = () => {
    const [container] = JSON.parse(
      String(one("aws:ecs/taskDefinition:TaskDefinition", "training-launcher-task").containerDefinitions),
    ) as { environment: { name: string; value: string }[]; readonlyRootFilesystem: boolean; user: string }[];
    expect(container).to.deep.include({ readonlyRootFilesystem: true, user: "1000" });
    const decoded = decodeLaunchSettings(
      Object.fromEntries((container?.environment ?? []).map(({ name, value }) => [name, value])),
    );
    return isLeft(decoded) ? expect.fail(JSON.stringify(decoded.left)) : decoded.right;
  };

  it("lets models look at the alarms that may roll their deployment back", () => {
    const [looking] = ofType("aws:iam/rolePolicy:RolePolicy")
      .filter(({ inputs }) => inputs.role === "training-sagemaker")
      .flatMap(({ inputs }) => statementsOf(inputs.policy))
      .filter(({ Action }) => list(Action).includes("cloudwatch:DescribeAlarms"));
    expect(looking?.Action).to.deep.equal(["cloudwatch:DescribeAlarms"]);
    expect(looking?.Resource).to.satisfy((arns: string[]) => arns.every((arn) => /:alarm:fraud-\w+.*-\*$/.test(arn)));
  });

  it("gives the launcher settings that it accepts", async () => {
    expect(launchSettings()).to.deep.include({
      pipelineName: "fraud-local",
      approval: "auto",
      source: { type: "s3", key: "raw/creditcard.csv" },
    });
    const secretArn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:reader-AbCdEf";
    const network = {
      vpcId: "vpc-0123456789abcdef0",
      subnetIds: ["subnet-0123456789abcdef0"],
      securityGroupIds: ["sg-0123456789abcdef0"],
    };
    const changed = configuration("local", (groups) => {
      groups.registry = { approval: "manual" };
      groups.source = { type: "rds", host: "db.internal", secretArn };
      groups.network = network;
      Object.assign(groups.training as Inputs, { algorithm: "lgbm", hyperparameters: { num_leaves: 7 } });
    });
    await build(changed);
    expect(launchSettings().training).to.deep.include({ algorithm: "lgbm", hyperparameters: { num_leaves: 7 } });
    expect(launchSettings().approval).to.equal("manual");
    const roleArn = "arn:aws:iam::123456789012:role/training-database-extract";
    expect(launchSettings().source).to.deep.include({
      ...{ type: "rds", host: "db.internal", port: 3306, secretArn, database: "credit_fraud", table: "transactions" },
      ...{ roleArn, network: { subnetIds: network.subnetIds, securityGroupIds: network.securityGroupIds } },
    });
    const passing = ofType("aws:iam/rolePolicy:RolePolicy")
      .filter(({ inputs }) => inputs.role === "training-sagemaker")
      .flatMap(({ inputs }) => statementsOf(inputs.policy))
      .find(({ Action }) => list(Action).includes("iam:PassRole"));
    expect(passing?.Resource).to.deep.equal(["arn:aws:iam::123456789012:role/training-sagemaker", roleArn]);
  });

  it("tells the launcher to preprocess on as many instances of Spark as are configured", async () => {
    const spark = { framework: "pyspark", instanceType: "ml.m5.xlarge", instanceCount: 3 };
    await build(configuration("local", (groups) => Object.assign(groups.preprocess as Inputs, spark)));
    expect(launchSettings().preprocess).to.include(spark);
  });

  for (const stack of ["dev", "staging", "prod"]) {
    it(`has a pipeline for ${stack} that preprocesses on Spark`, async () => {
      await build(configuration(stack, ({ preprocess = {} }) => Object.assign(preprocess, { framework: "pyspark" })));
      const settings = launchSettings();
      expect(chooseEngine(settings.preprocess, undefined)).to.include({ engine: "pyspark" });
      expect(JSON.stringify(sparkConfiguration(settings.preprocess))).to.contain("spark.executor.instances");
      const algorithm = algorithms[settings.training.algorithm];
      const defaults = JSON.parse(
        readFileSync(join(ROOT, "models", algorithm.defaultsFile), "utf8"),
      ) as Hyperparameters;
      const code = `s3://${settings.bucket}/${settings.prefix}/scripts/a`;
      const { Steps = [] } = fraudPipeline({
        settings,
        code: { extract: code, preprocess: code, evaluate: code, baselines: code, training: `${code}/s.tar.gz` },
        preprocessing: { engine: "pyspark", configuration: `${code}/configuration.json` },
        hyperparameters: resolveHyperparameters(algorithm, defaults, settings.training.hyperparameters, {}),
      }) as { Steps?: { Name: string; Arguments: Inputs }[] };
      const preprocess = Steps.find(({ Name }) => Name === "Preprocess")?.Arguments;
      const training = Steps.find(({ Name }) => Name === "Train")?.Arguments;
      const inVpc = { SecurityGroupIds: ["sg-0123456789abcdef0"], Subnets: MOCKED_VPC.privateSubnetIds };
      const within =
        stack === "dev" ? undefined : { ...inVpc, Subnets: inVpc.Subnets.slice(0, stack === "prod" ? 3 : 2) };
      expect(preprocess?.NetworkConfig).to.deep.equal(within && { EnableNetworkIsolation: false, VpcConfig: within });
      expect(training?.VpcConfig).to.deep.equal(within);
      expect(preprocess?.AppSpecification).to.have.property("ImageUri").that.contains("sagemaker-spark-processing:3.5");
      const { instanceType, instanceCount } = settings.preprocess;
      expect(preprocess?.ProcessingResources).to.have.deep.nested.property("ClusterConfig.InstanceType", instanceType);
      expect(preprocess?.ProcessingResources).to.have.nested.property("ClusterConfig.InstanceCount", instanceCount);
    });
  }
});
