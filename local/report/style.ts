// The page's look: one column on a phone, a grid on a desk; light or dark as the reader's system is.

const COLOURS = `
:root {
  color-scheme: light dark;
  --paper: #f5f6f8; --card: #ffffff; --ink: #182230; --muted: #5b6678; --line: #dfe3ea;
  --accent: #2563c9; --warm: #c8541a; --good: #0f7043; --bad: #b3261e; --warn: #8a5200;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #0f141b; --card: #19202a; --ink: #e8ecf2; --muted: #9aa6b8; --line: #2d3745;
    --accent: #74a7ff; --warm: #ff9d5c; --good: #51cf92; --bad: #ff8f86; --warn: #f2b657;
  }
}`;

const PAGE = `
* { box-sizing: border-box; }
html { scroll-behavior: smooth; -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main, .inner { max-width: 1160px; margin: 0 auto; padding: 0 24px; }
main { padding-bottom: 72px; }
h1 { font-size: 1.75rem; line-height: 1.25; letter-spacing: -.01em; margin: 4px 0 0; display: flex; flex-wrap: wrap; gap: 6px 14px; align-items: center; }
h2 { font-size: 1.25rem; letter-spacing: -.005em; margin: 0 0 6px; display: flex; flex-wrap: wrap; gap: 4px 10px; align-items: center; }
h3 { font-size: .95rem; margin: 0 0 8px; }
section { margin-top: 44px; scroll-margin-top: 16px; }
p { margin: .4em 0; }
a { color: var(--accent); }
a:focus-visible, summary:focus-visible, pre:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
code, pre { font: 13px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
.lead { color: var(--muted); max-width: 82ch; margin: 0 0 16px; }
.note { color: var(--muted); font-size: .85rem; margin: .5em 0 0; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.badge { display: inline-block; padding: 1px 10px; border-radius: 99px; font-size: .8rem; font-weight: 650; line-height: 1.6; letter-spacing: 0; white-space: nowrap; border: 1.5px solid currentColor; }
h1 .badge { font-size: 1rem; padding: 2px 14px; text-transform: uppercase; letter-spacing: .04em; }
figcaption .badge { font-size: .7rem; padding: 0 8px; }
.passed { color: var(--good); } .failed { color: var(--bad); } .refused, .synthetic { color: var(--warn); } .skipped { color: var(--muted); }
.empty { border: 1.5px dashed var(--line); border-radius: 12px; padding: 14px 18px; color: var(--muted); margin: 8px 0; }
.top { color: var(--ink); background: var(--card); border-bottom: 1px solid var(--line); border-top: 6px solid var(--good); padding: 26px 0 0; }
.top.failed { border-top-color: var(--bad); } .top.refused { border-top-color: var(--warn); }
.kicker { color: var(--muted); margin: 0; font-size: .9rem; }
.notice { border-left: 4px solid var(--bad); background: var(--paper); border-radius: 0 8px 8px 0; padding: 10px 16px; margin: 16px 0 0; white-space: pre-wrap; overflow-wrap: anywhere; }
.top.refused .notice { border-color: var(--warn); }
.glance { display: flex; flex-wrap: wrap; gap: 14px 36px; margin: 20px 0 0; }
.glance dt { color: var(--muted); font-size: .82rem; } .glance dd { margin: 0; font-weight: 600; font-variant-numeric: tabular-nums; }
nav { display: flex; flex-wrap: wrap; gap: 2px 22px; margin: 20px 0 0; padding: 10px 0 12px; border-top: 1px solid var(--line); font-size: .92rem; }
nav a { text-decoration: none; } nav a:hover { text-decoration: underline; }
`;

