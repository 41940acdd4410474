import { setTimeout as delay } from "node:timers/promises";
import { BatchGetItemCommand, type DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { GetObjectCommand, PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { inferenceTime } from "../shared/inference-id";
import { merge, readLabels, writeLabels, type EventLabel, type Labels } from "./logic";

/** Tries of an object that others write at the same time, and of keys that DynamoDB leaves unread. */
const ATTEMPTS = 10;
/** Keys in one call, by DynamoDB's limit. */
const KEYS_PER_CALL = 100;

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
    if (error instanceof Error && error.name === "NoSuchKey") return { labels: new Map(), etag: undefined };
    throw error;
  }
}

/** Inference ids of the transactions that the table of predictions knows. */
export async function findInferenceIds(
  dynamodb: DynamoDBClient,
  tableName: string,
  transactionIds: readonly string[],
): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (let at = 0; at < transactionIds.length; at += KEYS_PER_CALL) {
    let keys = transactionIds.slice(at, at + KEYS_PER_CALL).map((id) => ({ TransactionID: { S: id } }));
    for (let attempt = 1; keys.length > 0; attempt++) {
      const request = { Keys: keys, ProjectionExpression: "TransactionID, InferenceId" };
      const { Responses, UnprocessedKeys } = await dynamodb.send(
        new BatchGetItemCommand({ RequestItems: { [tableName]: request } }),
      );
      for (const { TransactionID, InferenceId } of Responses?.[tableName] ?? []) {
        const [id, name] = [TransactionID?.S, InferenceId?.S];
        if (id !== undefined && name !== undefined && inferenceTime(name) !== undefined) found.set(id, name);
      }
      keys = (UnprocessedKeys?.[tableName]?.Keys ?? []).flatMap(({ TransactionID }) =>
        TransactionID?.S === undefined ? [] : [{ TransactionID: { S: TransactionID.S } }],
      );
      if (keys.length > 0 && attempt === ATTEMPTS) throw new Error(`${keys.length} keys of ${tableName} stayed unread`);
      if (keys.length > 0) await pause(attempt);
    }
  }
  return found;
}
