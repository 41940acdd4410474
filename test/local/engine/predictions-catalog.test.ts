// The catalog of predictions, made by the real engine; and its queries, run by DuckDB on objects as the scorer writes them.
import { setTimeout as delay } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import {
  AthenaClient,
  GetNamedQueryCommand,
  GetQueryExecutionCommand,
  GetQueryResultsCommand,
  GetWorkGroupCommand,
  ListNamedQueriesCommand,
  StartQueryExecutionCommand,
} from "@aws-sdk/client-athena";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { expect } from "chai";
import { COLUMNS, PredictionsCatalog } from "../../../components/predictions-catalog";
import { Storage } from "../../../components/storage";
import { run } from "../../../local/engine";
import { startMiniStack, type Emulator } from "../support/ministack";
import { startLocalServer } from "../support/server";
import { Workbench } from "../support/stack";

interface Line {
  transaction_id: string;
  prediction: "fraud" | "legitimate";
  probability: number;
  threshold: number;
  amount: number | null;
  scored_at: string;
  source: string;
  source_version: string;
  row_number: number;
  model_package: string;
  model_version: number | null;
  inference_id: string;
}

const dayOf = (daysAgo: number): string => new Date(Date.now() - daysAgo * 86_400_000).toISOString().slice(0, 10);

/** A file's predictions: ids and versions look like numbers and dates, which they are not. */
function linesOf(dt: string, probabilities: readonly number[]): Line[] {
  return probabilities.map((probability, index) => ({
    transaction_id: `00${index}`,
    prediction: probability >= 0.5 ? "fraud" : "legitimate",
    probability,
    threshold: 0.5,
    amount: index % 4 === 3 ? null : Math.round(1000 * probability + index),
    scored_at: `${dt}T${String(index % 24).padStart(2, "0")}:30:00.000Z`,
    source: "s3://bucket/fraud/stream_data/it's a file.csv",
    source_version: "2026-01-01",
    row_number: index + 1,
    model_package: "arn:aws:sagemaker:eu-west-1:123456789012:model-package/fraud/3",
    model_version: index % 2 === 0 ? 3 : null,
    inference_id: `20261121T130000123Z-0123456789abcdef#${index}`,
  }));
}

const lowScores = Array.from({ length: 60 }, (_, index) => 0.001 * (index + 1));
const highScores = Array.from({ length: 60 }, (_, index) => 0.4 + 0.009 * index);

