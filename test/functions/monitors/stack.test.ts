// The monitors of a whole stack on the local cloud: called by the clock, on labels that another stack keeps, and with
// AWS's engine, whose definitions and schedules follow the live model and go with the stack.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import {
  CreateEndpointCommand,
  CreateEndpointConfigCommand,
  CreateModelCommand,
  CreateModelPackageCommand,
  DescribeDataQualityJobDefinitionCommand,
  DescribeEndpointCommand,
  DescribeModelBiasJobDefinitionCommand,
  DescribeModelExplainabilityJobDefinitionCommand,
  DescribeProcessingJobCommand,
  ListMonitoringSchedulesCommand,
  ListTagsCommand,
  SageMakerClient,
  UpdateEndpointCommand,
  type DriftCheckBaselines,
  type MonitoringScheduleSummary,
} from "@aws-sdk/client-sagemaker";
import {
  CreateScheduleCommand,
  GetScheduleCommand,
  ListSchedulesCommand,
  SchedulerClient,
} from "@aws-sdk/client-scheduler";
import { expect } from "chai";
import { create } from "tar";
import { parse, stringify } from "yaml";
import type { PlatformOutputs } from "../../../components/outputs";
import { DEFINITION_API } from "../../../functions/reconcile-monitors/definition-api";
import type { MonitorRun } from "../../../functions/run-monitor/logic";
import { instancesBody } from "../../../functions/shared/instances";
import { hourFolder, monitorKinds, type MonitorKind } from "../../../functions/shared/monitors";
import { FEATURES } from "../../../functions/shared/transactions";
import program from "../../../index";
import { environment, startCloud, type RunningCloud } from "../../../local/cloud";
import { run } from "../../../local/engine";
import { projectRoot } from "../../../local/tools";
import { imageUri } from "../../../pipeline/images";
import { buildFunctions } from "../../components/support/mocks";
import { Workbench } from "../../local/support/stack";
import { until } from "../support/platform";

const PATIENCE_SECONDS = 240;
const ROWS = 40;
const LABELS = { bucket: "labels-elsewhere", folder: "team a/labels" };
const ROLE = "arn:aws:iam::123456789012:role/model";
const IMAGE = imageUri("sagemaker-xgboost", "3.0-5", "eu-west-1");
const SCRIPT = `
def model_fn(model_dir):
    return None
def transform_fn(model, body, content_type, accept):
    return '{"predictions": []}', "application/json"
`;

/** The local stack's configuration with other monitors. */
function configuration(monitors: object): string {
  const file = parse(readFileSync(join(projectRoot, "Pulumi.local.yaml"), "utf8")) as {
    config: Record<string, unknown>;
  };
  return stringify({ config: { ...file.config, "fraud:monitors": monitors } });
}

const OWN = { labelMaturityHours: 0, groundTruthUri: `s3://${LABELS.bucket}/${LABELS.folder}/` };
const MANAGED = { ...OWN, engine: "model-monitor" };

