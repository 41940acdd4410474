// Puts the transactions where the pipeline reads them.
import { createReadStream, statSync } from "node:fs";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import type { Dataset } from "./data";
import { splitUri } from "./checks/uri";

/** Uploads the file; answers its key, which ends as the file does: `.csv.gz` says how it is packed. */
export async function upload(dataset: Dataset, rawDataUri: string): Promise<{ key: string; bytes: number }> {
  const { bucket, key: defaultKey } = splitUri(rawDataUri);
  const key = defaultKey.replace(/\.csv(\.gz)?$/, dataset.keySuffix);
  const bytes = statSync(dataset.path).size;
  await new S3Client().send(
    new PutObjectCommand({ Bucket: bucket, Key: key, Body: createReadStream(dataset.path), ContentLength: bytes }),
  );
  return { key, bytes };
}
