// The functions on the local cloud: real S3, queues, tables, MLflow, pipelines and endpoints, the bundles called as Lambda calls them.
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ECSClient, ListTaskDefinitionsCommand, RegisterTaskDefinitionCommand } from "@aws-sdk/client-ecs";
import { DeleteObjectCommand, GetObjectCommand, ListObjectsV2Command, PutObjectCommand } from "@aws-sdk/client-s3";
import { ApplicationAutoScalingClient } from "@aws-sdk/client-application-auto-scaling";
import { CloudWatchClient, SetAlarmStateCommand } from "@aws-sdk/client-cloudwatch";
import {
  CreatePipelineCommand,
  DescribeEndpointCommand,
  DescribeEndpointConfigCommand,
  DescribeModelPackageCommand,
  DescribePipelineExecutionCommand,
  DescribeTransformJobCommand,
  ListEndpointConfigsCommand,
  ListEndpointsCommand,
  ListModelPackagesCommand,
  ListModelsCommand,
  ListPipelineExecutionStepsCommand,
  ListTransformJobsCommand,
  StartPipelineExecutionCommand,
  StopPipelineExecutionCommand,
  UpdateModelPackageCommand,
  UpdatePipelineCommand,
} from "@aws-sdk/client-sagemaker";
import { PurgeQueueCommand } from "@aws-sdk/client-sqs";
import type { APIGatewayProxyEvent, SQSEvent } from "aws-lambda";
import { expect } from "chai";
import { bundleAll } from "../../functions/bundle";
import { deploy, type Disposition } from "../../functions/deploy-model/deploy";
import type { handler as deployHandler } from "../../functions/deploy-model/handler";
import { readMessage } from "../../functions/deploy-model/logic";
import type { handler as championHandler } from "../../functions/find-champion/handler";
import type { handler as gateHandler } from "../../functions/gate-model/handler";
import type { handler as healthHandler } from "../../functions/inference-health/handler";
import type { handler as inferenceHandler } from "../../functions/inference/handler";
import type { handler as registerHandler } from "../../functions/register-model/handler";
import type { RegisterEvent } from "../../functions/register-model/logic";
import { register } from "../../functions/register-model/register";
import type { handler as scorerHandler } from "../../functions/scorer/handler";
import type { handler as requestHandler } from "../../functions/request-deployment/handler";
import type { RequestEvent } from "../../functions/request-deployment/logic";
import { requestDeployment } from "../../functions/request-deployment/request";
import type { handler as settleHandler } from "../../functions/settle-deployment/handler";
import { Deployments } from "../../functions/shared/deployments";
import { endpointConfig } from "../../functions/shared/endpoint-config";
import type { EndpointSettings } from "../../functions/shared/endpoint-settings";
import type { Registration } from "../../functions/shared/registration";
import { MlflowClient, MlflowError } from "../../functions/shared/mlflow";
import { settleDeployment } from "../../functions/shared/settlement";
import { FEATURES } from "../../functions/shared/transactions";
import type { handler as teardownHandler } from "../../functions/teardown/handler";
import {
  BUCKET,
  IMAGE,
  messagesIn,
  modelArchive,
  nextMessage,
  ROLE,
  sqsEvent,
  startPlatform,
  TAGS,
  until,
  type Defect,
  type Platform,
} from "./support/platform";
import { ENDPOINT_SETTINGS, onInstances } from "./support/endpoint-settings";
import { csvRow, dropFile, header, plenty, scorerOnCloud } from "./scorer/on-cloud";
import { scorerUnderFaults } from "./scorer/under-faults";
import { dying } from "./support/dying";
import { requestRollback, setFreeze, settlementOf } from "../../operations/deployments";
import type { EvaluationReport } from "../../functions/shared/evaluation-report";
import { comparedChampion, evaluationReport } from "./support/reports";

interface Handlers {
  champion: typeof championHandler;
  gate: typeof gateHandler;
  register: typeof registerHandler;
  deploy: typeof deployHandler;
  settle: typeof settleHandler;
  request: typeof requestHandler;
  inference: typeof inferenceHandler;
  health: typeof healthHandler;
  scorer: typeof scorerHandler;
  teardown: typeof teardownHandler;
}

/** Loads the bundles, as Lambda does: each reads its environment when it is loaded, so there must be one by then. */
function loadHandlers(platform: Platform, directory: string): Handlers {
  const load = <Handler>(name: string, queueUrl = ""): Handler => {
    process.env.QUEUE_URL = queueUrl;
    return (createRequire(__filename)(join(directory, "functions", name, "index.js")) as { handler: Handler }).handler;
  };
  return {
    champion: load("find-champion"),
    gate: load("gate-model"),
    register: load("register-model"),
    deploy: load("deploy-model", platform.queues.deploy),
    settle: load("settle-deployment", platform.queues.deploy),
    request: load("request-deployment", platform.queues.deploy),
    inference: load("inference"),
    health: load("inference-health"),
    scorer: load("scorer", platform.queues.stream),
    teardown: load("teardown", platform.queues.deploy),
  };
}

/** Two executions that wait for a deployment: the message of one is still in the queue, the other's was taken. */
async function startWaiting({ clients: { sagemaker, sqs }, queues }: Platform): Promise<string[]> {
  const arns: string[] = [];
  for (const taken of [true, false]) {
    const { PipelineExecutionArn = "" } = await sagemaker.send(
      new StartPipelineExecutionCommand({ PipelineName: "fraud-pipeline", ClientRequestToken: randomUUID() }),
    );
    arns.push(PipelineExecutionArn);
    if (taken) await nextMessage(sqs, queues.deploy);
    else await until("the message", async () => ((await messagesIn(sqs, queues.deploy)) > 0 ? true : undefined));
  }
  return arns;
}

const transactionOf = (amount: number) =>
  Object.fromEntries(FEATURES.map((feature) => [feature, feature === "Amount" ? amount : 0.5]));

