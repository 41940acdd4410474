// The local cloud with what the functions' components would make, and the functions' environment pointed at it.
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { CreateTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { CreateBucketCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { CreateModelCommand, CreateModelPackageGroupCommand, SageMakerClient } from "@aws-sdk/client-sagemaker";
import { CreateTopicCommand, SNSClient } from "@aws-sdk/client-sns";
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import type { SQSEvent } from "aws-lambda";
import { create } from "tar";
import type { DeployModelVariables } from "../../../functions/deploy-model/env";
import type { FindChampionVariables } from "../../../functions/find-champion/env";
import type { GateModelVariables } from "../../../functions/gate-model/env";
import type { InferenceVariables } from "../../../functions/inference/env";
import type { RegisterModelVariables } from "../../../functions/register-model/env";
import type { InferenceHealthVariables } from "../../../functions/inference-health/env";
import type { RequestDeploymentVariables } from "../../../functions/request-deployment/env";
import type { ScorerVariables } from "../../../functions/scorer/env";
import { schemas } from "../../../functions/scorer/schemas";
import type { SettleDeploymentVariables } from "../../../functions/settle-deployment/env";
import type { TeardownVariables } from "../../../functions/teardown/env";
import { environment, startCloud } from "../../../local/cloud";
import { imageUri } from "../../../pipeline/images";
import { subscribedQueue } from "../../local/support/subscribed-queue";
import { ENDPOINT_SETTINGS } from "./endpoint-settings";

export const BUCKET = "functions-under-test";
export const ROLE = "arn:aws:iam::123456789012:role/sagemaker";
export const IMAGE = imageUri("sagemaker-xgboost", "3.0-5", "eu-west-1");
export const TAGS = { project: "fraud", stack: "test" };
export const THRESHOLD = 0.5;

/** What is wrong with a model: it can't be loaded, it fails on every request, or it scores twice as much. */
export type Defect = "unloadable" | "failing" | "doubled";

/** A model whose probability is a thousandth of the amount, but for its defect. */
const inferenceScript = (defect?: Defect): string => `
import json
import os


def model_fn(model_dir):
    ${defect === "unloadable" ? 'raise RuntimeError("this model is broken")' : `return ${defect === "doubled" ? 500 : 1000}.0`}


def input_fn(body, content_type):
    text = body if isinstance(body, str) else body.decode()
    if content_type == "application/json":
        return [instance["features"] for instance in json.loads(text)["instances"]]
    return [[float(cell) for cell in line.split(",")] for line in text.strip().splitlines()]


def predict_fn(rows, scale):
    ${defect === "failing" ? 'raise RuntimeError("no model for this")' : "pass"}
    return [min(1.0, max(0.0, row[-1] / scale)) for row in rows]


def output_fn(scores, accept):
    if accept == "text/csv":
        return "".join(f"{score!r}\\n" for score in scores), accept
    model = {"packageArn": os.environ["FRAUD_MODEL_PACKAGE_ARN"], "threshold": ${THRESHOLD}, "algorithm": "xgboost"}
    return json.dumps({"predictions": [{"score": score} for score in scores], "model": model}), accept
`;

type FunctionVariables = FindChampionVariables &
  GateModelVariables &
  RegisterModelVariables &
  DeployModelVariables &
  SettleDeploymentVariables &
  InferenceVariables &
  InferenceHealthVariables &
  RequestDeploymentVariables &
  ScorerVariables &
  TeardownVariables;

export interface Platform {
  variables: FunctionVariables;
  queues: { deploy: string; stream: string; alerts: string };
  clients: { s3: S3Client; sqs: SQSClient; dynamodb: DynamoDBClient; sagemaker: SageMakerClient };
  /**
   * Uploads a model and makes it known to SageMaker, tagged as the pipeline tags it.
   *
   * @returns SHA-256 of its archive, in hexadecimal
   */
  makeModel(name: string, packageArn: string, options?: { broken?: boolean; tagged?: boolean }): Promise<string>;
  stop(): Promise<void>;
}

/** Starts everything; sets the process's environment, as Lambda does, until `stop`. */
export async function startPlatform(): Promise<Platform> {
  const directory = mkdtempSync(join(tmpdir(), "functions-"));
  const cloud = await startCloud({ directory: join(directory, "cloud"), region: "eu-west-1" });
  const before = { ...process.env };
  Object.assign(process.env, environment(cloud.description));
  await cloud.mlflowReady;
  const clients = {
    s3: new S3Client(),
    sqs: new SQSClient(),
    dynamodb: new DynamoDBClient(),
    sagemaker: new SageMakerClient(),
  };
  await clients.s3.send(new CreateBucketCommand({ Bucket: BUCKET }));
  const queue = async (name: string): Promise<string> =>
    (await clients.sqs.send(new CreateQueueCommand({ QueueName: name }))).QueueUrl ?? "";
  const queues = { deploy: await queue("deploy"), stream: await queue("stream"), alerts: await queue("alerts") };
  await table(clients.dynamodb, "deployments", "endpointName", "record");
  await table(clients.dynamodb, "predictions", "TransactionID", "RowId");
  await table(clients.dynamodb, "files", "FileId", "Chunk:N");
  await clients.sagemaker.send(new CreateModelPackageGroupCommand({ ModelPackageGroupName: "fraud" }));
  const variables: FunctionVariables = {
    ALERTS_TOPIC_ARN: await topic(clients.sqs, "alerts"),
    MLFLOW_ARN: "arn:aws:sagemaker:eu-west-1:123456789012:mlflow-app/app-TEST",
    MLFLOW_EXPERIMENT_NAME: "fraud experiment",
    MODEL_NAME: "fraud",
    MODEL_PACKAGE_GROUP_NAME: "fraud",
    APPROVAL_STATUS: "Approved",
    ENDPOINT_NAME: ENDPOINT_SETTINGS.endpointName,
    ENDPOINT_VARIANT_NAME: ENDPOINT_SETTINGS.variantName,
    ENDPOINT_SETTINGS: JSON.stringify(ENDPOINT_SETTINGS),
    MODEL_ROLE_ARN: ROLE,
    CHECK_INSTANCE_TYPE: "ml.m5.large",
    DEPLOYMENTS_TABLE_NAME: "deployments",
    QUEUE_URL: queues.deploy,
    RESOURCE_TAGS: JSON.stringify(TAGS),
    DYNAMODB_TABLE_NAME: "predictions",
    FILES_TABLE_NAME: "files",
    STREAM_SCHEMA: JSON.stringify(schemas.creditcard),
    STREAM_PREFIX: "fraud/stream_data",
    QUARANTINE_PREFIX: "fraud/quarantine",
    PREDICTIONS_PREFIX: "fraud/predictions",
    MANIFESTS_PREFIX: "fraud/manifests",
    TRANSFORM_PREFIX: "fraud/transform",
    CHUNK_ROWS: "150",
    BATCH_ROWS: "40",
    ENDPOINT_CONCURRENCY: "3",
    BATCH_TRANSFORM_BYTES: "150000",
    TRANSFORM_JOB_PREFIX: "fraud",
    TRANSFORM_INSTANCE_TYPE: "ml.m5.large",
    TRANSFORM_INSTANCE_COUNT: "1",
    NO_MODEL_RETRY_SECONDS: "0",
    PIPELINE_NAME: "fraud-pipeline",
    TASK_FAMILY: "fraud-launcher",
    TASK_TAGS: JSON.stringify(TAGS),
  };
  Object.assign(process.env, variables);
  return {
    variables,
    queues,
    clients,
    makeModel: async (name, packageArn, { broken = false, tagged = true } = {}) => {
      const key = `models/${name}/model.tar.gz`;
      const archive = await modelArchive(broken ? "unloadable" : undefined);
      await clients.s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: archive }));
      await clients.sagemaker.send(
        new CreateModelCommand({
          ModelName: name,
          ExecutionRoleArn: ROLE,
          PrimaryContainer: {
            Image: IMAGE,
            ModelDataUrl: `s3://${BUCKET}/${key}`,
            Environment: {
              FRAUD_MODEL_PACKAGE_ARN: packageArn,
              ...SERVING_ENVIRONMENT,
            },
          },
          Tags: tagged ? Object.entries(TAGS).map(([Key, Value]) => ({ Key, Value })) : [],
        }),
      );
      return createHash("sha256").update(archive).digest("hex");
    },
    stop: async () => {
      await cloud.stop();
      for (const name of Object.keys(process.env)) {
        if (!(name in before)) Reflect.deleteProperty(process.env, name);
      }
      Object.assign(process.env, before);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** What the container of a model is told: where its code is. */
export const SERVING_ENVIRONMENT = {
  SAGEMAKER_PROGRAM: "inference.py",
  SAGEMAKER_SUBMIT_DIRECTORY: "/opt/ml/model/code",
};

/** Receives and deletes a queue's next message that holds a text, as Lambda hands it to a function; others are gone. */
export async function nextMessage(sqs: SQSClient, queueUrl: string, holding = ""): Promise<SQSEvent> {
  return until(`a message in ${queueUrl}`, async () => {
    const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl: queueUrl, WaitTimeSeconds: 1 }));
    const message = Messages?.[0];
    if (message?.Body === undefined) return undefined;
    await sqs.send(new DeleteMessageCommand({ QueueUrl: queueUrl, ReceiptHandle: message.ReceiptHandle }));
    return message.Body.includes(holding) ? sqsEvent(message.Body) : undefined;
  });
}

