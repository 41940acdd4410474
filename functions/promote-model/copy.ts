import { CopyObjectCommand, DeleteObjectCommand, ListObjectsV2Command, type S3Client } from "@aws-sdk/client-s3";
import { copySource, isMissingObject, parseS3Uri, sha256Of } from "../shared/objects";
import { goldenFolderOf, PromotionError, urisOf, type Promotable } from "./logic";

/**
 * Copies all that a package refers to. Of its archive, it is the copy's bytes that are looked at: they are what is
 * deployed.
 *
 * @throws PromotionError when the archive is not the one that was registered, with both digests, or something is missing
 */
export async function copyObjects(
  s3: S3Client,
  source: Promotable,
  destination: (uri: string) => string,
): Promise<void> {
  const golden = goldenFolderOf(source.document);
  for (const uri of urisOf(source.document)) {
    const objects = uri === golden ? await objectsIn(s3, uri) : [uri];
    for (const object of objects) await copy(s3, object, destination(object));
  }
  const artifact = destination(source.artifactUri);
  const digest = await sha256Of(s3, artifact);
  if (digest === source.artifactSha256) return;
  const { bucket: Bucket, key: Key } = parseS3Uri(artifact);
  await s3.send(new DeleteObjectCommand({ Bucket, Key }));
  throw new PromotionError(
    `${source.sourceArn} is not promoted: its artifact ${source.artifactUri} is not the one that was registered. ` +
      `Its SHA-256 is ${digest}, not ${source.artifactSha256}.`,
  );
}

/** The objects of a folder, without those of folders in it: what checks of models left beside a golden sample stays. */
async function objectsIn(s3: S3Client, folder: string): Promise<string[]> {
  const { bucket: Bucket, key } = parseS3Uri(folder);
  const found: string[] = [];
  let ContinuationToken: string | undefined;
  do {
    const answer = await s3.send(
      new ListObjectsV2Command({ Bucket, Prefix: `${key}/`, Delimiter: "/", ContinuationToken }),
    );
    found.push(...(answer.Contents ?? []).flatMap(({ Key }) => (Key === undefined ? [] : [`s3://${Bucket}/${Key}`])));
    ContinuationToken = answer.NextContinuationToken;
  } while (ContinuationToken !== undefined);
  return found;
}

/** S3 copies up to 5 GB at once, without the bytes coming here. */
async function copy(s3: S3Client, from: string, to: string): Promise<void> {
  const { bucket: Bucket, key: Key } = parseS3Uri(to);
  try {
    await s3.send(new CopyObjectCommand({ Bucket, Key, CopySource: copySource(parseS3Uri(from)) }));
  } catch (error) {
    if (!isMissingObject(error)) throw error;
    throw new PromotionError(`${from} can't be copied to ${to}: ${error.message}`);
  }
}
