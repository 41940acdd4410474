// Where the rows of the dropped file went.
import { type Markup, html, notRun, section, syntheticBadge, whole } from "../markup";
import type { RunReport } from "../report";

export function streamSection({ stream, data, quarantineReasons = [] }: RunReport): Markup {
  const { rowsIn, scored, quarantined, written } = stream;
  if (rowsIn === null) return notRun("stream", "Stream", "No file was scored.");
  const addsUp = rowsIn === (scored ?? 0) + (quarantined ?? 0) && written === scored;
  const share = (rows: number | null) => `${(100 * (rows ?? 0)) / Math.max(1, rowsIn)}%`;
  const steps: [string, string, number | null][] = [
    ["rows in", "", rowsIn],
    ["scored", "scored", scored],
    ["quarantined", "quarantined", quarantined],
    ["in DynamoDB", "", written],
  ];
  return section(
    "stream",
    "Stream",
    html`<div class="panel">
        <dl class="flow">
          ${steps.map(
            ([name, kind, rows]) =>
              html`<div class="${kind}">
                <dt>${name}</dt>
                <dd>${whole(rows)}</dd>
              </div>`,
          )}
        </dl>
        <div class="split" aria-hidden="true">
          <i class="scored" style="width:${share(scored)}"></i>
          <i class="quarantined" style="width:${share(quarantined)}"></i>
        </div>
        <p class="${addsUp ? "passed" : "failed"}">
          <span aria-hidden="true">${addsUp ? "✓" : "✕"}</span>
          ${
            addsUp
              ? "Every row was scored or quarantined, and every scored one stands in DynamoDB."
              : "The rows do not add up."
          }
        </p>
      </div>
      ${
        quarantineReasons.length > 0 &&
        html`<details>
          <summary>Why ${whole(quarantineReasons.length)} rows were quarantined</summary>
          <ul>
            ${quarantineReasons.map((reason) => html`<li>${reason}</li>`)}
          </ul>
        </details>`
      }`,
    syntheticBadge(data.source),
  );
}
