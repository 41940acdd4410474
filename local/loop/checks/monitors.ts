// Clean and then drifted traffic, the labels that come later, and what the four monitors say of each.
import { LambdaClient } from "@aws-sdk/client-lambda";
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { SageMakerClient } from "@aws-sdk/client-sagemaker";
import { isLeft } from "fp-ts/Either";
import * as t from "io-ts";
import type { PlatformOutputs } from "../../../components/outputs";
import { violatingFeatures } from "../../../functions/settle-monitor/logic";
import { hourFolders, monitorKinds, type MonitorKind, type Period } from "../../../functions/shared/monitors";
import { runMonitor, type FollowedRun } from "../../../pipeline/monitor-client";
import { claim } from "../errors";
import type { Outcome, Progress } from "../stage";
import { waitFor } from "../wait";
import { request } from "./http";
import { FEATURES, transaction, type LabelledRow } from "./rows";
import { drifted, spreadRows } from "./traffic";
import { splitUri } from "./uri";

export interface MonitorFindings {
  clean: { violations: number };
  drifted: { violations: number; features: string[] };
  /** Where the drifted window's files are. */
  output: string;
}
export type MonitorsResult = Record<"dataQuality" | "modelQuality" | "bias" | "explainability", MonitorFindings>;

const NAMES = {
  "data-quality": "dataQuality",
  "model-quality": "modelQuality",
  "model-bias": "bias",
  "model-explainability": "explainability",
} as const satisfies Record<MonitorKind, keyof MonitorsResult>;

const ROWS = 700;
/** Transactions in one call of the API. */
const CALL_ROWS = 100;

/** A window of traffic: its period, in whole seconds, and how many rows were sent in it. */
interface Window {
  period: Period;
  rows: number;
}

export async function checkMonitors(
  outputs: PlatformOutputs,
  apiKey: string,
  trainUri: string,
  runId: string,
  progress: Progress,
): Promise<Outcome<MonitorsResult>> {
  const s3 = new S3Client();
  // What is like the training split is clean. The test split, two days' last hours, is not.
  const rows = await spreadRows(trainUri, ROWS);
  progress(`${rows.length} clean transactions`);
  const clean = await window(rows.length, async () => {
    const labels = await throughApi(outputs, apiKey, rows);
    await drop(s3, outputs, `clean ${runId}.csv`, ["InferenceId,label,labelled at", ...labels]);
  });
  progress(`${rows.length} drifted transactions`);
  const bent = drifted(rows);
  const drift = await window(rows.length, async () => {
    const labels = await throughStream(s3, outputs, bent, runId);
    await drop(s3, outputs, `drifted ${runId}.csv`, ["TransactionID,label,labelled at", ...labels]);
  });
  await Promise.all([
    captured(s3, outputs, clean, progress),
    captured(s3, outputs, drift, progress),
    merged(s3, outputs, `clean ${runId}.csv`, rows.length),
    merged(s3, outputs, `drifted ${runId}.csv`, rows.length),
  ]);

  const clients = { lambda: new LambdaClient(), sagemaker: new SageMakerClient(), s3 };
  let ended = 0;
  const run = async (kind: MonitorKind, { period, rows: sent }: Window): Promise<FollowedRun> => {
    const wanted = { kind, from: period.start, to: period.end };
    const done = await runMonitor(clients, outputs.monitors.runFunctionName, wanted);
    progress(`${++ended} of ${2 * monitorKinds.length} jobs ended`);
    claim(done.failure === undefined, `The ${kind} monitor failed: ${done.failure ?? ""}`);
    claim(done.summary !== undefined, `The ${kind} monitor started no job: ${done.reason}`);
    claim(done.summary.rows === sent, `${sent} rows were sent; the ${kind} monitor saw ${done.summary.rows}.`);
    return done;
  };
  const found = await Promise.all(
    monitorKinds.map(async (kind): Promise<[keyof MonitorsResult, MonitorFindings]> => {
      const [before, after] = await Promise.all([run(kind, clean), run(kind, drift)]);
      const { violations = [] } = after.summary ?? {};
      claim(violations.length > 0, `The ${kind} monitor found nothing in drifted traffic: ${after.outputUri}`);
      const features = after.summary === undefined ? [] : violatingFeatures(after.summary).filter(Boolean);
      return [
        NAMES[kind],
        {
          clean: { violations: before.summary?.violations.length ?? 0 },
          drifted: { violations: violations.length, features },
          output: after.outputUri ?? "",
        },
      ];
    }),
  );
  const value = Object.fromEntries(found) as MonitorsResult;
  return { value, detail: describe(value) };
}

