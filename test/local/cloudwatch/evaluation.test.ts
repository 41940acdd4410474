import { expect } from "chai";
import fc from "fast-check";
import {
  evaluate,
  evaluationRange,
  type AlarmRule,
  type MissingDataTreatment,
} from "../../../local/cloudwatch/evaluation";

const TREATMENTS: MissingDataTreatment[] = ["missing", "ignore", "breaching", "notBreaching"];

/** `0 - X`: within the threshold, missing, breaching; the newest last. */
function points(drawn: string): (number | undefined)[] {
  return drawn.split(" ").map((mark) => ({ "0": 0, X: 10, "-": undefined })[mark]);
}

function rule(m: number, n: number, treatMissingData: MissingDataTreatment): AlarmRule {
  return {
    comparison: "GreaterThanThreshold",
    threshold: 5,
    evaluationPeriods: n,
    datapointsToAlarm: m,
    treatMissingData,
  };
}

// The two tables of "Configuring how CloudWatch alarms treat missing data" (Amazon CloudWatch User Guide).
const RETAIN = undefined;
const DOCUMENTED: [m: number, n: number, drawn: string, filled: number, ...states: (string | undefined)[]][] = [
  [3, 3, "0 - X - X", 0, "OK", "OK", "OK", "OK"],
  [3, 3, "0 - - - -", 2, "OK", "OK", "OK", "OK"],
  [3, 3, "- - - - -", 3, "INSUFFICIENT_DATA", RETAIN, "ALARM", "OK"],
  [3, 3, "0 X X - X", 0, "ALARM", "ALARM", "ALARM", "ALARM"],
  [3, 3, "- - X - -", 2, "ALARM", RETAIN, "ALARM", "OK"],
  [2, 3, "0 - X - X", 0, "ALARM", "ALARM", "ALARM", "ALARM"],
  [2, 3, "0 0 X 0 X", 0, "ALARM", "ALARM", "ALARM", "ALARM"],
  [2, 3, "0 - X - -", 1, "OK", "OK", "ALARM", "OK"],
  [2, 3, "- - - - 0", 2, "OK", "OK", "ALARM", "OK"],
  [2, 3, "- - - X -", 2, "ALARM", RETAIN, "ALARM", "OK"],
];

describe("an alarm's state", () => {
  for (const [m, n, drawn, filled, ...states] of DOCUMENTED) {
    TREATMENTS.forEach((treatment, index) => {
      it(`is ${states[index] ?? "kept"} for ${drawn}, ${m} out of ${n}, missing data treated as ${treatment}`, () => {
        const verdict = evaluate(rule(m, n, treatment), points(drawn));
        expect(verdict.state).to.equal(states[index]);
        expect(verdict.filled).to.equal(filled);
      });
    });
  }

  it("takes two periods more than are evaluated, as in AWS's examples", () => {
    expect(evaluationRange(3)).to.equal(5);
  });

  const series = (n: number) =>
    fc.array(fc.option(fc.constantFrom(0, 10), { nil: undefined }), { minLength: n + 2, maxLength: n + 2 });
  const cases = fc
    .integer({ min: 1, max: 6 })
    .chain((n) => fc.record({ n: fc.constant(n), m: fc.integer({ min: 1, max: n }), values: series(n) }));
  const treatments = fc.constantFrom(...TREATMENTS);

  it("with all the data there, is an alarm exactly where M of the last N breach, however missing data is treated", () => {
    fc.assert(
      fc.property(cases, treatments, ({ n, m, values }, treatment) => {
        const full = values.map((value) => value ?? 0);
        const breaching = full.slice(-n).filter((value) => value > 5).length;
        expect(evaluate(rule(m, n, treatment), full).state).to.equal(breaching >= m ? "ALARM" : "OK");
      }),
    );
  });

  it("never gets better by a datapoint getting worse", () => {
    const rank = (state: string | undefined) => (state === "ALARM" ? 1 : 0);
    fc.assert(
      fc.property(cases, treatments, fc.nat(), ({ n, m, values }, treatment, which) => {
        const worse = values.map((value, index) => (index === which % values.length && value === 0 ? 10 : value));
        const before = evaluate(rule(m, n, treatment), values).state;
        const after = evaluate(rule(m, n, treatment), worse).state;
        expect(rank(after)).to.be.at.least(rank(before));
      }),
    );
  });

  it("of missing data alone says what the treatment says", () => {
    fc.assert(
      fc.property(cases, ({ n, m }) => {
        const none = points(
          Array(n + 2)
            .fill("-")
            .join(" "),
        );
        const states = TREATMENTS.map((treatment) => evaluate(rule(m, n, treatment), none).state);
        expect(states).to.deep.equal(["INSUFFICIENT_DATA", undefined, "ALARM", "OK"]);
      }),
    );
  });

  it("compares as the operator says, at the threshold too", () => {
    const at = (comparison: AlarmRule["comparison"], value: number) =>
      evaluate({ ...rule(1, 1, "missing"), comparison }, [undefined, undefined, value]).state;
    expect(["GreaterThanThreshold", "LessThanThreshold"].map((name) => at(name as never, 5))).to.deep.equal([
      "OK",
      "OK",
    ]);
    expect(
      ["GreaterThanOrEqualToThreshold", "LessThanOrEqualToThreshold"].map((name) => at(name as never, 5)),
    ).to.deep.equal(["ALARM", "ALARM"]);
    expect([at("LessThanThreshold", 4), at("GreaterThanThreshold", 6)]).to.deep.equal(["ALARM", "ALARM"]);
  });
});
