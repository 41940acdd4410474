// How well the scores tell fraud from the rest, whatever the threshold.
import * as Plot from "@observablehq/plot";
import type { EvaluationReport } from "../../../functions/shared/evaluation-report";
import type { Markup } from "../markup";
import { COLOURS, decades, figure, marked, percent, three } from "./figure";

const LINE = { stroke: COLOURS.line, strokeWidth: 2.2 };
const GUIDE = { stroke: COLOURS.guide, strokeDasharray: "4,4" };

/** On a logarithmic axis: at one fraud in 600 rows, all that matters happens below a false-positive rate of 1%. */
export function rocCurve(
  { curves, metrics, confusionMatrix, threshold }: EvaluationReport,
  badge: Markup | false,
): Markup {
  const { falsePositives, trueNegatives } = confusionMatrix;
  const legitimate = falsePositives + trueNegatives;
  const low = Math.min(1e-3, 10 ** Math.floor(Math.log10(1 / Math.max(legitimate, 1))));
  const shown = (rate: number) => Math.max(rate, low);
  const chance = Array.from({ length: 61 }, (_, i) => low ** (1 - i / 60)).map((rate) => [rate, rate]);
  return figure(
    "ROC curve",
    `Area ${three(metrics.rocAuc.value)}, false-positive rate on a logarithmic axis. At a rate of 0.1%, recall is ${percent(metrics.recallAtFpr001.value)}. Dashed: guessing.`,
    {
      x: { label: "false-positive rate →", type: "log", domain: [low, 1], ticks: decades(low), tickFormat: percent },
      y: { label: "↑ recall", domain: [0, 1], tickFormat: percent, ticks: 5, grid: true },
      marks: [
        Plot.gridX(decades(low)),
        Plot.line(chance, { x: "0", y: "1", ...GUIDE }),
        Plot.ruleX([0.001], GUIDE),
        Plot.text([[0.001, 0]], {
          text: ["FPR 0.1%"],
          x: "0",
          y: "1",
          dx: 5,
          dy: -8,
          textAnchor: "start",
          fill: COLOURS.guide,
        }),
        Plot.line(
          curves.roc.map(([rate, recall]) => [shown(rate), recall]),
          { x: "0", y: "1", ...LINE, curve: "step-after" },
        ),
        marked(
          shown(shareOf(falsePositives, legitimate)),
          metrics.recall.value,
          `threshold ${threshold.toPrecision(3)}`,
          "right",
          16,
        ),
      ],
    },
    badge,
  );
}

export function precisionRecallCurve(
  { curves, metrics, rows, threshold }: EvaluationReport,
  badge: Markup | false,
): Markup {
  const { frauds, test, legitimateWeight } = rows;
  const prevalence = shareOf(frauds, frauds + Math.max(0, test - frauds) * legitimateWeight);
  return figure(
    "Precision–recall curve",
    `Area (average precision) ${three(metrics.auprc.value)}. At the threshold, precision ${percent(metrics.precision.value)} and recall ${percent(metrics.recall.value)}. Guessing would have a precision of ${percent(prevalence)}.`,
    {
      x: { label: "recall →", domain: [0, 1], tickFormat: percent, ticks: 5, grid: true },
      y: { label: "↑ precision", domain: [0, 1], tickFormat: percent, ticks: 5, grid: true },
      marks: [
        Plot.ruleY([prevalence], GUIDE),
        Plot.areaY(curves.precisionRecall, {
          x: "0",
          y: "1",
          fill: COLOURS.line,
          fillOpacity: 0.1,
          curve: "step-before",
        }),
        Plot.line(curves.precisionRecall, { x: "0", y: "1", ...LINE, curve: "step-before" }),
        marked(metrics.recall.value, metrics.precision.value, `threshold ${threshold.toPrecision(3)}`, "left", 16),
      ],
    },
    badge,
  );
}

export function scoreHistogram({ curves, threshold }: EvaluationReport, badge: Markup | false): Markup {
  const { edges, legitimate, fraud } = curves.scoreHistogram;
  const bars = (counts: readonly number[], kind: string) =>
    counts.flatMap((count, i) => (count > 0 ? [{ from: edges[i] ?? 0, to: edges[i + 1] ?? 1, count, kind }] : []));
  const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);
  const panels = [
    { kind: "fraud", text: `fraud: ${sum(fraud).toLocaleString("en-US")} rows` },
    { kind: "legitimate", text: `legitimate: ${sum(legitimate).toLocaleString("en-US")} rows` },
  ];
  const most = Math.max(10, ...legitimate, ...fraud);
  return figure(
    "Scores by class",
    `Counts of test rows on a logarithmic axis, fraud above and legitimate below. The line is the threshold ${threshold.toPrecision(3)}: rows to its right are flagged.`,
    {
      height: 320,
      x: { label: "score →", domain: [0, 1], ticks: 5 },
      fy: { domain: ["fraud", "legitimate"], axis: null, padding: 0.12 },
      y: {
        label: "↑ rows",
        type: "log",
        domain: [0.6, 10 ** Math.ceil(Math.log10(most))],
        grid: true,
        ticks: decades(1 / most).map((share) => Math.round(1 / share)),
        tickFormat: "~s",
      },
      marks: [
        Plot.rectY([...bars(fraud, "fraud"), ...bars(legitimate, "legitimate")], {
          fy: "kind",
          x1: "from",
          x2: "to",
          y1: 0.6,
          y2: "count",
          fill: (bar: { kind: string }) => (bar.kind === "fraud" ? COLOURS.fraud : COLOURS.legitimate),
          insetLeft: 0.5,
          insetRight: 0.5,
        }),
        Plot.ruleX([threshold], { stroke: "currentColor", strokeWidth: 1.5, strokeDasharray: "4,3" }),
        Plot.text(panels, {
          fy: "kind",
          text: "text",
          frameAnchor: "top-right",
          dy: 6,
          fill: "currentColor",
          stroke: "var(--card)",
          strokeWidth: 4,
          fontWeight: 600,
        }),
      ],
      color: { type: "identity" },
    },
    badge,
  );
}

const shareOf = (part: number, whole: number): number => (whole > 0 ? part / whole : 0);
