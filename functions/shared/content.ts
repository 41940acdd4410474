import type { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { GetObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import type { SourceObject } from "./source-object";

/** A file that cannot be read as a whole, or not any further. */
export class FileProblem extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = "FileProblem";
  }
}

/**
 * The bytes of an object, unpacked when its name ends in `.gz`.
 *
 * @throws FileProblem while reading, when the archive is broken or cut off.
 */
export async function* readContent(s3: S3Client, source: SourceObject): AsyncGenerator<Uint8Array, void, undefined> {
  const { Body } = await s3.send(
    new GetObjectCommand({
      Bucket: source.bucket,
      Key: source.key,
      ...(source.versionId === undefined ? {} : { VersionId: source.versionId }),
    }),
  );
  if (Body === undefined) throw new Error(`S3 answered ${source.key} without a body`);
  const bytes = Body as Readable;
  try {
    yield* source.key.endsWith(".gz") ? unpack(bytes) : (bytes as AsyncIterable<Buffer>);
  } finally {
    bytes.destroy();
  }
}

/** Unpacks gzip. @throws FileProblem when it is broken or cut off. */
export async function* unpack(bytes: Readable): AsyncGenerator<Uint8Array, void, undefined> {
  const gunzip = createGunzip();
  bytes.once("error", (error) => gunzip.destroy(error));
  try {
    yield* bytes.pipe(gunzip) as AsyncIterable<Buffer>;
  } catch (error) {
    if (error instanceof Error && "code" in error && String(error.code).startsWith("Z_")) {
      throw new FileProblem(`the gzip archive is broken: ${error.message}`);
    }
    throw error;
  } finally {
    gunzip.destroy();
  }
}
