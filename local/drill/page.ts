// drill.html: what was answered by whom, second by second, and what the endpoint was in meanwhile.
import * as Plot from "@observablehq/plot";
import { COLOURS, figure } from "../report/charts/figure";
import type { Markup } from "../report/markup";
import { facts, html, section, whole } from "../report/markup";
import { page } from "../report/page";
import type { Sample } from "./load";
import type { Played } from "./play";
import { CANARY_PERCENT, type DrillReport } from "./rollouts";

export interface DrillPage {
  startedAt: Date;
  played: readonly Played[];
  report: DrillReport;
  /** Why it ended early, where it did. */
  failure?: unknown;
}

/** The whole document. */
export function renderDrill({ startedAt, played, report, failure }: DrillPage): string {
  const kind = report.passed ? "passed" : "failed";
  const requests = played.reduce((sum, each) => sum + each.requests, 0);
  const failed = played.reduce((sum, each) => sum + each.failedRequests, 0);
  return page({
    title: `Fraud platform: drill ${kind}`,
    kind,
    kicker: "Fraud platform · game day on one machine",
    headline: headline(played, report),
    notices: typeof failure === "string" && html`<p class="notice" role="alert">${failure}</p>`,
    glance: [
      ["Started", `${startedAt.toISOString().replace("T", " ").slice(0, 16)} UTC`],
      ["Requests", whole(requests)],
      ["of them failed", whole(failed)],
      ["Canary", `${CANARY_PERCENT}%`],
    ],
    navigation: {
      label: "Rollouts",
      links: played.map(({ name, rollout }) => html`<a href="#${name}">${rollout.title}</a> `),
    },
    main: played.map(rolloutSection),
  });
}

function headline(played: readonly Played[], { passed }: DrillReport): string {
  const back = played.filter(({ outcome }) => outcome === "rolledBack").length;
  const through = played.length - back;
  return passed
    ? `${through} good model rolled out, ${back} bad ones rolled back`
    : `The drill did not end as it has to: ${through} rolled out, ${back} rolled back`;
}

function rolloutSection(played: Played): Markup {
  const { name, rollout, outcome, problems, split, alarm, rollbackSeconds } = played;
  const good = problems.length === 0;
  return section(
    name,
    rollout.title,
    html`<p class="lead">${rollout.shows}</p>
      ${problems.map((problem) => html`<p class="notice">${problem}</p>`)}
      <div class="plots">
        ${timeline(played)}
        <div class="panel">
          <h3>What came of it</h3>
          ${facts([
            ["Requests, failed", `${whole(played.requests)}, ${whole(played.failedRequests)}`],
            ["Live configuration", played.liveConfig],
            [
              "Share of the canary",
              split ? `${(100 * split.share).toFixed(2)}% of ${whole(split.requests)} answered requests` : null,
            ],
            ["Alarm", alarm ? `${alarm.name}, ${after(played, alarm.at)}` : null],
            [
              "Old model serves everything",
              rollbackSeconds === undefined ? null : `${rollbackSeconds.toFixed(1)} s after the alarm`,
            ],
            ["Took", `${played.seconds.toFixed(1)} s`],
          ])}
        </div>
      </div>
      <div class="panel">
        <h3>What the endpoint was in</h3>
        <table>
          <thead>
            <tr>
              <th scope="col">after</th>
              <th scope="col">status, stage, capacity</th>
              <th scope="col">live configuration</th>
            </tr>
          </thead>
          <tbody>
            ${played.moments.map(
              ({ at, text, liveConfig }) =>
                html`<tr>
                  <td class="code">${after(played, at)}</td>
                  <td>${text}</td>
                  <td>${liveConfig}</td>
                </tr>`,
            )}
          </tbody>
        </table>
      </div>`,
    html`<span class="badge ${good ? "passed" : "failed"}"
      >${outcome === "succeeded" ? "rolled out" : "rolled back"}</span
    >`,
  );
}

const after = ({ from }: Played, at: number): string => `${((at - from) / 1000).toFixed(1)} s`;

const KINDS = ["old model", "new model", "failed"] as const;
type Kind = (typeof KINDS)[number];

/** Requests by the second of their sending, by who answered them. */
function timeline(played: Played): Markup {
  const { from, to, samples, moments, alarm } = played;
  const kindOf = ({ status, packageArn }: Sample): Kind =>
    status !== 200 ? "failed" : packageArn === played.candidate.packageArn ? "new model" : "old model";
  const seconds = Math.max(1, Math.ceil((to - from) / 1000));
  const counts = Array.from({ length: seconds }, () => ({ "old model": 0, "new model": 0, failed: 0 }));
  for (const sample of samples) {
    const second = counts[Math.floor((sample.sentAt - from) / 1000)];
    if (second) second[kindOf(sample)]++;
  }
  const bars = counts.flatMap((count, second) => KINDS.map((kind) => ({ second, kind, requests: count[kind] })));
  const most = Math.max(1, ...counts.map((count) => count["old model"] + count["new model"] + count.failed));
  const rules = moments
    .filter(({ text }) => /Baking|RollingBack|InService$/.test(text))
    .map(({ at, text }, index) => ({
      second: (at - from) / 1000,
      text: text.split(" · ").slice(-2).join(" "),
      height: most * (1.06 + 0.09 * (index % 3)),
    }));
  return figure(
    "Requests a second",
    `Answered by the old model, by the new one (in orange), and failed (in red), by the second in which they were sent. Lines: ${rules
      .map(({ second, text }) => `${text} at ${second.toFixed(0)} s`)
      .join(", ")}${alarm ? `; alarm at ${((alarm.at - from) / 1000).toFixed(0)} s, dashed` : ""}.`,
    {
      width: 640,
      x: { label: "seconds →", domain: [0, seconds] },
      y: { label: "↑ requests", domain: [0, most * 1.3], grid: true, ticks: 5 },
      color: { domain: [...KINDS], range: [COLOURS.line, COLOURS.fraud, "var(--bad)"] },
      marks: [
        Plot.rectY(bars, {
          x1: "second",
          x2: (bar: { second: number }) => bar.second + 1,
          y: "requests",
          fill: "kind",
          order: [...KINDS],
        }),
        Plot.ruleX(rules, { x: "second", stroke: COLOURS.guide }),
        // What would stand beyond the right edge stands left of its line.
        ...(["start", "end"] as const).map((textAnchor) =>
          Plot.text(
            rules.filter(({ second }) => second > 0.75 * seconds === (textAnchor === "end")),
            {
              ...{ x: "second", y: "height", text: "text", fill: COLOURS.guide, textAnchor },
              dx: textAnchor === "end" ? -4 : 4,
            },
          ),
        ),
        ...(alarm
          ? [Plot.ruleX([(alarm.at - from) / 1000], { stroke: "var(--bad)", strokeDasharray: "4,4", strokeWidth: 2 })]
          : []),
      ],
    },
    false,
  );
}
