import { expect } from "chai";
import fc from "fast-check";
import { judge, median, select, type Bench } from "../../bench/figure";

const bench = (...names: string[]): Bench => ({ names, run: () => Promise.resolve({}) });
const BENCHES = [bench("a.one", "a.two"), bench("b.one")];

describe("bench figures", () => {
  it("are judged by their goal, the goal itself included", () => {
    expect(judge({ value: 3, unit: "×", goal: { atLeast: 3 } })).to.deep.equal({
      value: 3,
      unit: "×",
      goal: "≥ 3",
      ok: true,
    });
    expect(judge({ value: 2.99, unit: "×", goal: { atLeast: 3 } }).ok).to.equal(false);
    expect(judge({ value: 80.1, unit: "ms", goal: { atMost: 80 } }).ok).to.equal(false);
  });

  it("are chosen by name or by its beginning, and all without one", () => {
    expect(select(BENCHES, [])).to.have.length(2);
    expect(select(BENCHES, ["a"])).to.deep.equal([BENCHES[0]]);
    expect(select(BENCHES, ["a.two", "b"])).to.deep.equal(BENCHES);
    expect(() => select(BENCHES, ["c"])).to.throw("no bench c: the benches are a.one, a.two, b.one");
  });

  it("take the median: as many figures above it as below", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 1 }), (values) => {
        const middle = median(values);
        const below = values.filter((value) => value < middle).length;
        const above = values.filter((value) => value > middle).length;
        expect(Math.abs(below - above)).to.be.at.most(values.filter((value) => value === middle).length);
      }),
    );
  });
});
