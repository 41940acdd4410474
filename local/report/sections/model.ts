// The model on the test split: metrics with intervals, plots, confusion matrix.
import type { EvaluationReport, MetricName } from "../../../functions/shared/evaluation-report";
import { calibrationPlot, costCurve } from "../charts/decision";
import { precisionRecallCurve, rocCurve, scoreHistogram } from "../charts/ranking";
import { type Markup, html, notRun, section, syntheticBadge, whole } from "../markup";
import type { RunReport } from "../report";
import { championPart } from "./champion";

/** In the order of the page, with how many decimals say something. */
const METRICS: readonly [name: MetricName, title: string, decimals: number][] = [
  ["auprc", "AUPRC", 3],
  ["rocAuc", "ROC AUC", 3],
  ["recallAtFpr001", "Recall at FPR 0.1%", 3],
  ["precision", "Precision", 3],
  ["recall", "Recall", 3],
  ["f1", "F1", 3],
  ["brier", "Brier score", 5],
];

export function modelSection({ data, evaluation }: RunReport): Markup {
  if (evaluation === undefined) return notRun("model", "Model", "No model was evaluated in this run.");
  const { rows, threshold, algorithm } = evaluation;
  const weight = rows.legitimateWeight === 1 ? "" : ` Each legitimate row stands for ${rows.legitimateWeight}.`;
  const badge = syntheticBadge(data.source);
  const plots = [rocCurve, precisionRecallCurve, scoreHistogram, costCurve, calibrationPlot];
  return section(
    "model",
    "Model",
    html`<p class="lead">
        ${algorithm} on ${whole(rows.test)} test rows with ${whole(rows.frauds)} frauds, none of which training
        saw.${weight} Intervals are 95% bootstrap over the rows. Precision, recall and F1 at the threshold
        ${threshold.toPrecision(3)}, chosen on validation by
        cost.${data.source === "synthetic" && " The transactions were generated: figures say nothing about real fraud."}
      </p>
      <dl class="cards">
        ${METRICS.map(([name, title, decimals]) => card(evaluation, name, title, decimals))}
        <div class="card">
          <dt>Threshold</dt>
          <dd>${threshold.toPrecision(3)}</dd>
          <dd class="note">flagged from here up</dd>
        </div>
      </dl>
      <div class="plots">${plots.map((plot) => plot(evaluation, badge))} ${confusionMatrix(evaluation, badge)}</div>
      ${championPart(evaluation)}`,
    badge,
  );
}

function card({ metrics }: EvaluationReport, name: MetricName, title: string, decimals: number): Markup {
  const { value, interval } = metrics[name];
  const [low, high] = interval;
  const percent = (share: number) => `${(100 * share).toFixed(2)}%`;
  return html`<div class="card">
    <dt>${title}</dt>
    <dd>${value.toFixed(decimals)}</dd>
    <dd class="note">
      <span class="hidden">95% interval</span>${low.toFixed(decimals)} – ${high.toFixed(decimals)}
      ${
        // A Brier score lies so near 0 that a scale to 1 shows nothing.
        name !== "brier" &&
        html`<span class="interval" aria-hidden="true"
          ><i style="left:${percent(low)};width:${percent(high - low)}"></i><b style="left:${percent(value)}"></b
        ></span>`
      }
    </dd>
  </div>`;
}

function confusionMatrix({ confusionMatrix: found, rows, threshold }: EvaluationReport, badge: Markup | false): Markup {
  const cell = (count: number, of: number, right: boolean) =>
    html`<td class="${right ? "right" : "wrong"}">
      <strong>${whole(count)}</strong
      ><span class="note">${of === 0 ? "" : `${((100 * count) / of).toFixed(of > 1000 ? 3 : 1)}%`}</span>
    </td>`;
  const { truePositives, falsePositives, trueNegatives, falseNegatives } = found;
  const frauds = truePositives + falseNegatives;
  const legitimate = falsePositives + trueNegatives;
  return html`<figure class="matrix">
    <figcaption>Confusion matrix ${badge}</figcaption>
    <table>
      <caption class="hidden">
        Decisions on the test split at the threshold
      </caption>
      <thead>
        <tr>
          <td></td>
          <th scope="col">flagged</th>
          <th scope="col">let pass</th>
        </tr>
      </thead>
      <tbody>
        <tr>
          <th scope="row">fraud</th>
          ${cell(truePositives, frauds, true)} ${cell(falseNegatives, frauds, false)}
        </tr>
        <tr>
          <th scope="row">legitimate</th>
          ${cell(falsePositives, legitimate, false)} ${cell(trueNegatives, legitimate, true)}
        </tr>
      </tbody>
    </table>
    <p class="note">
      Rows of the test split at the threshold ${threshold.toPrecision(3)}, with their share of the true
      class${rows.legitimateWeight === 1 ? "" : "; rows are counted as they are, without weights"}.
      ${whole(truePositives)} of ${whole(frauds)} frauds were caught, with ${whole(falsePositives)} false alarms.
    </p>
  </figure>`;
}
