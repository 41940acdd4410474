// A local endpoint with the platform's own model and serving script: how long one row takes, and how long traffic takes
// to be the old model's again once an alarm goes off.
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CloudWatchClient, DescribeAlarmHistoryCommand, PutMetricAlarmCommand } from "@aws-sdk/client-cloudwatch";
import { CreateBucketCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import {
  CreateEndpointCommand,
  CreateEndpointConfigCommand,
  CreateModelCommand,
  DescribeEndpointCommand,
  SageMakerClient,
  UpdateEndpointCommand,
} from "@aws-sdk/client-sagemaker";
import * as tar from "tar";
import { instancesBody } from "../../functions/shared/instances";
import { environment, startCloud, type CloudDescription, type RunningCloud } from "../../local/cloud";
import { Load } from "../../local/drill/load-process";
import { ROLLOUTS, servingScript } from "../../local/drill/rollouts";
import { quantile } from "../../local/loop/checks/api";
import { claim } from "../../local/loop/errors";
import { waitFor } from "../../local/loop/wait";
import { tools } from "../../local/tools";
import { imageUri } from "../../pipeline/images";
import { costOf } from "../child";
import { keepEnvironment } from "../environment";
import type { Bench } from "../figure";
import { shipCode, split } from "../train";
import { rootAuthorization } from "../../local/server/service-caller";

const REGION = "eu-west-1";
const NAME = "bench";
const VARIANT = "main";
const WARM_UP = 1_000;
const REQUESTS = 3_000;
/** Requests a second while the bad model is rolled out. */
const RATE = 100;
const SECONDS = 90;

export const endpointBench: Bench = {
  names: ["endpoint.p99Ms", "canary.rollbackSeconds"],
  async run(say) {
    const directory = mkdtempSync(join(tmpdir(), "bench-endpoint-"));
    const restoreEnvironment = keepEnvironment();
    let cloud: RunningCloud | undefined;
    try {
      const { model, rows } = await trained(directory);
      cloud = await startCloud({ directory: join(directory, "cloud"), region: REGION });
      Object.assign(process.env, environment(cloud.description));
      await deploy(cloud.description, directory, model);
      // What else the cloud starts with is not to be measured.
      await cloud.mlflowReady;
      const url = `${cloud.description.awsEndpointUrl}/endpoints/${NAME}/invocations`;
      const milliseconds = await askOften(url, rows);
      say(
        `${milliseconds.length} requests of one row: median ${quantile(milliseconds, 0.5).toFixed(2)} ms, p99 ${quantile(milliseconds, 0.99).toFixed(2)} ms`,
      );
      const { rollbackSeconds, failed, requests } = await rollBack(url, rows);
      say(`rollback: ${failed} of ${requests} requests failed; ${rollbackSeconds.toFixed(2)} s from the alarm on`);
      return {
        "endpoint.p99Ms": { value: quantile(milliseconds, 0.99), unit: "ms", goal: { atMost: 5 } },
        "canary.rollbackSeconds": { value: rollbackSeconds, unit: "s", goal: { atMost: 10 } },
      };
    } finally {
      await cloud?.stop();
      restoreEnvironment();
      rmSync(directory, { recursive: true, force: true });
    }
  },
};

/** A model's folder, by the training job on the generated transactions, and rows that it has not seen. */
async function trained(directory: string): Promise<{ model: string; rows: string[] }> {
  const splits = await split(directory);
  const code = shipCode(directory, ["train", "serve", "shared"]);
  const model = join(directory, "model");
  const channels = ["train", "validation"].flatMap((channel) => [`--${channel}`, join(splits, channel)]);
  await costOf(tools().python, [join(code, "train_xgboost.py"), ...channels, "--model_dir", model]);
  const test = join(splits, "test");
  const [file = ""] = readdirSync(test).filter((name) => name.endsWith(".csv"));
  const lines = readFileSync(join(test, file), "utf8").split("\n", 1_000);
  // The label stands first.
  return { model, rows: lines.filter(Boolean).map((line) => line.slice(line.indexOf(",") + 1)) };
}

/** A model that is good, served by two instances, and one that answers nothing but errors, with its config. */
async function deploy({ region }: CloudDescription, directory: string, model: string): Promise<void> {
  const [s3, sagemaker] = [new S3Client({ forcePathStyle: true }), new SageMakerClient()];
  const bucket = "bench-endpoint";
  await s3.send(new CreateBucketCommand({ Bucket: bucket }));
  const broken = ROLLOUTS.find(({ name }) => name === "errors")?.defect ?? "";
  mkdirSync(join(model, "code"), { recursive: true });
  for (const [name, program, defect] of [
    ["good", "inference.py", undefined],
    ["bad", "candidate.py", broken],
  ] as const) {
    if (defect !== undefined) writeFileSync(join(model, "code", program), servingScript(defect));
    const archive = join(directory, `${name}.tar.gz`);
    await tar.create({ file: archive, cwd: model, gzip: true, portable: true }, ["."]);
    const key = `${name}/model.tar.gz`;
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: readFileSync(archive) }));
    await sagemaker.send(
      new CreateModelCommand({
        ModelName: name,
        ExecutionRoleArn: "arn:aws:iam::123456789012:role/bench",
        PrimaryContainer: {
          Image: imageUri("sagemaker-xgboost", "3.0-5", region),
          ModelDataUrl: `s3://${bucket}/${key}`,
          Environment: {
            SAGEMAKER_PROGRAM: program,
            SAGEMAKER_SUBMIT_DIRECTORY: "/opt/ml/model/code",
            FRAUD_MODEL_PACKAGE_ARN: name,
          },
        },
      }),
    );
    const variant = { VariantName: VARIANT, ModelName: name, InitialInstanceCount: 2 };
    const ProductionVariants = [{ ...variant, InstanceType: "ml.m5.large" as const, InitialVariantWeight: 1 }];
    await sagemaker.send(new CreateEndpointConfigCommand({ EndpointConfigName: name, ProductionVariants }));
  }
  await sagemaker.send(new CreateEndpointCommand({ EndpointName: NAME, EndpointConfigName: "good" }));
  await settled(sagemaker);
}

