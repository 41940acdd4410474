// report.html: one page that needs nothing else.
import { html, syntheticBadge, whole, type Markup } from "./markup";
import { page } from "./page";
import type { RunReport } from "./report";
import { modelSection } from "./sections/model";
import { monitorsSection } from "./sections/monitors";
import { provisionedSection } from "./sections/provisioned";
import { serviceSection } from "./sections/service";
import { stagesSection } from "./sections/stages";
import { streamSection } from "./sections/stream";
import { verdictOf } from "./verdict";

/** The whole document. */
export function renderPage(report: RunReport): string {
  const { kind, sentence } = verdictOf(report);
  return page({
    title: `Fraud platform: run ${kind}`,
    kind,
    kicker: "Fraud platform · run on one machine",
    headline: sentence,
    notices: [
      report.refusal !== undefined && html`<p class="notice">${report.refusal}</p>`,
      report.error !== undefined && html`<p class="notice" role="alert">${report.error}</p>`,
    ],
    glance: glance(report),
    navigation: {
      label: "Sections",
      links: html`<a href="#stages">Stages</a> <a href="#model">Model</a> <a href="#service">Registry, endpoint, API</a>
        <a href="#stream">Stream</a> <a href="#monitors">Monitors</a> <a href="#provisioned">Provisioned</a>`,
    },
    main: [stagesSection, modelSection, serviceSection, streamSection, monitorsSection, provisionedSection].map(
      (sectionOf) => sectionOf(report),
    ),
  });
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
