import { packageVersion } from "../shared/scoring";
import { HISTOGRAM_BINS } from "./comparison";
import { inWords, promotionCommand, type ShadowReport } from "./logic";

const STYLE = `
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}
table{border-collapse:collapse;margin:1rem 0}th,td{padding:.3rem .8rem;text-align:right;border-bottom:1px solid #8886}
th:first-child,td:first-child{text-align:left}svg{width:100%;height:auto}rect{fill:#4477aa}text{fill:currentColor;font-size:11px}
code{background:#8882;padding:.1rem .3rem}`;

/** The report as a page that needs nothing else. */
export function renderShadow(report: ShadowReport): string {
  const { scores, decisions, captured, production, shadow } = report;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Shadow comparison: ${escape(report.endpointName)}</title><style>${STYLE}</style></head><body>
<h1>Shadow of ${escape(report.endpointName)}</h1>
<p>${escape(inWords(report))}</p>
<p>${escape(report.from)} to ${escape(report.to)}. Nobody was given an answer of the shadow. To make it live:
<code>${escape(promotionCommand(report))}</code>; the next model that is deployed takes its place.</p>
<h2>Models</h2>
${table(
  ["", "package", "threshold", "requests", "server errors", "p50, ms", "p99, ms"],
  [
    ["answers", ...sideCells(production)],
    ["shadow", ...sideCells(shadow)],
  ],
)}
<p>Latencies are the model's container's, of the hour in which they were worst.</p>
<h2>Decisions</h2>
${table(
  ["", "shadow: fraud", "shadow: legitimate"],
  [
    ["answers: fraud", String(decisions.bothFraud), String(decisions.onlyProductionFraud)],
    ["answers: legitimate", String(decisions.onlyShadowFraud), String(decisions.bothLegitimate)],
  ],
)}
<p>They agree on ${(100 * decisions.agreement).toFixed(3)}% of ${report.rows} transactions.</p>
<h2>Scores</h2>
${table(
  ["difference, shadow less production", ""],
  [
    ["mean", fixed(scores.meanDifference)],
    ["mean, absolute", fixed(scores.meanAbsoluteDifference)],
    ["median, absolute", fixed(scores.median)],
    ["99th percentile, absolute", fixed(scores.p99)],
    ["largest, absolute", fixed(scores.maximumAbsoluteDifference)],
  ],
)}
${histogram(scores.histogram)}
<h2>Captures</h2>
${table(
  ["of production", "of the shadow", "unmatched", "unreadable", "with another number of scores"],
  [[captured.production, captured.shadow, captured.unmatched, captured.unreadable, report.unlike].map(String)],
)}
${report.examples.length === 0 ? "" : examplesOf(report)}
</body></html>
`;
}

function examplesOf({ examples }: ShadowReport): string {
  const rows = examples.map(({ inferenceId, row, production, shadow }) => [
    `${inferenceId}#${row}`,
    fixed(production),
    fixed(shadow),
  ]);
  return `<h2>Decided differently</h2>\n${table(["inference id", "answers", "shadow"], rows)}`;
}

const sideCells = ({ packageArn, threshold, requests, serverErrors, latencyMilliseconds }: ShadowReport["shadow"]) => [
  packageVersion(packageArn),
  String(threshold),
  String(requests),
  String(serverErrors),
  latencyMilliseconds?.p50.toFixed(1) ?? "–",
  latencyMilliseconds?.p99.toFixed(1) ?? "–",
];

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (tag: string, texts: readonly string[]) =>
    `<tr>${texts.map((text) => `<${tag}>${escape(text)}</${tag}>`).join("")}</tr>`;
  return `<table>${cells("th", head)}${rows.map((row) => cells("td", row)).join("")}</table>`;
}

/** Heights are of the logarithm: most transactions hardly differ, and those that do are what one looks for. */
function histogram(counts: readonly number[]): string {
  const most = Math.log1p(Math.max(1, ...counts));
  const width = 800 / HISTOGRAM_BINS;
  const bars = counts.map((count, index) => {
    const height = (150 * Math.log1p(count)) / most;
    const from = ((2 * index) / HISTOGRAM_BINS - 1).toFixed(2);
    return `<rect x="${index * width}" y="${160 - height}" width="${width - 1}" height="${height}"><title>from ${from}: ${count}</title></rect>`;
  });
  const marks = [-1, -0.5, 0, 0.5, 1].map(
    (at) => `<text x="${400 + 390 * at}" y="178" text-anchor="middle">${at}</text>`,
  );
  return `<svg viewBox="0 0 800 184" role="img" aria-label="Transactions by the difference of their scores">${bars.join("")}${marks.join("")}</svg>`;
}

const fixed = (value: number): string => value.toFixed(5);

const escape = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
