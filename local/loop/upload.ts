// Puts the transactions where the pipeline reads them.
import { createReadStream, statSync } from "node:fs";
import { DeleteObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import type { Dataset } from "./data";
import { splitUri } from "./checks/uri";

/**
 * Uploads the file; answers its key, which ends as the file does: `.csv.gz` says how it is packed. What an earlier run
 * uploaded otherwise packed goes: the pipeline would read it too.
 */
export async function upload(dataset: Dataset, rawDataUri: string): Promise<{ key: string; bytes: number }> {
  const { bucket, key: defaultKey } = splitUri(rawDataUri);
  const key = defaultKey.replace(/\.csv(\.gz)?$/, dataset.keySuffix);
  const other = defaultKey.replace(/\.csv(\.gz)?$/, dataset.keySuffix === ".csv" ? ".csv.gz" : ".csv");
  const bytes = statSync(dataset.path).size;
  const s3 = new S3Client();
  if (other !== key) await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: other }));
  await s3.send(
    new PutObjectCommand({ Bucket: bucket, Key: key, Body: createReadStream(dataset.path), ContentLength: bytes }),
  );
  return { key, bytes };
}
