// Where the model stands, and what the API answered.
import { type Markup, facts, html, notRun, section } from "../markup";
import type { RunReport } from "../report";

const TITLE = "Registry, endpoint, API";

export function serviceSection(report: RunReport): Markup {
  const { registry, endpoint, api } = report;
  const nothing = registry.modelPackageArn === null && endpoint.name === null && api.url === null;
  if (nothing) return notRun("service", TITLE, "No model was registered, and nothing was deployed.");
  return section(
    "service",
    TITLE,
    html`<div class="columns">
        <div class="panel">
          <h3>Registry</h3>
          ${
            registry.modelPackageArn === null
              ? absent("No model was registered.")
              : facts([
                  ["Model package", registry.modelPackageArn],
                  ["MLflow model version", registry.mlflowModelVersion],
                ])
          }
          <h3>Endpoint</h3>
          ${
            endpoint.name === null
              ? absent("No endpoint was brought up.")
              : facts([
                  ["Name", endpoint.name],
                  ["Status", endpoint.status],
                  ["Live configuration", endpoint.configName],
                ])
          }
        </div>
        <div class="panel">
          <h3>API</h3>
          ${api.url === null ? absent("The API was not asked.") : apiTable(api)}
        </div>
      </div>
      ${report.apiExamples?.map(example)}`,
  );
}

const absent = (why: string): Markup => html`<p class="empty"><strong>Not run.</strong> ${why}</p>`;

function apiTable(api: RunReport["api"]): Markup {
  const asked: [string, number | null][] = [
    ["POST /predict with the key", api.predictStatus],
    ["POST /predict without a key", api.noKeyStatus],
    ["GET /health", api.healthStatus],
  ];
  return html`<table>
      <thead>
        <tr>
          <th scope="col">Request</th>
          <th scope="col" class="number">Answer</th>
        </tr>
      </thead>
      <tbody>
        ${asked.map(
          ([request, status]) =>
            html`<tr>
              <th scope="row">${request}</th>
              <td class="number">${status ?? "not asked"}</td>
            </tr>`,
        )}
        <tr>
          <th scope="row">One transaction, median</th>
          <td class="number">${milliseconds(api.p50Ms)}</td>
        </tr>
        <tr>
          <th scope="row">One transaction, 99th percentile</th>
          <td class="number">${milliseconds(api.p99Ms)}</td>
        </tr>
      </tbody>
    </table>
    <p class="note url">${api.url}</p>`;
}

const milliseconds = (value: number | null) => (value === null ? "not measured" : `${value.toFixed(1)} ms`);

function example({ request, status, response }: NonNullable<RunReport["apiExamples"]>[number]): Markup {
  const described = typeof request === "string";
  return html`<details>
    <summary><span class="code">${status}</span> ${described ? request : "POST /predict"}</summary>
    ${!described && [html`<h3>Request</h3>`, json(request)]}
    <h3>Answer</h3>
    ${json(response)}
  </details>`;
}

/** As a block that a keyboard can scroll. */
const json = (value: unknown): Markup =>
  html`<pre tabindex="0">${JSON.stringify(value, undefined, 2) ?? "nothing"}</pre>`;