const describe = (found: MonitorsResult): string =>
  Object.entries(found)
    .map(([name, { clean, drifted: after }]) => `${name} ${clean.violations} → ${after.violations}`)
    .join(", ");

/** Sends what is to be one window: nothing else is in its seconds, by which captures tell when they were. */
async function window(rows: number, send: () => Promise<void>): Promise<Window> {
  const start = await nextSecond();
  await send();
  return { rows, period: { start, end: await nextSecond() } };
}

/** The next whole second, once it has come. */
async function nextSecond(): Promise<Date> {
  const time = new Date(Math.ceil((Date.now() + 1) / 1000) * 1000);
  await new Promise((wake) => setTimeout(wake, time.getTime() - Date.now()));
  return time;
}

const Answer = t.type({ predictions: t.array(t.type({ inferenceId: t.string })) });
const today = (): string => new Date().toISOString();

/** Scores rows as a client does. @returns labels by inference id, as CSV lines. */
async function throughApi(outputs: PlatformOutputs, key: string, rows: readonly LabelledRow[]): Promise<string[]> {
  const labels: string[] = [];
  for (let at = 0; at < rows.length; at += CALL_ROWS) {
    const part = rows.slice(at, at + CALL_ROWS);
    const transactions = part.map((row, i) => transaction(row, `clean-${at + i}`));
    const { status, body } = await request("POST", `${outputs.apiUrl}/predict`, { key, json: { transactions } });
    const answer = Answer.decode(body);
    if (status !== 200 || isLeft(answer)) {
      return claim(false, `POST /predict answered ${status}: ${JSON.stringify(body).slice(0, 300)}`) as never;
    }
    part.forEach(({ label }, i) =>
      labels.push(`${answer.right.predictions[i]?.inferenceId ?? ""},${label},${today()}`),
    );
  }
  return labels;
}

/** Scores rows as a file of the stream. @returns labels by the transactions' own ids, as CSV lines. */
async function throughStream(
  s3: S3Client,
  { scorer }: PlatformOutputs,
  rows: readonly LabelledRow[],
  runId: string,
): Promise<string[]> {
  const { bucket, key: prefix } = splitUri(scorer.inputUri);
  const id = (index: number): string => `drifted-${runId}-${index}`;
  const lines = rows.map(({ values }, index) => [id(index), ...values].join(","));
  const key = `${prefix}drifted ${runId}.csv`;
  const Body = `${["TransactionID", ...FEATURES].join(",")}\n${lines.join("\n")}\n`;
  await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body }));
  const Scored = t.type({ source: t.type({ key: t.string }), scored: t.number });
  const manifest = await manifestOf(s3, scorer.manifestsUri, key, Scored);
  claim(manifest.scored === rows.length, `${rows.length} drifted rows were dropped; ${manifest.scored} were scored.`);
  return rows.map(({ label }, index) => `${id(index)},${label},${today()}`);
}

async function drop(s3: S3Client, { labelsUri }: PlatformOutputs, name: string, lines: string[]): Promise<void> {
  claim(labelsUri !== undefined, "The stack takes no labels.");
  const { bucket, key } = splitUri(labelsUri);
  await s3.send(new PutObjectCommand({ Bucket: bucket, Key: `${key}${name}`, Body: `${lines.join("\n")}\n` }));
}

