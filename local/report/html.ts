// report.html: one page that needs nothing else.
import { Markup, html, syntheticBadge, whole } from "./markup";
import type { RunReport } from "./report";
import { modelSection } from "./sections/model";
import { monitorsSection } from "./sections/monitors";
import { provisionedSection } from "./sections/provisioned";
import { serviceSection } from "./sections/service";
import { stagesSection } from "./sections/stages";
import { streamSection } from "./sections/stream";
import { STYLE } from "./style";
import { verdictOf } from "./verdict";

/** Nothing is fetched, nothing runs: the page says so itself, and a browser holds it to that. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'";

/** The whole document. Everything in the report is shown as text, whatever it holds. */
export function renderPage(report: RunReport): string {
  const verdict = verdictOf(report);
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="${POLICY}" />
        <meta name="color-scheme" content="light dark" />
        <title>Fraud platform: run ${verdict.kind}</title>
        <style>
          ${new Markup(STYLE)}
        </style>
      </head>
      <body>
        <header class="top ${verdict.kind}">
          <div class="inner">
            <p class="kicker">Fraud platform · run on one machine</p>
            <h1><span class="badge ${verdict.kind}">${verdict.kind}</span> ${verdict.sentence}</h1>
            ${report.refusal !== undefined && html`<p class="notice">${report.refusal}</p>`}
            ${report.error !== undefined && html`<p class="notice" role="alert">${report.error}</p>`}
            <dl class="glance">
              ${glance(report).map(
                ([name, value]) =>
                  html`<div>
                    <dt>${name}</dt>
                    <dd>${value}</dd>
                  </div>`,
              )}
            </dl>
            <nav aria-label="Sections">
              <a href="#stages">Stages</a> <a href="#model">Model</a> <a href="#service">Registry, endpoint, API</a>
              <a href="#stream">Stream</a> <a href="#monitors">Monitors</a> <a href="#provisioned">Provisioned</a>
            </nav>
          </div>
        </header>
        <main>
          ${stagesSection(report)} ${modelSection(report)} ${serviceSection(report)} ${streamSection(report)}
          ${monitorsSection(report)} ${provisionedSection(report)}
        </main>
      </body>
    </html> `.text;
}

/** The run in a few words and numbers. */
function glance({ data, startedAt, durationSeconds, resources, provisioned }: RunReport): [string, Markup | string][] {
  const read = data.rows !== null;
  return [
    [
      "Transactions",
      read ? html`${whole(data.rows)} ${syntheticBadge(data.source)}` : html`none read ${syntheticBadge(data.source)}`,
    ],
    ["of them fraud", whole(data.frauds)],
    ["Started", `${startedAt.replace("T", " ").slice(0, 16)} UTC`],
    ["Took", `${durationSeconds.toFixed(1)} s`],
    ["Memory at the peak", resources.peakMb === null ? "–" : `${whole(Math.round(resources.peakMb))} MB`],
    ["Resources", whole(provisioned.resources)],
  ];
}
