"""What each monitor's report draws: the period beside the baseline.

Modules of single monitors are imported by what draws them: they bring libraries that the others need not wait for.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import charts
import distances
from charts import BASELINE, PERIOD, Bar, Range
from outcome import Found
from page import Plot, Section, Table

#: Features whose distributions are drawn: those with violations, then by distance.
MOST_DISTRIBUTIONS = 12
MOST_FEATURES = 15


def sections(monitor: str, found: Found) -> list[Section]:
    """Nothing where there was nothing to compare."""
    if found.empty is not None:
        return []
    return _SECTIONS[monitor](found)


def _data_quality(found: Found) -> list[Section]:
    limits = found.before["constraints.json"]["monitoring_config"]["distribution_constraints"]
    failed = {each.feature for each in found.violations}
    ranked = sorted(found.distances, key=lambda name: (name not in failed, -found.distances[name]))
    before, after = (
        {f["name"]: f for f in each["statistics.json"]["features"]} for each in (found.before, found.documents)
    )
    drawn = [name for name in ranked if _has_sketch(before[name]) and _has_sketch(after[name])][:MOST_DISTRIBUTIONS]
    plots = [
        Plot(
            name,
            charts.distributions(
                _sketch(before[name]), _sketch(after[name]), f"Distribution of {name}, baseline and period"
            ),
            f"distance {found.distances[name]:.3g}",
        )
        for name in drawn
    ]
    limit = float(limits.get("comparison_threshold", 0.1))
    bars = [
        Bar(name, {PERIOD: found.distances[name]}, found.distances[name] > limit) for name in ranked[:MOST_FEATURES]
    ]
    return [
        Section(
            "Drift",
            "Largest difference between the cumulative distributions, less what samples of this size differ by anyway.",
            [Plot("Distance by feature", charts.bars(bars, "Distance of each feature from the baseline", limit))]
            if bars
            else [],
            _features(before, after, found),
        ),
        Section("Distributions", "Share of rows by value, over the range that holds 98% of them.", plots),
    ]


def _features(before: dict[str, Any], after: dict[str, Any], found: Found) -> Table:
    def figures(feature: dict[str, Any]) -> list[str]:
        told = feature.get("numerical_statistics") or feature["string_statistics"]
        common = told["common"]
        total = common["num_present"] + common["num_missing"]
        return [
            _number(told.get("mean")),
            _number(told.get("std_dev")),
            f"{common['num_missing'] / total:.2%}" if total else "–",
        ]

    head = ["Feature", "Mean before", "Mean", "Deviation before", "Deviation", "Missing before", "Missing", "Distance"]
    rows = []
    for name, feature in after.items():
        pairs = zip(figures(before[name]) if name in before else ["–"] * 3, figures(feature), strict=True)
        distance = _number(found.distances[name]) if name in found.distances else "not compared"
        rows.append([name, *(text for pair in pairs for text in pair), distance])
    return Table(head, rows)


def _has_sketch(feature: dict[str, Any]) -> bool:
    return "distribution" in feature.get("numerical_statistics", {})


def _sketch(feature: dict[str, Any]) -> Any:
    return distances.from_sketch(feature["numerical_statistics"]["distribution"]["kll"]["sketch"])


def _model_quality(found: Found) -> list[Section]:
    import model_quality

    key = "binary_classification_metrics"
    figures = found.documents["statistics.json"][key]
    limits = found.documents["constraints.json"]["binary_classification_constraints"]
    before = found.before["statistics.json"][key]
    failed = {each.metric for each in found.violations}
    rows = []
    for name in model_quality.CONSTRAINED:
        value, deviation = figures[name]["value"], figures[name]["standard_deviation"]
        if isinstance(value, str) or name not in limits:
            continue
        spread = 0.0 if isinstance(deviation, str) else 2 * deviation
        row = Range(name, value, value - spread, value + spread, limits[name]["threshold"], name in failed)
        rows.append(row)
    plots = [
        Plot(
            "Metrics and their limits",
            charts.ranges(rows, "Metrics with their limits", 0, 1),
            "± 2 deviations; limits in grey",
        )
    ]
    curve = ("receiver_operating_characteristic_curve", "false_positive_rates", "true_positive_rates")
    recall = ("precision_recall_curve", "recalls", "precisions")
    for (name, x, y), title, xs, ys in (
        (curve, "ROC curve", "false-positive rate", "true-positive rate"),
        (recall, "Precision and recall", "recall", "precision"),
    ):
        series = {
            kind: (each[name][x], each[name][y])
            for kind, each in ((BASELINE, before), (PERIOD, figures))
            if name in each
        }
        if PERIOD in series:
            plots.append(Plot(title, charts.curves(series, f"{title} of baseline and period", xs, ys)))
    matrix = figures["confusion_matrix"]
    decided = Table(
        ["Label", "Passed", "Flagged"],
        [
            [name, f"{matrix[row]['0']:g}", f"{matrix[row]['1']:g}"]
            for name, row in (("legitimate", "0"), ("fraud", "1"))
        ],
    )
    note = (
        "A metric is a violation when chance alone cannot bring it from its limit to where it is. "
        "Metrics that no labelled row tells anything of are left out."
    )
    return [Section("Metrics", note, plots, decided)]


def _bias(found: Found) -> list[Section]:
    import bias

    stages = (
        (bias.PRE_SECTION, "Labels", "Whether fraud is as frequent in a band as in the rest."),
        (bias.POST_SECTION, "Decisions", "Whether the model treats a band as it does the rest."),
    )
    failed = {(each.feature, each.metric) for each in found.violations}
    sections = []
    for section, title, note in stages:
        after, before = found.documents["analysis.json"][section], found.before["analysis.json"].get(section, {})
        if "error" in after:
            sections.append(Section(title, f"Nothing to compare: {after['error']}"))
            continue
        plots = []
        for facet, bands in after["facets"].items():
            marks = {
                str(each["value_or_threshold"]): each["metrics"] for each in before.get("facets", {}).get(facet, [])
            }
            for band in bands:
                name = str(band["value_or_threshold"])
                baseline = {each["name"]: each["value"] for each in marks.get(name, [])}
                rows = [
                    Range(
                        metric["name"],
                        float(metric["value"]),
                        float(metric["value"]),
                        float(metric["value"]),
                        _finite(baseline.get(metric["name"])),
                        (f"{facet} {name}", metric["name"]) in failed,
                    )
                    for metric in band["metrics"]
                    if _finite(metric.get("value")) is not None
                ]
                drawing = charts.ranges(rows, f"Bias metrics of {facet} in {name}", -1, 1)
                plots.append(Plot(f"{facet} in {name}", drawing, "0 is no bias; of DI, 1"))
        sections.append(Section(title, f"{note} Points are this period, grey marks the baseline.", plots))
    return sections


def _finite(value: Any) -> "float | None":
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def _explainability(found: Found) -> list[Section]:
    import explainability

    after, before = (
        each["analysis.json"]["explanations"][explainability.METHOD][explainability.OUTPUT]["global_shap_values"]
        for each in (found.documents, found.before)
    )
    shares = {
        series: {name: value / (sum(values.values()) or 1.0) for name, value in values.items()}
        for series, values in ((BASELINE, before), (PERIOD, after))
    }
    ranked = sorted(before, key=lambda name: -before[name])
    rows = [
        Bar(name, {kind: share.get(name, 0.0) for kind, share in shares.items()}) for name in ranked[:MOST_FEATURES]
    ]
    table = [[name, _number(before[name]), _number(after.get(name))] for name in ranked]
    return [
        Section(
            "Attribution",
            "Each feature's share of all that moves the answers (mean absolute SHAP values). "
            f"nDCG {found.distances['ndcg']:.4f}: 1 where the ranking is the baseline's.",
            [Plot("Share by feature", charts.bars(rows, "Share of attribution by feature, baseline and period"))],
            Table(["Feature", "Baseline", "This period"], table),
        )
    ]


def _number(value: "float | None") -> str:
    return "–" if value is None else f"{value:.4g}"


_SECTIONS: "dict[str, Callable[[Found], Sequence[Section]]]" = {
    "data-quality": _data_quality,
    "model-quality": _model_quality,
    "model-bias": _bias,
    "model-explainability": _explainability,
}