/** Waits until all labels of a file are merged. */
async function merged(s3: S3Client, { labelsUri = "" }: PlatformOutputs, name: string, rows: number): Promise<void> {
  const Merged = t.type({ source: t.type({ key: t.string }), accepted: t.number, quarantined: t.number });
  const manifests = labelsUri.replace(/raw\/$/, "manifests/");
  const manifest = await manifestOf(s3, manifests, `${splitUri(labelsUri).key}${name}`, Merged);
  claim(
    manifest.accepted === rows && manifest.quarantined === 0,
    `${rows} labels were dropped; the manifest says ${JSON.stringify(manifest)}.`,
  );
}

/** Waits for the account of a dropped file. */
function manifestOf<A extends { source: { key: string } }>(
  s3: S3Client,
  uri: string,
  sourceKey: string,
  codec: t.Type<A, unknown, unknown>,
): Promise<A> {
  const { bucket, key: prefix } = splitUri(uri);
  const read = new Set<string>();
  return waitFor(
    async () => {
      const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix }));
      for (const { Key = "" } of Contents) {
        if (read.has(Key) || !Key.endsWith(".json")) continue;
        const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key }));
        read.add(Key);
        const decoded = codec.decode(JSON.parse((await Body?.transformToString()) ?? "null"));
        if (!isLeft(decoded) && decoded.right.source.key === sourceKey) return decoded.right;
      }
      return undefined;
    },
    { what: `the manifest of ${sourceKey}`, timeoutSeconds: 120, intervalMilliseconds: 250 },
  );
}

const Side = t.type({ data: t.string, encoding: t.string, observedContentType: t.string });
const Capture = t.type({
  captureData: t.type({ endpointInput: Side, endpointOutput: Side }),
  eventMetadata: t.type({ inferenceTime: t.string }),
});

/** Waits until everything that was sent in a window has been captured: SageMaker writes captures some time later. */
async function captured(
  s3: S3Client,
  { bucketName, prefix, endpointName }: PlatformOutputs,
  { period, rows }: Window,
  progress: Progress,
): Promise<void> {
  const counts = new Map<string, number>();
  await waitFor(
    async () => {
      for (const hour of hourFolders(period)) {
        const Prefix = `${prefix}/data-capture/${endpointName}/main/${hour}/`;
        const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: bucketName, Prefix }));
        for (const { Key = "" } of Contents) {
          if (counts.has(Key)) continue;
          const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucketName, Key }));
          counts.set(Key, rowsIn((await Body?.transformToString()) ?? "", period));
        }
      }
      const found = [...counts.values()].reduce((sum, each) => sum + each, 0);
      progress(`${found} of ${rows} captured`);
      return found >= rows ? true : undefined;
    },
    { what: `${rows} captured transactions`, timeoutSeconds: 120, intervalMilliseconds: 250 },
  );
}

function rowsOf({ data, encoding }: t.TypeOf<typeof Side>): number {
  if (encoding !== "JSON") return data.trim().split("\n").length;
  const body = t.type({ instances: t.array(t.unknown) }).decode(JSON.parse(data));
  claim(!isLeft(body), `A captured request has another form: ${data.slice(0, 200)}`);
  return body.right.instances.length;
}

function rowsIn(text: string, { start, end }: Period): number {
  let rows = 0;
  for (const line of text.split("\n").filter(Boolean)) {
    const capture = Capture.decode(JSON.parse(line));
    claim(!isLeft(capture), `A capture has another form: ${line.slice(0, 200)}`);
    const { captureData, eventMetadata } = capture.right;
    const { endpointInput, endpointOutput } = captureData;
    // AWS's monitors take no other.
    claim(
      endpointInput.encoding === endpointOutput.encoding,
      `A capture is ${endpointInput.observedContentType} in, ${endpointOutput.observedContentType} out.`,
    );
    const time = new Date(eventMetadata.inferenceTime);
    if (time >= start && time < end) rows += rowsOf(endpointInput);
  }
  return rows;
}
