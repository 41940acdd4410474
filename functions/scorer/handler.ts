import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { S3Client } from "@aws-sdk/client-s3";
import { SageMakerClient } from "@aws-sdk/client-sagemaker";
import { SageMakerRuntimeClient } from "@aws-sdk/client-sagemaker-runtime";
import { ChangeMessageVisibilityCommand, SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from "aws-lambda";
import { eachMessage } from "../shared/batch";
import { readEnvironment } from "../shared/environment";
import { describeError, log } from "../shared/log";
import { parseS3Uri } from "../shared/objects";
import { recordScores } from "../shared/score-metrics";
import { score, ScoringError } from "../shared/scoring";
import { sourceOf, type SourceObject } from "../shared/source-object";
import { BatchTransform, EVENT_NAME } from "./batch-transform";
import { claimFile, LeaseLostError, type Claim } from "./claims";
import { ScorerEnvironment } from "./env";
import { readMessage } from "./messages";
import { ScorerObjects } from "./objects";
import { workOn, type Outcome } from "./work";

const environment = readEnvironment(ScorerEnvironment);
/** Throttling is for others to get their turn, not for a file to fail. */
const patient = { maxAttempts: 8 };
const s3 = new S3Client(patient);
const dynamodb = new DynamoDBClient(patient);
// It makes a copy of all that is written for a log that nobody keeps.
dynamodb.middlewareStack.remove("loggerMiddleware");
const sagemaker = new SageMakerClient(patient);
const sqs = new SQSClient(patient);
const runtime = new SageMakerRuntimeClient();

/** For one batch of rows, the SDK's retries included. */
const ENDPOINT_TIMEOUT_MILLISECONDS = 60_000;
/** What is left of an invocation's time when it begins no further chunk: those under way need it. */
const RESERVE_MILLISECONDS = 90_000;
/** A job says when it ends; that message might be lost. */
const JOB_CHECK_SECONDS = 900;
/** Pause before a failed message comes again: doubled with each time, of which about a half is left to chance. */
const RETRY_SECONDS = 30;
const LONGEST_RETRY_SECONDS = 900;

type RemainingTime = Pick<Context, "getRemainingTimeInMillis">;

/**
 * Scores the files that were dropped under the stream's prefix. A message is only ever taken when its file is done or
 * a new message of the same file was sent.
 */
export const handler = (event: SQSEvent, context: RemainingTime): Promise<SQSBatchResponse> =>
  eachMessage("file not scored", async (record) => {
    try {
      await handle(record, context);
    } catch (error) {
      await comeAgain(record);
      throw error;
    }
  })(event);

async function handle(record: SQSRecord, context: RemainingTime): Promise<void> {
  const message = readMessage(record.body);
  if ("created" in message) return handleFile(sourceOf(message.created), record.body, context);
  const { bucket, key } = parseS3Uri(message.inputUri);
  const event = await new ScorerObjects(s3, bucket).read(key.replace(/input\/$/, EVENT_NAME));
  const file = event === undefined ? undefined : readMessage(event);
  if (event === undefined || file === undefined || !("created" in file)) {
    log.info("not a job of the stream", { key });
    return;
  }
  await handleFile(sourceOf(file.created), event, context);
}

/** @param body the file's own event, which goes back to the queue while the file is not done */
async function handleFile(source: SourceObject, body: string, context: RemainingTime): Promise<void> {
  const { key } = source;
  if (!key.startsWith(`${environment.STREAM_PREFIX}/`) || key.endsWith("/")) {
    log.info("not a file of the stream", { key });
    return;
  }
  const claimed = await claimFile(dynamodb, environment.FILES_TABLE_NAME, source);
  if ("done" in claimed) {
    log.info("file is done already", { key });
  } else if ("takenUntil" in claimed) {
    const seconds = (claimed.takenUntil.getTime() - Date.now()) / 1000;
    await sendBack(body, Math.ceil(Math.max(1, seconds) * (1 + Math.random() / 4)));
    log.info("file is worked on by another invocation: looked after again later", { key });
  } else await handleClaimed(claimed.claim, source, body, context);
}

async function handleClaimed(claim: Claim, source: SourceObject, body: string, context: RemainingTime): Promise<void> {
  const { key } = source;
  const started = performance.now();
  try {
    const outcome = await work(claim, source, body, context);
    const milliseconds = performance.now() - started;
    if (outcome === "stopped") {
      await claim.release();
      await sendBack(body, 0);
      log.info("file goes on in another invocation", { key, milliseconds });
    } else if (outcome === "waiting") {
      await claim.release();
      await sendBack(body, JOB_CHECK_SECONDS);
      log.info("file waits for its transform job", { key, milliseconds });
    } else if (outcome === "done") {
      log.info("file is done already", { key });
    } else {
      const { rowsIn, scored, quarantined, written, status, reason, engine } = outcome;
      const fields = { key, rowsIn, scored, quarantined, written, engine, reason, milliseconds };
      if (status === "complete") log.info("file scored", fields);
      else log.warn("file refused", fields);
    }
  } catch (error) {
    if (error instanceof LeaseLostError) {
      await sendBack(body, 60);
      log.warn("file was taken by another invocation", { key });
    } else if (error instanceof ScoringError && error.failure === "no-model") {
      await claim.release();
      await sendBack(body, environment.NO_MODEL_RETRY_SECONDS);
      log.info("no model yet: file waits", { key });
    } else throw error;
  } finally {
    await claim.release();
  }
}

async function work(claim: Claim, source: SourceObject, body: string, context: RemainingTime): Promise<Outcome> {
  const objects = new ScorerObjects(s3, source.bucket);
  const transform = new BatchTransform(sagemaker, objects, source, {
    endpointName: environment.ENDPOINT_NAME,
    event: body,
    prefix: environment.TRANSFORM_PREFIX,
    jobPrefix: environment.TRANSFORM_JOB_PREFIX,
    instanceType: environment.TRANSFORM_INSTANCE_TYPE,
    instanceCount: environment.TRANSFORM_INSTANCE_COUNT,
    tags: environment.RESOURCE_TAGS,
  });
  const ask = async (lines: readonly string[]) => {
    const options = { timeoutMilliseconds: ENDPOINT_TIMEOUT_MILLISECONDS };
    const answer = await score(runtime, environment.ENDPOINT_NAME, lines, options);
    recordScores(environment.ENDPOINT_NAME, answer);
    return answer;
  };
  const settings = {
    schema: environment.STREAM_SCHEMA,
    prefixes: {
      stream: environment.STREAM_PREFIX,
      predictions: environment.PREDICTIONS_PREFIX,
      quarantine: environment.QUARANTINE_PREFIX,
      manifests: environment.MANIFESTS_PREFIX,
    },
    predictionsTableName: environment.DYNAMODB_TABLE_NAME,
    chunkRows: environment.CHUNK_ROWS,
    batchRows: environment.BATCH_ROWS,
    endpointConcurrency: environment.ENDPOINT_CONCURRENCY,
    batchTransformBytes: environment.BATCH_TRANSFORM_BYTES,
  };
  const stop = (): boolean => claim.isLost || context.getRemainingTimeInMillis() < RESERVE_MILLISECONDS;
  return workOn({ s3, dynamodb, objects, transform, ask }, settings, source, claim, stop);
}

/** Sends a file's event as a new message: going back by its visibility would count as a failed try. */
async function sendBack(body: string, seconds: number): Promise<void> {
  await sqs.send(
    new SendMessageCommand({
      QueueUrl: environment.QUEUE_URL,
      MessageBody: body,
      DelaySeconds: Math.min(900, seconds),
    }),
  );
}

/** Has a failed message come again sooner than after the queue's visibility timeout, which is made for the longest run. */
async function comeAgain({ receiptHandle, messageId, attributes }: SQSRecord): Promise<void> {
  const tries = Number(attributes?.ApproximateReceiveCount ?? 1);
  const seconds = Math.min(LONGEST_RETRY_SECONDS, RETRY_SECONDS * 2 ** (tries - 1)) * (0.5 + Math.random());
  try {
    await sqs.send(
      new ChangeMessageVisibilityCommand({
        QueueUrl: environment.QUEUE_URL,
        ReceiptHandle: receiptHandle,
        VisibilityTimeout: Math.ceil(seconds),
      }),
    );
  } catch (error) {
    log.warn("message comes again after its visibility timeout", { messageId, ...describeError(error) });
  }
}
