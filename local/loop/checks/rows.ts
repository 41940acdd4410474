// Rows of the run's test split, for requests and files of the checks: real inputs that no training saw.
import { GetObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { parse } from "csv-parse/sync";
import { claim } from "../errors";

export const FEATURES = ["Time", ...Array.from({ length: 28 }, (_, i) => `V${i + 1}`), "Amount"];

export interface LabelledRow {
  label: 0 | 1;
  /** Values in the order of {@link FEATURES}, as text, exactly as the job wrote them. */
  values: string[];
}

const SAMPLE_BYTES = 4_000_000;

/** The first rows of the test split: up to 4 MB of them. */
export async function testRows(bucket: string, key: string): Promise<LabelledRow[]> {
  const object = await new S3Client().send(
    new GetObjectCommand({ Bucket: bucket, Key: key, Range: `bytes=0-${SAMPLE_BYTES - 1}` }),
  );
  const text = (await object.Body?.transformToString()) ?? "";
  const whole = text.length < SAMPLE_BYTES ? text : text.slice(0, text.lastIndexOf("\n"));
  const rows: string[][] = parse(whole, { skip_empty_lines: true });
  claim(rows.length > 0, `s3://${bucket}/${key} holds no rows.`);
  return rows.map(([label, ...values]) => ({ label: Number(label) === 1 ? 1 : 0, values }));
}

/** A transaction as the API takes it. */
export const transaction = (row: LabelledRow, id: string) => ({
  id,
  ...Object.fromEntries(FEATURES.map((name, i) => [name, Number(row.values[i])])),
});
