import { expect } from "chai";
import { evaluateMath, MathError, type Series } from "../../../local/cloudwatch/metric-math";
import { parseCompositeRule } from "../../../local/cloudwatch/composite-rule";
import { checkQueries } from "../../../local/cloudwatch/queries";
import { statistic } from "../../../local/cloudwatch/statistics";

const METRICS: Record<string, Series> = { errors: [1, undefined, 4], calls: [10, 20, 0], m1: [1, 2, 3] };

function math(expression: string): Series {
  return evaluateMath(expression, {
    resolve: (id) => (Object.hasOwn(METRICS, id) ? METRICS[id] : undefined),
    ids: Object.keys(METRICS),
    periods: [0, 60, 120],
    periodSeconds: 60,
  });
}

describe("metric math", () => {
  const EXAMPLES: [string, Series][] = [
    ["m1 + 1", [2, 3, 4]],
    ["-m1 * 2 ^ 2", [-4, -8, -12]],
    ["2 ^ 3 ^ 0", [2, 2, 2]],
    ["100 * errors / calls", [10, undefined, undefined]],
    ["errors + calls", [11, undefined, 4]],
    ["FILL(errors, 0) + calls", [11, 20, 4]],
    ["FILL(errors, REPEAT)", [1, 1, 4]],
    ["SUM([errors, calls])", [11, 20, 4]],
    ['SUM(METRICS("r"))', [1, undefined, 4]],
    ["AVG(m1)", [2, 2, 2]],
    ["MAX([m1, errors])", [1, 2, 4]],
    ["IF(m1 > 1, m1, 0)", [0, 2, 3]],
    ["IF(m1 >= 2 AND calls > 0, 1)", [undefined, 1, undefined]],
    ["IF(m1 == 1 || m1 == 3, 1, 0)", [1, 0, 1]],
    ["DIFF(m1)", [undefined, 1, 1]],
    ["RATE(calls) * PERIOD(calls)", [undefined, 10, -20]],
    ["RUNNING_SUM(m1)", [1, 3, 6]],
    ["METRIC_COUNT(METRICS()) + 0 * m1", [3, 3, 3]],
    ["CEIL(m1 / 2) - FLOOR(m1 / 2)", [1, 0, 1]],
    ["MAX(m1 - AVG(m1))", [1, 1, 1]],
  ];
  for (const [expression, expected] of EXAMPLES) {
    it(`${expression} is ${JSON.stringify(expected)}`, () => expect(math(expression)).to.deep.equal(expected));
  }

  const WRONG = ["", "m1 +", "nobody + 1", "SEARCH('{AWS/Lambda}', 'Sum', 60)", "METRICS()", "m1 % 2", "m1.x", "this"];
  for (const expression of WRONG) {
    it(`refuses ${JSON.stringify(expression)} with a reason`, () => {
      expect(() => math(expression)).to.throw(MathError, /.{10}/);
    });
  }

  it("refuses expressions that refer to themselves, by way of others too", () => {
    const metric = { Id: "m1", MetricStat: { Metric: {}, Period: 60, Stat: "Sum" } };
    const queries = [metric, { Id: "e1", Expression: "m1 + e2" }, { Id: "e2", Expression: "e1" }];
    expect(() => checkQueries(queries, (message) => new Error(message) as never)).to.throw("refers to itself");
  });
});

describe("a composite alarm's rule", () => {
  const states = { high: "ALARM", "low-disk (a)": "OK", new: "INSUFFICIENT_DATA" } as const;
  const holds = (rule: string) => parseCompositeRule(rule).holds((name) => states[name as keyof typeof states]);
  const RULES: [string, boolean][] = [
    ["ALARM(high)", true],
    ['ALARM("high") AND NOT OK("low-disk (a)")', false],
    ["(OK('low-disk (a)') OR ALARM(new)) AND INSUFFICIENT_DATA(new)", true],
    ["ALARM(arn:aws:cloudwatch:eu-west-1:123456789012:alarm:high)", true],
    ["NOT ALARM(missing) OR FALSE", true],
    ["TRUE AND FALSE", false],
  ];
  for (const [rule, expected] of RULES) it(`${rule} is ${expected}`, () => expect(holds(rule)).to.equal(expected));

  it("names the alarms in it once", () => {
    expect(parseCompositeRule("ALARM(a-1) OR OK(a-1) OR ALARM(b)").alarms).to.deep.equal(["a-1", "b"]);
  });

  for (const wrong of ["", "ALARM(", "high", "ALARM(a) + OK(b)", "ALARM(a) < 2", "ALARMED(a)"]) {
    it(`refuses ${JSON.stringify(wrong)}`, () => expect(() => parseCompositeRule(wrong)).to.throw());
  }
});

describe("statistics", () => {
  const values = Array.from({ length: 100 }, (_, index) => index + 1);
  const samples = values.map((value) => ({ at: 0, count: 1, sum: value, minimum: value, maximum: value, value }));
  it("are those of all values", () => {
    const all = ["SampleCount", "Sum", "Average", "Minimum", "Maximum", "p50", "p99", "p100"];
    expect(all.map((name) => statistic(name, samples))).to.deep.equal([100, 5050, 50.5, 1, 100, 50, 99, 100]);
  });
  it("has no percentile of a set whose values are not known", () => {
    const set = { at: 0, count: 3, sum: 6, minimum: 1, maximum: 3 };
    expect([statistic("Average", [set]), statistic("p99", [set])]).to.deep.equal([2, undefined]);
  });
});
