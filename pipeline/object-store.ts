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

/** Files in S3 as they are now. */
export interface StoredFiles {
  /** Of an object; of a folder, with a slash at its end. */
  readonly uri: string;
  /** Changes if any object there is replaced, added or removed. */
  readonly version: string;
  /** Of the transactions once they are unpacked; of gzip files it is estimated. */
  readonly csvBytes: number;
}

/** How much smaller gzip makes transactions: 2.2 times in the published data set. */
const gzipRatio = 2.5;

/**
 * What is at a key: one object, or a folder of them.
 * @throws {Error} if there is nothing, or if a job would read more: it takes every object whose key begins as the URI.
 */
export async function findFiles(s3: S3Client, bucket: string, key: string): Promise<StoredFiles> {
  const hash = createHash("sha256");
  const found = { itself: 0, below: 0 };
  const uri = `s3://${bucket}/${key}`;
  let beside: string | undefined;
  let csvBytes = 0;
  for await (const page of paginateListObjectsV2({ client: s3 }, { Bucket: bucket, Prefix: key })) {
    for (const { Key = "", ETag, Size = 0 } of page.Contents ?? []) {
      // Consoles mark folders so; nothing is read of them.
      if (Key.endsWith("/") && Size === 0) continue;
      if (Key === key) found.itself += 1;
      else if (Key.startsWith(`${key}/`)) found.below += 1;
      else {
        beside ??= Key;
        continue;
      }
      hash.update(JSON.stringify([Key, ETag, Size]));
      csvBytes += Key.endsWith(".gz") ? Size * gzipRatio : Size;
    }
  }
  const version = hash.digest("hex").slice(0, 32);
  if (found.itself === 0 && found.below === 0) {
    throw new Error(`there is no raw data at ${uri}: put a CSV there, or set S3_RAW_DATA_KEY to where it is`);
  }
  if (found.itself === 0) return { uri: `${uri}/`, version, csvBytes };
  if (found.below > 0) {
    throw new Error(`${uri} is an object and a folder at once, and the job would read both: rename one of them`);
  }
  if (beside !== undefined) {
    throw new Error(
      `the job reads every object whose key begins with ${uri}, and so s3://${bucket}/${beside} too: ` +
        "remove or rename that one, or put the raw data into a folder",
    );
  }
  return { uri, version, csvBytes };
}
