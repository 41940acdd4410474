import { expect } from "chai";
import fc from "fast-check";
import { readCapture, type CapturedAnswer } from "../../functions/compare-shadow/captured";
import { Comparison } from "../../functions/compare-shadow/comparison";
import { periodOf, type ShadowReport } from "../../functions/compare-shadow/logic";
import { renderShadow } from "../../functions/compare-shadow/page";

const ARN = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/fraud/";
const side = (version: number, threshold: number) => ({ packageArn: `${ARN}${version}`, threshold });
const answer = (inferenceId: string, scores: number[]): CapturedAnswer => ({
  inferenceId,
  time: "2026-11-21T13:00:00Z",
  scores,
  packageArn: undefined,
});

describe("what was captured of an answer", () => {
  const line = (data: string, encoding: string, observedContentType: string, inferenceId?: string) =>
    JSON.stringify({
      captureData: { endpointOutput: { data, encoding, observedContentType, mode: "OUTPUT" } },
      eventMetadata: { eventId: "e", inferenceTime: "2026-11-21T13:00:00Z", ...(inferenceId && { inferenceId }) },
      eventVersion: "0",
    });
  const model = { packageArn: `${ARN}3`, threshold: 0.5, algorithm: "xgboost" };
  const json = JSON.stringify({ predictions: [{ score: 0.25 }, { score: 0.5 }], model });
  const known = { inferenceId: "id", time: "2026-11-21T13:00:00Z", scores: [0.25, 0.5] };

  it("is read as JSON or CSV, as text or in base64", () => {
    const base64 = (text: string) => Buffer.from(text).toString("base64");
    for (const [data, encoding] of [
      [json, "JSON"],
      [base64(json), "BASE64"],
    ] as const) {
      expect(readCapture(line(data, encoding, "application/json", "id"))).to.deep.equal({
        ...known,
        packageArn: `${ARN}3`,
      });
    }
    for (const [data, encoding] of [
      ["0.25\n0.5\n", "CSV"],
      [base64("0.25\r\n0.5"), "BASE64"],
    ] as const) {
      const read = readCapture(line(data, encoding, "text/csv; charset=utf-8", "id"));
      expect(read).to.deep.equal({ ...known, packageArn: undefined });
    }
  });

  it("is nothing to compare without the request's name, or without scores", () => {
    expect(readCapture(line(json, "JSON", "application/json"))).to.equal("nameless");
    for (const bad of [
      "",
      "{",
      "{}",
      line("oops", "CSV", "text/csv", "id"),
      line("{}", "JSON", "application/json", "id"),
    ])
      expect(readCapture(bad), bad).to.equal("unreadable");
  });
});

