import { setTimeout as delay } from "node:timers/promises";
import { paginateQuery, type DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { GetObjectCommand, PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { inferenceTime } from "../shared/inference-id";
import { isMissingObject } from "../shared/objects";
import { merge, readLabels, writeLabels, type EventLabel, type Labels } from "./logic";

/** Tries of an object that others write at the same time. */
const ATTEMPTS = 10;
/** Transactions that are looked up at once, each in a call: no call takes several where a key has two parts. */
const QUERIES_AT_ONCE = 32;

const pause = (attempt: number): Promise<unknown> => delay(Math.random() * Math.min(5_000, 50 * 2 ** attempt));

/**
 * Merges labels into an object. What another function writes meanwhile is not overwritten: S3 takes a change only of the
 * content that it was made from.
 */
export async function mergeInto(
  s3: S3Client,
  bucket: string,
  key: string,
  labels: readonly EventLabel[],
): Promise<void> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const known = await read(s3, bucket, key);
    const merged = merge(known.labels, labels);
    if (merged === known.labels) return;
    const condition = known.etag === undefined ? { IfNoneMatch: "*" } : { IfMatch: known.etag };
    const Body = writeLabels(merged);
    try {
      await s3.send(
        new PutObjectCommand({ Bucket: bucket, Key: key, Body, ContentType: "application/jsonlines", ...condition }),
      );
      return;
    } catch (error) {
      if (!isConflict(error)) throw error;
    }
    await pause(attempt);
  }
  throw new Error(`s3://${bucket}/${key} kept changing while labels were merged into it; the file is tried again`);
}

const isConflict = (error: unknown): boolean =>
  error instanceof Error && ["PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"].includes(error.name);

async function read(s3: S3Client, bucket: string, key: string): Promise<{ labels: Labels; etag: string | undefined }> {
  try {
    const { Body, ETag } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    const text = (await Body?.transformToString()) ?? "";
    return { labels: readLabels(text, `s3://${bucket}/${key}`), etag: ETag };
  } catch (error) {
    if (isMissingObject(error)) return { labels: new Map(), etag: undefined };
    throw error;
  }
}

/** Inference ids of the transactions that the table of predictions knows: of each row that a transaction stood in. */
export async function findInferenceIds(
  dynamodb: DynamoDBClient,
  tableName: string,
  transactionIds: readonly string[],
): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  const waiting = transactionIds.values();
  const worker = async (): Promise<void> => {
    for (const id of waiting) {
      const ids = await inferenceIdsOf(dynamodb, tableName, id);
      if (ids.length > 0) found.set(id, ids);
    }
  };
  await Promise.all(Array.from({ length: QUERIES_AT_ONCE }, worker));
  return found;
}

async function inferenceIdsOf(dynamodb: DynamoDBClient, tableName: string, id: string): Promise<string[]> {
  const ids: string[] = [];
  const query = {
    TableName: tableName,
    KeyConditionExpression: "TransactionID = :id",
    ProjectionExpression: "InferenceId",
    ExpressionAttributeValues: { ":id": { S: id } },
  };
  for await (const { Items = [] } of paginateQuery({ client: dynamodb }, query)) {
    for (const { InferenceId } of Items) {
      if (InferenceId?.S !== undefined && inferenceTime(InferenceId.S) !== undefined) ids.push(InferenceId.S);
    }
  }
  return ids;
}
