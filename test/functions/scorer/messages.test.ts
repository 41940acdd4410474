import { expect } from "chai";
import fc from "fast-check";
import { readOutput } from "../../../functions/scorer/batch-transform";
import { readMessage } from "../../../functions/scorer/messages";
import { DecodeError } from "../../../functions/shared/decode";
import { fileId, sourceOf } from "../../../functions/shared/source-object";

describe("a message of the stream's queue", () => {
  it("names an object by its key as it stands, whatever is in it, and each version of it apart", () => {
    const name = fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(name, name, name, fc.boolean(), (key, etag, version, versioned) => {
        const object = { key, etag, ...(versioned ? { "version-id": version } : {}), size: 7 };
        const event = {
          version: "0",
          "detail-type": "Object Created",
          time: "2026-01-02T03:04:05Z",
          detail: { bucket: { name: "bucket" }, object, reason: "PutObject" },
        };
        const message = readMessage(JSON.stringify(event));
        if (!("created" in message)) throw new Error("it is an object's");
        const source = sourceOf(message.created);
        expect(source).to.include({ key, versionId: versioned ? version : undefined });
        expect(fileId(source)).to.match(/^[0-9a-f]{32}$/);
        expect(fileId({ ...source, version: `${source.version}x` })).not.to.equal(fileId(source));
      }),
    );
  });

  it("is refused with what is wrong with it where it is none, and nothing else happens", () => {
    const near = fc.record(
      {
        "detail-type": fc.constantFrom("Object Created", "SageMaker Transform Job State Change", "Object Deleted"),
        time: fc.jsonValue(),
        detail: fc.oneof(fc.jsonValue(), fc.record({ bucket: fc.jsonValue(), object: fc.jsonValue() })),
      },
      { requiredKeys: [] },
    );
    const body = fc.oneof(
      fc.string(),
      fc.json(),
      near.map((value) => JSON.stringify(value)),
    );
    fc.assert(
      fc.property(body, (text) => {
        expect(() => readMessage(text)).to.throw(DecodeError, "The stream's message is not usable");
      }),
    );
  });

  it("tells of a transform job by where its input lies", () => {
    const S3Uri = "s3://bucket/fraud/transform/0123/input/";
    const event = {
      "detail-type": "SageMaker Transform Job State Change",
      detail: {
        TransformJobName: "fraud-stream-0123-1",
        TransformJobStatus: "Completed",
        TransformInput: { DataSource: { S3DataSource: { S3DataType: "S3Prefix", S3Uri } }, SplitType: "Line" },
      },
    };
    expect(readMessage(JSON.stringify(event))).to.deep.equal({ inputUri: S3Uri });
  });
});

describe("a transform job's output", () => {
  it("is a row's number and its probability in each line, and nothing else is taken for that", () => {
    expect([...readOutput("1,0.5\n7,1e-9\r\n8,1\n", "key")]).to.deep.equal([
      [1, 0.5],
      [7, 1e-9],
      [8, 1],
    ]);
    for (const line of ["1", "1,", "a,0.5", "1,1.5", "1,-0.1", "1,NaN", "1,0.5,2", "1.5,0.5", ",0.5", "0,0.5"]) {
      expect(() => readOutput(`1,0.5\n${line}\n`, "key"), line).to.throw(`line 2 of key is "${line}"`);
    }
  });
});