describe("the functions on the local cloud", function () {
  let platform: Platform;
  let handlers: Handlers;
  let mlflow: MlflowClient;
  const bundles = mkdtempSync(join(tmpdir(), "bundles-"));
  before(async () => {
    [platform] = await Promise.all([startPlatform(), bundleAll({ outDir: bundles })]);
    handlers = loadHandlers(platform, bundles);
    mlflow = new MlflowClient(platform.variables.MLFLOW_ARN);
  });
  after(async () => {
    rmSync(bundles, { recursive: true, force: true });
    await platform.stop();
  });

  const putObject = async (Key: string, Body: string | Buffer): Promise<string> => {
    await platform.clients.s3.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body }));
    return `s3://${BUCKET}/${Key}`;
  };
  const putReport = (executionId: string, report = evaluationReport()): Promise<string> =>
    putObject(`fraud/${executionId}/evaluation/evaluation.json`, JSON.stringify(report));
  const registerEvent = async (executionId: string, defect?: Defect): Promise<RegisterEvent> => ({
    executionId,
    pipelineExecutionArn: `arn:aws:sagemaker:eu-west-1:123456789012:pipeline/fraud/execution/${executionId}`,
    evaluationUri: await putReport(executionId),
    baselinesUri: `s3://${BUCKET}/fraud/${executionId}/baselines`,
    modelArtifactUri: await putObject(`models/${executionId}/model.tar.gz`, await modelArchive(defect)),
    image: IMAGE,
    algorithm: "xgboost",
    gitRevision: "0123abc",
    environment: { SAGEMAKER_PROGRAM: "inference.py" },
  });
  const packages = async (): Promise<number> =>
    (await platform.clients.sagemaker.send(new ListModelPackagesCommand({ ModelPackageGroupName: "fraud" })))
      .ModelPackageSummaryList?.length ?? 0;

  const predict = (body: string, contentType = "application/json") =>
    handlers.inference({
      headers: { "content-type": contentType },
      body,
      isBase64Encoded: false,
      requestContext: { requestId: "request-1" },
    } as unknown as APIGatewayProxyEvent);
  const health = () => handlers.health({ requestContext: { requestId: "request-2" } } as APIGatewayProxyEvent);

  const text = async (key: string): Promise<string> =>
    (await platform.clients.s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: key }))).Body?.transformToString() ??
    "";

  describe("the MLflow client", () => {
    it("makes what is not there, once, and finds it again", async () => {
      const experiment = await mlflow.ensureExperiment("client test");
      expect(await mlflow.ensureExperiment("client test")).to.equal(experiment);
      expect(await mlflow.findRun(experiment, { key: "who", value: "it's me" })).to.equal(undefined);
      const wanted = { name: "run", startedAt: new Date(), tag: { key: "who", value: "it's me" }, tags: { a: "1" } };
      const run = await mlflow.ensureRun(experiment, wanted);
      expect(await mlflow.ensureRun(experiment, wanted)).to.equal(run);
      expect(await mlflow.findRun(experiment, wanted.tag)).to.equal(run);

      await mlflow.ensureModel("client model");
      await mlflow.ensureModel("client model");
      expect(await mlflow.findVersions("client model", { key: "who", value: "1" })).to.deep.equal([]);
      const source = `s3://${BUCKET}/model.tar.gz`;
      const { version } = await mlflow.createVersion({ name: "client model", source, runId: run, tags: { who: "1" } });
      await mlflow.tagVersion("client model", version, { key: "more", value: "x y+z" });
      const [found, ...others] = await mlflow.findVersions("client model", { key: "more", value: "x y+z" });
      expect(others).to.deep.equal([]);
      expect(found).to.deep.equal({ version, tags: { who: "1", more: "x y+z" } });

      expect(await mlflow.versionOfAlias("client model", "champion")).to.equal(undefined);
      await mlflow.setAlias("client model", "champion", version);
      expect(await mlflow.versionOfAlias("client model", "champion")).to.deep.equal(found);
    });

    it("says what MLflow refused, and why", async () => {
      const refusal = await mlflow.setAlias("nobody", "champion", "1").catch((error: unknown) => error);
      expect(refusal).to.be.instanceOf(MlflowError).and.include({ errorCode: "RESOURCE_DOES_NOT_EXIST", status: 404 });
    });
  });

  describe("the gate", () => {
    const event = {
      rocAucMin: 0.95,
      auprcMin: 0.7,
      recallAtFpr001Min: 0,
      championMargin: 0,
      unloadableChampion: "refuse",
      pipelineExecutionArn: "arn:aws:sagemaker:eu-west-1:123456789012:pipeline/fraud/execution/gate",
      gitRevision: "0123abc",
    };
    const judge = async (executionId: string, report: EvaluationReport) =>
      handlers.gate({ ...event, executionId, evaluationUri: await putReport(executionId, report) });
    /** Tags and state of the execution's run, as MLflow itself tells them. */
    const runOf = async (executionId: string) => {
      const { MLFLOW_EXPERIMENT_NAME } = platform.variables;
      const experiment_ids = [await mlflow.ensureExperiment(MLFLOW_EXPERIMENT_NAME)];
      const filter = `tags.execution_id = '${executionId}'`;
      const answer = await fetch(`${process.env.AWS_ENDPOINT_URL_SAGEMAKER_MLFLOW}/api/2.0/mlflow/runs/search`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ experiment_ids, filter }),
      });
      const { runs } = (await answer.json()) as {
        runs: { info: { status: string }; data: { tags: { key: string; value: string }[] } }[];
      };
      expect(runs).to.have.length(1);
      const [run] = runs;
      return {
        status: run?.info.status,
        ...Object.fromEntries((run?.data.tags ?? []).map(({ key, value }) => [key, value])),
      };
    };

    it("passes without an alert, and refuses with one that says why; MLflow tells both", async () => {
      const passed = await judge("good", evaluationReport());
      expect(passed.passed).to.equal("true");
      expect(await messagesIn(platform.clients.sqs, platform.queues.alerts)).to.equal(0);
      expect(await runOf("good")).to.include({
        status: "FINISHED",
        gate: "passed",
        champion: "none",
        git_revision: "0123abc",
      });
      const refused = await judge("bad", evaluationReport({ auprc: 0.4 }));
      expect(refused.passed).to.equal("false");
      const alert = await nextMessage(platform.clients.sqs, platform.queues.alerts);
      expect(alert.Records[0]?.body).to.contain("AUPRC 0.4000");
      expect(await runOf("bad")).to.include({ status: "FINISHED", gate: "refused", gate_reason: refused.reason });
    });

    it("refuses a model whose champion is better, and warns of one that could not be compared", async () => {
      const refused = await judge("worse", {
        ...evaluationReport(),
        champion: comparedChampion(-0.05, [-0.08, -0.02]),
      });
      expect(refused).to.include({ passed: "false" });
      expect(refused.reason).to.contain("the champion is better");
      expect(await runOf("worse")).to.include({ gate: "refused", champion: "compared", champion_version: "3" });
      await nextMessage(platform.clients.sqs, platform.queues.alerts);
      const detail = "The champion, version 3, cannot score these rows: Country besides.";
      const passed = await judge("other", {
        ...evaluationReport(),
        champion: { status: "otherFeatures", detail, mlflowVersion: "3" },
      });
      expect(passed).to.include({ passed: "true" });
      const alert = await nextMessage(platform.clients.sqs, platform.queues.alerts);
      expect(alert.Records[0]?.body).to.contain("passed without comparison").and.contain("Country besides");
    });

    it("fails on an event that it can't read, naming what is wrong", async () => {
      const failure = await handlers.gate({ ...event, executionId: "x", rocAucMin: "high" }).catch(String);
      expect(failure).to.contain("evaluationUri is missing").and.contain('rocAucMin = "high"');
    });
  });

  describe("before the first model", () => {
    it("there is no champion, and the evaluation is told so", async () => {
      const championUri = `s3://${BUCKET}/fraud/first/champion`;
      expect(await handlers.champion({ executionId: "first", championUri })).to.deep.equal({
        status: "none",
        championUri,
      });
      expect(JSON.parse(await text("fraud/first/champion/champion.json"))).to.deep.equal({
        status: "none",
        detail: "No version of fraud is the champion yet.",
      });
    });

    it("the API says 503 no-model", async () => {
      const answer = await predict(JSON.stringify({ transactions: [transactionOf(1)] }));
      expect(answer.statusCode).to.equal(503);
      expect(JSON.parse(answer.body)).to.include({ code: "no-model" });
      expect((await health()).statusCode).to.equal(503);
    });

    it("the scorer sends a file's message back as a new one, and fails nothing", async () => {
      const { event, created } = await dropFile(platform, "early.csv", `${header}\n${csvRow(1)}`);
      expect(await handlers.scorer(event, plenty)).to.deep.equal({ batchItemFailures: [] });
      const back = await nextMessage(platform.clients.sqs, platform.queues.stream);
      expect(JSON.parse(back.Records[0]?.body ?? "")).to.deep.equal(created);
    });
  });

  describe("registration", () => {
    it("registers once, however often and wherever it is interrupted", async () => {
      const event = await registerEvent("run-interrupted");
      const settings = {
        experimentName: "fraud experiment",
        modelName: "fraud",
        groupName: "fraud",
        approvalStatus: "Approved" as const,
      };
      const { sagemaker } = platform.clients;
      // Every call to MLflow of a whole registration fails once, before and after it is carried out.
      const calls = [
        "findVersions",
        "ensureExperiment",
        "ensureRun",
        "ensureModel",
        "createVersion",
        "setAlias",
        "tagVersion",
      ];
      for (const when of ["before", "after"]) {
        for (const name of calls) {
          const failing = new Proxy(mlflow, {
            get(target, property, receiver) {
              const member: unknown = Reflect.get(target, property, receiver);
              if (typeof member !== "function") return member;
              const call = member.bind(target) as (...args: unknown[]) => Promise<unknown>;
              if (property !== name) return call;
              return async (...args: unknown[]) => {
                if (when === "after") await call(...args);
                throw new Error("killed");
              };
            },
          });
          await register({ mlflow: failing, sagemaker }, settings, event, evaluationReport(), "0a").catch(
            (error: unknown) => {
              if (!(error instanceof Error && error.message === "killed")) throw error;
            },
          );
        }
      }
      const first = await handlers.register(event);
      expect(await handlers.register(event)).to.deep.equal(first);
      expect(first.mlflowModelVersion).to.equal("1");
      expect(await packages()).to.equal(1);
      expect((await mlflow.versionOfAlias("fraud", "candidate"))?.version).to.equal("1");
      const { CustomerMetadataProperties, ModelApprovalStatus, InferenceSpecification, ...described } =
        await sagemaker.send(new DescribeModelPackageCommand({ ModelPackageName: first.modelPackageArn }));
      expect(ModelApprovalStatus).to.equal("Approved");
      expect(CustomerMetadataProperties).to.include({
        executionId: "run-interrupted",
        mlflowVersion: "1",
        threshold: "0.31",
        gitRevision: "0123abc",
        features: FEATURES.join(" "),
      });
      const file = (name: string) => ({ ContentType: "application/json", S3Uri: `${event.baselinesUri}/${name}` });
      const pair = (kind: string) => ({
        Statistics: file(`${kind}/statistics.json`),
        Constraints: file(`${kind}/constraints.json`),
      });
      const [bias, explainability] = [file("bias/analysis.json"), file("explainability/analysis.json")];
      expect(described.DriftCheckBaselines).to.deep.equal({
        ModelDataQuality: pair("data-quality"),
        ModelQuality: pair("model-quality"),
        Bias: {
          ConfigFile: file("analysis_config.json"),
          PreTrainingConstraints: bias,
          PostTrainingConstraints: bias,
        },
        Explainability: { ConfigFile: file("analysis_config.json"), Constraints: explainability },
      });
      expect(described.ModelMetrics).to.deep.include({
        ModelQuality: pair("model-quality"),
        Explainability: { Report: explainability },
      });
      expect(InferenceSpecification?.Containers?.[0]).to.deep.include({
        Image: IMAGE,
        ModelDataUrl: event.modelArtifactUri,
      });
    });
  });

  describe("deployment", () => {
    const pipeline = "fraud-pipeline";
    let registered: Registration;
    let champion: string;

    /** Starts a pipeline whose only step asks for a deployment; the message that the step sends. */
    const ask = async (modelName: string, modelPackageArn: string): Promise<{ execution: string; event: SQSEvent }> => {
      const { sagemaker, sqs } = platform.clients;
      const definition = {
        Version: "2020-12-01",
        Parameters: [],
        Steps: [
          {
            Name: "Deploy",
            Type: "Callback",
            Arguments: { modelName, modelPackageArn },
            SqsQueueUrl: platform.queues.deploy,
            OutputParameters: [{ OutputName: "endpointConfigName", OutputType: "String" }],
          },
        ],
      };
      const common = { PipelineName: pipeline, PipelineDefinition: JSON.stringify(definition), RoleArn: ROLE };
      await sagemaker
        .send(new UpdatePipelineCommand(common))
        .catch(() => sagemaker.send(new CreatePipelineCommand({ ...common, ClientRequestToken: randomUUID() })));
      const { PipelineExecutionArn: execution = "" } = await sagemaker.send(
        new StartPipelineExecutionCommand({ PipelineName: pipeline, ClientRequestToken: randomUUID() }),
      );
      return { execution, event: await nextMessage(sqs, platform.queues.deploy, execution) };
    };
    const purge = () => platform.clients.sqs.send(new PurgeQueueCommand({ QueueUrl: platform.queues.deploy }));
    const settle = () =>
      handlers.settle({
        "detail-type": "SageMaker Endpoint Deployment State Change",
        detail: { EndpointName: "fraud-endpoint" },
      });
    const settled = () =>
      until("the settlement", async () => ((await settle()).settlement === "settled" ? true : undefined));
    const endpoint = () =>
      platform.clients.sagemaker.send(new DescribeEndpointCommand({ EndpointName: "fraud-endpoint" }));
    /** How the execution ended, and what its step answered. */
    const ended = (execution: string) =>
      until("the execution's end", async () => {
        const { sagemaker } = platform.clients;
        const { PipelineExecutionStatus: status } = await sagemaker.send(
          new DescribePipelineExecutionCommand({ PipelineExecutionArn: execution }),
        );
        if (status === "Executing" || status === "Stopping") return undefined;
        const { PipelineExecutionSteps } = await sagemaker.send(
          new ListPipelineExecutionStepsCommand({ PipelineExecutionArn: execution }),
        );
        const step = PipelineExecutionSteps?.[0];
        return { status, reason: step?.FailureReason, outputs: step?.Metadata?.Callback?.OutputParameters };
      });

    before(async () => {
      registered = await handlers.register(await registerEvent("run-deployed"));
      champion = registered.mlflowModelVersion;
      await platform.makeModel("model-a", registered.modelPackageArn);
    });

    it("creates the endpoint, answers the pipeline once and moves the alias, whatever comes twice", async () => {
      const { execution, event } = await ask("model-a", registered.modelPackageArn);
      const answers = await Promise.all(Array.from({ length: 5 }, () => handlers.deploy(event)));
      expect(answers).to.deep.equal(Array(5).fill({ batchItemFailures: [] }));
      expect((await settle()).settlement).to.equal("waiting");
      await settled();
      expect((await settle()).settlement).to.equal("nothing");
      const { EndpointConfigName, LastModifiedTime } = await endpoint();
      expect(await ended(execution)).to.deep.include({
        status: "Succeeded",
        outputs: [{ Name: "endpointConfigName", Value: EndpointConfigName }],
      });
      expect((await mlflow.versionOfAlias("fraud", "champion"))?.version).to.equal(champion);
      // What waited its turn meanwhile is the same message; it and 20 late events change nothing.
      await purge();
      await Promise.all(
        Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? settle() : handlers.deploy(event))),
      );
      expect(await endpoint()).to.deep.include({ EndpointConfigName, LastModifiedTime });
      const configs = await platform.clients.sagemaker.send(new ListEndpointConfigsCommand({}));
      expect(configs.EndpointConfigs).to.have.length(1);
    });

    it("of a model makes it the champion, which the next evaluation finds and can read whatever becomes of it", async () => {
      const { s3, sagemaker } = platform.clients;
      const Key = "models/run-deployed/model.tar.gz";
      await s3.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body: "the model" }));
      const folder = "it's a run/champion";
      const event = { executionId: "next", championUri: `s3://${BUCKET}/${folder}` };
      const lookUp = async () => {
        const answer = await handlers.champion(event);
        return { ...answer, document: JSON.parse(await text(`${folder}/champion.json`)) as Record<string, string> };
      };
      const found = await lookUp();
      expect(found).to.deep.include({ status: "found", championUri: event.championUri });
      expect(found.document).to.deep.equal({
        status: "found",
        packageArn: registered.modelPackageArn,
        mlflowVersion: champion,
        modelUri: `s3://${BUCKET}/${Key}`,
      });
      expect(await text(`${folder}/model.tar.gz`)).to.equal("the model");

      await s3.send(new DeleteObjectCommand({ Bucket: BUCKET, Key }));
      const lost = await lookUp();
      expect(lost.status).to.equal("unavailable");
      expect(lost.document.detail).to.contain(`version ${champion}, cannot be read at s3://${BUCKET}/${Key}`);

      const approve = (ModelApprovalStatus: "Approved" | "Rejected") =>
        sagemaker.send(
          new UpdateModelPackageCommand({ ModelPackageArn: registered.modelPackageArn, ModelApprovalStatus }),
        );
      await approve("Rejected");
      expect((await lookUp()).document).to.include({ status: "none", mlflowVersion: champion });
      await approve("Approved");
    });

    it("ignores other endpoints' events", async () => {
      const answer = await handlers.settle({ "detail-type": "x", detail: { EndpointName: "another" } });
      expect(answer).to.deep.equal({ settlement: "nothing" });
    });

    it("of what is live already is a success at once and changes nothing", async () => {
      const before = await endpoint();
      const { execution, event } = await ask("model-a", registered.modelPackageArn);
      await handlers.deploy(event);
      expect(await ended(execution)).to.include({ status: "Succeeded" });
      expect(await endpoint()).to.deep.include({ LastModifiedTime: before.LastModifiedTime });
    });

    /** Leaves a golden sample of two rows, whose scores the model gives; `scores` are those of the evaluation. */
    const putGolden = async (name: string, archiveSha256: string, scores: number[]): Promise<string> => {
      const put = (file: string, Body: string) =>
        platform.clients.s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: `fraud/${name}/golden/${file}`, Body }));
      await put("rows.csv", `${csvRow(100)}\n${csvRow(900)}\n`);
      await put("golden.json", JSON.stringify({ formatVersion: 1, archiveSha256, tolerance: 1e-5, scores }));
      return `s3://${BUCKET}/fraud/${name}/golden`;
    };
    /** A registered model with a golden sample, by the names of a run and of a model. */
    const makeGolden = async (run: string, model: string, scores: number[]): Promise<string> => {
      const goldenUri = `s3://${BUCKET}/fraud/${run}/golden`;
      const { modelPackageArn } = await handlers.register({ ...(await registerEvent(run)), goldenUri });
      await putGolden(run, await platform.makeModel(model, modelPackageArn), scores);
      return modelPackageArn;
    };
    const checks = async (modelName: string) => {
      const { sagemaker } = platform.clients;
      const { TransformJobSummaries: jobs = [] } = await sagemaker.send(
        new ListTransformJobsCommand({ NameContains: "fraud-endpoint-check-" }),
      );
      const described = await Promise.all(
        jobs.map(({ TransformJobName }) => sagemaker.send(new DescribeTransformJobCommand({ TransformJobName }))),
      );
      return described.filter(({ ModelName }) => ModelName === modelName);
    };
    const checked = (modelName: string) =>
      until("the check's end", async () => {
        const [job] = await checks(modelName);
        return job !== undefined && job.TransformJobStatus !== "InProgress" ? job : undefined;
      });

    const nudge = () => handlers.deploy(sqsEvent(JSON.stringify({ nudge: true })));
    const request = (event: unknown) => handlers.request(event, { awsRequestId: randomUUID() });

    it("goes down by the schedule and comes back as it was; what is deployed meanwhile waits", async () => {
      const { sagemaker, dynamodb, s3 } = platform.clients;
      const before = (await endpoint()).EndpointConfigName;
      expect(await request({ read: "status" })).to.include({ status: "live" });
      expect(await request({ request: "sleep" })).to.include({ status: "pending" });
      // Killed before and after each of its calls, until the endpoint is gone.
      const settings = {
        endpoint: ENDPOINT_SETTINGS,
        tags: TAGS,
        registeredModelName: "fraud",
        modelRoleArn: ROLE,
        checkInstanceType: "ml.m5.large",
      };
      for (let kills = 0, done = false; !done;) {
        const killer = dying(kills);
        const clients = {
          sagemaker: killer(sagemaker),
          cloudwatch: killer(new CloudWatchClient()),
          autoscaling: killer(new ApplicationAutoScalingClient()),
          s3: killer(s3),
          mlflow,
          deployments: new Deployments(killer(dynamodb), "deployments", "fraud-endpoint"),
        };
        try {
          // It comes back as long as the endpoint is not gone yet.
          done = (await deploy(clients, settings, { type: "nudge" })) === "done";
        } catch (error) {
          if (!(error instanceof Error && error.message === "killed")) throw error;
          kills++;
        }
      }
      expect(await request({ read: "status" })).to.include({ status: "idle" });
      const down = await health();
      expect(down.statusCode).to.equal(503);
      expect(JSON.parse(down.body))
        .to.include({ code: "idle" })
        .and.have.property("detail")
        .that.contains(`version ${registered.modelPackageArn.split("/").at(-1)}`);

      await platform.makeModel("model-night", registered.modelPackageArn);
      const { execution, event } = await ask("model-night", registered.modelPackageArn);
      await handlers.deploy(event);
      await nudge();
      expect(await request({ read: "status" })).to.include({ status: "idle" });
      expect(await sagemaker.send(new ListEndpointsCommand({}))).to.have.property("Endpoints").that.is.empty;

      await request({ request: "wake" });
      await nudge();
      await settled();
      expect((await endpoint()).EndpointConfigName).to.equal(before);
      expect((await health()).statusCode).to.equal(200);
      expect((await mlflow.versionOfAlias("fraud", "champion"))?.version).to.equal(champion);
      await nudge();
      await settled();
      expect(await ended(execution)).to.include({ status: "Succeeded" });
      expect((await endpoint()).EndpointConfigName).not.to.equal(before);
      await purge();
    });

    it("takes changed settings to the model that is live, and tells whether they are", async () => {
      const { sagemaker, dynamodb, s3 } = platform.clients;
      const cloudwatch = new CloudWatchClient();
      const deployments = new Deployments(dynamodb, "deployments", "fraud-endpoint");
      const autoscaling = new ApplicationAutoScalingClient();
      const clients = { sagemaker, cloudwatch, autoscaling, s3, mlflow, deployments };
      const common = { tags: TAGS, registeredModelName: "fraud", modelRoleArn: ROLE, checkInstanceType: "ml.m5.large" };
      const rollout = { type: "all-at-once", bakeSeconds: 60 } as const;
      /** The stack with other settings: its functions, as they are after its update. */
      const stack = (changed: Partial<EndpointSettings>) => {
        const settings = { ...common, endpoint: { ...ENDPOINT_SETTINGS, ...changed } };
        const ask = (event: RequestEvent) =>
          requestDeployment({ ...clients, nudge: () => Promise.resolve() }, settings.endpoint, event, randomUUID());
        return {
          update: () => ask({ settingsHash: "x", idle: false, tf: { action: "update" } }),
          status: () => ask({ read: "status" }),
          deploy: () => deploy(clients, settings, { type: "nudge" }),
          settled: () =>
            until("the settlement", async () =>
              (await settleDeployment(clients, settings)) === "settled" ? true : undefined,
            ),
        };
      };
      const instanceType = async () => {
        const { EndpointConfigName } = await endpoint();
        const { ProductionVariants } = await sagemaker.send(new DescribeEndpointConfigCommand({ EndpointConfigName }));
        return ProductionVariants?.map((variant) => [variant.InstanceType, variant.ModelName]);
      };

      const larger = stack({ capacity: onInstances({ instanceType: "ml.m5.xlarge" }) });
      expect(await larger.update()).to.include({ status: "pending" });
      // A function of before the update leaves the request to the new one.
      const old = stack({});
      expect(await old.deploy()).to.equal("wait");
      expect(await instanceType()).to.deep.equal([["ml.m5.large", "model-night"]]);
      await larger.deploy();
      expect(await larger.status()).to.include({ status: "pending" });
      await larger.settled();
      expect(await instanceType()).to.deep.equal([["ml.m5.xlarge", "model-night"]]);
      expect(await larger.status()).to.include({ status: "live" });
      const { LastModifiedTime, EndpointConfigName: live = "" } = await endpoint();
      await larger.update();
      await larger.deploy();
      expect(await larger.status()).to.include({ status: "live" });
      expect(await endpoint()).to.deep.include({ LastModifiedTime });

      const bad = stack({ capacity: onInstances({ instanceType: "ml.m5.2xlarge" }), rollout });
      await bad.update();
      await bad.deploy();
      const { configName = "" } = (await deployments.current()) ?? {};
      // CloudWatch takes a state that was set back at the alarm's next evaluation.
      await until("the rollback", async () => {
        await cloudwatch.send(
          new SetAlarmStateCommand({
            AlarmName: `${configName}-server-errors`,
            StateValue: "ALARM",
            StateReason: "a test",
          }),
        );
        const { EndpointStatus: status, PendingDeploymentSummary: pending } = await endpoint();
        return status === "RollingBack" || (status === "InService" && pending === undefined) ? true : undefined;
      });
      await bad.settled();
      expect(await bad.status())
        .to.include({ status: "rolledBack" })
        .and.have.property("reason")
        .that.contains(`${live} is live`)
        .and.contains(`${configName}-server-errors`);
      expect(await endpoint()).to.include({ EndpointConfigName: live, EndpointStatus: "InService" });
      const described = await sagemaker.send(
        new DescribeModelPackageCommand({ ModelPackageName: registered.modelPackageArn }),
      );
      expect(described.ModelApprovalStatus).to.equal("Approved");
      expect((await mlflow.versionOfAlias("fraud", "champion"))?.version).to.equal(champion);
      await old.update();
      await old.deploy();
      await old.settled();
      expect(await old.status()).to.include({ status: "live" });
      await purge();
    });

    it("goes on where a killed function stopped, and checks the model once", async () => {
      const packageArn = await makeGolden("run-golden", "model-b", [0.1, 0.900005]);
      const { execution, event } = await ask("model-b", packageArn);
      const tags = { project: "fraud", stack: "test" };
      const settings = {
        endpoint: ENDPOINT_SETTINGS,
        tags,
        registeredModelName: "fraud",
        modelRoleArn: ROLE,
        checkInstanceType: "ml.m5.large",
      };
      const message = readMessage(event.Records[0]?.body ?? "", new Date());
      const { sagemaker, dynamodb, s3 } = platform.clients;
      /** Killed before and after each of its calls to AWS in turn, until it gets through. */
      const killedUntil = async (wanted: Disposition): Promise<number> => {
        for (let kills = 0; ; kills++) {
          const killer = dying(kills);
          const clients = {
            sagemaker: killer(sagemaker),
            cloudwatch: killer(new CloudWatchClient()),
            autoscaling: killer(new ApplicationAutoScalingClient()),
            s3: killer(s3),
            mlflow,
            deployments: new Deployments(killer(dynamodb), "deployments", "fraud-endpoint"),
          };
          try {
            expect(await deploy(clients, settings, message)).to.equal(wanted);
            return kills;
          } catch (error) {
            if (!(error instanceof Error && error.message === "killed")) throw error;
          }
        }
      };
      const before = (await endpoint()).EndpointConfigName;
      expect(await killedUntil("wait")).to.be.at.least(10);
      await checked("model-b");
      expect((await endpoint()).EndpointConfigName).to.equal(before);
      expect(await killedUntil("done")).to.be.at.least(15);
      await until("the settlement", async () => ((await settle()).settlement === "waiting" ? undefined : true));
      expect(await ended(execution)).to.include({ status: "Succeeded" });
      expect((await endpoint()).EndpointConfigName).to.equal(
        endpointConfig({ modelName: "model-b" }, ENDPOINT_SETTINGS, tags).EndpointConfigName,
      );
      expect((await mlflow.versionOfAlias("fraud", "champion"))?.tags).to.include({
        sagemaker_model_package_arn: packageArn,
      });
      champion = (await mlflow.versionOfAlias("fraud", "champion"))?.version ?? "";
      expect(await checks("model-b")).to.have.length(1);
    });

    it("of a model that scores otherwise than it was evaluated is stopped before traffic, and says which row", async () => {
      const { s3 } = platform.clients;
      const live = (await endpoint()).EndpointConfigName;
      const cases: { model: string; spoil: (goldenKey: string) => Promise<unknown>; says: RegExp; jobs: number }[] = [
        {
          model: "model-shifted",
          spoil: () => Promise.resolve(),
          says: /does not score as it was evaluated: row 2 scores 0\.9, and scored 0\.90002 in the evaluation/,
          jobs: 1,
        },
        {
          model: "model-exchanged",
          spoil: (Key) =>
            s3.send(
              new PutObjectCommand({
                Bucket: BUCKET,
                Key,
                Body: JSON.stringify({ formatVersion: 1, archiveSha256: "0", tolerance: 1e-5, scores: [0.1, 0.9] }),
              }),
            ),
          says: /model-exchanged\/model\.tar\.gz is not the one that was evaluated: its SHA-256 is [0-9a-f]{64}, not 0/,
          jobs: 0,
        },
        {
          model: "model-unchecked",
          spoil: (Key) => s3.send(new DeleteObjectCommand({ Bucket: BUCKET, Key })),
          says: /cannot be checked by s3:\S+\/run-model-unchecked\/golden: The specified key does not exist/,
          jobs: 0,
        },
      ];
      for (const { model, spoil, says, jobs } of cases) {
        const packageArn = await makeGolden(`run-${model}`, model, [0.1, 0.90002]);
        await spoil(`fraud/run-${model}/golden/golden.json`);
        const { execution, event } = await ask(model, packageArn);
        await handlers.deploy(event);
        if (jobs > 0) {
          await checked(model);
          await handlers.deploy(event);
        }
        const { status, reason } = await ended(execution);
        expect(status).to.equal("Failed");
        expect(reason).to.match(says);
        expect(await checks(model)).to.have.length(jobs);
        expect((await endpoint()).EndpointConfigName).to.equal(live);
        expect((await mlflow.versionOfAlias("fraud", "champion"))?.version).to.equal(champion);
        await purge();
      }
    });

    it("that cannot load is rolled back, told as a failure, and moves nothing; another waits its turn", async () => {
      const live = (await endpoint()).EndpointConfigName;
      const broken = await handlers.register(await registerEvent("run-broken", "unloadable"));
      await platform.makeModel("model-broken", broken.modelPackageArn, { broken: true });
      const first = await ask("model-broken", broken.modelPackageArn);
      await handlers.deploy(first.event);
      const second = await ask("model-a", registered.modelPackageArn);
      expect(await handlers.deploy(second.event)).to.deep.equal({ batchItemFailures: [] });
      expect(await messagesIn(platform.clients.sqs, platform.queues.deploy)).to.equal(1);
      await purge();
      await settled();
      const failure = await ended(first.execution);
      expect(failure.status).to.equal("Failed");
      expect(failure.reason).to.contain(`The update was rolled back; ${live} is live.`).and.have.length.at.most(256);
      expect((await endpoint()).EndpointConfigName).to.equal(live);
      expect((await mlflow.versionOfAlias("fraud", "champion"))?.version).to.equal(champion);
      await handlers.deploy(second.event);
      await settled();
      expect(await ended(second.execution)).to.include({ status: "Succeeded" });
      expect((await endpoint()).EndpointConfigName).not.to.equal(live);
    });

    it("refused by SageMaker is told at once, with its reason", async () => {
      const { execution, event } = await ask("no-such-model", registered.modelPackageArn);
      await handlers.deploy(event);
      const { status, reason } = await ended(execution);
      expect(status).to.equal("Failed");
      expect(reason).to.contain("no-such-model");
    });

    it("back to an earlier package is a person's to ask for, while all else is frozen", async () => {
      const { sagemaker, sqs, dynamodb } = platform.clients;
      const deployments = new Deployments(dynamodb, "deployments", "fraud-endpoint");
      const clients = { sagemaker, sqs, deployments };
      const asker = { requestedBy: "arn:aws:iam::123456789012:user/op", because: "a test" };
      const queueUrl = platform.queues.deploy;
      const later = await handlers.register(await registerEvent("run-later"));
      await platform.makeModel("model-later", later.modelPackageArn);
      const before = (await endpoint()).EndpointConfigName;
      await setFreeze(clients, queueUrl, true, asker);
      const held = await ask("model-later", later.modelPackageArn);
      await handlers.deploy(held.event);
      expect((await endpoint()).EndpointConfigName).to.equal(before);

      // No model was made of this package in the pipeline's way: deploy-model makes it.
      const { s3 } = platform.clients;
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: "models/model-a/model.tar.gz" }));
      const Key = "models/run-deployed/model.tar.gz";
      await s3.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body: await Body?.transformToByteArray() }));
      const other = await handlers.register({
        ...(await registerEvent("run-earlier")),
        modelArtifactUri: `s3://${BUCKET}/${Key}`,
        environment: { SAGEMAKER_PROGRAM: "inference.py", SAGEMAKER_SUBMIT_DIRECTORY: "/opt/ml/model/code" },
      });
      const id = await requestRollback(clients, queueUrl, other.modelPackageArn, asker);
      await handlers.deploy(await nextMessage(sqs, queueUrl, id));
      await settled();
      const outcome = await settlementOf(deployments, id, new Date(Date.now() + 60_000));
      expect(outcome).to.include({ succeeded: true });
      expect((await deployments.request(id))?.requestedBy).to.equal(asker.requestedBy);
      expect((await endpoint()).EndpointConfigName).not.to.equal(before);
      expect((await mlflow.versionOfAlias("fraud", "champion"))?.version).to.equal(other.mlflowModelVersion);

      await setFreeze(clients, queueUrl, false, asker);
      await handlers.deploy(await nextMessage(sqs, queueUrl, '{"nudge":true}'));
      await settled();
      expect(await ended(held.execution)).to.include({ status: "Succeeded" });
      const again = await ask("model-a", registered.modelPackageArn);
      await handlers.deploy(again.event);
      await settled();
      const missing = `${registered.modelPackageArn.replace(/\d+$/, "")}999`;
      const refusal = await requestRollback(clients, queueUrl, missing, asker).catch(String);
      expect(refusal).to.match(/does not exist/i);
    });

    it("of a pipeline that was stopped before is not begun", async () => {
      const { LastModifiedTime } = await endpoint();
      const { execution, event } = await ask("model-b", registered.modelPackageArn);
      await platform.clients.sagemaker.send(
        new StopPipelineExecutionCommand({ PipelineExecutionArn: execution, ClientRequestToken: randomUUID() }),
      );
      const stopping = await nextMessage(platform.clients.sqs, platform.queues.deploy, '"Stopping"');
      await handlers.deploy(stopping);
      await handlers.deploy(event);
      expect((await ended(execution)).status).to.equal("Stopped");
      expect(await endpoint()).to.deep.include({ LastModifiedTime });
    });
  });

  describe("with a model in service", () => {
    it("the API answers with probabilities, decisions and whose they are", async () => {
      const transactions = [
        { id: "small", ...transactionOf(100) },
        { id: "large", ...transactionOf(900) },
      ];
      const answer = await predict(JSON.stringify({ transactions }));
      expect(answer.statusCode).to.equal(200);
      const { model, predictions, threshold, requestId } = JSON.parse(answer.body) as Record<string, unknown> & {
        predictions: { inferenceId: string }[];
      };
      expect({ threshold, requestId }).to.deep.equal({ threshold: 0.5, requestId: "request-1" });
      expect(model).to.include({ name: "fraud", version: "2" });
      expect(
        predictions.map(({ inferenceId, ...prediction }) => [inferenceId.split("#")[1], prediction]),
      ).to.deep.equal([
        ["0", { id: "small", probability: 0.1, decision: "legitimate" }],
        ["1", { id: "large", probability: 0.9, decision: "fraud" }],
      ]);
    });

    it("the API tells what is wrong with a request", async () => {
      const answer = await predict(JSON.stringify({ transactions: [{ Time: "0" }] }));
      expect(answer.statusCode).to.equal(400);
      expect((JSON.parse(answer.body) as { violations: unknown[] }).violations).to.have.length(30);
    });

    it("health says which model, and since when", async () => {
      const answer = await health();
      expect(answer.statusCode).to.equal(200);
      const { model, since } = JSON.parse(answer.body) as { model: unknown; since: string };
      expect(model).to.include({ name: "fraud", version: "2" });
      expect(Number.isNaN(Date.parse(since))).to.equal(false);
    });

    describe("the scorer", () => scorerOnCloud(() => ({ platform, scorer: handlers.scorer })));
    describe("the scorer in a world of faults", () =>
      scorerUnderFaults(() => ({ platform, bundle: join(bundles, "functions", "scorer", "index.js") })));
  });

  describe("registration by an event that comes again", () => {
    it("while the first is at work, makes one version and one package", async () => {
      const event = await registerEvent("run-started-twice");
      const before = await packages();
      const answers = await Promise.all(Array.from({ length: 6 }, () => handlers.register(event)));
      const [first] = answers;
      expect(answers).to.deep.equal(Array(6).fill(first));
      expect(await packages()).to.equal(before + 1);
      const tag = { key: "execution_id", value: event.executionId };
      const versions = await mlflow.findVersions("fraud", tag);
      expect(versions.map(({ version }) => version)).to.deep.equal([first?.mlflowModelVersion]);
      expect(versions[0]?.tags).to.include({ sagemaker_model_package_arn: first?.modelPackageArn });
      const experiment = await mlflow.ensureExperiment(platform.variables.MLFLOW_EXPERIMENT_NAME);
      expect(await mlflow.findRun(experiment, tag)).not.to.equal(undefined);
    });
  });

  describe("teardown", () => {
    const context = { getRemainingTimeInMillis: () => 120_000 };
    const ecs = () => new ECSClient();

    /** Revisions of the launcher's task that somebody registered for the stack, and such as are not its own. */
    const registerRevisions = async (): Promise<{ ours: string[]; others: string[] }> => {
      const tags = Object.entries(TAGS).map(([key, value]) => ({ key, value }));
      const register = async (family: string, tags_: typeof tags) => {
        const containerDefinitions = [{ name: "launcher", image: "launcher:2" }];
        const command = new RegisterTaskDefinitionCommand({ family, containerDefinitions, tags: tags_ });
        return (await ecs().send(command)).taskDefinition?.taskDefinitionArn ?? "";
      };
      return {
        ours: [
          await register("fraud-launcher", tags),
          await register("fraud-launcher", [...tags, { key: "a", value: "b" }]),
        ],
        others: [await register("fraud-launcher", tags.slice(0, 1)), await register("fraud-launcher-2", tags)],
      };
    };
    const activeRevisions = async (): Promise<string[]> =>
      (await ecs().send(new ListTaskDefinitionsCommand({ status: "ACTIVE" }))).taskDefinitionArns ?? [];

    it("does nothing on create and update", async () => {
      for (const action of ["create", "update"]) {
        expect(await handlers.teardown({ tf: { action } }, context)).to.deep.equal({ action });
      }
    });

    it("removes what was made at run time and nothing else, and again without error", async () => {
      await platform.makeModel("somebody-elses", "arn:none", { tagged: false });
      const waiting = await startWaiting(platform);
      const revisions = await registerRevisions();
      const { removed } = await handlers.teardown({ tf: { action: "delete" } }, context);
      expect(removed?.endpoints).to.deep.equal(["fraud-endpoint"]);
      const [made, ...models] = [...(removed?.models ?? [])].sort();
      expect(made).to.match(/^fraud-endpoint-\d+-[0-9a-f]{12}$/);
      expect(models).to.deep.equal(
        ["a", "b", "broken", "exchanged", "later", "night", "shifted", "unchecked"].map((name) => `model-${name}`),
      );
      expect(removed?.endpointConfigs).to.have.length.at.least(2);
      expect(removed?.pipelines).to.deep.equal(["fraud-pipeline"]);
      expect(waiting).to.have.length(2);
      expect(removed?.taskDefinitions).to.have.members(revisions.ours);
      expect(await activeRevisions()).to.have.members(revisions.others);
      expect(await packages()).to.equal(0);
      const { Models } = await platform.clients.sagemaker.send(new ListModelsCommand({}));
      expect(Models?.map(({ ModelName }) => ModelName)).to.deep.equal(["somebody-elses"]);
      const objects = await platform.clients.s3.send(new ListObjectsV2Command({ Bucket: BUCKET }));
      expect(objects.KeyCount).to.be.greaterThan(0);
      const again = await handlers.teardown({ tf: { action: "delete" } }, context);
      expect(Object.values(again.removed ?? {}).flat()).to.deep.equal([]);
    });
  });
});