describe("the monitors of a stack on the local cloud", function () {
  let cloud: RunningCloud;
  let bench: Workbench;
  let outputs: PlatformOutputs;
  let clients: { s3: S3Client; sagemaker: SageMakerClient; scheduler: SchedulerClient; lambda: LambdaClient };
  const directory = mkdtempSync(join(tmpdir(), "monitors-"));

  before(async () => {
    await buildFunctions();
    cloud = await startCloud({ directory: join(directory, "cloud"), region: "eu-west-1" });
    bench = new Workbench(environment(cloud.description));
    const common = {
      endpoint: cloud.description.awsEndpointUrl,
      region: "eu-west-1",
      credentials: { accessKeyId: "local", secretAccessKey: "local" },
    };
    clients = {
      s3: new S3Client({ ...common, forcePathStyle: true }),
      sagemaker: new SageMakerClient(common),
      scheduler: new SchedulerClient(common),
      lambda: new LambdaClient(common),
    };
    await Promise.all([bench.prepare(), clients.s3.send(new CreateBucketCommand({ Bucket: LABELS.bucket }))]);
    outputs = await up(OWN);
    await goLive(
      "first",
      new CreateEndpointCommand({ EndpointName: outputs.endpointName, EndpointConfigName: "first" }),
    );
  });
  after(async () => {
    await cloud.stop();
    bench.clean();
    rmSync(directory, { recursive: true, force: true });
  });

  const open = (monitors: object) => bench.open("local", program, { configuration: configuration(monitors) });
  async function up(monitors: object): Promise<PlatformOutputs> {
    const result = await run(await open(monitors), "up");
    const plain = Object.entries(result.outputs).map(([name, output]) => [name, output.value as unknown]);
    return Object.fromEntries(plain) as PlatformOutputs;
  }

  const put = (bucket: string, Key: string, body: string | Buffer) =>
    clients.s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body: body }));

  /** Registers a model with baselines of its own, and makes it live. */
  async function goLive(name: string, command: CreateEndpointCommand | UpdateEndpointCommand): Promise<void> {
    const { sagemaker } = clients;
    const { bucketName, prefix, modelPackageGroupName: group, endpointName } = outputs;
    const folder = `${prefix}/${name}`;
    const source = async (path: string, document: object) => {
      await put(bucketName, `${folder}/baselines/${path}`, JSON.stringify(document));
      return { ContentType: "application/json", S3Uri: `s3://${bucketName}/${folder}/baselines/${path}` };
    };
    const facet = { name_or_index: "Amount", value_or_threshold: [10, 100] };
    const ConfigFile = await source("analysis_config.json", {
      version: "1.0",
      headers: ["Class", ...FEATURES],
      label: "Class",
      facet: [facet],
      methods: { shap: { agg_method: "mean_abs", use_logit: true } },
    });
    const facets = { label: "Class", label_value_or_threshold: name, facets: { Amount: [] } };
    const recall = { threshold: 0.5, comparison_operator: "LessThanThreshold" };
    const baselines: DriftCheckBaselines = {
      ModelDataQuality: {
        Statistics: await source("data-quality/statistics.json", { version: 0 }),
        Constraints: await source("data-quality/constraints.json", { version: 0 }),
      },
      ModelQuality: {
        Statistics: await source("model-quality/statistics.json", { version: 0, binary_classification_metrics: {} }),
        Constraints: await source("model-quality/constraints.json", {
          version: 0,
          binary_classification_constraints: { recall },
        }),
      },
      Bias: {
        ConfigFile,
        // Two documents, in folders of their own, as Clarify's own steps leave them.
        PreTrainingConstraints: await source("before/analysis.json", {
          version: "1.0",
          pre_training_bias_metrics: facets,
        }),
        PostTrainingConstraints: await source("after/analysis.json", {
          version: "1.0",
          post_training_bias_metrics: facets,
        }),
      },
      Explainability: { ConfigFile, Constraints: await source("explainability/analysis.json", { version: "1.0" }) },
    };
    const { ModelPackageArn = "" } = await sagemaker.send(
      new CreateModelPackageCommand({
        ModelPackageGroupName: group,
        InferenceSpecification: { Containers: [{ Image: IMAGE }], SupportedContentTypes: ["text/csv"] },
        DriftCheckBaselines: baselines,
        CustomerMetadataProperties: { threshold: "0.5" },
      }),
    );
    mkdirSync(join(directory, "code"), { recursive: true });
    writeFileSync(join(directory, "code", "inference.py"), SCRIPT);
    const archive = create({ gzip: true, cwd: directory }, ["code"]);
    const chunks: Buffer[] = [];
    for await (const chunk of archive) chunks.push(chunk);
    await put(bucketName, `${folder}/model/model.tar.gz`, Buffer.concat(chunks));
    const Environment = {
      FRAUD_MODEL_PACKAGE_ARN: ModelPackageArn,
      SAGEMAKER_PROGRAM: "inference.py",
      SAGEMAKER_SUBMIT_DIRECTORY: "/opt/ml/model/code",
    };
    const container = { Image: IMAGE, ModelDataUrl: `s3://${bucketName}/${folder}/model/model.tar.gz`, Environment };
    const variant = {
      VariantName: "main",
      ModelName: name,
      InstanceType: "ml.m5.large",
      InitialInstanceCount: 1,
    } as const;
    const Tags = [
      { Key: "project", Value: "fraud" },
      { Key: "stack", Value: "local" },
      { Key: "fraud:endpoint", Value: endpointName },
    ];
    await sagemaker.send(
      new CreateModelCommand({ ModelName: name, ExecutionRoleArn: ROLE, PrimaryContainer: container, Tags }),
    );
    await sagemaker.send(
      new CreateEndpointConfigCommand({ EndpointConfigName: name, ProductionVariants: [variant], Tags }),
    );
    await (command instanceof CreateEndpointCommand ? sagemaker.send(command) : sagemaker.send(command));
    await until(
      `${name} to be live`,
      async () => {
        const described = await sagemaker.send(new DescribeEndpointCommand({ EndpointName: endpointName }));
        expect(described.EndpointStatus, described.FailureReason).to.not.equal("Failed");
        return described.EndpointStatus === "InService" && described.EndpointConfigName === name ? true : undefined;
      },
      PATIENCE_SECONDS,
    );
  }

  const schedules = async (): Promise<MonitoringScheduleSummary[]> => {
    const list = new ListMonitoringSchedulesCommand({ EndpointName: outputs.endpointName, MaxResults: 100 });
    return (await clients.sagemaker.send(list)).MonitoringScheduleSummaries ?? [];
  };
  /** Names of the definitions that there are, by kind. */
  const definitions = async (): Promise<Record<MonitorKind, string[]>> => {
    const found = monitorKinds.map(async (kind): Promise<[MonitorKind, string[]]> => {
      const { JobDefinitionSummaries = [] } = await DEFINITION_API[kind].list(clients.sagemaker, {});
      return [kind, JobDefinitionSummaries.map(({ MonitoringJobDefinitionName: name = "" }) => name)];
    });
    return Object.fromEntries(await Promise.all(found)) as Record<MonitorKind, string[]>;
  };
  const definitionOf = async (kind: MonitorKind): Promise<string> => {
    const schedule = (await schedules()).find(({ MonitoringScheduleName: name }) => name?.endsWith(`-${kind}`));
    return schedule?.MonitoringJobDefinitionName ?? expect.fail(`there is no schedule of ${kind}`);
  };
  const dataBaseline = async (): Promise<string> => {
    const JobDefinitionName = await definitionOf("data-quality");
    const described = await clients.sagemaker.send(new DescribeDataQualityJobDefinitionCommand({ JobDefinitionName }));
    return described.DataQualityBaselineConfig?.StatisticsResource?.S3Uri ?? "";
  };
  const document = async (uri = ""): Promise<Record<string, unknown>> => {
    const { host: Bucket, pathname } = new URL(uri);
    const { Body } = await clients.s3.send(
      new GetObjectCommand({ Bucket, Key: decodeURIComponent(pathname.slice(1)) }),
    );
    return JSON.parse((await Body?.transformToString()) ?? "null") as Record<string, unknown>;
  };
  /** What a job found, once it has ended. */
  async function found(jobName: string, outputUri: string): Promise<Record<string, unknown>> {
    await until(
      `${jobName} to end`,
      async () => {
        const describe = new DescribeProcessingJobCommand({ ProcessingJobName: jobName });
        const { ProcessingJobStatus: status, ExitMessage } = await clients.sagemaker.send(describe);
        expect(status, ExitMessage).to.not.equal("Failed");
        return status === "Completed" ? true : undefined;
      },
      PATIENCE_SECONDS,
    );
    return document(`${outputUri}/summary.json`);
  }

  it("are called by EventBridge Scheduler, and read labels that another stack keeps", async () => {
    const { scheduler, lambda } = clients;
    const at = new Date(Math.ceil(Date.now() / 1000) * 1000 + 2000);
    const hour = new Date(Math.floor(at.getTime() / 3_600_000) * 3_600_000 - 3_600_000);
    const end = new Date(hour.getTime() + 3_600_000);
    const { bucketName, prefix, endpointName } = outputs;
    const lines = Array.from({ length: ROWS }, (_, index) =>
      captured(index, new Date(hour.getTime() + index * 60_000)),
    );
    await put(
      bucketName,
      `${prefix}/data-capture/${endpointName}/main/${hourFolder(hour)}/captures.jsonl`,
      lines.map(({ capture }) => JSON.stringify(capture)).join("\n"),
    );
    await put(
      LABELS.bucket,
      `${LABELS.folder}/${hourFolder(hour)}/labels.jsonl`,
      lines.map(({ label }) => JSON.stringify(label)).join("\n"),
    );

    const { Schedules = [] } = await scheduler.send(new ListSchedulesCommand({}));
    const named = Schedules.find(({ Name }) => Name?.startsWith("monitors-model-quality-"));
    const { Target } = await scheduler.send(new GetScheduleCommand({ Name: named?.Name }));
    await scheduler.send(
      new CreateScheduleCommand({
        Name: "once",
        ScheduleExpression: `at(${at.toISOString().slice(0, 19)})`,
        FlexibleTimeWindow: { Mode: "OFF" },
        Target,
      }),
    );
    // Meanwhile bias, of the same hour, by hand: its two baselines are one document there.
    const event = { monitor: "model-bias", from: hour.toISOString(), to: end.toISOString() };
    const answer = await lambda.send(
      new InvokeCommand({ FunctionName: outputs.monitors.runFunctionName, Payload: JSON.stringify(event) }),
    );
    const started = JSON.parse(Buffer.from(answer.Payload ?? []).toString()) as MonitorRun;
    expect(started.outcome, JSON.stringify(started)).to.equal("started");
    const folder = `${outputs.monitors.outputUri}/model-quality/${endpointName}/${hourFolder(hour)}`;
    const [quality, bias] = await Promise.all([
      until("the summary of the hour", () => document(`${folder}/summary.json`).catch(missing), PATIENCE_SECONDS),
      found(started.jobName ?? "", started.outputUri ?? ""),
    ]);
    expect(quality).to.include({ status: "Completed", rows: ROWS, labelledRows: ROWS });
    expect(quality.startTime).to.equal(hour.toISOString().replace(".000", ""));
    expect(bias).to.include({ status: "Completed", rows: ROWS, labelledRows: ROWS });
  });

  it("of AWS's engine are made for the live model when the settings ask for them", async () => {
    outputs = await up(MANAGED);
    const all = await schedules();
    expect(all.map(({ MonitoringScheduleName: name }) => name)).to.have.members(
      monitorKinds.map((kind) => `${outputs.endpointName}-${kind}`),
    );
    expect(new Set(all.map(({ MonitoringScheduleStatus: status }) => status))).to.deep.equal(new Set(["Scheduled"]));
    expect(await dataBaseline()).to.contain("/first/baselines/data-quality/");
    const { Tags = [] } = await clients.sagemaker.send(
      new ListTagsCommand({ ResourceArn: all[0]?.MonitoringScheduleArn }),
    );
    expect(Tags).to.deep.include.members([
      { Key: "fraud:project-id", Value: "fraud-local" },
      { Key: "fraud:project-name", Value: "fraud" },
    ]);
    // The platform's own clock is gone.
    const { Schedules = [] } = await clients.scheduler.send(new ListSchedulesCommand({}));
    expect(Schedules.filter(({ Name }) => /^monitors-(data|model)-/.test(Name ?? ""))).to.deep.equal([]);

    const described = await clients.sagemaker.send(
      new DescribeModelBiasJobDefinitionCommand({ JobDefinitionName: await definitionOf("model-bias") }),
    );
    const { S3Uri } = described.ModelBiasBaselineConfig?.ConstraintsResource ?? {};
    expect(await document(S3Uri)).to.have.all.keys(
      "version",
      "pre_training_bias_metrics",
      "post_training_bias_metrics",
    );
    expect(described.ModelBiasJobInput?.GroundTruthS3Input?.S3Uri).to.equal(`s3://${LABELS.bucket}/${LABELS.folder}`);
  });

  it("of AWS's engine follow the live model, and leave nothing of the one before", async () => {
    const before = await definitions();
    await goLive(
      "second",
      new UpdateEndpointCommand({ EndpointName: outputs.endpointName, EndpointConfigName: "second" }),
    );
    // Several events tell of one deployment: the functions that they call are at it at once.
    const after = await until(
      "the monitors of the second model",
      async () => {
        const now = await definitions();
        return monitorKinds.every((kind) => now[kind].length === 1 && now[kind][0] !== before[kind][0])
          ? now
          : undefined;
      },
      PATIENCE_SECONDS,
    );
    expect(await dataBaseline()).to.contain("/second/baselines/data-quality/");
    const described = await clients.sagemaker.send(
      new DescribeModelExplainabilityJobDefinitionCommand({ JobDefinitionName: after["model-explainability"][0] }),
    );
    const config = await document(described.ModelExplainabilityAppSpecification?.ConfigUri);
    expect(config.predictor).to.include({ model_name: "second" });
  });

  it("of AWS's engine follow the settings, one that is turned off goes, and all go with the stack", async () => {
    outputs = await up({ ...MANAGED, bias: { enabled: false }, dataQuality: { volumeSizeGb: 33 } });
    const left = await definitions();
    expect(left["model-bias"]).to.deep.equal([]);
    expect(await schedules()).to.have.length(3);
    const JobDefinitionName = await definitionOf("data-quality");
    expect(left["data-quality"]).to.deep.equal([JobDefinitionName]);
    const described = await clients.sagemaker.send(new DescribeDataQualityJobDefinitionCommand({ JobDefinitionName }));
    expect(described.JobResources?.ClusterConfig?.VolumeSizeInGB).to.equal(33);

    expect((await run(await open(MANAGED), "destroy")).resources).to.deep.equal([]);
    expect(await schedules()).to.deep.equal([]);
    expect(Object.values(await definitions()).flat()).to.deep.equal([]);
  });
});

