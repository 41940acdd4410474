// The page's plots: static SVG in currentColor and CSS variables, so that light and dark need no second drawing.
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import type { EvaluationReport } from "../../functions/shared/evaluation-report";
import { Markup, html } from "./markup";

/** As much of the DOM as is used here; the compiler knows no browser. */
interface SvgElement {
  tagName: string;
  outerHTML: string;
  querySelector(selector: string): SvgElement | null;
  setAttribute(name: string, value: string): void;
  removeAttribute(name: string): void;
}

const { document } = parseHTML("<!doctype html><html><body></body></html>") as unknown as { document: never };
const SIZE = { width: 460, height: 300, marginLeft: 52, marginBottom: 40 };
const LINE = { stroke: "var(--accent)", strokeWidth: 2 };

type Options = Plot.PlotOptions;

/** A figure with its plot, a title and a text for those who don't see it. */
function figure(title: string, description: string, options: Options): Markup {
  const plot = Plot.plot({ ...SIZE, ...options, document }) as unknown as SvgElement;
  const svg = plot.tagName.toLowerCase() === "svg" ? plot : plot.querySelector("svg");
  svg?.removeAttribute("width");
  svg?.removeAttribute("height");
  svg?.setAttribute("role", "img");
  svg?.setAttribute("aria-label", description);
  return html`<figure>
    <figcaption>${title}</figcaption>
    ${new Markup(svg?.outerHTML ?? "")}
    <p class="note">${description}</p>
  </figure>`;
}

export function rocCurve({ curves, metrics }: EvaluationReport): Markup {
  return figure(
    "ROC curve",
    `Area ${three(metrics.rocAuc.value)}; the false-positive axis is cut at 5%, where fraud is decided.`,
    {
      x: { label: "false-positive rate →", domain: [0, 0.05], tickFormat: "%", grid: true },
      y: { label: "↑ recall", domain: [0, 1], tickFormat: "%", grid: true },
      marks: [
        Plot.line(
          curves.roc.filter(([rate]) => rate <= 0.05),
          { x: "0", y: "1", ...LINE },
        ),
        Plot.ruleX([0.001], { stroke: "var(--muted)", strokeDasharray: "3,3" }),
        Plot.text([[0.001, 0.05]], { text: ["FPR 0.1%"], dx: 6, textAnchor: "start", fill: "var(--muted)" }),
      ],
    },
  );
}

export function precisionRecallCurve({ curves, metrics, rows }: EvaluationReport): Markup {
  const { frauds, test, legitimateWeight } = rows;
  const prevalence = frauds / (frauds + (test - frauds) * legitimateWeight);
  return figure(
    "Precision–recall curve",
    `Average precision ${three(metrics.auprc.value)}; guessing would have ${(prevalence * 100).toFixed(2)}%.`,
    {
      x: { label: "recall →", domain: [0, 1], tickFormat: "%", grid: true },
      y: { label: "↑ precision", domain: [0, 1], tickFormat: "%", grid: true },
      marks: [
        Plot.line(curves.precisionRecall, { x: "0", y: "1", ...LINE, curve: "step-before" }),
        Plot.dot([[metrics.recall.value, metrics.precision.value]], { x: "0", y: "1", r: 5, fill: "var(--warm)" }),
        Plot.text([[metrics.recall.value, metrics.precision.value]], {
          text: ["threshold"],
          dx: -10,
          textAnchor: "end",
          fill: "currentColor",
        }),
      ],
    },
  );
}

export function scoreHistogram({ curves, threshold }: EvaluationReport): Markup {
  const { edges, legitimate, fraud } = curves.scoreHistogram;
  const bars = (counts: readonly number[], kind: string) =>
    counts
      .map((count, i) => ({ from: edges[i] ?? 0, to: edges[i + 1] ?? 1, count: count + 0.5, kind }))
      .filter((bar) => bar.count > 0.5);
  const mark = (counts: readonly number[], kind: string, fill: string) =>
    Plot.rectY(bars(counts, kind), {
      x1: "from",
      x2: "to",
      y1: 0.5,
      y2: "count",
      fill,
      fillOpacity: 0.65,
      insetLeft: 1,
    });
  return figure(
    "Scores by class",
    "Counts on a logarithmic axis: legitimate in blue, fraud in orange; the line is the threshold.",
    {
      x: { label: "score →", domain: [0, 1] },
      y: {
        label: "↑ rows",
        type: "log",
        domain: [0.5, Math.max(...legitimate, ...fraud, 10)],
        grid: true,
        ticks: 5,
        tickFormat: "~s",
      },
      marks: [
        mark(legitimate, "legitimate", "var(--accent)"),
        mark(fraud, "fraud", "var(--warm)"),
        Plot.ruleX([threshold], { stroke: "currentColor", strokeDasharray: "4,3" }),
      ],
    },
  );
}

export function costCurve({ cost, threshold }: EvaluationReport): Markup {
  return figure(
    "Cost by threshold",
    `A missed fraud costs its amount, a false alarm ${cost.falsePositiveCost}. At the threshold ${three(threshold)}: ${Math.round(cost.total).toLocaleString("en-US")}.`,
    {
      x: { label: "threshold →", domain: [0, 1] },
      y: { label: "↑ cost on the test split", grid: true, type: "sqrt", tickFormat: "~s" },
      marks: [
        Plot.line(cost.curve, { x: "0", y: "1", ...LINE }),
        Plot.ruleX([threshold], { stroke: "currentColor", strokeDasharray: "4,3" }),
      ],
    },
  );
}

export function calibrationPlot({ curves }: EvaluationReport): Markup {
  const points = curves.calibration
    .filter(([, share]) => share > 0)
    .map(([score, share, rows]) => ({ score: Math.max(score, 1e-5), share, rows }));
  return figure(
    "Calibration",
    "Mean score against share of frauds, bin by bin; on the line, a score is a probability. Bins without fraud are left out.",
    {
      x: { label: "mean score →", type: "log", domain: [1e-5, 1], grid: true, ticks: 5, tickFormat: "~g" },
      y: { label: "↑ share of frauds", type: "log", domain: [1e-5, 1], grid: true, ticks: 5, tickFormat: "~g" },
      marks: [
        Plot.line(
          [
            [1e-5, 1e-5],
            [1, 1],
          ],
          { x: "0", y: "1", stroke: "var(--muted)", strokeDasharray: "4,3" },
        ),
        Plot.dot(points, { x: "score", y: "share", r: 4, fill: "var(--accent)" }),
      ],
    },
  );
}

const three = (value: number) => value.toFixed(3);
