import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import { GetObjectCommand, HeadObjectCommand, PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { isMissingObject } from "../shared/objects";
import type { BadRow } from "../shared/quarantine";
import { fileId, type SourceObject } from "../shared/source-object";
import { readLines, writeLines, type Prediction } from "./predictions";
import type { Committed } from "./settle-chunk";

/** Beginnings of keys, without a slash at the end. */
export interface Prefixes {
  stream: string;
  predictions: string;
  quarantine: string;
}

const ATTEMPTS = 5;
const digits = (chunk: number): string => String(chunk).padStart(6, "0");

export const predictionKey = (prefix: string, source: SourceObject, chunk: number): string =>
  `${prefix}/dt=${source.createdAt.slice(0, 10)}/${fileId(source)}-${digits(chunk)}.jsonl.gz`;

/** @param part a chunk's number, or the file itself */
export function quarantineKey(prefixes: Prefixes, source: SourceObject, part: number | "file"): string {
  const name = source.key.slice(prefixes.stream.length + 1);
  return `${prefixes.quarantine}/${name}/${source.version}/${part === "file" ? part : `chunk-${digits(part)}`}.jsonl`;
}

export const quarantineLines = (rows: readonly BadRow[]): string =>
  rows.map(({ number, reason, raw }) => `${JSON.stringify({ row: number, reason, raw })}\n`).join("");

/** What the scorer reads and writes of S3, all in the bucket of the file. */
export class ScorerObjects {
  constructor(
    private readonly s3: S3Client,
    private readonly bucket: string,
  ) {}

  async put(key: string, body: string, contentType: string): Promise<string> {
    await this.s3.send(new PutObjectCommand({ Bucket: this.bucket, Key: key, Body: body, ContentType: contentType }));
    return key;
  }

  /** An object's text; undefined where there is none. */
  async read(key: string): Promise<string | undefined> {
    return (await this.bytes(key))?.toString("utf8");
  }

  /** Whether there is such an object, and its length in bytes. */
  async length(key: string, versionId?: string): Promise<number | undefined> {
    try {
      const { ContentLength } = await this.s3.send(
        new HeadObjectCommand({
          Bucket: this.bucket,
          Key: key,
          ...(versionId === undefined ? {} : { VersionId: versionId }),
        }),
      );
      return ContentLength;
    } catch (error) {
      if (isMissingObject(error)) return undefined;
      throw error;
    }
  }

  /** The predictions that stand there; undefined where none do. */
  async committed(key: string): Promise<Committed | undefined> {
    const packed = await this.bytes(key);
    if (packed === undefined) return undefined;
    const text = (await promisify(gunzip)(packed)).toString("utf8");
    return { key, predictions: readLines(text, `s3://${this.bucket}/${key}`) };
  }

  /** Puts predictions where none stand yet. @returns what stands there. */
  async commit(key: string, predictions: readonly Prediction[]): Promise<Committed> {
    const Body = await promisify(gzip)(writeLines(predictions));
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      try {
        await this.s3.send(
          new PutObjectCommand({
            Bucket: this.bucket,
            Key: key,
            Body,
            ContentType: "application/gzip",
            IfNoneMatch: "*",
          }),
        );
        return { key, predictions };
      } catch (error) {
        if (!isConflict(error)) throw error;
      }
      // Of an attempt whose answer was lost, too: then it is our own.
      const standing = await this.committed(key);
      if (standing !== undefined) return standing;
    }
    throw new Error(`s3://${this.bucket}/${key} is being written by others, again and again`);
  }

  private async bytes(key: string): Promise<Buffer | undefined> {
    try {
      const { Body } = await this.s3.send(new GetObjectCommand({ Bucket: this.bucket, Key: key }));
      return Body === undefined ? undefined : Buffer.from(await Body.transformToByteArray());
    } catch (error) {
      if (isMissingObject(error)) return undefined;
      throw error;
    }
  }
}

const isConflict = (error: unknown): boolean =>
  error instanceof Error && ["PreconditionFailed", "ConditionalRequestConflict"].includes(error.name);
