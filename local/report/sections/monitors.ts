// What the monitors said of clean and of drifted traffic.
import { type Markup, html, notRun, section, syntheticBadge, whole } from "../markup";
import type { RunReport } from "../report";

const TITLES = {
  dataQuality: "Data quality",
  modelQuality: "Model quality",
  bias: "Bias",
  explainability: "Explainability",
} as const;

export function monitorsSection({ monitors, data }: RunReport): Markup {
  if (monitors === undefined) return notRun("monitors", "Monitors", "No monitor was run.");
  const rows = (Object.keys(TITLES) as (keyof typeof TITLES)[]).map((name) => {
    const { clean, drifted, output } = monitors[name];
    return html`<tr>
      <th scope="row">${TITLES[name]}</th>
      <td class="number">${whole(clean.violations)}</td>
      <td class="number">${whole(drifted.violations)}</td>
      <td>${drifted.features.join(", ")}</td>
      <td><code>${output}</code></td>
    </tr>`;
  });
  return section(
    "monitors",
    "Monitors",
    html`<p class="lead">
        Violations of the live model's baselines in two windows of traffic: transactions like those of training, and the
        same with features shifted and labels turned over.
      </p>
      <div class="panel scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">Monitor</th>
              <th scope="col" class="number">Clean</th>
              <th scope="col" class="number">Drifted</th>
              <th scope="col">Where</th>
              <th scope="col">Output</th>
            </tr>
          </thead>
          <tbody>
            ${rows}
          </tbody>
        </table>
      </div>`,
    syntheticBadge(data.source),
  );
}
