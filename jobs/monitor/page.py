"""A monitor's report as one file for people: what was looked at, what is wrong, and plots of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from outcome import COMPLETED, EMPTY, VIOLATED, Found

TITLES = {
    "data-quality": "Data quality",
    "model-quality": "Model quality",
    "model-bias": "Bias",
    "model-explainability": "Feature attribution",
}
CHECKS = {
    "data_type_check": "type",
    "completeness_check": "missing values",
    "baseline_drift_check": "drift",
    "missing_column_check": "missing column",
    "extra_column_check": "extra column",
    "categorical_values_check": "unknown category",
    "LessThanThreshold": "too low",
    "GreaterThanThreshold": "too high",
    "bias_drift_check": "bias",
    "feature_attribution_drift_check": "attribution",
}
_STYLE = Path(__file__).with_name("report.css").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Plot:
    title: str
    #: SVG.
    drawing: str
    #: A few words beside the title.
    aside: str = ""


@dataclass(frozen=True)
class Table:
    head: "Sequence[str]"
    #: Text for each column; all but the first stand to the right.
    rows: "Sequence[Sequence[str]]"


@dataclass(frozen=True)
class Section:
    title: str
    #: A sentence for people: how to read it.
    note: str
    plots: "Sequence[Plot]" = ()
    table: "Table | None" = None


@dataclass(frozen=True)
class Heading:
    monitor: str
    endpoint: str
    start: "str | None"
    end: "str | None"


def render(heading: Heading, found: Found, sections: Sequence[Section]) -> str:
    """The page, complete in itself."""
    title = TITLES[heading.monitor]
    count = len(found.violations)
    kind, badge = {
        EMPTY: ("empty", "no data"),
        COMPLETED: ("completed", "no violations"),
        VIOLATED: ("violated", f"{count} violation{'' if count == 1 else 's'}"),
    }[found.status]
    facts = {"From": heading.start or "the first", "To": heading.end or "the last", "Rows": f"{found.rows:,}"}
    if found.labelled_rows is not None:
        share = f" ({found.labelled_rows / found.rows:.0%})" if found.rows else ""
        facts["With a label"] = f"{found.labelled_rows:,}{share}"
    told = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in facts.items())
    endpoint = escape(heading.endpoint or "Captured traffic")
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}: {escape(badge)}</title>
<style>{_STYLE}</style>
</head>
<body>
<header class="{kind}"><div>
<p class="kicker">{endpoint}</p>
<h1>{escape(title)} <span class="badge">{escape(badge)}</span></h1>
<dl>{told}</dl>
</div></header>
<main>
{_violations(found)}
{"".join(map(_section, sections))}
</main>
</body>
</html>
"""


def _violations(found: Found) -> str:
    if found.empty is not None:
        return f"<h2>Nothing to compare</h2>\n<p>{escape(found.empty[:1].upper() + found.empty[1:])}</p>"
    if not found.violations:
        return "<h2>Violations</h2>\n<p>None: the period is what the baseline leads to expect.</p>"
    rows = "".join(
        f"<tr><th>{escape(each.feature or each.metric)}</th><td>{escape(CHECKS.get(each.check, each.check))}</td>"
        f"<td>{escape(each.description)}</td></tr>"
        for each in found.violations
    )
    head = "<thead><tr><th>What</th><th>Check</th><th>Found</th></tr></thead>"
    return f'<h2>Violations</h2>\n<div class="panel"><table>{head}<tbody>{rows}</tbody></table></div>'


def _section(section: Section) -> str:
    plots = "".join(
        f"<figure><figcaption>{escape(plot.title)}<small>{escape(plot.aside)}</small></figcaption>{plot.drawing}</figure>"
        for plot in section.plots
    )
    key = (
        '<p class="key"><span><i class="baseline"></i>baseline</span><span><i class="period"></i>this period</span></p>'
    )
    body = f'{key}<div class="plots">{plots}</div>' if plots else ""
    if section.table is not None:
        body += _table(section.table)
    return f'<h2>{escape(section.title)}</h2>\n<p class="note">{escape(section.note)}</p>\n{body}\n'


def _table(table: Table) -> str:
    def cells(tag: str, values: Sequence[str]) -> str:
        first, *others = values
        return f"<th>{escape(first)}</th>" + "".join(f'<{tag} class="number">{escape(each)}</{tag}>' for each in others)

    rows = "".join(f"<tr>{cells('td', row)}</tr>" for row in table.rows)
    head = f"<thead><tr>{cells('th', table.head)}</tr></thead>"
    summary = f"<summary>All {len(table.rows)} in figures</summary>"
    return f'<details>{summary}<div class="panel"><table>{head}<tbody>{rows}</tbody></table></div></details>'
