// What stages hand to each other: ZIP files in the pipeline's bucket, read and written by whoever's turn it is.
import { randomBytes } from "node:crypto";
import { GetBucketLocationCommand, GetObjectCommand, PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { unzipSync, zipSync } from "fflate";
import * as t from "io-ts";
import { decodeJson } from "../../functions/shared/decode";

/** An artifact of one execution. */
export interface Artifact {
  bucketName: string;
  objectKey: string;
}

/** Where a pipeline keeps its artifacts. */
export interface ArtifactStore {
  location: string;
  /** ARN of the key that encrypts them; the bucket's own where there is none. */
  keyArn?: string;
}

/** File contents by path; whether a file may be executed is not kept. */
export type Files = Record<string, Uint8Array>;

/** What an artifact of the format CODEBUILD_CLONE_REF holds: not the source, but which it is. */
export const CloneReference = t.type(
  {
    connectionArn: t.string,
    fullRepositoryId: t.string,
    commitId: t.string,
    /** Whether the project is taken as it stands, and not the commit: nobody asked for a revision. */
    workingCopy: t.boolean,
  },
  "CloneReference",
);
export type CloneReference = t.TypeOf<typeof CloneReference>;

const REFERENCE_FILE = "codestar-source.json";

/** A new place in the store, by the pattern that CodePipeline has for keys. */
export function newArtifact({ location }: ArtifactStore, pipelineName: string, name: string): Artifact {
  const id = randomBytes(6).toString("base64url").slice(0, 7);
  return { bucketName: location, objectKey: `${pipelineName.slice(0, 20)}/${name.slice(0, 10)}/${id}` };
}

export async function putArtifact(s3: S3Client, at: Artifact, files: Files, keyArn?: string): Promise<void> {
  await s3.send(
    new PutObjectCommand({
      Bucket: at.bucketName,
      Key: at.objectKey,
      Body: zipSync(files),
      ...(keyArn === undefined ? {} : { ServerSideEncryption: "aws:kms", SSEKMSKeyId: keyArn }),
    }),
  );
}

export async function getArtifact(s3: S3Client, at: Artifact): Promise<Files> {
  await s3.send(new GetBucketLocationCommand({ Bucket: at.bucketName }));
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: at.bucketName, Key: at.objectKey }));
  return unzipSync((await Body?.transformToByteArray()) ?? new Uint8Array());
}

export const referenceFiles = (reference: CloneReference): Files => ({
  [REFERENCE_FILE]: Buffer.from(JSON.stringify(reference)),
});

/** The source that an artifact refers to; undefined where it holds the files themselves. */
export function referenceIn(files: Files): CloneReference | undefined {
  const found = files[REFERENCE_FILE];
  if (found === undefined || Object.keys(files).length > 1) return undefined;
  return decodeJson(CloneReference, Buffer.from(found).toString("utf8"), REFERENCE_FILE);
}
