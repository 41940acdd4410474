import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import type { SQSRecord } from "aws-lambda";
import { eachMessage } from "../shared/batch";
import { readContent } from "../shared/content";
import { decodeJson } from "../shared/decode";
import { readEnvironment } from "../shared/environment";
import { log } from "../shared/log";
import { manifestKey, ObjectCreated, quarantineKey, sourceOf } from "../shared/source-object";
import { MergeLabelsEnvironment } from "./env";
import { hourKey } from "./logic";
import { mergeFile, type Ports } from "./merge-file";
import { findInferenceIds, mergeInto } from "./stores";

const environment = readEnvironment(MergeLabelsEnvironment);
const s3 = new S3Client();
const dynamodb = new DynamoDBClient();

/** Merges files of labels that were dropped. */
export const handler = eachMessage("labels not merged", handle);

async function handle({ body }: SQSRecord): Promise<void> {
  const source = sourceOf(decodeJson(ObjectCreated, body, "The labels' message"));
  const { bucket, key } = source;
  if (!key.startsWith(`${environment.LABELS_PREFIX}/`) || key.endsWith("/")) {
    log.info("not a file of labels", { key });
    return;
  }
  const put = async (Key: string, Body: string, ContentType: string): Promise<void> => {
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body, ContentType }));
  };
  const ports: Ports = {
    find: (ids) => findInferenceIds(dynamodb, environment.PREDICTIONS_TABLE_NAME, ids),
    merge: (hour, labels) => mergeInto(s3, bucket, hourKey(environment.MERGED_PREFIX, hour), labels),
    setAside: async (part, lines) => {
      const aside = quarantineKey(environment.QUARANTINE_PREFIX, environment.LABELS_PREFIX, source, part);
      await put(aside, lines, "application/x-ndjson");
      return aside;
    },
  };
  const manifest = await mergeFile(ports, source, readContent(s3, source));
  await put(manifestKey(environment.MANIFESTS_PREFIX, source), JSON.stringify(manifest), "application/json");
  const { rowsIn, accepted, quarantined, status, reason } = manifest;
  const fields = { key, rowsIn, accepted, quarantined, reason };
  if (status === "complete") log.info("labels merged", fields);
  else log.warn("labels refused", fields);
}
