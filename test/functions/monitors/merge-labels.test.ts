import { expect } from "chai";
import fc from "fast-check";
import {
  byHour,
  merge,
  readLabels,
  writeLabels,
  type EventLabel,
  type Labels,
} from "../../../functions/merge-labels/logic";
import { mergeFile, type Ports } from "../../../functions/merge-labels/merge-file";
import { readTime } from "../../../functions/merge-labels/rows";
import { inferenceId, rowInferenceId } from "../../../functions/shared/inference-id";

const CREATED = "2026-12-10T00:00:00.000Z";
const source = {
  bucket: "b",
  key: "fraud/ground-truth/raw/labels.csv",
  versionId: undefined,
  version: "v1",
  createdAt: CREATED,
};

/** Few transactions and times, so that labels meet. */
const event = fc.tuple(fc.nat(3), fc.nat(2)).map(([hour, row]) =>
  rowInferenceId(
    inferenceId(new Date(Date.UTC(2026, 10, 21, hour)), () => new Uint8Array(8).fill(row)),
    row,
    3,
  ),
);
const label: fc.Arbitrary<EventLabel> = fc.record({
  eventId: event,
  label: fc.constantFrom("0" as const, "1" as const),
  labelledAt: fc.nat(3).map((day) => new Date(Date.UTC(2026, 11, 1 + day)).toISOString()),
});
const delivery = fc.array(label, { maxLength: 12 });
const mergeAll = (deliveries: readonly EventLabel[][]): string =>
  writeLabels(deliveries.reduce((known: Labels, each) => merge(known, each), new Map()));

const csv = (labels: readonly EventLabel[]): string =>
  [
    "Inference ID,Label,Labelled at",
    ...labels.map((each) => `${each.eventId},${each.label},${each.labelledAt}`),
    "",
  ].join("\n");

/** Files of hours in memory, and transactions that are known: inference ids, a blank between them. */
function store(known: Record<string, string> = {}) {
  const hours = new Map<string, string>();
  const quarantine: { row: number; reason: string; raw: string }[] = [];
  const ports: Ports = {
    find: (ids) =>
      Promise.resolve(new Map(ids.flatMap((id) => (id in known ? [[id, (known[id] ?? "").split(" ")] as const] : [])))),
    merge: (hour, labels) => {
      hours.set(hour, writeLabels(merge(readLabels(hours.get(hour) ?? "", hour), labels)));
      return Promise.resolve();
    },
    setAside: (part, body) => {
      const lines = body.trimEnd().split("\n");
      quarantine.push(...lines.map((line) => JSON.parse(line) as (typeof quarantine)[number]));
      return Promise.resolve(`part-${part}`);
    },
  };
  return { hours, quarantine, ports };
}

async function* bytes(text: string): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < text.length; at += 37) yield await Promise.resolve(Buffer.from(text.slice(at, at + 37)));
}

describe("merging labels", () => {
  it("gives the same whatever the order of deliveries, and however often each comes", () => {
    fc.assert(
      fc.property(fc.array(delivery, { maxLength: 6 }), fc.infiniteStream(fc.nat()), (deliveries, order) => {
        const once = mergeAll(deliveries);
        const shuffled = deliveries
          .flatMap((each) => [each, each])
          .map((each) => ({ each: [...each].reverse(), at: order.next().value as number }))
          .sort((a, b) => a.at - b.at)
          .map(({ each }) => each);
        expect(mergeAll(shuffled)).to.equal(once);
        expect(mergeAll([deliveries.flat()])).to.equal(once);
      }),
    );
  });

  it("keeps the latest label of each transaction, and loses none", () => {
    fc.assert(
      fc.property(delivery, (labels) => {
        const merged = merge(new Map(), labels);
        expect(new Set(merged.keys())).to.deep.equal(new Set(labels.map(({ eventId }) => eventId)));
        for (const { eventId, labelledAt } of labels) {
          expect((merged.get(eventId)?.labelledAt ?? "") >= labelledAt).to.equal(true);
        }
      }),
    );
  });

  it("reads back what it wrote, in AWS's format, a transaction a line", () => {
    fc.assert(
      fc.property(delivery, (labels) => {
        const text = mergeAll([labels]);
        expect(writeLabels(readLabels(text, "file"))).to.equal(text);
        const records = text
          .split("\n")
          .filter(Boolean)
          .map((line) => JSON.parse(line) as Record<string, unknown>);
        const ids = records.map(({ eventMetadata }) => (eventMetadata as { eventId: string }).eventId);
        expect(ids).to.deep.equal([...new Set(ids)].sort());
        for (const record of records) {
          expect(record).to.have.all.keys("groundTruthData", "eventMetadata", "eventVersion");
          const { data, encoding } = record.groundTruthData as { data: string; encoding: string };
          expect(encoding).to.equal("JSON");
          const { eventId } = record.eventMetadata as { eventId: string };
          const label = Number(merge(new Map(), labels).get(eventId)?.label);
          expect(JSON.parse(data)).to.deep.equal({ instances: [{ label }] });
        }
      }),
    );
  });

  it("reads what it wrote while requests were CSV, and writes it as it does now", () => {
    const eventMetadata = { eventId: inferenceId(new Date(CREATED)), labelledAt: CREATED };
    const line = JSON.stringify({ groundTruthData: { data: "1", encoding: "CSV" }, eventMetadata, eventVersion: "0" });
    const labels = readLabels(`${line}\n`, "file");
    expect([...labels.values()]).to.deep.equal([{ ...eventMetadata, label: "1" }]);
    expect(JSON.parse(writeLabels(labels))).to.have.nested.property("groundTruthData.encoding", "JSON");
  });

  it("says which line of a damaged file is no record", () => {
    expect(() => readLabels('{"eventVersion":"0"}\n', "s3://b/k")).to.throw(
      /Line 1 of s3:\/\/b\/k[\s\S]*groundTruthData/,
    );
  });

  it("files labels under the hour in which their transactions were scored", () => {
    const eventId = inferenceId(new Date("2026-11-21T13:59:59.999Z"));
    expect([...byHour([{ eventId, label: "1", labelledAt: CREATED }]).keys()]).to.deep.equal(["2026/11/21/13"]);
  });
});

