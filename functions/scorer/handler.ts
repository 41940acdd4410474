import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { SageMakerRuntimeClient } from "@aws-sdk/client-sagemaker-runtime";
import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import type { SQSRecord } from "aws-lambda";
import { rowInferenceId } from "../shared/inference-id";
import { eachMessage } from "../shared/batch";
import { decodeJson } from "../shared/decode";
import { readEnvironment } from "../shared/environment";
import { log } from "../shared/log";
import { readContent } from "../shared/content";
import { manifestKey, ObjectCreated, quarantineKey, sourceOf, type SourceObject } from "../shared/source-object";
import { recordScores } from "../shared/score-metrics";
import { score, ScoringError } from "../shared/scoring";
import { ScorerEnvironment } from "./env";
import { predictionItem, writeItems } from "./predictions";
import { schemas } from "./schemas";
import { scoreFile, type Ports } from "./score-file";

const environment = readEnvironment(ScorerEnvironment);
const s3 = new S3Client();
const dynamodb = new DynamoDBClient();
const runtime = new SageMakerRuntimeClient();
const sqs = new SQSClient();

/** For one batch of rows, the SDK's retries included. */
const ENDPOINT_TIMEOUT_MILLISECONDS = 60_000;

/** Scores the files that were dropped under the stream's prefix. */
export const handler = eachMessage("file not scored", handle);

async function handle({ body, messageId }: SQSRecord): Promise<void> {
  const source = sourceOf(decodeJson(ObjectCreated, body, "The stream's message"));
  if (!source.key.startsWith(`${environment.STREAM_PREFIX}/`) || source.key.endsWith("/")) {
    log.info("not a file of the stream", { key: source.key });
    return;
  }
  try {
    await scoreSource(source);
  } catch (error) {
    if (!(error instanceof ScoringError && error.failure === "no-model")) throw error;
    await sendBack(body);
    log.info("no model yet: file waits", { messageId, key: source.key });
  }
}

async function scoreSource(source: SourceObject): Promise<void> {
  const started = performance.now();
  const ports: Ports = {
    score: async (lines) => {
      const options = { timeoutMilliseconds: ENDPOINT_TIMEOUT_MILLISECONDS };
      const answer = await score(runtime, environment.ENDPOINT_NAME, lines, options);
      recordScores(environment.ENDPOINT_NAME, answer);
      return answer;
    },
    write: (rows, { model, predictions, inferenceId }) => {
      const items = rows.map((row, index) => {
        const name = rowInferenceId(inferenceId, index, rows.length);
        return predictionItem(row, source, predictions[index]?.score ?? NaN, model, name);
      });
      return writeItems(dynamodb, environment.DYNAMODB_TABLE_NAME, items);
    },
    setAside: async (part, lines) => {
      const key = quarantineKey(environment.QUARANTINE_PREFIX, environment.STREAM_PREFIX, source, part);
      await put(source.bucket, key, lines, "application/x-ndjson");
      return key;
    },
  };
  const schema = schemas[environment.STREAM_SCHEMA];
  const manifest = await scoreFile(ports, source, readContent(s3, source), schema, environment.BATCH_ROWS);
  await put(
    source.bucket,
    manifestKey(environment.PREDICTIONS_PREFIX, source),
    JSON.stringify(manifest),
    "application/json",
  );
  const { rowsIn, scored, quarantined, written, status, reason } = manifest;
  const fields = {
    key: source.key,
    rowsIn,
    scored,
    quarantined,
    written,
    reason,
    milliseconds: performance.now() - started,
  };
  if (status === "complete") log.info("file scored", fields);
  else log.warn("file refused", fields);
}

async function put(bucket: string, key: string, body: string, contentType: string): Promise<void> {
  await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body, ContentType: contentType }));
}

/**
 * Waits for the first model as a new message: going back to the queue by its visibility would count as a failed try,
 * and the file would end in the dead-letter queue before the first training does.
 */
async function sendBack(body: string): Promise<void> {
  await sqs.send(
    new SendMessageCommand({
      QueueUrl: environment.QUEUE_URL,
      MessageBody: body,
      DelaySeconds: environment.NO_MODEL_RETRY_SECONDS,
    }),
  );
}
