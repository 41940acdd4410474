// The stream's scorer, as its function runs it, on a local cloud: against a scorer that goes row by row, against the bare
// calls that it is made of, and how much memory it takes for a million rows.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateEndpointCommand, CreateEndpointConfigCommand, DescribeEndpointCommand } from "@aws-sdk/client-sagemaker";
import type { SQSBatchResponse, SQSEvent } from "aws-lambda";
import { SCORER_MEMORY_MIB } from "../../components/stream-scorer";
import { Stream } from "../../config/serving";
import { bundleProgram } from "../../functions/bundle";
import { ScorerObjects } from "../../functions/scorer/objects";
import type { Manifest } from "../../functions/scorer/logic";
import { decode } from "../../functions/shared/decode";
import { manifestKey, sourceOf } from "../../functions/shared/source-object";
import { claim } from "../../local/loop/errors";
import { csvRow, dropFile, header } from "../../test/functions/scorer/on-cloud";
import { FaultProxy } from "../../test/functions/support/fault-proxy";
import { FunctionProcess, lambdaFlags } from "../../test/functions/support/function-process";
import { BUCKET, startPlatform, until, type Platform } from "../../test/functions/support/platform";
import { median, type Bench } from "../figure";
import { invokeBare, scoreRowByRow, writeBare } from "./others";

/** As a stack has it where its configuration says nothing. */
const DEFAULTS = decode(Stream, {}, "The stream's defaults");
const ROUNDS = 3;
const ROWS = 100_000;
/** Of the scorer that goes row by row, which would take minutes for more. */
const SINGLE_ROWS = 300;
const MANY_ROWS = 1_000_000;
/** Longer than any of it takes: no file is to be continued by another invocation. */
const AN_HOUR = 3_600_000;

type Scorer = FunctionProcess<SQSEvent, SQSBatchResponse>;

export const streamBench: Bench = {
  names: ["stream.vsRowByRow", "stream.shareOfLimit", "stream.peakMb"],
  async run(say) {
    const outDir = mkdtempSync(join(tmpdir(), "bench-stream-"));
    let platform: Platform | undefined;
    try {
      const bundle = (await bundleProgram({ outDir })).find(({ name }) => name === "scorer")?.file ?? "";
      platform = await startPlatform();
      await serve(platform);
      return { ...(await compare(platform, bundle, say)), ...(await peak(platform, bundle, say)) };
    } finally {
      await platform?.stop();
      rmSync(outDir, { recursive: true, force: true });
    }
  },
};

async function serve(platform: Platform): Promise<void> {
  const { sagemaker } = platform.clients;
  await platform.makeModel("bench", "arn:aws:sagemaker:eu-west-1:123456789012:model-package/fraud/1");
  const EndpointName = platform.variables.ENDPOINT_NAME;
  const variant = { VariantName: "main", ModelName: "bench", InitialInstanceCount: 1, InitialVariantWeight: 1 };
  const ProductionVariants = [{ ...variant, InstanceType: "ml.m5.large" as const }];
  await sagemaker.send(new CreateEndpointConfigCommand({ EndpointConfigName: "bench", ProductionVariants }));
  await sagemaker.send(new CreateEndpointCommand({ EndpointName, EndpointConfigName: "bench" }));
  await until("the endpoint", async () => {
    const { EndpointStatus } = await sagemaker.send(new DescribeEndpointCommand({ EndpointName }));
    return EndpointStatus === "InService" ? true : undefined;
  });
}

function startScorer({ variables, queues }: Platform, bundle: string, more: NodeJS.ProcessEnv = {}): Scorer {
  const settings = {
    CHUNK_ROWS: String(DEFAULTS.chunkRows),
    BATCH_ROWS: String(DEFAULTS.batchRows),
    ENDPOINT_CONCURRENCY: String(DEFAULTS.endpointConcurrency),
    BATCH_TRANSFORM_BYTES: "1000000000000",
  };
  const environment = { ...process.env, ...variables, ...settings, QUEUE_URL: queues.stream, ...more };
  return new FunctionProcess(bundle, environment, lambdaFlags(SCORER_MEMORY_MIB));
}

