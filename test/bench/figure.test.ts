import { expect } from "chai";
import fc from "fast-check";
import { inPairs, judge, median, runBenches, select, type Bench, type Results } from "../../bench/figure";

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

  it("are judged as they were measured, not as they are shown, and never without a number", () => {
    expect(judge({ value: 2.9999, unit: "×", goal: { atLeast: 3 } })).to.include({ value: 3, ok: false });
    for (const value of [NaN, Infinity]) {
      expect(() => judge({ value, unit: "×", goal: { atLeast: 3 } })).to.throw("is no figure");
    }
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

describe("running benches", () => {
  const measured: Bench = {
    names: ["x.fast", "x.slow"],
    run: (say) => {
      say("measuring");
      return Promise.resolve({
        "x.fast": { value: 1, unit: "s", goal: { atMost: 2 } },
        "x.slow": { value: 3, unit: "s", goal: { atMost: 2 } },
      });
    },
  };

  it("gives every figure with its goal, and tells what is under way", async () => {
    const said: string[] = [];
    const results = await runBenches(
      [measured],
      (text) => said.push(text),
      () => undefined,
    );
    expect(results).to.deep.equal({
      "x.fast": { value: 1, unit: "s", goal: "≤ 2", ok: true },
      "x.slow": { value: 3, unit: "s", goal: "≤ 2", ok: false },
    });
    expect(said.map((text) => text.trim())).to.include.members(["x.fast, x.slow", "measuring"]);
  });

  it("goes on after a bench that fails, whose figures miss their goals and say why", async () => {
    const broken: Bench = { names: ["y.a", "y.b"], run: () => Promise.reject(new Error("no disk left")) };
    const kept: Results = {};
    const results = await runBenches(
      [broken, measured],
      () => undefined,
      (some) => Object.assign(kept, some),
    );
    for (const name of ["y.a", "y.b"]) {
      expect(results[name]).to.deep.equal({ value: null, ok: false, error: "no disk left" });
    }
    expect(results["x.fast"]?.ok).to.equal(true);
    expect(kept, "every bench's results are handed over").to.deep.equal(results);
  });

  it("takes a figure that was promised and not measured for a failure", async () => {
    const forgetful: Bench = { names: ["z.a"], run: () => Promise.resolve({}) };
    const results = await runBenches(
      [forgetful],
      () => undefined,
      () => undefined,
    );
    expect(results["z.a"]).to.deep.equal({ value: null, ok: false, error: "the bench did not measure z.a" });
  });

  it("measures in pairs, one after the other, either one first in turn", async () => {
    const order: string[] = [];
    const one = (name: string) => () => Promise.resolve(order.push(name));
    const pairs = await inPairs(3, one("ours"), one("theirs"), () => order.push("|"));
    expect(order.join(" ")).to.equal("theirs ours | ours theirs | theirs ours |");
    expect(pairs).to.deep.equal([
      { theirs: 1, ours: 2 },
      { ours: 4, theirs: 5 },
      { theirs: 7, ours: 8 },
    ]);
  });
});
