import { Readable } from "node:stream";
import { expect } from "chai";
import fc from "fast-check";
import { readChunks, FILE_START, type ChunkPosition, type FileEnd } from "../../../functions/scorer/chunks";
import type { ChunkAccount } from "../../../functions/scorer/claims";
import { eachChunk } from "../../../functions/scorer/each-chunk";
import { derivedId, manifestOf } from "../../../functions/scorer/logic";
import { scoreRows } from "../../../functions/scorer/micro-batches";
import { itemOf, readLines, writeLines, type Prediction } from "../../../functions/scorer/predictions";
import { settleChunk, type ChunkPorts, type Committed } from "../../../functions/scorer/settle-chunk";
import { Slots } from "../../../functions/shared/slots";
import { ScoringError } from "../../../functions/shared/scoring";
import { fileId, manifestKey, sourceOf, type SourceObject } from "../../../functions/shared/source-object";
import { predictionKey, quarantineKey } from "../../../functions/scorer/objects";

const source: SourceObject = {
  bucket: "bucket",
  key: "fraud/stream_data/day 1/it's.csv",
  versionId: undefined,
  version: "abc",
  createdAt: "2026-01-02T03:04:05.000Z",
};
const schema = { idColumns: ["id"], features: ["a"], amountColumn: "a" };
const deriveId = (number: number): string => derivedId(source, number);

/** What outlives invocations: predictions objects, the table, quarantine, accounts and the last checkpoint. */
class Stores {
  readonly committed = new Map<number, Committed>();
  readonly table = new Map<string, Prediction>();
  /** Writes that changed what stood there. */
  overwritten = 0;
  readonly quarantine = new Map<number, number[]>();
  readonly accounts = new Map<number, ChunkAccount>();
  position: ChunkPosition = FILE_START;
}

/** One invocation's view of them, which fails whenever `dies` says so. */
function portsOf(stores: Stores, model: string, dies: () => boolean): ChunkPorts {
  const step = async <A>(work: () => A): Promise<A> => {
    await new Promise((resolve) => setImmediate(resolve));
    // An answer may be lost after the work is done, too.
    if (dies()) throw new Error("killed");
    const result = work();
    if (dies()) throw new Error("killed");
    return result;
  };
  return {
    score: ({ good }) =>
      step(() => {
        const rejected = good.filter(({ line }) => line === "13");
        const rows = good.filter(({ line }) => line !== "13");
        const answer = {
          predictions: rows.map(() => ({ score: Number(`0.${model}`) })),
          model: { packageArn: `arn:package/${model}`, threshold: 0.5, algorithm: "xgboost" },
          inferenceId: "q",
        };
        const reason = `${model} rejects it`;
        return { batches: [{ rows, answer }], rejected: rejected.map(({ number }) => ({ number, reason, raw: "13" })) };
      }),
    committed: (chunk) => step(() => stores.committed.get(chunk)),
    commit: (chunk, predictions) =>
      step(() => {
        const standing = stores.committed.get(chunk) ?? { predictions, key: `p-${chunk}` };
        stores.committed.set(chunk, standing);
        return standing;
      }),
    write: async (predictions) => {
      for (const prediction of predictions) {
        await step(() => {
          const key = itemOf(prediction, source).RowId?.S ?? "";
          const before = stores.table.get(key);
          if (before !== undefined && writeLines([before]) !== writeLines([prediction])) stores.overwritten++;
          stores.table.set(key, prediction);
        });
      }
    },
    setAside: (chunk, rows) =>
      step(() => {
        stores.quarantine.set(
          chunk,
          rows.map(({ number }) => number),
        );
        return `q-${chunk}`;
      }),
    account: (chunk, account) => step(() => void stores.accounts.set(chunk, account)),
  };
}

/** An invocation: goes on from the last checkpoint until the end, `stop`, or its death. */
async function invoke(stores: Stores, text: string, model: string, dies: () => boolean, stop: () => boolean) {
  const from = stores.position;
  const content = Readable.from([Buffer.from(text).subarray(from.offset)]) as AsyncIterable<Buffer>;
  const ports = portsOf(stores, model, dies);
  return eachChunk(
    readChunks(content, { schema, deriveId, from, chunkRows: 3 }),
    (chunk) => settleChunk(ports, source, chunk),
    {
      from,
      atOnce: 3,
      checkpoint: (position) => {
        if (dies()) throw new Error("killed");
        // A checkpoint of one who has lost the file fails: here, one that would go back.
        if (position.chunk > stores.position.chunk) stores.position = position;
        return Promise.resolve();
      },
      stop,
    },
  );
}

