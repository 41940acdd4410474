import { Readable } from "node:stream";
import { expect } from "chai";
import fc from "fast-check";
import { manifestKey, quarantineKey, sourceOf, type SourceObject } from "../../../functions/shared/source-object";
import { predictionItem } from "../../../functions/scorer/predictions";
import { schemas } from "../../../functions/scorer/schemas";
import { scoreFile, type Ports } from "../../../functions/scorer/score-file";
import { ScoringError } from "../../../functions/shared/scoring";
import { FEATURES } from "../../../functions/shared/transactions";

const source: SourceObject = {
  bucket: "bucket",
  key: "fraud/stream_data/day 1/it's.csv",
  versionId: undefined,
  version: "abc",
  createdAt: "2026-01-02T03:04:05.000Z",
};
const model = { packageArn: "arn:package/1", threshold: 0.5, algorithm: "xgboost" };
const header = FEATURES.join(",");
const rowOf = (good: boolean): string => FEATURES.map((_, index) => (good || index > 0 ? index : "?")).join(",");

/** Ports that keep what they are given: the endpoint, the table and the quarantine of a file. */
function recordingPorts(options: { failAtRow?: number } = {}) {
  const seen = { batches: [] as number[], written: [] as number[], quarantine: [] as string[], inFlight: 0, most: 0 };
  const ports: Ports = {
    score: async (lines) => {
      seen.most = Math.max(seen.most, ++seen.inFlight);
      await new Promise((resolve) => setImmediate(resolve));
      seen.inFlight--;
      seen.batches.push(lines.length);
      const scoredSoFar = seen.batches.reduce((sum, count) => sum + count, 0);
      if (scoredSoFar >= (options.failAtRow ?? Infinity)) throw new ScoringError("no-model", "none");
      return { predictions: lines.map(() => ({ score: 0.7 })), model, inferenceId: "q" };
    },
    write: async (rows) => {
      await new Promise((resolve) => setImmediate(resolve));
      seen.written.push(...rows.map(({ number }) => number));
      return rows.length;
    },
    setAside: (part, body) => {
      seen.quarantine.push(...body.trimEnd().split("\n"));
      return Promise.resolve(`part-${part}`);
    },
  };
  return { seen, ports };
}

const score = (ports: Ports, text: string, batchRows: number) =>
  scoreFile(ports, source, Readable.from([Buffer.from(text)]), schemas.creditcard, batchRows);

describe("scoring a file", () => {
  it("accounts for every row, in batches of at most the wanted size, a few at once", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.boolean(), { maxLength: 60 }),
        fc.integer({ min: 1, max: 9 }),
        async (rows, batchRows) => {
          const { seen, ports } = recordingPorts();
          const manifest = await score(ports, [header, ...rows.map(rowOf)].join("\n"), batchRows);
          const good = rows.flatMap((isGood, index) => (isGood ? [index + 1] : []));
          expect(manifest).to.include({
            status: "complete",
            rowsIn: rows.length,
            scored: good.length,
            written: good.length,
          });
          expect(manifest.quarantined).to.equal(rows.length - good.length);
          expect(manifest.rowsIn).to.equal(manifest.scored + manifest.quarantined);
          expect(seen.written.sort((one, other) => one - other)).to.deep.equal(good);
          const setAside = seen.quarantine.map((line) => (JSON.parse(line) as { row: number }).row);
          expect(setAside).to.deep.equal(rows.flatMap((isGood, index) => (isGood ? [] : [index + 1])));
          expect(Math.max(0, ...seen.batches)).to.be.at.most(batchRows);
          expect(seen.most).to.be.at.most(4);
        },
      ),
      { numRuns: 50 },
    );
  });

  it("says the same when it is done again", async () => {
    const text = [header, rowOf(true), rowOf(false), rowOf(true)].join("\n");
    const [once, again] = [recordingPorts(), recordingPorts()];
    expect(await score(once.ports, text, 1)).to.deep.equal(await score(again.ports, text, 1));
    expect(once.seen.quarantine).to.deep.equal(again.seen.quarantine);
  });

  it("refuses a file with the reason, rows before the fault accounted for", async () => {
    const { seen, ports } = recordingPorts();
    const manifest = await score(ports, `${header}\n${rowOf(true)}\n"open`, 10);
    expect(manifest).to.include({ status: "refused", rowsIn: 2, scored: 1, quarantined: 1, written: 1 });
    expect(seen.quarantine.map((line) => JSON.parse(line) as unknown)).to.deep.include({
      row: 0,
      reason: manifest.reason,
      raw: "",
    });
  });

  it("says nothing of a file whose scoring fails, wherever that happens", async () => {
    const text = [header, ...Array<string>(50).fill(rowOf(true))].join("\n");
    for (const failAtRow of [1, 20, 50]) {
      const { seen, ports } = recordingPorts({ failAtRow });
      const failure = await score(ports, text, 5).then(
        () => undefined,
        (error: unknown) => error,
      );
      expect(failure).to.be.instanceOf(ScoringError);
      expect(seen.inFlight).to.equal(0);
    }
  });
});

describe("where a file's results go", () => {
  const event = {
    "detail-type": "Object Created" as const,
    time: "2026-01-02T03:04:05Z",
    detail: { bucket: { name: "bucket" }, object: { key: "fraud/stream_data/a b's+c.csv", etag: '"abc"' } },
  };

  it("follows from the object alone, whose key is taken as it stands", () => {
    const object = sourceOf(event);
    expect(object).to.deep.equal({ ...source, key: "fraud/stream_data/a b's+c.csv", versionId: undefined });
    expect(quarantineKey("fraud/quarantine", "fraud/stream_data", object, 1)).to.equal(
      "fraud/quarantine/a b's+c.csv/abc/part-00001.jsonl",
    );
    expect(manifestKey("fraud/predictions", object)).to.match(
      /^fraud\/predictions\/dt=2026-01-02\/[0-9a-f]{32}\.json$/,
    );
  });

  it("differs between versions of an object", () => {
    const { detail } = event;
    const versioned = { ...event, detail: { ...detail, object: { ...detail.object, "version-id": "v2" } } };
    expect(sourceOf(versioned)).to.include({ versionId: "v2", version: "v2" });
    expect(manifestKey("p", sourceOf(versioned))).not.to.equal(manifestKey("p", sourceOf(event)));
  });

  it("is a number in DynamoDB, however small", () => {
    const item = predictionItem(
      { number: 3, id: "t", line: "" },
      source,
      1.5e-7,
      model,
      "20260102T030405000Z-0123456789abcdef#2",
    );
    expect(item).to.deep.include({
      TransactionID: { S: "t" },
      Prediction: { S: "legitimate" },
      Probability: { N: "1.5e-7" },
      Timestamp: { S: source.createdAt },
      RowNumber: { N: "3" },
      InferenceId: { S: "20260102T030405000Z-0123456789abcdef#2" },
    });
  });
});