const PARTS = `
.panel, .card, figure, .timeline, .tree, details { background: var(--card); border: 1px solid var(--line); border-radius: 12px; }
.panel { padding: 18px 20px; } .panel h3 + .facts + h3, .panel .empty + h3 { margin-top: 20px; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 400px), 1fr)); gap: 16px; }
.timeline { list-style: none; margin: 0; padding: 6px 0; }
.timeline li { display: grid; grid-template-columns: 116px 86px 64px minmax(140px, 1fr) minmax(200px, 1.25fr); gap: 2px 16px; align-items: center; padding: 5px 20px; color: var(--ink); }
.timeline li + li { border-top: 1px solid var(--line); }
.timeline .name { font-weight: 600; }
.timeline .status { font-size: .88rem; white-space: nowrap; }
.passed > .status { color: var(--good); } .failed > .status { color: var(--bad); font-weight: 650; } .skipped > .status, .skipped > .name { color: var(--muted); font-weight: 400; }
.timeline .time { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.timeline .detail { color: var(--muted); font-size: .88rem; overflow-wrap: anywhere; }
.track { position: relative; display: block; height: 10px; border-radius: 5px; background: color-mix(in srgb, var(--line) 60%, transparent); overflow: hidden; }
.track i { position: absolute; top: 0; bottom: 0; min-width: 3px; border-radius: 3px; background: var(--accent); }
.failed .track i { background: var(--bad); } .skipped .track i { display: none; }
.cards { display: grid; grid-template-columns: repeat(4, 1fr); gap: 12px; margin: 0 0 16px; }
.card { padding: 12px 16px 14px; }
.card dt { color: var(--muted); font-size: .85rem; } .card dd { margin: 0; font-size: 1.6rem; font-weight: 650; line-height: 1.3; font-variant-numeric: tabular-nums; }
.card dd.note { font-size: .82rem; font-weight: 400; margin-top: 2px; }
.interval { position: relative; display: block; height: 4px; margin-top: 8px; border-radius: 2px; background: var(--line); }
.interval i { position: absolute; top: 0; bottom: 0; min-width: 2px; background: var(--accent); opacity: .55; border-radius: 2px; }
.interval b { position: absolute; top: -3px; width: 3px; height: 10px; margin-left: -1.5px; border-radius: 2px; background: var(--ink); }
.plots + .panel { margin-top: 16px; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr)); gap: 16px; }
figure { margin: 0; padding: 16px 18px; min-width: 0; }
figcaption { font-weight: 650; margin-bottom: 6px; display: flex; flex-wrap: wrap; gap: 4px 8px; align-items: center; }
figure > .note { max-width: 62ch; }
svg { display: block; width: 100%; height: auto; overflow: visible; font: 12.5px system-ui, sans-serif; background: none; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: 7px 0; border-top: 1px solid var(--line); vertical-align: top; font-weight: 400; }
thead th, thead td { border-top: 0; color: var(--muted); font-size: .85rem; padding-top: 0; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; } td.number { font-weight: 600; }
.matrix table { border-collapse: separate; border-spacing: 6px; margin: 12px 0 0 -6px; width: calc(100% + 12px); table-layout: fixed; }
.matrix th, .matrix td { border: 0; text-align: center; vertical-align: middle; } .matrix tbody th { text-align: left; } .matrix thead > tr > :first-child, .matrix tbody th { width: 84px; }
.matrix tbody td { padding: 22px 6px; border-radius: 8px; } .matrix strong { display: block; font-size: 1.45rem; line-height: 1.2; font-variant-numeric: tabular-nums; }
.matrix .right { background: color-mix(in srgb, var(--good) 16%, transparent); } .matrix .wrong { background: color-mix(in srgb, var(--warm) 18%, transparent); }
.matrix td .note { color: var(--ink); }
.facts { margin: 0; } .facts div { padding: 6px 0; border-top: 1px solid var(--line); } .facts div:first-child { border-top: 0; padding-top: 0; }
.facts dt { color: var(--muted); font-size: .85rem; } .facts dd { margin: 0; overflow-wrap: anywhere; font-weight: 600; }
.url { overflow-wrap: anywhere; }
details { margin-top: 10px; padding: 0 20px; } details[open] { padding-bottom: 14px; }
summary { cursor: pointer; padding: 10px 0; } details h3 { margin-top: 6px; } .code { font-weight: 650; font-variant-numeric: tabular-nums; }
pre { margin: 0 0 10px; padding: 12px 14px; max-height: 340px; overflow: auto; background: var(--paper); border: 1px solid var(--line); border-radius: 8px; }
.flow { display: grid; grid-template-columns: repeat(4, auto); gap: 10px 24px; margin: 0 0 14px; justify-content: space-between; }
.flow dt { color: var(--muted); font-size: .85rem; } .flow dd { margin: 0; font-size: 1.6rem; font-weight: 650; line-height: 1.3; font-variant-numeric: tabular-nums; }
.flow .scored dt::before, .flow .quarantined dt::before { content: ""; display: inline-block; width: 10px; height: 10px; border-radius: 3px; margin-right: 7px; background: var(--accent); } .flow .quarantined dt::before { background: var(--warm); }
.split { display: flex; gap: 2px; height: 10px; border-radius: 5px; overflow: hidden; background: var(--line); margin-bottom: 12px; } .split i { background: var(--accent); } .split .quarantined { background: var(--warm); min-width: 4px; } .split i[style="width:0%"] { display: none; }
.tree, .tree ul { list-style: none; margin: 0; padding: 0; } .tree { padding: 6px 20px; } .tree > li + li { border-top: 1px solid var(--line); }
.tree details { border: 0; background: none; margin: 0; padding: 0; } .tree ul { margin: 0 0 6px 5px; padding-left: 18px; border-left: 1.5px solid var(--line); }
.tree summary { padding: 7px 0; } .tree li.leaf { padding: 3px 0; overflow-wrap: anywhere; } .tree > li > details > summary .name { font-weight: 650; }
.tree code { color: var(--muted); font-size: .82rem; } .count { color: var(--muted); font-size: .85rem; float: right; }
`;

const OTHER_MEDIA = `
@media (max-width: 860px) {
  .cards { grid-template-columns: repeat(2, 1fr); }
  .timeline li { grid-template-columns: 1fr auto 58px; padding: 8px 16px; }
  .timeline .track { grid-column: 1 / -1; height: 7px; } .timeline .detail { grid-column: 1 / -1; }
  .timeline .detail:empty, .skipped > .track { display: none; }
}
@media (max-width: 520px) {
  main, .inner { padding-left: 14px; padding-right: 14px; } h1 { font-size: 1.35rem; } section { margin-top: 34px; }
  .glance { display: grid; grid-template-columns: 1fr 1fr; gap: 10px 16px; } .flow { grid-template-columns: 1fr 1fr; justify-content: stretch; }
  .card { padding: 10px 12px 12px; } .card dd, .flow dd { font-size: 1.35rem; } figure { padding: 14px 10px 14px 12px; } svg { font-size: 15px; }
  .panel, details { padding-left: 14px; padding-right: 14px; } .matrix tbody td { padding: 16px 4px; }
  .tree .count { float: none; display: block; padding-left: 17px; } nav { gap: 4px 18px; }
}
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
@media print {
  :root { --paper: #fff; --card: #fff; --ink: #000; --muted: #444; --line: #ccc; }
  nav { display: none; } section { margin-top: 24px; } figure, .card, .panel, .timeline li { break-inside: avoid; }
  h2 { break-after: avoid; } details::details-content { content-visibility: visible; height: auto; } pre { max-height: none; white-space: pre-wrap; }
  * { print-color-adjust: exact; }
}
`;

export const STYLE = COLOURS + PAGE + PARTS + OTHER_MEDIA;
