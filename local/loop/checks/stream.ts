// A CSV with good and bad rows: every row is scored into DynamoDB or quarantined with its reason, and the counts add up.
import { DynamoDBClient, paginateScan } from "@aws-sdk/client-dynamodb";
import { GetObjectCommand, PutObjectCommand, S3Client, paginateListObjectsV2 } from "@aws-sdk/client-s3";
import { SQSClient } from "@aws-sdk/client-sqs";
import { isLeft } from "fp-ts/Either";
import * as t from "io-ts";
import type { PlatformOutputs } from "../../../components/outputs";
import { claim } from "../errors";
import type { Outcome, Progress } from "../stage";
import { waitFor } from "../wait";
import { waiting, type EarlyFile } from "./first-up";
import { FEATURES, type LabelledRow } from "./rows";
import { splitUri } from "./uri";

export interface StreamResult {
  rowsIn: number;
  scored: number;
  quarantined: number;
  written: number;
  /** Reasons of the quarantined rows, as the scorer gave them. */
  examples: string[];
}

/** Good rows of the dropped file, at most: as many as the sample holds otherwise. */
const GOOD_ROWS = 2_000;

/** Rows that must not be scored, one of each kind. */
const badRows = (row: LabelledRow): string[] => [
  row.values.map((value, i) => (i === 5 ? "five" : value)).join(","),
  row.values.slice(0, -1).join(","),
  [...row.values, "1"].join(","),
  row.values.map((value, i) => (i === 3 ? "NaN" : value)).join(","),
  row.values.map((value, i) => (i === 9 ? "" : value)).join(","),
];

export async function checkStream(
  outputs: PlatformOutputs,
  rows: LabelledRow[],
  runId: string,
  early: EarlyFile | undefined,
  progress: Progress,
): Promise<Outcome<StreamResult>> {
  const s3 = new S3Client();
  const { bucket, key: prefix } = splitUri(outputs.scorer.inputUri);
  const good = rows.slice(0, GOOD_ROWS);
  const bad = badRows(good[0] as LabelledRow);
  // The bad rows stand among the good ones, not at the end.
  const lines = good.map((row) => row.values.join(","));
  bad.forEach((line, i) => lines.splice((i + 1) * Math.floor(good.length / (bad.length + 1)), 0, line));
  const key = `${prefix}today's transactions ${runId}.csv`;
  await s3.send(
    new PutObjectCommand({ Bucket: bucket, Key: key, Body: `${FEATURES.join(",")}\n${lines.join("\n")}\n` }),
  );

  const files = early === undefined ? [key] : [key, early.key];
  const [manifest, earlyManifest] = await waitFor(
    async () => {
      const found = (await documents(s3, outputs.scorer.manifestsUri)).map(asManifest);
      const wanted = files.flatMap((name) => found.filter((each) => each.source.key === name));
      progress(`${wanted.length} of ${files.length} files accounted for`);
      return wanted.length === files.length ? (wanted as [Manifest, Manifest?]) : undefined;
    },
    { what: `the manifests of ${files.length} dropped files`, timeoutSeconds: 90 },
  );
  if (early !== undefined) {
    claim(
      earlyManifest?.rowsIn === early.rows && earlyManifest.scored === early.rows,
      `The file that waited for a model has ${early.rows} rows; its manifest says ${JSON.stringify(earlyManifest)}.`,
    );
  }
  claim(manifest.rowsIn === lines.length, `${lines.length} rows were dropped; the manifest says ${manifest.rowsIn}.`);
  claim(
    manifest.scored === good.length && manifest.quarantined === bad.length,
    `${good.length} good and ${bad.length} bad rows were dropped; the manifest says ${manifest.scored} scored, ${manifest.quarantined} quarantined.`,
  );

  progress("counting what is in DynamoDB");
  const items = await itemsBySource(outputs.scorer.tableName);
  const written = items.get(key) ?? 0;
  claim(written === good.length, `${good.length} rows were scored; DynamoDB holds ${written} of them.`);
  claim(
    early === undefined || items.get(early.key) === early.rows,
    `${early?.rows} rows waited for the model; DynamoDB holds ${items.get(early?.key ?? "") ?? 0} of them.`,
  );

  const reasons = await quarantineReasons(s3, outputs.scorer.quarantineUri, runId);
  claim(reasons.length === bad.length, `${bad.length} rows were bad; the quarantine holds ${reasons.length}.`);
  const sqs = new SQSClient();
  claim((await waiting(sqs, outputs.scorer.dlqUrl)) === 0, "The scorer's dead-letter queue is not empty.");
  return {
    value: {
      rowsIn: manifest.rowsIn,
      scored: manifest.scored,
      quarantined: manifest.quarantined,
      written,
      examples: reasons,
    },
    detail: `${manifest.rowsIn} rows in = ${manifest.scored} scored + ${manifest.quarantined} quarantined; ${written} in DynamoDB${early === undefined ? "" : `; the early file's ${early.rows} too`}`,
  };
}

/** The scorer's account of one file, as far as it is checked here. */
const Manifest = t.type({
  source: t.type({ key: t.string }),
  rowsIn: t.number,
  scored: t.number,
  quarantined: t.number,
  written: t.number,
});
type Manifest = t.TypeOf<typeof Manifest>;

/** @throws StageError: nothing but manifests stands below their prefix. */
function asManifest(document: unknown): Manifest {
  const decoded = Manifest.decode(document);
  claim(!isLeft(decoded), `A manifest has another form: ${JSON.stringify(document).slice(0, 300)}`);
  return decoded.right;
}

/** Every JSON document below a prefix. */
async function documents(s3: S3Client, uri: string): Promise<unknown[]> {
  const { bucket, key } = splitUri(uri);
  const found: unknown[] = [];
  for await (const page of paginateListObjectsV2({ client: s3 }, { Bucket: bucket, Prefix: key })) {
    for (const { Key } of page.Contents ?? []) {
      if (!Key?.endsWith(".json")) continue;
      const object = await s3.send(new GetObjectCommand({ Bucket: bucket, Key }));
      found.push(JSON.parse((await object.Body?.transformToString()) ?? "null"));
    }
  }
  return found;
}

async function itemsBySource(tableName: string): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for await (const page of paginateScan({ client: new DynamoDBClient() }, { TableName: tableName })) {
    for (const item of page.Items ?? []) {
      const source = item.Source?.S ?? "";
      const key = source.startsWith("s3://") ? splitUri(source).key : source;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  return counts;
}

/** `row N: reason` of every quarantined row (JSON Lines objects below the quarantine prefix). */
async function quarantineReasons(s3: S3Client, uri: string, runId: string): Promise<string[]> {
  const { bucket, key } = splitUri(uri);
  const reasons: string[] = [];
  for await (const page of paginateListObjectsV2({ client: s3 }, { Bucket: bucket, Prefix: key })) {
    for (const { Key = "" } of page.Contents ?? []) {
      if (!Key.includes(runId)) continue;
      const object = await s3.send(new GetObjectCommand({ Bucket: bucket, Key }));
      for (const line of ((await object.Body?.transformToString()) ?? "").split("\n").filter(Boolean)) {
        const { row, reason } = JSON.parse(line) as { row: number; reason: string };
        reasons.push(`row ${row}: ${reason}`);
      }
    }
  }
  return reasons;
}