describe("a comparison", () => {
  const score = fc.double({ min: 0, max: 1, noNaN: true });
  const rows = fc.array(fc.tuple(score, score), { minLength: 1, maxLength: 300 });

  it("counts what a look at all rows at once finds", () => {
    fc.assert(
      fc.property(rows, score, score, (pairs, one, other) => {
        const comparison = new Comparison(side(1, one), side(2, other));
        const half = Math.ceil(pairs.length / 2);
        for (const [name, part] of [
          ["a", pairs.slice(0, half)],
          ["b", pairs.slice(half)],
        ] as const) {
          comparison.add(
            answer(
              name,
              part.map(([production]) => production),
            ),
            answer(
              name,
              part.map(([, shadow]) => shadow),
            ),
          );
        }
        const result = comparison.result();
        const differences = pairs.map(([production, shadow]) => shadow - production);
        const absolute = differences.map(Math.abs).sort((a, b) => a - b);
        const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
        const differing = pairs.filter(([production, shadow]) => production >= one !== shadow >= other);
        expect(result).to.include({ requests: 2, rows: pairs.length, unlike: 0 });
        expect(result.scores.meanDifference).to.be.closeTo(mean(differences), 1e-9);
        expect(result.scores.meanAbsoluteDifference).to.be.closeTo(mean(absolute), 1e-9);
        expect(result.scores.maximumAbsoluteDifference).to.equal(absolute.at(-1));
        for (const [share, found] of [
          [0.5, result.scores.median],
          [0.99, result.scores.p99],
        ] as const) {
          const exact = absolute[Math.ceil(share * absolute.length) - 1] ?? NaN;
          expect(found).to.be.within(exact - 1e-9, exact + 1e-4 + 1e-9);
        }
        expect(result.scores.histogram.reduce((sum, count) => sum + count, 0)).to.equal(pairs.length);
        const { bothFraud, bothLegitimate, onlyProductionFraud, onlyShadowFraud, agreement } = result.decisions;
        expect(onlyProductionFraud + onlyShadowFraud).to.equal(differing.length);
        expect(bothFraud + bothLegitimate).to.equal(pairs.length - differing.length);
        expect(agreement).to.be.closeTo(1 - differing.length / pairs.length, 1e-9);
        expect(result.examples).to.have.length(Math.min(20, differing.length));
        const worst = Math.max(0, ...differing.map(([production, shadow]) => Math.abs(production - shadow)));
        const [first] = result.examples;
        if (first !== undefined) expect(Math.abs(first.production - first.shadow)).to.equal(worst);
      }),
    );
  });

  it("does not compare answers with another number of scores", () => {
    const comparison = new Comparison(side(1, 0.5), side(2, 0.5));
    comparison.add(answer("a", [0.1]), answer("a", [0.1, 0.2]));
    expect(comparison.result()).to.deep.include({ requests: 1, rows: 0, unlike: 1 });
    expect(comparison.result().decisions.agreement).to.equal(1);
  });
});

describe("the period of a comparison", () => {
  const now = new Date("2026-11-21T13:00:00Z");
  const start = (event: Parameters<typeof periodOf>[0], since: string) =>
    periodOf(event, new Date(since), now).start.toISOString();

  it("is the shadow's, a day at the most, unless somebody asks for another", () => {
    expect(start({}, "2026-11-21T12:30:00Z")).to.equal("2026-11-21T12:30:00.000Z");
    expect(start({}, "2026-11-01T00:00:00Z")).to.equal("2026-11-20T13:00:00.000Z");
    expect(start({ from: new Date("2026-11-02T00:00:00Z") }, "2026-11-01T00:00:00Z")).to.equal(
      "2026-11-02T00:00:00.000Z",
    );
    expect(() => start({ from: now }, "2026-11-01T00:00:00Z")).to.throw("has no length");
  });
});

describe("the page of a comparison", () => {
  it("says all of it, escaped, and how the shadow is made live", () => {
    const comparison = new Comparison(side(3, 0.31), side(4, 0.2));
    comparison.add(answer("<script>", [0.3]), answer("<script>", [0.9]));
    const load = { requests: 7, serverErrors: 0, latencyMilliseconds: { p50: 1.25, p99: 9.75 } };
    const report: ShadowReport = {
      reportVersion: 1,
      endpointName: "fraud",
      from: "2026-11-21T12:00:00.000Z",
      to: "2026-11-21T13:00:00.000Z",
      production: { ...side(3, 0.31), ...load },
      shadow: { ...side(4, 0.2), ...load, latencyMilliseconds: undefined },
      captured: { production: 1, shadow: 2, unmatched: 1, unreadable: 0 },
      ...comparison.result(),
    };
    const page = renderShadow(report);
    expect(page).to.contain("npm run rollback -- --to 4 --because TEXT");
    expect(page).to.contain("decide differently on 1 of 1 transactions in 1 requests");
    expect(page).to.contain("&#60;script&#62;#0").and.not.to.contain("<script");
    expect(page).to.contain("<td>9.8</td>").and.to.contain("<td>0.60000</td>");
  });
});