/** A captured request of one row with its answer, and its label; every fourth is a fraud that the model flags. */
function captured(index: number, time: Date) {
  const fraud = index % 4 === 0;
  const inferenceId = `id-${index}`;
  const values = FEATURES.map((feature) => (feature === "Amount" ? index * 5 : index / 10));
  const answer = { predictions: [{ score: fraud ? 0.9 : 0.1 }], model: { threshold: 0.5 } };
  const capture = {
    captureData: {
      endpointInput: {
        observedContentType: "application/json",
        mode: "INPUT",
        data: instancesBody([values.join(",")]),
        encoding: "JSON",
      },
      endpointOutput: {
        observedContentType: "application/json",
        mode: "OUTPUT",
        data: JSON.stringify(answer),
        encoding: "JSON",
      },
    },
    eventMetadata: { eventId: `event-${index}`, inferenceId, inferenceTime: time.toISOString() },
    eventVersion: "0",
  };
  const label = {
    groundTruthData: { data: JSON.stringify({ instances: [{ label: Number(fraud) }] }), encoding: "JSON" },
    eventMetadata: { eventId: inferenceId },
    eventVersion: "0",
  };
  return { capture, label };
}

const missing = (error: unknown): undefined => {
  if (error instanceof Error && error.name === "NoSuchKey") return undefined;
  throw error;
};
