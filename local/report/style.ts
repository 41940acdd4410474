// The page's look: one column on a phone, a grid on a desk; light or dark as the reader's system is.
export const STYLE = `
:root{--paper:#fbfbfa;--card:#fff;--ink:#1d2430;--muted:#667085;--line:#e4e7ec;--accent:#2f6fde;--warm:#d9631e;--good:#137a4b;--bad:#b42318;--warn:#a15c07;color-scheme:light dark}
@media (prefers-color-scheme:dark){:root{--paper:#12161d;--card:#1a2029;--ink:#e6e9ef;--muted:#98a2b3;--line:#2c3440;--accent:#6ea3ff;--warm:#f59b5e;--good:#4cc38a;--bad:#ff8a80;--warn:#f0b35a}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:1120px;margin:0 auto;padding:28px 20px 64px}
h1{font-size:1.7rem;line-height:1.2;margin:0 0 6px}
h2{font-size:1.12rem;margin:40px 0 12px}
p{margin:.4em 0}
.lead{color:var(--muted)}
.badge{display:inline-block;padding:2px 10px;border-radius:99px;font-weight:600;font-size:.85rem;border:1.5px solid currentColor;margin-right:8px}
.passed{color:var(--good)}.failed{color:var(--bad)}.refused,.synthetic{color:var(--warn)}.skipped{color:var(--muted)}
.notice{border-left:4px solid var(--warn);padding:8px 14px;background:var(--card);margin:16px 0;white-space:pre-wrap;overflow-wrap:anywhere}
.notice.error{border-color:var(--bad)}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(160px,1fr));gap:12px;margin:18px 0}
.card{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:12px 14px}
.card dt{color:var(--muted);font-size:.82rem}.card dd{margin:0;font-size:1.45rem;font-weight:600;font-variant-numeric:tabular-nums}
.card .note{font-size:.8rem}
.note{color:var(--muted);font-size:.85rem;margin:.3em 0 0}
.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,340px),1fr));gap:14px}
figure{margin:0;background:var(--card);border:1px solid var(--line);border-radius:10px;padding:14px}
figcaption{font-weight:600;margin-bottom:4px}
svg{width:100%;height:auto;display:block;background:none;font-size:12px}
table{border-collapse:collapse;width:100%;background:var(--card);border:1px solid var(--line);border-radius:10px;overflow:hidden}
.scroll{overflow-x:auto}
th,td{text-align:left;padding:7px 12px;border-top:1px solid var(--line);vertical-align:top}
thead th{border-top:0;color:var(--muted);font-weight:600;font-size:.82rem}
td.number,th.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
td.bar{width:28%;min-width:90px}
.track{background:var(--line);border-radius:4px;height:9px;margin-top:7px}.track i{display:block;height:9px;border-radius:4px;background:var(--accent);min-width:2px}
code,pre{font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,monospace;overflow-wrap:anywhere}
pre{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:12px 14px;overflow-x:auto;white-space:pre-wrap}
details{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:6px 14px;margin:6px 0}
details details{border:0;padding:0 0 0 18px;margin:2px 0}
summary{cursor:pointer;padding:4px 0}
.tree ul{list-style:none;margin:0;padding:0 0 4px 18px}
.tree li{padding:1px 0}
.facts{display:grid;grid-template-columns:minmax(110px,max-content) 1fr;gap:4px 18px;margin:0}
.facts dt{color:var(--muted)}.facts dd{margin:0;overflow-wrap:anywhere}
.matrix table{border:0}.matrix th,.matrix td{padding:7px 6px}td:first-child{white-space:nowrap}
@media (max-width:640px){td.bar{display:none}th.bar{display:none}h1{font-size:1.35rem}main{padding:20px 14px 48px}.facts{grid-template-columns:1fr;gap:0}.facts dd{margin-bottom:8px}td.detail{font-size:.85rem}}
@media print{body{background:#fff}details{break-inside:avoid}figure{break-inside:avoid}}
`;
