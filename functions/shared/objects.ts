import { createHash } from "node:crypto";
import { GetObjectCommand, S3ServiceException, type S3Client } from "@aws-sdk/client-s3";
import type * as t from "io-ts";
import { decodeJson } from "./decode";

/** Where an object is. */
export interface ObjectLocation {
  bucket: string;
  key: string;
}

/** @throws Error when `uri` is not `s3://bucket/key`. */
export function parseS3Uri(uri: string): ObjectLocation {
  const match = /^s3:\/\/([^/]+)\/(.+)$/.exec(uri);
  if (match?.[1] === undefined || match[2] === undefined) {
    throw new Error(`"${uri}" is not the URI of an object; give s3://bucket/key`);
  }
  return { bucket: match[1], key: match[2] };
}

/**
 * Whether there is no such object. To a role that may list but some folders S3 says so with 403: it holds back what a
 * listing of the bucket would tell.
 */
export const isMissingObject = (error: unknown): error is S3ServiceException =>
  error instanceof S3ServiceException &&
  (error.name === "NoSuchKey" || [403, 404].includes(error.$metadata.httpStatusCode ?? 0));

/** Reads and decodes a JSON object of S3. @throws DecodeError naming the URI and everything that is wrong. */
export async function readJson<A>(s3: S3Client, uri: string, codec: t.Type<A, unknown, unknown>): Promise<A> {
  return decodeJson(codec, await readText(s3, uri), uri);
}

/** Reads an object of S3 as text. */
export async function readText(s3: S3Client, uri: string): Promise<string> {
  const { bucket, key } = parseS3Uri(uri);
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
  if (Body === undefined) throw new Error(`S3 answered ${uri} without a body`);
  return Body.transformToString();
}

/** SHA-256 of an object's bytes, in hexadecimal. They are not held in memory. */
export async function sha256Of(s3: S3Client, uri: string): Promise<string> {
  const { bucket, key } = parseS3Uri(uri);
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
  const hash = createHash("sha256");
  for await (const chunk of Body as AsyncIterable<Uint8Array>) hash.update(chunk);
  return hash.digest("hex");
}

/** The form of `CopySource`: the key is URL-encoded, its slashes are not. */
export const copySource = ({ bucket, key }: ObjectLocation): string =>
  `${bucket}/${key.split("/").map(encodeURIComponent).join("/")}`;