const csvOf = (rows: number, round: number): string =>
  [header, ...Array.from({ length: rows }, (_, index) => csvRow((index * 7 + round) % 1000))].join("\n");

/** Seconds that the scorer took for a file, once all of it is accounted for. */
async function scoreOurs(platform: Platform, scorer: Scorer, name: string, rows: number): Promise<number> {
  const { event, created } = await dropFile(platform, name, csvOf(rows, 0));
  const from = performance.now();
  const answered = await scorer.call(event, AN_HOUR);
  const seconds = (performance.now() - from) / 1000;
  claim(answered?.answer.batchItemFailures.length === 0, `The scorer failed on ${name}.`);
  const text = await new ScorerObjects(platform.clients.s3, BUCKET).read(
    manifestKey("fraud/manifests", sourceOf(created)),
  );
  const { written } = JSON.parse(text ?? "{}") as Partial<Manifest>;
  claim(written === rows, `${written} of ${rows} rows of ${name} are written.`);
  return seconds;
}

async function compare(platform: Platform, bundle: string, say: (text: string) => void) {
  const scorer = startScorer(platform, bundle);
  const rounds: Record<"ours" | "single" | "writes" | "invokes", number>[] = [];
  try {
    await scoreOurs(platform, scorer, "warm-up.csv", 2_000);
    for (let round = 1; round <= ROUNDS; round++) {
      const lines = csvOf(ROWS, round).split("\n").slice(1);
      const rates = {
        single: SINGLE_ROWS / (await scoreRowByRow(platform, lines.slice(0, SINGLE_ROWS))),
        writes: ROWS / (await writeBare(platform, lines)),
        ours: ROWS / (await scoreOurs(platform, scorer, `round-${round}.csv`, ROWS)),
        invokes: ROWS / (await invokeBare(platform, lines, DEFAULTS.batchRows, DEFAULTS.endpointConcurrency)),
      };
      rounds.push(rates);
      const shown = Object.entries(rates).map(([name, rate]) => `${name} ${rate.toFixed(0)}`);
      say(`round ${round}, rows/s: ${shown.join(", ")}`);
    }
  } finally {
    await scorer.kill();
  }
  return {
    "stream.vsRowByRow": {
      value: median(rounds.map(({ ours, single }) => ours / single)),
      unit: "× the rows/s",
      goal: { atLeast: 50 },
    },
    "stream.shareOfLimit": {
      value: median(rounds.map(({ ours, writes, invokes }) => ours / Math.min(writes, invokes))),
      unit: "of the rows/s",
      goal: { atLeast: 0.7 },
    },
  };
}

/**
 * The most memory that the function's process had for a million rows. The table takes the items and forgets them, because
 * the emulator would keep them in memory; all else is as ever.
 */
async function peak(platform: Platform, bundle: string, say: (text: string) => void) {
  const proxy = await FaultProxy.start(process.env["AWS_ENDPOINT_URL"] ?? "");
  proxy.decide = ({ name }) => (name === "dynamodb BatchWriteItem" ? { answer: '{"UnprocessedItems":{}}' } : "through");
  const scorer = startScorer(platform, bundle, { AWS_ENDPOINT_URL: proxy.url });
  try {
    const { event, created } = await dropFile(platform, "a million.csv", csvOf(MANY_ROWS, 0));
    const from = performance.now();
    const answered = await scorer.call(event, AN_HOUR);
    claim(answered?.answer.batchItemFailures.length === 0, "The scorer failed on a million rows.");
    const objects = new ScorerObjects(platform.clients.s3, BUCKET);
    const text = await objects.read(manifestKey("fraud/manifests", sourceOf(created)));
    const { scored } = JSON.parse(text ?? "{}") as Partial<Manifest>;
    claim(scored === MANY_ROWS, `${scored} of ${MANY_ROWS} rows are scored.`);
    const megabytes = (answered?.maxRssKb ?? NaN) / 1000;
    say(`${MANY_ROWS} rows in ${((performance.now() - from) / 1000).toFixed(0)} s; at most ${megabytes.toFixed(0)} MB`);
    return { "stream.peakMb": { value: megabytes, unit: "MB", goal: { atMost: 300 } } };
  } finally {
    await scorer.kill();
    await proxy.stop();
  }
}
