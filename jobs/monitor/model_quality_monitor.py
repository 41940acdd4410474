"""Whether the model still decides as well as it did on its test split, by the labels that have arrived."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import model_quality
import numpy as np
from baseline_files import Refused, read_document
from labelled import read_labelled
from outcome import Found, Metric, Violation, nothing
from records import Period
from transactions import FEATURES

#: Decides for answers that do not tell their model's threshold.
DEFAULT_THRESHOLD = 0.5
SEED = 7
NO_VIOLATIONS = {"version": 0.0, "violations": []}


def monitor(
    captured: Path, ground_truth: "Path | None", baseline: Path, period: Period, thresholds: dict[str, float]
) -> Found:
    """Holds the period's metrics against the baseline's ``constraints.json``, where chance does not explain them.

    Raises:
        ValueError: captures, labels or the baseline cannot be read, or a threshold has no such name.
    """
    key = "binary_classification_constraints"
    limits = read_document(baseline, "constraints.json", key, dict)
    limits = {**limits, key: _with_thresholds(limits[key], thresholds)}
    rows = read_labelled(captured, ground_truth, period, FEATURES, DEFAULT_THRESHOLD)
    labelled = len(rows.labels)
    if rows.captured == 0:
        return nothing("no invocation was captured in the period.", NO_VIOLATIONS, labelled_rows=0)
    if labelled == 0:
        reason = f"no label has arrived for the {rows.captured} rows of the period."
        return nothing(reason, NO_VIOLATIONS, labelled_rows=0, rows=rows.captured)
    statistics = model_quality.statistics(rows.labels, rows.scores, rows.flagged, np.ones(labelled), SEED)
    figures = statistics["binary_classification_metrics"]
    best = model_quality.at_best(rows.labels, rows.scores, rows.flagged, SEED)
    violations = list(_violations(limits[key], figures, best))
    return Found(
        rows=rows.captured,
        labelled_rows=labelled,
        violations=violations,
        documents={
            "statistics.json": statistics,
            "constraints.json": limits,
            "constraint_violations.json": {
                "version": 0.0,
                "violations": [
                    {
                        "constraint_check_type": each.check,
                        "description": each.description,
                        "metric_name": each.metric,
                    }
                    for each in violations
                ],
            },
        },
        before={"statistics.json": read_document(baseline, "statistics.json", "binary_classification_metrics", dict)},
        metrics=[
            Metric(name, figure["value"]) for name, figure in figures.items() if isinstance(figure.get("value"), float)
        ],
    )


def _with_thresholds(limits: dict[str, Any], thresholds: dict[str, float]) -> dict[str, Any]:
    operators = model_quality.CONSTRAINED
    for name, value in thresholds.items():
        if name not in operators:
            raise Refused(f"--thresholds: {name!r} is none of {', '.join(operators)}")
        limits = {**limits, name: {"threshold": value, "comparison_operator": operators[name]}}
    return limits


def _violations(limits: dict[str, Any], figures: dict[str, Any], best: dict[str, float]) -> Iterable[Violation]:
    for name, limit in limits.items():
        if name not in best:
            continue
        threshold, operator = limit["threshold"], limit["comparison_operator"]
        failed = best[name] < threshold if operator == model_quality.LESS else best[name] > threshold
        if failed:
            figure = figures[name]
            deviation = figure["standard_deviation"]
            more = f" +/- {deviation:.6g}" if isinstance(deviation, float) else ""
            value = figure["value"] if isinstance(figure["value"], str) else f"{figure['value']:.6g}"
            yield Violation(
                "",
                name,
                operator,
                f"Metric {name} with {value}{more} was {operator} '{threshold:.6g}'",
            )