describe("settling a file", () => {
  it("loses and doubles nothing, wherever invocations die, stop or overlap, and whichever model answers", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom("1", "2", "13", "x"), { maxLength: 30 }),
        fc.infiniteStream(fc.integer({ min: 0, max: 99 })),
        async (cells, chances) => {
          const chance = (percent: number): boolean => Number(chances.next().value) < percent;
          const text = ["a", ...cells].join("\n");
          const stores = new Stores();
          let end: FileEnd | undefined;
          for (let round = 1; end === undefined; round++) {
            const patience = round > 30;
            const dies = (): boolean => !patience && chance(4);
            const stop = (): boolean => !patience && chance(30);
            // Two at once: one of them has lost its lease and does not know.
            const both = await Promise.allSettled(
              [`${(round % 4) + 1}`, `${(round % 3) + 6}`].map((model) => invoke(stores, text, model, dies, stop)),
            );
            end = both.flatMap((one) => (one.status === "fulfilled" ? (one.value ?? []) : []))[0];
          }
          const accounts = [...stores.accounts].sort(([one], [other]) => one - other).map(([, account]) => account);
          const manifest = manifestOf(source, "endpoint", end, accounts);
          const good = cells.flatMap((cell, index) => (cell === "1" || cell === "2" ? [index + 1] : []));
          expect(manifest).to.include({ rowsIn: cells.length, scored: good.length, written: good.length });
          expect([...stores.table.values()].map((one) => one.row_number).sort((a, b) => a - b)).to.deep.equal(good);
          const aside = [...stores.quarantine.values()].flat().sort((a, b) => a - b);
          expect([...aside, ...good].sort((a, b) => a - b)).to.deep.equal(cells.map((_, index) => index + 1));
          expect(stores.overwritten).to.equal(0);
          for (const { predictions } of stores.committed.values()) {
            for (const one of predictions)
              expect(stores.table.get(`${fileId(source)}#${one.row_number}`)).to.equal(one);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it("takes as many invocations as there are chunks, where each has time for but one", async () => {
    const stores = new Stores();
    const text = ["a", ...Array<string>(8).fill("1")].join("\n");
    const never = (): boolean => false;
    const ends: (FileEnd | undefined)[] = [];
    for (let invocation = 0; invocation < 3; invocation++) {
      ends.push(await invoke(stores, text, "1", never, () => true));
    }
    expect(ends).to.deep.equal([undefined, undefined, { chunks: 3, rows: 8 }]);
  });

  it("refuses to account for a file whose chunks are not of just its rows", () => {
    const account = { rows: 3, scored: 2, quarantined: 1, modelPackages: [] };
    expect(manifestOf(source, "endpoint", { chunks: 2, rows: 6 }, [account, account])).to.include({ rowsIn: 6 });
    for (const [end, accounts] of [
      [{ chunks: 2, rows: 6 }, [account]],
      [{ chunks: 1, rows: 4 }, [account]],
      [{ chunks: 1, rows: 3 }, [{ ...account, scored: 1 }]],
    ] as const) {
      expect(() => manifestOf(source, "endpoint", end, accounts)).to.throw("rows in");
    }
  });
});

describe("scoring a chunk's rows", () => {
  const rows = (count: number) =>
    Array.from({ length: count }, (_, index) => ({
      number: index + 1,
      id: String(index),
      line: String(index),
      amount: undefined,
    }));
  const answerTo = (lines: readonly string[]) => ({
    predictions: lines.map(() => ({ score: 0.1 })),
    model: { packageArn: "arn:package/1", threshold: 0.5, algorithm: "xgboost" },
    inferenceId: "q",
  });
  const options = { batchRows: 10, slots: new Slots(3), patienceMilliseconds: 10_000 };

  it("asks for many rows at once, a few times at once", async () => {
    let [asked, inFlight, most] = [0, 0, 0];
    const ask = async (lines: readonly string[]) => {
      asked++;
      most = Math.max(most, ++inFlight);
      await new Promise((resolve) => setImmediate(resolve));
      inFlight--;
      return answerTo(lines);
    };
    const { batches, rejected } = await scoreRows(rows(95), { ...options, ask });
    expect([asked, most, rejected.length]).to.deep.equal([10, 3, 0]);
    expect(batches.flatMap((batch) => batch.rows.map(({ number }) => number))).to.deep.equal(
      rows(95).map(({ number }) => number),
    );
  });

  it("keeps a request within the endpoint's limit, however long the rows are", async () => {
    const long = rows(4).map((row) => ({ ...row, line: "1".repeat(2_000_000) }));
    const sizes: number[] = [];
    const ask = (lines: readonly string[]) => {
      sizes.push(lines.length);
      return Promise.resolve(answerTo(lines));
    };
    await scoreRows(long, { ...options, ask });
    expect(sizes).to.deep.equal([2, 2]);
  });

  it("asks a busy endpoint again, until its patience is over", async () => {
    let asked = 0;
    const ask = (lines: readonly string[]) =>
      ++asked % 3 === 0 ? Promise.resolve(answerTo(lines)) : Promise.reject(new ScoringError("busy", "throttled"));
    const { batches } = await scoreRows(rows(20), { ...options, ask });
    expect(batches.flatMap((batch) => batch.rows)).to.have.length(20);
    const never = () => Promise.reject(new ScoringError("busy", "throttled"));
    const failure = await scoreRows(rows(1), { ...options, ask: never, patienceMilliseconds: 0 }).catch(
      (error: unknown) => error,
    );
    expect(failure).to.include({ failure: "busy" });
  });

  it("finds the rows that the model rejects, and gives up on a model that rejects all", async () => {
    const poison = new Set(["3", "17"]);
    let asked = 0;
    const ask = (lines: readonly string[]) => {
      asked++;
      return lines.some((line) => poison.has(line))
        ? Promise.reject(new ScoringError("rejected", "a value is out of range"))
        : Promise.resolve(answerTo(lines));
    };
    const { batches, rejected } = await scoreRows(rows(30), { ...options, ask });
    expect(rejected.map(({ number }) => number)).to.deep.equal([4, 18]);
    expect(rejected[0]?.reason).to.equal("the model rejects the row: a value is out of range");
    expect(batches.flatMap((batch) => batch.rows)).to.have.length(28);
    expect(asked).to.be.below(25);
    asked = 0;
    const all = () => {
      asked++;
      return Promise.reject(new ScoringError("rejected", "30 columns are wanted"));
    };
    const failure = await scoreRows(rows(500), { ...options, batchRows: 500, ask: all }).catch(
      (error: unknown) => error,
    );
    expect(failure).to.include({ failure: "rejected", message: "30 columns are wanted" });
    expect(asked).to.be.below(100);
  });
});

describe("where a file's results go", () => {
  const event = {
    "detail-type": "Object Created" as const,
    time: "2026-01-02T03:04:05Z",
    detail: { bucket: { name: "bucket" }, object: { key: "fraud/stream_data/a b's+c.csv", etag: '"abc"' } },
  };
  const prefixes = { stream: "fraud/stream_data", quarantine: "fraud/quarantine", predictions: "fraud/predictions" };

  it("follows from the object alone, whose key is taken as it stands", () => {
    const object = sourceOf(event);
    expect(object).to.deep.equal({ ...source, key: "fraud/stream_data/a b's+c.csv", versionId: undefined });
    expect(quarantineKey(prefixes, object, 1)).to.equal("fraud/quarantine/a b's+c.csv/abc/chunk-000001.jsonl");
    expect(quarantineKey(prefixes, object, "file")).to.equal("fraud/quarantine/a b's+c.csv/abc/file.jsonl");
    expect(manifestKey("fraud/manifests", object)).to.match(/^fraud\/manifests\/dt=2026-01-02\/[0-9a-f]{32}\.json$/);
    expect(predictionKey(prefixes.predictions, object, 12)).to.match(
      /^fraud\/predictions\/dt=2026-01-02\/[0-9a-f]{32}-000012\.jsonl\.gz$/,
    );
  });

  it("differs between versions of an object", () => {
    const { detail } = event;
    const versioned = { ...event, detail: { ...detail, object: { ...detail.object, "version-id": "v2" } } };
    expect(sourceOf(versioned)).to.include({ versionId: "v2", version: "v2" });
    expect(manifestKey("p", sourceOf(versioned))).not.to.equal(manifestKey("p", sourceOf(event)));
  });

  it("is the same in the object and in the table, with numbers that DynamoDB takes, however small", () => {
    const prediction: Prediction = {
      transaction_id: "t",
      prediction: "legitimate",
      probability: 1.5e-7,
      threshold: 0.5,
      amount: 1e-200,
      scored_at: "2026-01-02T03:04:06.000Z",
      source: "s3://bucket/key",
      source_version: "abc",
      row_number: 3,
      model_package: "arn:package/1",
      model_version: 1,
      inference_id: "20260102T030405000Z-0123456789abcdef#2",
    };
    expect(readLines(writeLines([prediction, prediction]), "lines")).to.deep.equal([prediction, prediction]);
    expect(itemOf(prediction, source)).to.deep.equal({
      TransactionID: { S: "t" },
      RowId: { S: `${fileId(source)}#3` },
      Prediction: { S: "legitimate" },
      Probability: { N: "1.5e-7" },
      Threshold: { N: "0.5" },
      Amount: { N: "0" },
      Timestamp: { S: prediction.scored_at },
      Source: { S: "s3://bucket/key" },
      SourceVersion: { S: "abc" },
      RowNumber: { N: "3" },
      ModelPackage: { S: "arn:package/1" },
      ModelVersion: { N: "1" },
      InferenceId: { S: prediction.inference_id },
    });
    expect(() => readLines('{"transaction_id":1}', "lines")).to.throw("transaction_id = 1");
  });
});
