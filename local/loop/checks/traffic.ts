// Transactions for the monitors: rows of the training split as they are, and the same bent in ways that each monitor sees.
import { GetObjectCommand, ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import { claim } from "../errors";
import { FEATURES, type LabelledRow } from "./rows";
import { splitUri } from "./uri";

/** Bytes of one place in a file: some forty rows. */
const CHUNK_BYTES = 20_000;
/** Rows that are taken of one place: neighbours are alike where rows are in the order of time. */
const ROWS_OF_A_PLACE = 10;

/** Rows spread evenly over a split of however many rows, below a folder's URI. */
export async function spreadRows(uri: string, count: number): Promise<LabelledRow[]> {
  const { bucket, key: folder } = splitUri(uri);
  const s3 = new S3Client();
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: `${folder}/` }));
  const files = Contents.filter(({ Key }) => Key?.endsWith(".csv"));
  const total = files.reduce((sum, { Size = 0 }) => sum + Size, 0);
  const places = Math.ceil(count / ROWS_OF_A_PLACE);
  const rows = await Promise.all(
    Array.from({ length: places }, async (_, place) => {
      let at = Math.floor((place * total) / places);
      const file = files.find(({ Size = 0 }) => at < Size || ((at -= Size), false));
      const end = Math.min(at + CHUNK_BYTES, file?.Size ?? 0) - 1;
      const { Body } = await s3.send(
        new GetObjectCommand({ Bucket: bucket, Key: file?.Key, Range: `bytes=${at}-${end}` }),
      );
      // The first line is cut off, unless the place is a file's beginning; so is the last, unless it is its end.
      const lines = ((await Body?.transformToString()) ?? "").split(/\r?\n/);
      const whole = lines.slice(at === 0 ? 0 : 1, -1);
      const step = Math.max(1, Math.floor(whole.length / ROWS_OF_A_PLACE));
      return whole.filter((_line, index) => index % step === 0).slice(0, ROWS_OF_A_PLACE);
    }),
  );
  const found = rows.flat().map((line): LabelledRow => {
    const [label, ...values] = line.split(",");
    return { label: Number(label) === 1 ? 1 : 0, values };
  });
  claim(found.length >= count / 2, `${uri} holds ${found.length} rows, and the monitors want some ${count}.`);
  return found.slice(0, count);
}

const AMOUNT = FEATURES.indexOf("Amount");
/** Features whose means move: towards fraud, so that they move the model's answers more than they did. */
const SHIFTED: Readonly<Record<string, number>> = { V3: -6, V10: -6, V16: -6, V17: -6 };
/** Of five rows so many are shifted: the model goes on deciding either way. */
const SHIFTED_OF_FIVE = 3;
/** Amounts below it are labelled fraud, more often than any other: a facet is treated differently. */
const SMALL_AMOUNT = 10;

/** The rows after a change of the world: features shifted, labels turned over, those of small amounts above all. */
export function drifted(rows: readonly LabelledRow[]): LabelledRow[] {
  return rows.map(({ label, values }, index) => {
    const shift = index % 5 < SHIFTED_OF_FIVE ? SHIFTED : {};
    const bent = values.map((value, i) => String(Number(value) + (shift[FEATURES[i] ?? ""] ?? 0)));
    const turned = Number(values[AMOUNT]) < SMALL_AMOUNT ? index % 2 === 0 : index % 20 === 0;
    return { label: label === 1 || turned ? 1 : 0, values: bent };
  });
}