export function sqsEvent(body: string): SQSEvent {
  return { Records: [{ messageId: "message-1", body } as SQSEvent["Records"][number]] };
}

/** Messages in a queue, those that are delayed included. */
export async function messagesIn(sqs: SQSClient, queueUrl: string): Promise<number> {
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ["All"] }));
  const { ApproximateNumberOfMessages = "0", ApproximateNumberOfMessagesDelayed = "0" } = Attributes ?? {};
  return Number(ApproximateNumberOfMessages) + Number(ApproximateNumberOfMessagesDelayed);
}

/** The first answer that is not undefined. */
export async function until<A>(what: string, ask: () => Promise<A | undefined>, seconds = 60): Promise<A> {
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > deadline) throw new Error(`waited ${seconds} s in vain for ${what}`);
    await delay(100);
  }
}

/** The archive of a model, as training leaves it; the same bytes each time. */
export async function modelArchive(defect?: Defect): Promise<Buffer> {
  const folder = mkdtempSync(join(tmpdir(), "model-"));
  try {
    mkdirSync(join(folder, "code"));
    writeFileSync(join(folder, "code", "inference.py"), inferenceScript(defect));
    const chunks: Buffer[] = [];
    const options = { gzip: true, cwd: folder, portable: true, mtime: new Date(0) };
    for await (const chunk of create(options, ["code"])) chunks.push(chunk);
    return Buffer.concat(chunks);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** @param keys `Name` of a text, `Name:N` of a number */
async function table(dynamodb: DynamoDBClient, name: string, ...keys: string[]): Promise<void> {
  const named = keys.map((key) => {
    const [attribute, type = "S"] = key.split(":");
    return [attribute, type as "S" | "N"] as const;
  });
  await dynamodb.send(
    new CreateTableCommand({
      TableName: name,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: named.map(([key, type]) => ({ AttributeName: key, AttributeType: type })),
      KeySchema: named.map(([key], index) => ({ AttributeName: key, KeyType: index === 0 ? "HASH" : "RANGE" })),
    }),
  );
}

/** A topic whose messages go to a queue. */
async function topic(sqs: SQSClient, name: string): Promise<string> {
  const sns = new SNSClient();
  const { TopicArn = "" } = await sns.send(new CreateTopicCommand({ Name: "alerts" }));
  await subscribedQueue(TopicArn, name, { sns, sqs });
  return TopicArn;
}