async function settled(sagemaker: SageMakerClient): Promise<string> {
  return waitFor(
    async () => {
      const { EndpointStatus: status, EndpointConfigName: config } = await sagemaker.send(
        new DescribeEndpointCommand({ EndpointName: NAME }),
      );
      claim(status !== "Failed", "The endpoint has failed.");
      return status === "InService" ? config : undefined;
    },
    { what: "the endpoint", timeoutSeconds: SECONDS },
  );
}

/** Milliseconds of each request of one row, one after another over one connection. */
async function askOften(url: string, rows: readonly string[]): Promise<number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const milliseconds: number[] = [];
  for (let turn = 0; turn < WARM_UP + REQUESTS; turn++) {
    const from = performance.now();
    const status = await ask(agent, url, rows[turn % rows.length] ?? "");
    if (turn >= WARM_UP) milliseconds.push(performance.now() - from);
    claim(status === 200, `The endpoint answered ${status}.`);
  }
  agent.destroy();
  return milliseconds;
}

function ask(agent: Agent, url: string, row: string): Promise<number> {
  const authorization = rootAuthorization("sagemaker");
  const headers = { "content-type": "application/json", accept: "application/json", authorization };
  return new Promise((done, fail) => {
    const outgoing = request(url, { method: "POST", agent, headers }, (answer) => {
      answer.resume();
      answer.on("end", () => done(answer.statusCode ?? 0));
    });
    outgoing.on("error", fail);
    outgoing.end(instancesBody([row]));
  });
}

/** Rolls the bad model out, until its alarm has rolled it back. */
async function rollBack(
  url: string,
  rows: string[],
): Promise<{ rollbackSeconds: number; failed: number; requests: number }> {
  const [sagemaker, cloudwatch] = [new SageMakerClient(), new CloudWatchClient()];
  const AlarmName = "bench-errors";
  const dimensions = { EndpointName: NAME, VariantName: VARIANT, EndpointConfigName: "bad" };
  await cloudwatch.send(
    new PutMetricAlarmCommand({
      AlarmName,
      Namespace: "AWS/SageMaker",
      MetricName: "Invocation5XXErrors",
      Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
      Statistic: "Average",
      Period: 10,
      EvaluationPeriods: 1,
      Threshold: 0.01,
      ComparisonOperator: "GreaterThanThreshold",
      TreatMissingData: "notBreaching",
    }),
  );
  const load = Load.start({ endpoint: { url, rows, rate: RATE } });
  try {
    await sagemaker.send(
      new UpdateEndpointCommand({
        EndpointName: NAME,
        EndpointConfigName: "bad",
        DeploymentConfig: {
          BlueGreenUpdatePolicy: {
            TrafficRoutingConfiguration: {
              Type: "CANARY",
              WaitIntervalInSeconds: SECONDS,
              CanarySize: { Type: "CAPACITY_PERCENT", Value: 10 },
            },
          },
          AutoRollbackConfiguration: { Alarms: [{ AlarmName }] },
        },
      }),
    );
    const live = await settled(sagemaker);
    claim(live === "good", `The endpoint serves ${live}: the bad model was not rolled back.`);
  } finally {
    await load.stop();
  }
  const { AlarmHistoryItems = [] } = await cloudwatch.send(
    new DescribeAlarmHistoryCommand({ AlarmName, HistoryItemType: "StateUpdate" }),
  );
  const alarm = AlarmHistoryItems.find(({ HistorySummary }) => / to ALARM$/.test(HistorySummary ?? ""))?.Timestamp;
  claim(alarm !== undefined, "The alarm did not go off.");
  const failed = load.samples.filter(({ status }) => status !== 200);
  claim(failed.length > 0, "No request reached the bad model.");
  const last = Math.max(...failed.map(({ sentAt }) => sentAt));
  return {
    rollbackSeconds: Math.max(0, last - alarm.getTime()) / 1000,
    failed: failed.length,
    requests: load.samples.length,
  };
}