describe("the catalog of predictions", function () {
  const days = [
    { dt: dayOf(20), lines: linesOf(dayOf(20), lowScores) },
    { dt: dayOf(3), lines: linesOf(dayOf(3), lowScores) },
    { dt: dayOf(0), lines: linesOf(dayOf(0), highScores) },
    // Beyond what the queries ask for; before and after what the projection covers.
    { dt: "2026-01-02", lines: linesOf("2026-01-02", [0.9]) },
    { dt: "2025-12-31", lines: linesOf("2025-12-31", [0.9]) },
    { dt: dayOf(-400), lines: linesOf(dayOf(-400), [0.9]) },
  ];
  let ministack: Emulator;
  let server: Emulator;
  let bench: Workbench;
  let athena: AthenaClient;
  let outputs: Record<"bucket" | "database" | "table" | "workgroup" | "key", string>;
  const destroy: (() => Promise<unknown>)[] = [];

  before(async () => {
    ministack = await startMiniStack();
    server = await startLocalServer(ministack);
    bench = new Workbench(server.environment);
    await bench.prepare();
    const stack = await bench.open("catalog", () => {
      const storage = new Storage("storage", { retainOnDelete: false });
      const catalog = new PredictionsCatalog("catalog", { storage, folder: "predictions", queryScanLimitGb: 2 });
      return Promise.resolve({
        bucket: storage.bucketName,
        key: storage.keyArn,
        database: catalog.databaseName,
        table: catalog.tableName,
        workgroup: catalog.workgroupName,
      });
    });
    destroy.push(() => run(stack, "destroy"));
    await run(stack, "up");
    outputs = Object.fromEntries(
      Object.entries(await stack.outputs()).map(([name, { value }]) => [name, String(value)]),
    ) as typeof outputs;
    const credentials = { accessKeyId: "test", secretAccessKey: "test" };
    const options = { region: "eu-west-1", endpoint: server.endpoint, credentials };
    athena = new AthenaClient(options);
    const s3 = new S3Client({ ...options, forcePathStyle: true });
    for (const { dt, lines } of days) {
      const Key = `fraud/predictions/dt=${dt}/0123456789abcdef0123456789abcdef-000001.jsonl.gz`;
      const Body = gzipSync(lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
      await s3.send(new PutObjectCommand({ Bucket: outputs.bucket, Key, Body }));
    }
  });
  after(async () => {
    for (const step of destroy) await step();
    bench.clean();
    await server.stop();
    await ministack.stop();
  });

  /** Runs a query in the workgroup, to its end. */
  async function ask(QueryString: string): Promise<Record<string, string>[]> {
    const { QueryExecutionId } = await athena.send(
      new StartQueryExecutionCommand({
        QueryString,
        WorkGroup: outputs.workgroup,
        QueryExecutionContext: { Database: outputs.database },
      }),
    );
    for (;;) {
      const { QueryExecution } = await athena.send(new GetQueryExecutionCommand({ QueryExecutionId }));
      const { State, StateChangeReason } = QueryExecution?.Status ?? {};
      if (State === "FAILED") throw new Error(StateChangeReason);
      if (State === "SUCCEEDED") break;
      await delay(50);
    }
    const { ResultSet } = await athena.send(new GetQueryResultsCommand({ QueryExecutionId }));
    const [head = [], ...rows] = (ResultSet?.Rows ?? []).map(({ Data = [] }) =>
      Data.map(({ VarCharValue = "" }) => VarCharValue),
    );
    return rows.map((row) => Object.fromEntries(head.map((name, index) => [name, row[index] ?? ""])));
  }

  async function offered(name: string): Promise<string> {
    const { NamedQueryIds = [] } = await athena.send(new ListNamedQueriesCommand({ WorkGroup: outputs.workgroup }));
    for (const NamedQueryId of NamedQueryIds) {
      const { NamedQuery } = await athena.send(new GetNamedQueryCommand({ NamedQueryId }));
      if (NamedQuery?.Name === name) return NamedQuery.QueryString ?? "";
    }
    throw new Error(`no query ${name} among ${NamedQueryIds.length}`);
  }

  it("has every column of a line, with its type, and text that stays text", async () => {
    expect(Object.keys(days[0]?.lines[0] ?? {})).to.deep.equal(COLUMNS.map(({ name }) => name));
    const [row] = await ask(
      `SELECT *, typeof(amount) AS t FROM ${outputs.table} WHERE dt = '${dayOf(0)}' AND row_number = 1`,
    );
    const [line] = days[2]?.lines ?? [];
    expect(row).to.include({ ...stringsOf(line), dt: dayOf(0), t: "DOUBLE" });
  });

  it("sees the days that are projected, and no other", async () => {
    const rows = await ask(`SELECT dt, count(*) AS n FROM ${outputs.table} GROUP BY dt ORDER BY dt`);
    expect(rows.map(({ dt, n }) => [dt, n])).to.deep.equal([
      ["2026-01-02", "1"],
      ...days.slice(0, 3).map(({ dt, lines }) => [dt, String(lines.length)]),
    ]);
  });

  it("limits what a query reads, and encrypts what it answers, whatever the client asks for", async () => {
    const { WorkGroup } = await athena.send(new GetWorkGroupCommand({ WorkGroup: outputs.workgroup }));
    expect(WorkGroup?.Configuration).to.deep.include({
      BytesScannedCutoffPerQuery: 2_000_000_000,
      EnforceWorkGroupConfiguration: true,
      ResultConfiguration: {
        OutputLocation: `s3://${outputs.bucket}/fraud/query-results/`,
        EncryptionConfiguration: { EncryptionOption: "SSE_KMS", KmsKey: outputs.key },
      },
    });
  });

  it("counts fraud per hour", async () => {
    const found = await ask(await offered("fraud-per-hour"));
    const recent = days.slice(1, 3).flatMap(({ lines }) => lines);
    const hourOf = ({ scored_at: time }: Line) => `${time.slice(0, 13).replace("T", " ")}:00`;
    expect(found.map(({ hour }) => hour)).to.deep.equal([...new Set(recent.map(hourOf))].sort().reverse());
    for (const row of found) {
      const lines = recent.filter((line) => hourOf(line) === row["hour"]);
      const fraud = lines.filter(({ prediction }) => prediction === "fraud");
      const amount = fraud.reduce((sum, line) => sum + (line.amount ?? 0), 0);
      expect(Number(row["transactions"])).to.equal(lines.length);
      expect(Number(row["fraud"])).to.equal(fraud.length);
      expect(Number(row["fraud_percent"])).to.be.closeTo((100 * fraud.length) / lines.length, 1e-9);
      expect(Number(row["fraud_amount"])).to.be.closeTo(amount, 1e-6);
    }
    expect(found.some(({ fraud }) => Number(fraud) > 0)).to.equal(true);
  });

  it("tells a day whose scores have shifted from one whose have not", async () => {
    const found = await ask(await offered("score-drift"));
    expect(found.map(({ dt }) => dt)).to.deep.equal([dayOf(0), dayOf(3), dayOf(20)]);
    const [shifted, alike, first] = found.map(({ stability_index: index }) => index);
    expect(first).to.equal("");
    expect(Number(alike)).to.be.closeTo(0, 1e-9);
    const [today, before] = [highScores, [...lowScores, ...lowScores]];
    expect(Number(shifted)).to.be.closeTo(stabilityIndex(today, before), 1e-9).and.above(0.25);
    const mean = highScores.reduce((sum, score) => sum + score, 0) / highScores.length;
    expect(Number(found[0]?.["mean_probability"])).to.be.closeTo(mean, 1e-12);
  });

  it("lists the largest amounts that were fraud", async () => {
    const found = await ask(await offered("top-amounts"));
    const wanted = (days[2]?.lines ?? [])
      .filter(({ prediction, amount }) => prediction === "fraud" && amount !== null)
      .sort((one, other) => (other.amount ?? 0) - (one.amount ?? 0));
    expect(found.map((row) => row["transaction_id"])).to.deep.equal(wanted.map((line) => line.transaction_id));
    expect(Number(found[0]?.["amount"])).to.equal(wanted[0]?.amount);
  });
});

/** A line as Athena answers it: text, and the empty text for what is null. */
function stringsOf(line: Line | undefined): Record<string, string> {
  return Object.fromEntries(
    Object.entries(line ?? {}).map(([name, value]) => [
      name,
      value === null ? "" : typeof value === "number" && /amount/.test(name) ? value.toFixed(1) : String(value),
    ]),
  );
}

/** The population stability index, by its definition, over the query's bins. */
function stabilityIndex(now: readonly number[], before: readonly number[]): number {
  const binOf = (score: number) => Math.floor(2 * Math.log10(Math.max(score, 1e-4)));
  const bins = [...new Set([...now, ...before].map(binOf))];
  const shares = (scores: readonly number[]) =>
    bins.map(
      (bin) => (scores.filter((score) => binOf(score) === bin).length + 0.5) / (scores.length + bins.length / 2),
    );
  const [shareNow, shareBefore] = [shares(now), shares(before)];
  return bins.reduce((sum, _bin, index) => {
    const [p = NaN, q = NaN] = [shareNow[index], shareBefore[index]];
    return sum + (p - q) * Math.log(p / q);
  }, 0);
}
