/** Bucket and key (or prefix) of an `s3://` URI. */
export function splitUri(uri: string): { bucket: string; key: string } {
  const match = /^s3:\/\/([^/]+)\/?(.*)$/s.exec(uri);
  if (!match?.[1]) throw new Error(`${JSON.stringify(uri)} is not an S3 URI: s3://BUCKET/KEY is wanted.`);
  return { bucket: match[1], key: match[2] ?? "" };
}
