import { Readable } from "node:stream";
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

/** Connections that break one after the other, without a byte between them, until reading is given up. */
const BREAKS = 5;

/**
 * The bytes of an object, unpacked when its name ends in `.gz`, from the given one on. A plain object is read from
 * there; of an archive all before is unpacked too, and thrown away.
 *
 * @throws FileProblem while reading, when the archive is broken or cut off, or the object is another by now.
 */
export async function* readContent(
  s3: S3Client,
  source: SourceObject,
  from = 0,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (source.key.endsWith(".gz")) yield* withoutFirst(unpack(Readable.from(readBytes(s3, source, 0))), from);
  else yield* readBytes(s3, source, from);
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
    bytes.destroy();
  }
}

async function* withoutFirst(
  source: AsyncIterable<Uint8Array>,
  bytes: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let left = bytes;
  for await (const piece of source) {
    if (left < piece.length) yield left === 0 ? piece : piece.subarray(left);
    left = Math.max(0, left - piece.length);
  }
}

/** An object's bytes from one on. S3 closes connections that wait long: reading goes on where it stopped. */
async function* readBytes(
  s3: S3Client,
  source: SourceObject,
  from: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let at = from;
  let breaks = 0;
  for (;;) {
    const opened = await open(s3, source, at);
    if (opened === undefined) return;
    try {
      for await (const piece of opened.body) {
        at += piece.length;
        breaks = 0;
        yield piece;
      }
      if (at >= opened.end) return;
      breaks++;
    } catch (error) {
      if (!isBroken(error) || ++breaks >= BREAKS) throw error;
    } finally {
      opened.body.destroy();
    }
    if (breaks >= BREAKS) throw new Error(`S3 ended ${source.key} at byte ${at} of ${opened.end}, again and again`);
  }
}

async function open(
  s3: S3Client,
  source: SourceObject,
  from: number,
): Promise<{ body: Readable & AsyncIterable<Buffer>; end: number } | undefined> {
  try {
    const { Body, ContentLength = 0 } = await s3.send(
      new GetObjectCommand({
        Bucket: source.bucket,
        Key: source.key,
        // Without versions the event's tag alone says which content is meant.
        ...(source.versionId === undefined ? { IfMatch: `"${source.version}"` } : { VersionId: source.versionId }),
        ...(from === 0 ? {} : { Range: `bytes=${from}-` }),
      }),
    );
    if (Body === undefined) throw new Error(`S3 answered ${source.key} without a body`);
    return { body: Body as Readable, end: from + ContentLength };
  } catch (error) {
    const name = error instanceof Error ? error.name : "";
    if (name === "InvalidRange" && from > 0) return undefined;
    if (name === "PreconditionFailed") {
      throw new FileProblem("the object was overwritten before it was read, and its bucket keeps no versions");
    }
    throw error;
  }
}

const isBroken = (error: unknown): boolean =>
  error instanceof Error && (error.message === "aborted" || ("code" in error && BROKEN.has(String(error.code))));
const BROKEN = new Set(["ECONNRESET", "EPIPE", "ETIMEDOUT", "ERR_STREAM_PREMATURE_CLOSE"]);
