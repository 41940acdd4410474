// What deciding by the scores costs, and whether a score is a probability.
import * as Plot from "@observablehq/plot";
import type { EvaluationReport } from "../../../functions/shared/evaluation-report";
import type { Markup } from "../markup";
import { COLOURS, decades, figure, marked, percent } from "./figure";

/** Below this threshold nearly every row is flagged; there is nothing to choose there. */
const USUAL_LOWEST = 1e-4;
/** Where the axes of scores begin at the least: below, a score is as good as 0. */
const LOWEST = 1e-6;

export function costCurve({ cost, threshold }: EvaluationReport, badge: Markup | false): Markup {
  const low = Math.min(USUAL_LOWEST, decadeBelow(threshold));
  const shown = Math.max(threshold, low);
  const curve = cost.curve.filter(([at]) => at >= low);
  const costs = [...curve.map(([, value]) => value), cost.total];
  const [cheapest, dearest] = [Math.min(...costs), Math.max(...costs)];
  const best = curve.reduce<[number, number] | undefined>(
    (least, point) => (least && least[1] <= point[1] ? least : point),
    undefined,
  );
  const lowest =
    best === undefined ? "" : ` The lowest that these rows allow is ${whole(best[1])}, at ${best[0].toPrecision(2)}.`;
  return figure(
    "Cost by threshold",
    `A missed fraud costs its amount, a false alarm ${cost.falsePositiveCost}. At the chosen threshold ${threshold.toPrecision(3)}: ${whole(cost.total)}.${lowest}`,
    {
      x: {
        label: "threshold →",
        type: "log",
        domain: [low, 1],
        ticks: decades(low),
        tickFormat: (value: number) => String(value),
      },
      y: {
        label: "↑ cost on the test split",
        // A model without a mistake costs nothing, which no logarithm shows.
        type: cheapest >= 0.01 ? "log" : "symlog",
        // An axis from a value to itself has no places.
        domain: [cheapest, dearest > cheapest ? dearest : Math.max(10 * cheapest, 10)],
        grid: true,
        ticks: roundTicks(cheapest, dearest),
        tickFormat: "~s",
        nice: true,
      },
      marks: [
        Plot.gridX(decades(low)),
        Plot.line(curve, { x: "0", y: "1", stroke: COLOURS.line, strokeWidth: 2.2 }),
        Plot.ruleX([shown], { stroke: "currentColor", strokeDasharray: "4,3" }),
        marked(shown, cost.total, `chosen: ${threshold.toPrecision(3)}`, threshold > 0.05 ? "left" : "right", -14),
      ],
    },
    badge,
  );
}

export function calibrationPlot({ curves, rows }: EvaluationReport, badge: Markup | false): Markup {
  const values = curves.calibration.flatMap(([score, share]) => [score, share]).filter((value) => value > 0);
  const low = Math.min(1e-2, decadeBelow(Math.min(...values, 1)));
  const points = curves.calibration.map(([score, share, count]) => ({
    score: Math.max(score, low),
    share: Math.max(share, low),
    count,
    empty: share === 0,
  }));
  const ticks = decades(low);
  const axis = { type: "log", domain: [low, 1], ticks, tickFormat: percent } as const;
  const without = points.some(({ empty }) => empty) ? " Hollow: bins without any fraud." : "";
  return figure(
    "Calibration",
    `Mean score against share of frauds, bin by bin, of ${whole(rows.test)} rows; the larger a dot, the more rows. On the dashed line a score is a probability.${without}`,
    {
      marginLeft: 64,
      x: { label: "mean score →", ...axis },
      y: { label: "↑ share of frauds", ...axis },
      r: { range: [3.5, 9] },
      marks: [
        Plot.gridX(ticks),
        Plot.gridY(ticks),
        Plot.line(
          [
            [low, low],
            [1, 1],
          ],
          { x: "0", y: "1", stroke: COLOURS.guide, strokeDasharray: "4,4" },
        ),
        Plot.dot(points, {
          x: "score",
          y: "share",
          r: "count",
          fill: (point: { empty: boolean }) => (point.empty ? "var(--card)" : COLOURS.line),
          stroke: COLOURS.line,
          strokeWidth: 1.5,
        }),
      ],
      color: { type: "identity" },
    },
    badge,
  );
}

const whole = (value: number) => Math.round(value).toLocaleString("en-US");

/** 1, 2 and 5 times powers of ten around a range; powers of ten alone where the range is wide. */
function roundTicks(from: number, to: number): number[] {
  const first = Math.floor(Math.log10(Math.max(from, 1)));
  const last = Math.ceil(Math.log10(Math.max(to, 10)));
  const steps = last - first > 3 ? [1] : [1, 2, 5];
  return Array.from({ length: last - first }, (_, i) => steps.map((step) => step * 10 ** (first + i))).flat();
}

/** The power of ten at or below a share, but none below {@link LOWEST}. */
const decadeBelow = (share: number): number => 10 ** Math.floor(Math.log10(Math.max(share, LOWEST)));
