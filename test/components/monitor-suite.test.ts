import { expect } from "chai";
import { MonitorSuite, type MonitorSuiteArgs } from "../../components/monitor-suite";
import { patienceHours, schedulerExpression } from "../../components/monitor-watch";
import { TrainingPipeline } from "../../components/training-pipeline";
import { valid, minimal } from "../config/samples";
import { endpointOn, foundations, RUN_TIME_TAGS } from "./support/foundations";
import {
  dependenciesOf,
  everythingRegistered,
  inputsOf,
  ofType,
  permissionsOf,
  recording,
  startRecording,
  statementsOf,
  variablesOf,
} from "./support/mocks";

const ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm";
const SCHEDULE = "aws:scheduler/schedule:Schedule";
const KINDS = ["data-quality", "model-quality", "model-bias", "model-explainability"];
const KEY = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const ANY_LOG = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/sagemaker/*";
const bucket = (...patterns: string[]) => patterns.map((pattern) => `arn:aws:s3:::storage-bucket/fraud/${pattern}`);

describe("the monitor suite", function () {
  async function suite(monitors: Record<string, unknown> = {}, more: Partial<MonitorSuiteArgs> = {}): Promise<void> {
    await startRecording();
    const config = valid({ ...minimal, monitors });
    const base = foundations();
    const endpoint = endpointOn(base);
    const { launcher } = new TrainingPipeline("training", {
      ...base,
      deployQueue: endpoint.deployQueue,
      pipelineName: "fraud",
      baseJobNamePrefix: "Fraud",
      jobsScriptsFolder: "jobs",
      source: config.source,
      preprocess: config.preprocess,
      training: config.training,
      evaluation: config.evaluation,
      approval: "auto",
      launcher: { ...config.ecs, subnetIds: ["subnet-1"] },
      runTimeTags: RUN_TIME_TAGS,
    });
    new MonitorSuite(
      "monitors",
      {
        ...base,
        endpoint,
        launcher,
        monitors: config.monitors,
        jobNamePrefix: "Fraud",
        runTimeTags: RUN_TIME_TAGS,
        ...more,
      },
      recording,
    );
    await everythingRegistered();
  }

  describe("as it is", () => {
    before(() =>
      suite({
        dataQuality: { schedule: "cron(0 3 ? * * *)" },
        bias: { schedule: "cron(0 17/12 ? * * *)" },
        explainability: { enabled: false },
      }),
    );

    it("runs each monitor at its hours, with the time of the schedule, and keeps calls that failed", () => {
      expect(ofType(SCHEDULE).flatMap(({ name }) => (name.startsWith("monitors-") ? [name] : []))).to.have.members(
        KINDS.slice(0, 3).map((kind) => `monitors-${kind}-schedule`),
      );
      expect(inputsOf(SCHEDULE, "monitors-model-bias-schedule")).to.deep.equal({
        description: "Runs the model-bias monitor of Fraud-Scores",
        scheduleExpression: "cron(15 5,17 * * ? *)",
        scheduleExpressionTimezone: "UTC",
        flexibleTimeWindow: { mode: "OFF" },
        target: {
          arn: "arn:aws:lambda:eu-west-1:123456789012:function:monitors-run-function",
          roleArn: "arn:aws:iam::123456789012:role/monitors-scheduler",
          input: '{"monitor":"model-bias","scheduledTime":"<aws.scheduler.scheduled-time>"}',
          retryPolicy: { maximumRetryAttempts: 10, maximumEventAgeInSeconds: 3600 },
          deadLetterConfig: { arn: "arn:aws:sqs:eu-west-1:123456789012:monitors-dead-letters-queue" },
        },
      });
      expect(permissionsOf("monitors-scheduler")).to.deep.equal([
        "lambda:InvokeFunction arn:aws:lambda:eu-west-1:123456789012:function:monitors-run-function",
        "sqs:SendMessage arn:aws:sqs:eu-west-1:123456789012:monitors-dead-letters-queue",
      ]);
    });

    it("alarms for a job that fails, and for a monitor that gives no sign of life after its first", async () => {
      const dimensions = { Endpoint: "Fraud-Scores", Monitor: "data-quality" };
      const alarmActions = ["arn:aws:sns:eu-west-1:123456789012:alerts-topic"];
      expect(inputsOf(ALARM, "monitors-data-quality-failures")).to.deep.include({
        namespace: "FraudPlatform",
        metricName: "MonitorFailures",
        dimensions,
        statistic: "Sum",
        comparisonOperator: "GreaterThanOrEqualToThreshold",
        threshold: 1,
        treatMissingData: "notBreaching",
        alarmActions,
      });
      expect(inputsOf(ALARM, "monitors-data-quality-missing")).to.deep.include({
        metricName: "MonitorHeartbeat",
        dimensions,
        statistic: "SampleCount",
        comparisonOperator: "LessThanThreshold",
        threshold: 1,
        period: 3600,
        evaluationPeriods: 26,
        datapointsToAlarm: 26,
        treatMissingData: "breaching",
        alarmActions,
      });
      expect(inputsOf("aws:lambda/invocation:Invocation", "monitors-data-quality-watch")).to.deep.equal({
        functionName: "monitors-run-function",
        input: '{"monitor":"data-quality","watch":true}',
      });
      expect(await dependenciesOf(ALARM, "monitors-data-quality-missing")).to.deep.equal([
        "monitors-data-quality-watch",
      ]);
    });

    it("puts code that is named after its content beside the pipeline's", () => {
      const objects = ofType("aws:s3/bucketObjectv2:BucketObjectv2").map(({ inputs }) => String(inputs.key));
      const { CODE_URI: code = "" } = variablesOf("monitors-run-function");
      const folder = code.slice("s3://storage-bucket/".length);
      expect(folder).to.match(/^fraud\/scripts\/[0-9a-f]{64}$/);
      for (const file of ["run_job.py", "monitor.py", "wheels.py"]) expect(objects).to.include(`${folder}/${file}`);
    });

    it("lets the jobs read what they look at, write what they find, and put Model Monitor's metrics; no more", () => {
      const allowed = permissionsOf("monitors-job");
      const on = (action: string) =>
        allowed.filter((each) => each.startsWith(`${action} `)).map((each) => each.slice(action.length + 1));
      expect(on("s3:GetObject")).to.have.members(
        bucket("data-capture/*", "ground-truth/merged/*", "monitor-input/*", "scripts/*", "*/baselines/*", "*/model/*"),
      );
      expect(on("s3:PutObject")).to.deep.equal(bucket("monitor-output/*"));
      expect(on("logs:PutLogEvents")).to.deep.equal([ANY_LOG]);
      expect([...new Set(allowed.map((each) => each.split(" ")[0]))]).to.have.members([
        "s3:GetObject",
        "s3:GetObjectVersion",
        "s3:ListBucket",
        "s3:PutObject",
        "s3:AbortMultipartUpload",
        "kms:Decrypt",
        "kms:GenerateDataKey",
        "kms:CreateGrant",
        "logs:CreateLogGroup",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "logs:DescribeLogStreams",
        "cloudwatch:PutMetricData",
        "ecr:GetAuthorizationToken",
        "ecr:BatchGetImage",
        "ecr:GetDownloadUrlForLayer",
        "ecr:BatchCheckLayerAvailability",
      ]);
      const namespaces = statementsOf(inputsOf("aws:iam/rolePolicy:RolePolicy", "monitors-job-own").policy).filter(
        ({ Action }) => String(Action) === "cloudwatch:PutMetricData",
      );
      expect(namespaces.map(({ Condition }) => Condition)).to.deep.include({
        StringLike: { "cloudwatch:namespace": ["aws/sagemaker/Endpoints/*"] },
      });
    });

    it("lets the function start the monitors' jobs under their role alone", () => {
      const sagemaker = (resource: string) => `arn:aws:sagemaker:eu-west-1:123456789012:${resource}`;
      const allowed = permissionsOf("monitors-run").filter((each) => !each.startsWith("logs:"));
      expect(allowed).to.deep.equal(
        [
          "iam:PassRole arn:aws:iam::123456789012:role/monitors-job",
          "kms:CreateGrant arn:aws:kms:eu-west-1:123456789012:key/storage-key",
          "kms:Decrypt arn:aws:kms:eu-west-1:123456789012:key/storage-key",
          "kms:GenerateDataKey arn:aws:kms:eu-west-1:123456789012:key/storage-key",
          "s3:AbortMultipartUpload arn:aws:s3:::storage-bucket/fraud/monitor-input/*",
          "s3:ListBucket arn:aws:s3:::storage-bucket",
          ...["s3:GetObject", "s3:GetObjectVersion"].map((each) => `${each} ${bucket("*/baselines/*").join()}`),
          "s3:PutObject arn:aws:s3:::storage-bucket/fraud/monitor-input/*",
          `sagemaker:AddTags ${sagemaker("processing-job/fraud-*")}`,
          `sagemaker:CreateProcessingJob ${sagemaker("processing-job/fraud-*")}`,
          `sagemaker:DescribeEndpoint ${sagemaker("endpoint/fraud-scores")}`,
          ...["DescribeEndpointConfig", "DescribeModel"].flatMap((action) => [
            `sagemaker:${action} ${sagemaker("endpoint-config/*")}`,
            `sagemaker:${action} ${sagemaker("model/*")}`,
          ]),
          `sagemaker:DescribeModelPackage ${sagemaker("model-package/registry-packages/*")}`,
          "sqs:SendMessage arn:aws:sqs:eu-west-1:123456789012:monitors-dead-letters-queue",
        ].sort(),
      );
    });

    it("hears of the ends of jobs, and starts no training", () => {
      const rule = inputsOf("aws:cloudwatch/eventRule:EventRule", "monitors-job-ends-rule");
      expect(JSON.parse(String(rule.eventPattern))).to.deep.equal({
        source: ["aws.sagemaker"],
        "detail-type": ["SageMaker Processing Job State Change"],
        detail: {
          ProcessingJobName: [{ prefix: "Fraud-" }],
          ProcessingJobStatus: ["Completed", "Failed", "Stopped"],
        },
      });
      expect(variablesOf("monitors-settle-function")).to.not.have.property("RETRAINING");
      expect(permissionsOf("monitors-settle").join()).to.not.match(/ecs:|iam:/);
    });
  });

  describe("with settings of its own", () => {
    before(() =>
      suite(
        {
          dataQuality: { enabled: false, thresholds: { feature_baseline_drift: 0.2 }, kmsKeyArn: KEY },
          groundTruthUri: "s3://labels/of/prod/",
          labelMaturityHours: 24,
          retrainOnDrift: { cooldownHours: 48 },
        },
        {
          network: { vpcId: "vpc-1", subnetIds: ["subnet-1"], securityGroupIds: ["sg-1"] },
        },
      ),
    );

    it("hands every monitor's settings to the function, those without a schedule too", () => {
      const variables = variablesOf("monitors-run-function");
      const monitors = JSON.parse(variables["MONITORS"] ?? "{}") as Record<string, unknown>;
      expect(Object.keys(monitors)).to.deep.equal(KINDS);
      expect(monitors["data-quality"]).to.deep.equal({
        hours: Array.from({ length: 24 }, (_, hour) => hour),
        instanceType: "ml.m5.large",
        instanceCount: 1,
        volumeSizeGb: 20,
        maxRuntimeSeconds: 3300,
        thresholds: { feature_baseline_drift: 0.2 },
        kmsKeyArn: KEY,
      });
      expect(variables).to.deep.include({
        ENDPOINT_NAME: "Fraud-Scores",
        ENDPOINT_VARIANT_NAME: "main",
        JOB_NAME_PREFIX: "Fraud",
        JOB_ROLE_ARN: "arn:aws:iam::123456789012:role/monitors-job",
        IMAGE_URI: "141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-scikit-learn:1.4-2-cpu-py3",
        CAPTURE_URI: "s3://storage-bucket/fraud/data-capture",
        GROUND_TRUTH_URI: "s3://labels/of/prod",
        OUTPUT_URI: "s3://storage-bucket/fraud/monitor-output",
        LABEL_MATURITY_HOURS: "24",
      });
      expect(permissionsOf("monitors-job")).to.include("s3:GetObject arn:aws:s3:::labels/of/prod/*");
      expect(permissionsOf("monitors-run")).to.include("s3:ListBucket arn:aws:s3:::labels");
      expect(permissionsOf("monitors-job")).to.include(`kms:GenerateDataKey ${KEY}`);
      expect(permissionsOf("monitors-settle")).to.include(`kms:Decrypt ${KEY}`);
    });

    it("has its jobs in the network that it is given", () => {
      expect(JSON.parse(variablesOf("monitors-run-function")["NETWORK"] ?? "{}")).to.deep.equal({
        subnetIds: ["subnet-1"],
        securityGroupIds: ["sg-1"],
      });
      expect(permissionsOf("monitors-job")).to.include(
        "ec2:CreateNetworkInterface arn:aws:ec2:eu-west-1:123456789012:subnet/subnet-1",
      );
    });

    it("may start training where violations are to", () => {
      expect(JSON.parse(variablesOf("monitors-settle-function")["RETRAINING"] ?? "{}")).to.deep.equal({
        cooldownHours: 48,
        maxPerWeek: 2,
        clusterArn: "arn:aws:ecs:eu-west-1:123456789012:training-launcher-cluster",
        taskFamily: "fraud-launcher",
        subnetIds: ["subnet-1"],
        securityGroupIds: [],
      });
      expect(permissionsOf("monitors-settle").filter((each) => /^(ecs|iam):/.test(each))).to.deep.equal([
        "ecs:RunTask arn:aws:ecs:eu-west-1:123456789012:task-definition/fraud-launcher",
        "ecs:RunTask arn:aws:ecs:eu-west-1:123456789012:task-definition/fraud-launcher:*",
        "iam:PassRole arn:aws:iam::123456789012:role/training-launcher-execution",
        "iam:PassRole arn:aws:iam::123456789012:role/training-launcher-task",
      ]);
    });
  });

  describe("with AWS's engine", () => {
    before(() =>
      suite(
        { engine: "model-monitor", dataQuality: { enabled: false }, bias: { schedule: "cron(0 5/12 ? * * *)" } },
        { network: { vpcId: "vpc-1", subnetIds: ["subnet-1"], securityGroupIds: ["sg-1"] } },
      ),
    );
    const sagemaker = (resource: string) => `arn:aws:sagemaker:eu-west-1:123456789012:${resource}`;

    it("leaves the clock to AWS's schedules, and keeps the alarms and the run by hand", () => {
      expect(ofType(SCHEDULE).map(({ name }) => name)).to.not.include.members([
        "monitors-model-quality-schedule",
        "monitors-model-bias-schedule",
      ]);
      const alarms = ofType(ALARM).map(({ name }) => name);
      expect(alarms).to.include.members(["monitors-model-bias-failures", "monitors-model-bias-missing"]);
      expect(alarms).to.not.include("monitors-data-quality-missing");
      expect(variablesOf("monitors-run-function")).to.have.property("IMAGE_URI");
    });

    it("hands the enabled monitors' settings and AWS's images of the region to the function that makes them", () => {
      const variables = variablesOf("monitors-managed-reconcile-function");
      expect(JSON.parse(variables["MONITORS"] ?? "{}")).to.have.all.keys(
        "model-quality",
        "model-bias",
        "model-explainability",
      );
      expect((JSON.parse(variables["MONITORS"] ?? "{}") as Record<string, unknown>)["model-bias"]).to.deep.equal({
        schedule: "cron(0 5/12 ? * * *)",
        periodHours: 12,
        instanceType: "ml.m5.large",
        instanceCount: 1,
        volumeSizeGb: 20,
        maxRuntimeSeconds: 1800,
      });
      expect(variables).to.deep.include({
        ANALYZER_IMAGE_URI: "468650794304.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-model-monitor-analyzer",
        CLARIFY_IMAGE_URI: "131013547314.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-clarify-processing:1.0",
        JOB_ROLE_ARN: "arn:aws:iam::123456789012:role/monitors-job",
        GROUND_TRUTH_URI: "s3://storage-bucket/fraud/ground-truth/merged",
        INPUT_URI: "s3://storage-bucket/fraud/monitor-input",
        OUTPUT_URI: "s3://storage-bucket/fraud/monitor-output",
        MODEL_ENDPOINT_PREFIX: "Fraud-clarify",
        NETWORK: '{"subnetIds":["subnet-1"],"securityGroupIds":["sg-1"]}',
        RESOURCE_TAGS: JSON.stringify(RUN_TIME_TAGS),
      });
      const objects = ofType("aws:s3/bucketObjectv2:BucketObjectv2").map(({ inputs }) => String(inputs.key));
      const script = variables["RECORD_PREPROCESSOR_URI"] ?? "";
      expect(objects).to.include(script.slice("s3://storage-bucket/".length));
      expect(script).to.match(/\/scripts\/[0-9a-f]{64}\/record_preprocessor\.py$/);
    });

    it("makes them on the stack's creation, again when settings change, and removes them before the endpoint goes", async () => {
      const call = inputsOf("aws:lambda/invocation:Invocation", "monitors-managed-reconcile");
      expect(call).to.include({ functionName: "monitors-managed-reconcile-function", lifecycleScope: "CRUD" });
      expect(JSON.parse(String(call.input)))
        .to.have.property("settings")
        .that.matches(/^[0-9a-f]{64}$/);
      const before = await dependenciesOf("aws:lambda/invocation:Invocation", "monitors-managed-reconcile");
      expect(before).to.include.members(["endpoint-teardown", "monitors-managed-reconcile-own", "monitors-job-own"]);
    });

    it("hears of another live model as settle-deployment does, and looks every hour", () => {
      const rule = inputsOf("aws:cloudwatch/eventRule:EventRule", "monitors-managed-model-changes-rule");
      expect(rule.eventPattern).to.equal(
        inputsOf("aws:cloudwatch/eventRule:EventRule", "endpoint-state-changes-rule").eventPattern,
      );
      const sweep = inputsOf(SCHEDULE, "monitors-managed-sweep-schedule");
      expect(sweep.scheduleExpression).to.equal("rate(1 hour)");
      expect(sweep.target).to.include({ input: '{"sweep":true}' });
    });

    it("may make, change and remove this endpoint's definitions and schedules, under the jobs' role alone", () => {
      const allowed = permissionsOf("monitors-managed-reconcile").filter((each) => /^(sagemaker|iam):/.test(each));
      const schedules = KINDS.map((kind) => sagemaker(`monitoring-schedule/fraud-scores-${kind}`));
      const definitions = KINDS.map((kind) => sagemaker(`${kind}-job-definition/fraud-scores-${kind}-*`));
      const nouns = ["DataQuality", "ModelQuality", "ModelBias", "ModelExplainability"];
      expect(allowed).to.have.members([
        "iam:PassRole arn:aws:iam::123456789012:role/monitors-job",
        `sagemaker:DescribeEndpoint ${sagemaker("endpoint/fraud-scores")}`,
        ...["DescribeEndpointConfig", "DescribeModel"].flatMap((action) => [
          `sagemaker:${action} ${sagemaker("endpoint-config/*")}`,
          `sagemaker:${action} ${sagemaker("model/*")}`,
        ]),
        `sagemaker:DescribeModelPackage ${sagemaker("model-package/registry-packages/*")}`,
        ...nouns.flatMap((noun, index) => [
          `sagemaker:Create${noun}JobDefinition ${definitions[index]}`,
          `sagemaker:Delete${noun}JobDefinition ${definitions[index]}`,
          `sagemaker:List${noun}JobDefinitions *`,
        ]),
        ...["Create", "Describe", "Update", "Start", "Stop", "Delete"].flatMap((verb) =>
          schedules.map((arn) => `sagemaker:${verb}MonitoringSchedule ${arn}`),
        ),
        ...["AddTags", "ListTags"].flatMap((action) =>
          [...schedules, ...definitions].map((arn) => `sagemaker:${action} ${arn}`),
        ),
        `sagemaker:StopProcessingJob ${sagemaker("processing-job/model-monitoring-*")}`,
      ]);
    });

    it("hears of the ends of AWS's jobs too, and lets Clarify serve itself a copy of the model", () => {
      const rule = inputsOf("aws:cloudwatch/eventRule:EventRule", "monitors-job-ends-rule");
      const { detail } = JSON.parse(String(rule.eventPattern)) as { detail: Record<string, unknown> };
      expect(detail.ProcessingJobName).to.deep.equal([{ prefix: "Fraud-" }, { prefix: "model-monitoring-" }]);
      expect(permissionsOf("monitors-settle")).to.include(
        `sagemaker:DescribeProcessingJob ${sagemaker("processing-job/model-monitoring-*")}`,
      );
      expect(permissionsOf("monitors-job")).to.include.members([
        `sagemaker:CreateEndpoint ${sagemaker("endpoint/fraud-clarify*")}`,
        `sagemaker:DeleteEndpoint ${sagemaker("endpoint/fraud-clarify*")}`,
        `sagemaker:DescribeModel ${sagemaker("model/*")}`,
      ]);
    });
  });

  it("counts a monitor as missing after two runs and its longest job", () => {
    expect(patienceHours({ schedule: "cron(0 * ? * * *)", maxRuntimeSeconds: 3300 })).to.equal(3);
    expect(patienceHours({ schedule: "cron(0 0/5 ? * * *)", maxRuntimeSeconds: 3601 })).to.equal(8);
    expect(schedulerExpression("cron(0 0/5 ? * * *)")).to.equal("cron(15 0,5,10,15,20 * * ? *)");
    expect(schedulerExpression("cron(0 9 ? * * *)")).to.equal("cron(15 9 * * ? *)");
  });
});
