// The stages, one after the other, on one axis of time.
import { type Markup, html, section } from "../markup";
import type { RunReport, StageResult } from "../report";

const SIGNS = { passed: "✓", failed: "✕", skipped: "–" } as const;

export function stagesSection({ stages }: RunReport): Markup {
  const total = Math.max(
    0.001,
    stages.reduce((sum, stage) => sum + stage.seconds, 0),
  );
  const share = (seconds: number) => `${((100 * seconds) / total).toFixed(2)}%`;
  let before = 0;
  const rows = stages.map((stage) => {
    const row = html`<li class="${stage.status}">
      <span class="name">${stage.name}</span>
      <span class="status"><span aria-hidden="true">${SIGNS[stage.status]}</span> ${stage.status}</span>
      <span class="time">${stage.status !== "skipped" && `${stage.seconds.toFixed(1)} s`}</span>
      <span class="track" aria-hidden="true"><i style="left:${share(before)};width:${share(stage.seconds)}"></i></span>
      <span class="detail">${stage.detail ?? ""}</span>
    </li>`;
    before += stage.seconds;
    return row;
  });
  const counted = (status: StageResult["status"]) => stages.filter((stage) => stage.status === status).length;
  const others = (["failed", "skipped"] as const).filter((status) => counted(status) > 0);
  const counts = [
    `${counted("passed")} of ${stages.length} stages passed`,
    ...others.map((status) => `${counted(status)} ${status}`),
  ];
  return section(
    "stages",
    "Stages",
    html`<p class="lead">${counts.join(", ")}; ${total.toFixed(1)} s from left to right.</p>
      <ol class="timeline">
        ${rows}
      </ol>`,
  );
}
