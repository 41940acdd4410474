// The champion beside the new model: what the evaluation found of it, and by how much the two differ on the same rows.
import { METRICS, type EvaluationReport, type MetricName } from "../../../functions/shared/evaluation-report";
import { type Markup, html } from "../markup";

const TITLES: Record<MetricName, string> = {
  auprc: "AUPRC",
  rocAuc: "ROC AUC",
  recallAtFpr001: "Recall at FPR 0.1%",
  precision: "Precision",
  recall: "Recall",
  f1: "F1",
  brier: "Brier score",
};

export function championPart({ champion, metrics, cost, algorithm }: EvaluationReport): Markup {
  if (champion.status !== "compared") {
    return html`<h3>Champion</h3>
      <p class="note">Not compared. ${champion.detail}</p>`;
  }
  const version = champion.mlflowVersion === undefined ? "" : `, version ${champion.mlflowVersion}`;
  const money = (amount: number) => amount.toLocaleString("en-US", { maximumFractionDigits: 2 });
  return html`<h3>Against the champion</h3>
    <table>
      <caption class="note">
        ${champion.detail} Differences are the new model less the champion, with the 95% interval of the paired
        bootstrap; each model decides at its own threshold.
      </caption>
      <thead>
        <tr>
          <th scope="col">Metric</th>
          <th scope="col">New (${algorithm})</th>
          <th scope="col">Champion (${champion.algorithm}${version})</th>
          <th scope="col">Difference</th>
        </tr>
      </thead>
      <tbody>
        ${METRICS.map((name) => {
          const { value, interval } = champion.difference[name];
          return html`<tr>
            <th scope="row">${TITLES[name]}</th>
            <td>${metrics[name].value.toFixed(4)}</td>
            <td>${champion.metrics[name].value.toFixed(4)}</td>
            <td>${signed(value)} <span class="note">${interval.map(signed).join(" to ")}</span></td>
          </tr>`;
        })}
        <tr>
          <th scope="row">Cost</th>
          <td>${money(cost.total)}</td>
          <td>${money(champion.costTotal)}</td>
          <td>${money(cost.total - champion.costTotal)}</td>
        </tr>
      </tbody>
    </table>`;
}

const signed = (value: number): string => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(4)}`;
