import { expect } from "chai";
import fc from "fast-check";
import { parseJsonPath, select } from "../../../local/sagemaker/jobs/json-path";
import {
  association,
  batchesOf,
  storedOf,
  type TransformFormat,
} from "../../../local/sagemaker/jobs/transform-records";
import { parseManifest } from "../../../local/sagemaker/s3-files";

const format = (changes: Partial<TransformFormat> = {}): TransformFormat => ({
  splitType: "Line",
  batchStrategy: "MultiRecord",
  maxPayloadBytes: 0,
  assembleWith: "Line",
  ...changes,
});

/** What a job stores of an object with a model that answers each payload so. */
function transformed(text: string, given: TransformFormat, model: (payload: string) => string): string {
  const stored = batchesOf(Buffer.from(text), given).map((batch) =>
    storedOf(batch, Buffer.from(model(batch.payload.toString())), given),
  );
  return Buffer.concat(stored).toString();
}

function associated(contentType: string, processing: Parameters<typeof association>[1]): TransformFormat {
  const found = association(contentType, processing);
  if (!found) throw new Error("nothing is filtered or joined");
  return format({ association: found });
}

describe("JSONPath of batch transform", () => {
  const document = { id: 7, "a b": [1, 2, 3], deep: { list: [{ x: 1 }, { x: 2 }] } };

  it("selects members, elements, unions, slices and everything", () => {
    const cases: [string, unknown][] = [
      ["$", document],
      ["$.id", 7],
      ["$['a b'][-1]", 3],
      ["$['id','deep']", { id: 7, deep: document.deep }],
      ["$['a b'][0,1:]", [1, 2, 3]],
      ["$['a b'][:-1]", [1, 2]],
      ["$.deep.list[*].x", [1, 2]],
      ["$.deep.*", [document.deep.list]],
    ];
    for (const [path, wanted] of cases) expect(select(document, parseJsonPath(path)), path).to.deep.equal(wanted);
  });

  it("refuses what it does not know, and what is not there", () => {
    for (const path of ["id", "$..id", "$[?(@.x)]", "$.a.", "$[", "$['a"]) {
      expect(() => parseJsonPath(path), path).to.throw(path.startsWith("$") ? "can't be read" : "begin with $");
    }
    expect(() => select([1], parseJsonPath("$[1]"))).to.throw("index 1 is outside of the 1 elements");
    expect(() => select({}, parseJsonPath("$.x"))).to.throw("no member x");
  });

  it("slices as JavaScript does", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer()),
        fc.integer({ min: -9, max: 9 }),
        fc.integer({ min: -9, max: 9 }),
        (all, a, b) => {
          expect(select(all, parseJsonPath(`$[${a}:${b}]`))).to.deep.equal(all.slice(a, b));
        },
      ),
    );
  });
});

describe("records of transform jobs", () => {
  const cell = fc.stringMatching(/^[a-z0-9]{1,5}$/);

  it("keep order and content whatever the batches are", () => {
    const lines = fc.array(fc.array(cell, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(
        lines,
        fc.constantFrom("SingleRecord" as const, "MultiRecord" as const),
        fc.integer({ min: 24, max: 90 }),
        (rows, batchStrategy, maxPayloadBytes) => {
          const text = rows.map((row) => `${row.join(",")}\n`).join("");
          const given = format({ batchStrategy, maxPayloadBytes });
          for (const { payload, records } of batchesOf(Buffer.from(text), given)) {
            expect(payload.length).to.be.at.most(maxPayloadBytes);
            if (batchStrategy === "SingleRecord") expect(records).to.have.length(1);
          }
          expect(transformed(text, given, (payload) => payload)).to.equal(text);
        },
      ),
    );
  });

  it("are refused when they are larger than a payload may be", () => {
    expect(() => batchesOf(Buffer.from("1,2,3\n"), format({ maxPayloadBytes: 4 }))).to.throw("5 bytes");
    expect(() => batchesOf(Buffer.from("1,2\n3\n"), format({ splitType: "None", maxPayloadBytes: 4 }))).to.throw(
      "6 bytes",
    );
  });

  it("of CSV are filtered, joined with their answers by row, and filtered again", () => {
    const given = associated("text/csv", { InputFilter: "$[1:]", OutputFilter: "$[0,-1]", JoinSource: "Input" });
    const sums = (payload: string): string =>
      payload
        .trim()
        .split("\n")
        .map((row) => row.split(",").reduce((sum, value) => sum + Number(value), 0))
        .join("\n");
    const text = 'id-1,1,2\r\n"id,2",3,4\n';
    expect(transformed(text, given, sums)).to.equal('id-1,3\n"id,2",7\n');
    expect(transformed(text, { ...given, batchStrategy: "SingleRecord" }, sums)).to.equal('id-1,3\n"id,2",7\n');
    expect(() => transformed(text, given, () => "1\n")).to.throw("1 answers to 2 records");
  });

  it("of JSON get the answer as SageMakerOutput", () => {
    const lines = associated("application/jsonlines", { InputFilter: "$.x", JoinSource: "Input" });
    const double = (payload: string): string =>
      payload
        .trim()
        .split("\n")
        .map((line) => JSON.stringify({ p: Number(line) * 2 }))
        .join("\n");
    expect(transformed('{"x":1}\n{"x":2}\n', lines, double)).to.equal(
      '{"x":1,"SageMakerOutput":{"p":2}}\n{"x":2,"SageMakerOutput":{"p":4}}\n',
    );
    const whole = associated("application/json", { OutputFilter: "$['SageMakerOutput']", JoinSource: "Input" });
    expect(transformed("[1,2]", { ...whole, splitType: "None" }, () => '{"p":3}')).to.equal('{"p":3}\n');
    expect(() => association("image/png", { JoinSource: "Input" })).to.throw("not for image/png");
  });
});

describe("manifests", () => {
  it("name a prefix and the keys below it", () => {
    const text = JSON.stringify([{ prefix: "s3://bucket/some/" }, "a/one.csv", "two.csv"]);
    expect(parseManifest(text, "s3://m")).to.deep.equal([
      { bucket: "bucket", key: "some/a/one.csv", path: "a/one.csv" },
      { bucket: "bucket", key: "some/two.csv", path: "two.csv" },
    ]);
    for (const wrong of ["{", "[]", '["a"]', '[{"prefix":"s3://b/"}]', '[{"prefix":1},"a"]']) {
      expect(() => parseManifest(wrong, "s3://m"), wrong).to.throw('The manifest "s3://m"');
    }
  });
});
