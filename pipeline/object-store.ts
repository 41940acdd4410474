import { createHash } from "node:crypto";
import { paginateListObjectsV2, PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { tarball, type JobCode } from "./job-code";

/** A folder of a bucket. */
export interface Folder {
  readonly bucket: string;
  /** Without slashes at its ends. */
  readonly prefix: string;
}

/**
 * Puts a job's files, as they are, into a folder named after their content, unless they are there already.
 * @returns the folder's URI.
 */
export async function uploadFiles(s3: S3Client, scripts: Folder, code: JobCode): Promise<string> {
  const prefix = `${scripts.prefix}/${code.hash}`;
  const objects = code.files.map(({ path, content }) => ({ key: `${prefix}/${path}`, content }));
  await putMissing(s3, scripts.bucket, `${prefix}/`, objects);
  return `s3://${scripts.bucket}/${prefix}`;
}

/**
 * Puts a job's files, as one sourcedir.tar.gz, into a folder named after their content, unless it is there already.
 * @returns the archive's URI.
 */
export async function uploadArchive(s3: S3Client, scripts: Folder, code: JobCode): Promise<string> {
  const key = `${scripts.prefix}/${code.hash}/sourcedir.tar.gz`;
  await putMissing(s3, scripts.bucket, key, [{ key, content: tarball(code.files) }]);
  return `s3://${scripts.bucket}/${key}`;
}

interface NewObject {
  readonly key: string;
  readonly content: Buffer;
}

async function putMissing(s3: S3Client, bucket: string, prefix: string, objects: readonly NewObject[]): Promise<void> {
  const present = new Set<string>();
  for await (const page of paginateListObjectsV2({ client: s3 }, { Bucket: bucket, Prefix: prefix })) {
    for (const { Key } of page.Contents ?? []) if (Key !== undefined) present.add(Key);
  }
  const missing = objects.filter(({ key }) => !present.has(key));
  await Promise.all(
    missing.map(({ key, content }) => s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: content }))),
  );
}

/**
 * A name for what is at a URI now: it changes if any object there is replaced, added or removed.
 * @throws {Error} if there is nothing.
 */
export async function versionOf(s3: S3Client, bucket: string, key: string): Promise<string> {
  const hash = createHash("sha256");
  let objects = 0;
  for await (const page of paginateListObjectsV2({ client: s3 }, { Bucket: bucket, Prefix: key })) {
    for (const { Key, ETag, Size } of page.Contents ?? []) {
      if (Key !== key && Key?.startsWith(`${key}/`) !== true) continue;
      hash.update(JSON.stringify([Key, ETag, Size]));
      objects += 1;
    }
  }
  if (objects === 0) {
    throw new Error(
      `there is no raw data at s3://${bucket}/${key}: put a CSV there, or set S3_RAW_DATA_KEY to where it is`,
    );
  }
  return hash.digest("hex").slice(0, 32);
}