describe("a file of labels", () => {
  it("ends row by row as labels or in quarantine, and changes nothing when it comes again", async () => {
    await fc.assert(
      fc.asyncProperty(delivery, fc.array(fc.string(), { maxLength: 4 }), async (labels, noise) => {
        const rows = noise.map((text) => `"${text.replaceAll('"', '""')}",1,2026-12-01`);
        const text = csv(labels) + rows.join("\n");
        const { hours, ports } = store();
        const manifest = await mergeFile(ports, source, bytes(text));
        expect(manifest.status).to.equal("complete");
        expect(manifest.rowsIn).to.equal(labels.length + noise.length);
        expect(manifest.accepted).to.equal(labels.length);
        expect(manifest.quarantined).to.equal(noise.length);
        const before = new Map(hours);
        await mergeFile(ports, source, bytes(text));
        expect(hours).to.deep.equal(before);
        // An id begins with its time: files in the order of their hours are sorted as one.
        const inOrder = [...hours.keys()].sort().map((hour) => hours.get(hour));
        expect(inOrder.join("")).to.equal(mergeAll([labels]));
      }),
      { numRuns: 50 },
    );
  });

  it("labels a transaction wherever it was scored, and accepts the row once", async () => {
    const ids = [1, 2].map((hour) => inferenceId(new Date(Date.UTC(2026, 10, 21, hour))));
    const { hours, ports } = store({ "tx-1": ids.join(" ") });
    const manifest = await mergeFile(ports, source, bytes("TransactionID,labelled_at,label\ntx-1,2026-12-01,1\n"));
    expect(manifest).to.deep.include({ rowsIn: 1, accepted: 1, hours: ["2026/11/21/01", "2026/11/21/02"] });
    ids.forEach((id, index) => expect(hours.get(`2026/11/21/0${index + 1}`)).to.contain(id));
  });

  it("names every thing that is wrong with a row", async () => {
    const good = inferenceId(new Date("2026-11-21T13:00:00Z"));
    const text = [
      "TransactionID,labelled_at,LABEL,InferenceId",
      `,2026-12-01,1,${good}`,
      `tx-1,2026-12-01T10:00:00+02:00,0,`,
      `tx-9,2026-12-01,1,`,
      `,2026-12-01,1,`,
      `,2026-02-31,yes,nonsense`,
      `,2026-12-12,1,${good}`,
      `,2026-12-01T10:00:00,1,${good}`,
      `tx-1,2026-12-01`,
    ].join("\r\n");
    const { hours, quarantine, ports } = store({ "tx-1": rowInferenceId(good, 7, 10) });
    const manifest = await mergeFile(ports, source, bytes(text));
    expect(manifest).to.deep.include({ rowsIn: 8, accepted: 2, quarantined: 6, hours: ["2026/11/21/13"] });
    expect(quarantine.sort((a, b) => a.row - b.row).map(({ row, reason }) => `${row}: ${reason}`)).to.deep.equal([
      "3: no prediction of transaction tx-9 is known",
      "4: it names no InferenceId or TransactionID",
      '5: InferenceId "nonsense" is none that a prediction was given; label "yes" is not 0 or 1; ' +
        'labelled at "2026-02-31" is no date, and no time with its zone, such as 2026-11-21T13:00:00Z',
      "6: labelled at 2026-12-12T00:00:00.000Z is after the file itself",
      '7: labelled at "2026-12-01T10:00:00" is no date, and no time with its zone, such as 2026-11-21T13:00:00Z',
      "8: has 2 columns, the header 4",
    ]);
    expect(hours.get("2026/11/21/13")).to.contain(`"eventId":"${good}#7","labelledAt":"2026-12-01T08:00:00.000Z"`);
  });

  it("is refused by its header, and by nothing that it could have said", async () => {
    for (const [text, reason] of [
      ["", "the file has no header"],
      ["a,b\n1,2\n", "the header lacks InferenceId or TransactionID and lacks label and lacks labelled at"],
      ["InferenceId,label,labelled at,Label\n", "the header has more than one label"],
    ] as const) {
      const { quarantine, ports } = store();
      const manifest = await mergeFile(ports, source, bytes(text));
      expect(manifest).to.deep.include({ status: "refused", reason, rowsIn: 0, accepted: 0, quarantined: 0 });
      expect(quarantine).to.deep.equal([{ row: 0, reason, raw: "" }]);
    }
  });

  it("may write a time in any zone, and a date alone", () => {
    expect(readTime("2026-12-01")).to.equal("2026-12-01T00:00:00.000Z");
    expect(readTime("2026-12-01 10:00-05:00")).to.equal("2026-12-01T15:00:00.000Z");
    for (const text of ["", "yesterday", "2026-13-01", "2026-02-30T00:00:00Z", "2026-12-01T25:00:00Z", "1764547200"]) {
      expect(readTime(text), text).to.equal(undefined);
    }
  });
});
