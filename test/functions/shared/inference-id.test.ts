import { expect } from "chai";
import fc from "fast-check";
import { inferenceId, inferenceTime, rowInferenceId } from "../../../functions/shared/inference-id";

const time = fc.date({ min: new Date("2000-01-01"), max: new Date("2100-01-01"), noInvalidDate: true });

describe("inference ids", () => {
  it("tell when the transaction was scored, whatever its row, and fit what SageMaker takes", () => {
    fc.assert(
      fc.property(time, fc.integer({ min: 1, max: 5000 }), fc.nat(4999), (at, rows, row) => {
        const id = rowInferenceId(inferenceId(at), row % rows, rows);
        expect(inferenceTime(id)).to.deep.equal(at);
        expect(id.length).to.be.at.most(64);
      }),
    );
  });

  it("sort by time, and are unlike each other", () => {
    fc.assert(
      fc.property(time, time, (one, other) => {
        if (one < other) expect(inferenceId(one) < inferenceId(other)).to.equal(true);
      }),
    );
    expect(new Set(Array.from({ length: 100 }, () => inferenceId(new Date(0)))).size).to.equal(100);
  });

  it("are not any text", () => {
    for (const text of ["", "tx-1", "20260231T000000000Z-0123456789abcdef", "20261121T250000000Z-0123456789abcdef"]) {
      expect(inferenceTime(text), text).to.equal(undefined);
    }
    const id = inferenceId(new Date("2026-11-21T13:00:00.123Z"), () => new Uint8Array(8));
    expect(id).to.equal("20261121T130000123Z-0000000000000000");
    for (const text of [`${id}#`, `${id}#01`, `${id}#-1`, ` ${id}`]) expect(inferenceTime(text)).to.equal(undefined);
  });
});
