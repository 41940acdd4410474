import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, readdir, stat } from "node:fs/promises";
import { dirname, join, relative, resolve, sep } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { GetObjectCommand, paginateListObjectsV2, PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";

/** Transfers at the same time. */
const PARALLEL = 8;

export interface S3Location {
  bucket: string;
  key: string;
}

/** @throws Error when it is no `s3://bucket/key` */
export function parseS3Uri(uri: string): S3Location {
  const match = /^s3:\/\/([^/]+)\/?(.*)$/s.exec(uri);
  if (!match?.[1]) throw new Error(`"${uri}" is not an S3 URI: s3://bucket/key is wanted`);
  return { bucket: match[1], key: match[2] ?? "" };
}

/**
 * The path of an object below the folder that an S3 prefix is downloaded to: the object itself keeps its last name, a
 * folder's contents their path below it, and of a prefix that ends within a name the whole name is kept.
 */
export function pathBelowPrefix(prefix: string, key: string): string {
  if (key === prefix) return key.slice(key.lastIndexOf("/") + 1);
  if (prefix === "" || prefix.endsWith("/")) return key.slice(prefix.length);
  if (key.startsWith(`${prefix}/`)) return key.slice(prefix.length + 1);
  return key.slice(prefix.lastIndexOf("/") + 1);
}

/** An object to download, and its path below the folder. */
export interface RemoteFile {
  bucket: string;
  key: string;
  path: string;
}

/**
 * The objects under an S3 URI, folder markers left out.
 *
 * @throws Error when there is none
 */
export async function listFiles(s3: S3Client, uri: string): Promise<RemoteFile[]> {
  const files = await listAnyFiles(s3, uri);
  if (files.length === 0) throw new Error(`No S3 objects found under S3 URL "${uri}"`);
  return files;
}

/** The same where there may be none. */
export async function listAnyFiles(s3: S3Client, uri: string): Promise<RemoteFile[]> {
  const { bucket, key: prefix } = parseS3Uri(uri);
  const files: RemoteFile[] = [];
  for await (const result of paginateListObjectsV2({ client: s3 }, { Bucket: bucket, Prefix: prefix })) {
    for (const { Key: key = "" } of result.Contents ?? []) {
      if (!key.endsWith("/")) files.push({ bucket, key, path: pathBelowPrefix(prefix, key) });
    }
  }
  return files;
}

/**
 * The objects of a job's input: those under a prefix, or those that a manifest names.
 *
 * @throws Error when there is none, or the manifest is none
 */
export async function listInput(s3: S3Client, dataType: string | undefined, uri: string): Promise<RemoteFile[]> {
  return dataType === "ManifestFile" ? parseManifest(await readText(s3, uri), uri) : listFiles(s3, uri);
}

/**
 * Reads a manifest: a JSON array of `{"prefix": "s3://bucket/some/prefix/"}` and the keys below it.
 *
 * @param uri where the manifest is, for errors
 */
export function parseManifest(text: string, uri: string): RemoteFile[] {
  const wanted = 'a JSON array of {"prefix": "s3://…"} and keys below it is wanted';
  let manifest: unknown;
  try {
    manifest = JSON.parse(text);
  } catch (error) {
    throw new Error(`The manifest "${uri}" is not JSON: ${wanted}`, { cause: error });
  }
  const [head, ...keys] = Array.isArray(manifest) ? (manifest as unknown[]) : [];
  const prefix = typeof head === "object" && head !== null && "prefix" in head ? head.prefix : undefined;
  if (typeof prefix !== "string" || keys.length === 0 || !keys.every((key) => typeof key === "string")) {
    throw new Error(`The manifest "${uri}" is wrong: ${wanted}`);
  }
  const { bucket, key: folder } = parseS3Uri(prefix);
  return keys.map((key) => ({ bucket, key: folder + key, path: key }));
}

/** Downloads files into a folder. */
export async function downloadFiles(s3: S3Client, files: readonly RemoteFile[], folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const root = resolve(folder);
  await inParallel(files, (file) => {
    const target = resolve(root, file.path);
    if (!target.startsWith(root + sep)) throw new Error(`The key "${file.key}" would leave the folder`);
    return downloadFile(s3, file, target);
  });
}

/** Downloads one object to a file, making its folders. */
export async function downloadFile(s3: S3Client, { bucket, key }: S3Location, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
  await pipeline(Body as Readable, createWriteStream(path));
}

/** @throws Error with the reason and the URI when it can't be read */
export async function readText(s3: S3Client, uri: string): Promise<string> {
  const { bucket, key } = parseS3Uri(uri);
  try {
    return (await readObject(s3, { bucket, key })).toString("utf8");
  } catch (error) {
    throw new Error(`${uri} can't be read: ${(error as Error).message}`, { cause: error });
  }
}

/** The whole of an object. */
export async function readObject(s3: S3Client, { bucket, key }: S3Location): Promise<Buffer> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
  return Buffer.from((await Body?.transformToByteArray()) ?? []);
}

/**
 * Uploads a file, or everything in a folder, under an S3 URI.
 *
 * @returns how many files were uploaded; a folder that is missing holds none
 */
export async function uploadFolder(s3: S3Client, folder: string, uri: string): Promise<number> {
  const files = await filesIn(folder);
  await inParallel(files, (file) => uploadFile(s3, file, `${uri.replace(/\/$/, "")}/${posix(relative(folder, file))}`));
  return files.length;
}

export async function uploadFile(s3: S3Client, path: string, uri: string): Promise<void> {
  const { bucket, key } = parseS3Uri(uri);
  const { size } = await stat(path);
  await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: createReadStream(path), ContentLength: size }));
}

/** Writes an object. */
export async function writeObject(s3: S3Client, uri: string, body: Buffer): Promise<void> {
  const { bucket, key } = parseS3Uri(uri);
  await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }));
}

/** All files below a folder; none when there is no such folder. */
export async function filesIn(folder: string): Promise<string[]> {
  const found = await stat(folder).catch(() => undefined);
  if (!found) return [];
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

function posix(path: string): string {
  return path.split(sep).join("/");
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = items[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    for (let next = queue.next(); !next.done; next = queue.next()) await work(next.value);
  };
  await Promise.all(Array.from({ length: Math.min(PARALLEL, items.length) }, worker));
}
