// Rows of the run's test split, for requests and files of the checks: real inputs that no training saw.
import { GetObjectCommand, paginateListObjectsV2, S3Client } from "@aws-sdk/client-s3";
import { parse } from "csv-parse/sync";
import { claim } from "../errors";
import { splitUri } from "./uri";

export const FEATURES = ["Time", ...Array.from({ length: 28 }, (_, i) => `V${i + 1}`), "Amount"];

export interface LabelledRow {
  label: 0 | 1;
  /** Values in the order of {@link FEATURES}, as text, exactly as the job wrote them. */
  values: string[];
}

const SAMPLE_BYTES = 4_000_000;

/** The first rows of a split below a folder's URI, which may be several files: up to 4 MB of them. */
export async function splitRows(uri: string): Promise<LabelledRow[]> {
  const { bucket, key: folder } = splitUri(uri);
  const s3 = new S3Client();
  const rows: string[][] = [];
  let left = SAMPLE_BYTES;
  for await (const page of paginateListObjectsV2({ client: s3 }, { Bucket: bucket, Prefix: `${folder}/` })) {
    for (const { Key = "", Size = 0 } of page.Contents ?? []) {
      if (!Key.endsWith(".csv") || left <= 0) continue;
      const object = await s3.send(new GetObjectCommand({ Bucket: bucket, Key, Range: `bytes=0-${left - 1}` }));
      const text = (await object.Body?.transformToString()) ?? "";
      const whole = Size <= left ? text : text.slice(0, text.lastIndexOf("\n"));
      const parsed: string[][] = parse(whole, { skip_empty_lines: true });
      rows.push(...parsed);
      left -= Size;
    }
  }
  claim(rows.length > 0, `${uri} holds no rows.`);
  return rows.map(([label, ...values]) => ({ label: Number(label) === 1 ? 1 : 0, values }));
}

/** A transaction as the API takes it. */
export const transaction = (row: LabelledRow, id: string) => ({
  id,
  ...Object.fromEntries(FEATURES.map((name, i) => [name, Number(row.values[i])])),
});
