// report.html: one page that needs nothing else.
import type { EvaluationReport } from "../../functions/shared/evaluation-report";
import { calibrationPlot, costCurve, precisionRecallCurve, rocCurve, scoreHistogram } from "./charts";
import { Markup, html } from "./markup";
import type { RunReport, TreeNode } from "./report";
import { STYLE } from "./style";

export function renderPage(report: RunReport): string {
  const verdict = report.passed ? "passed" : report.refusal === undefined ? "failed" : "refused";
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>Fraud platform: run ${verdict}</title>
        <style>
          ${new Markup(STYLE)}
        </style>
      </head>
      <body>
        <main>
          <header>
            <h1>Fraud platform, local run</h1>
            <p>
              <span class="badge ${verdict}">${verdict}</span
              >${report.data.source === "synthetic" && html`<span class="badge synthetic">synthetic data</span>`}
            </p>
            <p class="lead">${lead(report)}</p>
            ${report.refusal !== undefined && html`<p class="notice">${report.refusal}</p>`}
            ${report.error !== undefined && html`<p class="notice error" role="alert">${report.error}</p>`}
          </header>
          ${stages(report)}
          ${report.evaluation === undefined ? notRun("Model", "No model was evaluated in this run.") : model(report, report.evaluation)}
          ${service(report)} ${stream(report)} ${provisioned(report)}
        </main>
      </body>
    </html> `;
  return page.text;
}

function lead(report: RunReport): string {
  const data =
    report.data.rows === null
      ? "No transactions were read."
      : `${whole(report.data.rows)} transactions, ${whole(report.data.frauds)} of them fraud, ${report.data.source === "synthetic" ? "generated: figures say nothing about real fraud" : "from a file"}.`;
  const memory = report.resources.peakMb === null ? "" : `, ${whole(report.resources.peakMb)} MB of memory at the peak`;
  return `${data} ${report.startedAt.replace("T", " ").slice(0, 16)} UTC, ${report.durationSeconds.toFixed(1)} s${memory}.`;
}

const notRun = (title: string, text: string): Markup =>
  html`<section>
    <h2>${title}</h2>
    <p class="lead">Not run. ${text}</p>
  </section>`;

function stages(report: RunReport): Markup {
  const longest = Math.max(0.001, ...report.stages.map((stage) => stage.seconds));
  const row = (stage: RunReport["stages"][number]) =>
    html`<tr>
      <td>${stage.name}</td>
      <td class="${stage.status}">${stage.status}</td>
      <td class="number">${stage.status === "skipped" ? "" : `${stage.seconds.toFixed(1)} s`}</td>
      <td class="bar">
        <div class="track"><i style="width:${((100 * stage.seconds) / longest).toFixed(1)}%"></i></div>
      </td>
      <td class="detail">${stage.detail ?? ""}</td>
    </tr>`;
  return html`<section>
    <h2>Stages</h2>
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">Stage</th>
            <th scope="col">Status</th>
            <th scope="col" class="number">Time</th>
            <th scope="col" class="bar"></th>
            <th scope="col">What came out</th>
          </tr>
        </thead>
        <tbody>
          ${report.stages.map(row)}
        </tbody>
      </table>
    </div>
  </section>`;
}

const METRIC_NAMES: [keyof EvaluationReport["metrics"], string][] = [
  ["rocAuc", "ROC AUC"],
  ["auprc", "AUPRC"],
  ["recallAtFpr001", "Recall at FPR 0.1%"],
  ["precision", "Precision at the threshold"],
  ["recall", "Recall at the threshold"],
];

function model(report: RunReport, evaluation: EvaluationReport): Markup {
  const { metrics, confusionMatrix: matrix, rows } = evaluation;
  const synthetic = report.data.source === "synthetic" ? " Synthetic data." : "";
  return html`<section>
    <h2>Model</h2>
    <p class="lead">
      ${evaluation.algorithm}, on ${whole(rows.test)} test rows with ${rows.frauds} frauds that no training
      saw${rows.legitimateWeight === 1 ? "" : `; each legitimate row stands for ${rows.legitimateWeight}`}. Intervals
      are 95% bootstrap.${synthetic}
    </p>
    <dl class="cards">
      ${METRIC_NAMES.map(
        ([key, name]) =>
          html`<div class="card">
            <dt>${name}</dt>
            <dd>${metrics[key].value.toFixed(3)}</dd>
            <p class="note">${metrics[key].interval.map((end) => end.toFixed(3)).join(" – ")}</p>
          </div>`,
      )}
      <div class="card">
        <dt>Threshold</dt>
        <dd>${evaluation.threshold.toFixed(3)}</dd>
        <p class="note">chosen by cost, on validation</p>
      </div>
    </dl>
    <div class="plots">
      ${rocCurve(evaluation)}${precisionRecallCurve(evaluation)}${scoreHistogram(evaluation)}${costCurve(evaluation)}${calibrationPlot(evaluation)}
      <figure class="matrix">
        <figcaption>Confusion matrix at the threshold</figcaption>
        <table>
          <thead>
            <tr>
              <th scope="col"></th>
              <th scope="col" class="number">decided fraud</th>
              <th scope="col" class="number">decided legitimate</th>
            </tr>
          </thead>
          <tbody>
            <tr>
              <th scope="row">is fraud</th>
              <td class="number">${whole(matrix.truePositives)}</td>
              <td class="number">${whole(matrix.falseNegatives)}</td>
            </tr>
            <tr>
              <th scope="row">is legitimate</th>
              <td class="number">${whole(matrix.falsePositives)}</td>
              <td class="number">${whole(matrix.trueNegatives)}</td>
            </tr>
          </tbody>
        </table>
        <p class="note">Rows of the test split${rows.legitimateWeight === 1 ? "" : ", unweighted"}.</p>
      </figure>
    </div>
  </section>`;
}

function service(report: RunReport): Markup {
  const { registry, endpoint, api } = report;
  if (registry.modelPackageArn === null)
    return notRun("Registry, endpoint and API", "No model was registered, and nothing was deployed.");
  const facts: [string, string | null][] = [
    ["Model package", registry.modelPackageArn],
    ["MLflow version", registry.mlflowModelVersion],
    ["Endpoint", endpoint.name === null ? null : `${endpoint.name}: ${endpoint.status}`],
    ["Configuration", endpoint.configName],
    ["API", api.url],
    [
      "POST /predict",
      api.predictStatus === null ? null : `${api.predictStatus} with the key, ${api.noKeyStatus} without`,
    ],
    ["GET /health", api.healthStatus === null ? null : String(api.healthStatus)],
    ["Latency, one row", api.p50Ms === null ? null : `p50 ${api.p50Ms} ms, p99 ${api.p99Ms} ms`],
  ];
  return html`<section>
    <h2>Registry, endpoint and API</h2>
    ${factList(facts)}
    ${report.apiExamples?.map(
      (example) =>
        html`<details>
          <summary>
            ${example.status}: ${typeof example.request === "string" ? example.request : "POST /predict"}
          </summary>
          <pre>
${typeof example.request === "string" ? "" : `${JSON.stringify(example.request, undefined, 1)}\n\n`}${JSON.stringify(example.response, undefined, 1)}</pre>
        </details>`,
    )}
  </section>`;
}

function stream(report: RunReport): Markup {
  const { rowsIn, scored, quarantined, written } = report.stream;
  if (rowsIn === null) return notRun("Stream", "No file was scored.");
  return html`<section>
    <h2>Stream</h2>
    <p>
      ${whole(rowsIn)} rows came in: ${whole(scored)} scored, ${whole(quarantined)} quarantined; ${whole(written)} stand
      in DynamoDB.
    </p>
    ${
      report.quarantineReasons !== undefined &&
      html`<details>
        <summary>Why rows were quarantined</summary>
        <ul>
          ${report.quarantineReasons.map((reason) => html`<li>${reason}</li>`)}
        </ul>
      </details>`
    }
  </section>`;
}

function provisioned(report: RunReport): Markup {
  if (report.tree === undefined) return notRun("What was provisioned", "The stack did not come up.");
  return html`<section class="tree">
    <h2>What was provisioned</h2>
    <p class="lead">
      ${report.provisioned.resources} resources in ${report.provisioned.components} components, by the real Pulumi
      engine.
    </p>
    ${report.tree.map(branch)}
  </section>`;
}

function branch(node: TreeNode): Markup {
  const kind = node.type.split(":").pop() ?? node.type;
  if (node.children.length === 0) return html`<div>${node.name} <span class="note">${kind}</span></div>`;
  return html`<details>
    <summary><strong>${node.name}</strong> <span class="note">${kind}, ${leaves(node)} resources</span></summary>
    ${node.children.map(branch)}
  </details>`;
}

const leaves = (node: TreeNode): number =>
  (node.type.startsWith("aws:") ? 1 : 0) + node.children.reduce((sum, child) => sum + leaves(child), 0);

const factList = (facts: [string, string | null][]): Markup =>
  html`<dl class="facts">
    ${facts.flatMap(([name, value]) =>
      value === null
        ? []
        : [
            html`<dt>${name}</dt>
              <dd>${value}</dd>`,
          ],
    )}
  </dl>`;

const whole = (value: number | null) => (value === null ? "–" : value.toLocaleString("en-US"));
