"""Whether the model still answers for the same reasons: the ranking of its features' attributions."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import explainability
import numpy as np
import polars as pl
from baseline_files import Refused, read_document
from outcome import Found, Metric, Violation, nothing
from records import Period, read_records
from rows import read_rows
from sklearn.metrics import ndcg_score
from trained_model import TrainedModel
from transactions import FEATURES

#: Undrifted samples of some hundred rows have more, drifted ones less; Clarify's own 0.9 misses most drift.
THRESHOLDS = {"ndcg": 0.995}
#: With fewer rows the ranking is that of the sample.
LEAST_ROWS = 300
SEED = 7


def monitor(captured: Path, model: TrainedModel, baseline: Path, period: Period, thresholds: dict[str, float]) -> Found:
    """Holds mean attributions of the period's rows against the baseline's ``explainability/analysis.json``.

    Rows that the model cannot take, for a value that is missing or no number, are left out.

    Raises:
        ValueError: captures or the baseline cannot be read, or a threshold has no such name.
    """
    unknown = [name for name in thresholds if name not in THRESHOLDS]
    if unknown:
        raise Refused(f"--thresholds: {unknown[0]!r} is none of {', '.join(THRESHOLDS)}")
    threshold = {**THRESHOLDS, **thresholds}["ndcg"]
    document = read_document(baseline, "explainability/analysis.json", "explanations", dict)
    before = _values(document)
    rows, features = _sample(captured, period)
    if len(features) == 0:
        reason = "no invocation was captured in the period." if rows == 0 else f"none of {rows} rows can be explained."
        return nothing(reason, {"version": "1.0", "violations": []}, rows=rows)
    analysis = explainability.analysis(model, features, np.ones(len(features)), SEED)
    found = analysis["explanations"][explainability.METHOD][explainability.OUTPUT]
    score = ndcg(before, found["global_shap_values"])
    violations = []
    if score < threshold and len(features) >= LEAST_ROWS:
        violations.append(
            Violation(
                ", ".join(_moved(before, found["global_shap_values"])),
                "shap",
                "feature_attribution_drift_check",
                f"Feature attribution drift {score} exceeds threshold {threshold}",
            )
        )
    return Found(
        rows=rows,
        violations=violations,
        documents={
            "analysis.json": analysis,
            "constraint_violations.json": {
                "version": "1.0",
                "violations": [
                    {
                        "label": explainability.OUTPUT,
                        "metric_name": each.metric,
                        "constraint_check_type": each.check,
                        "description": each.description,
                    }
                    for each in violations
                ],
            },
        },
        before={"analysis.json": document},
        distances={"ndcg": score},
        metrics=list(_metrics(found)),
    )


def ndcg(before: dict[str, float], after: dict[str, float]) -> float:
    """How well the features' ranking by ``after`` orders their values ``before``: 1 for the same ranking."""
    names = list(before)
    return float(ndcg_score([[before[name] for name in names]], [[after.get(name, 0.0) for name in names]]))


def _values(document: dict[str, Any]) -> dict[str, float]:
    found = document["explanations"].get(explainability.METHOD, {}).get(explainability.OUTPUT, {})
    values = found.get("global_shap_values")
    if not isinstance(values, dict) or len(values) < 2:
        raise Refused("explainability/analysis.json of the baseline has no global_shap_values")
    return values


def _sample(captured: Path, period: Period) -> tuple[int, np.ndarray]:
    """How many rows there are, and at most so many as are explained, drawn evenly from all of them."""
    generator = np.random.default_rng(SEED)
    rows = 0
    kept = np.empty((0, len(FEATURES)))
    draws = np.empty(0)
    for records in read_records(captured, period):
        frame = read_rows(records, FEATURES).frame
        rows += frame.height
        table = frame.select(pl.col(FEATURES).cast(pl.Float64, strict=False)).to_numpy()
        table = table[np.isfinite(table).all(axis=1)]
        kept = np.concatenate([kept, table])
        draws = np.concatenate([draws, generator.random(len(table))])
        if len(kept) > explainability.MAX_ROWS:
            least = np.sort(np.argpartition(draws, explainability.MAX_ROWS)[: explainability.MAX_ROWS])
            kept, draws = kept[least], draws[least]
    return rows, kept


def _moved(before: dict[str, float], after: dict[str, float], count: int = 3) -> list[str]:
    """The features whose share of all attribution has changed most."""
    totals = [sum(each.values()) or 1.0 for each in (before, after)]
    change = {name: abs(before[name] / totals[0] - after.get(name, 0.0) / totals[1]) for name in before}
    return sorted(change, key=lambda name: -change[name])[:count]


def _metrics(found: dict[str, Any]) -> Iterable[Metric]:
    shared = {"ExplainabilityMethod": "KernelShap", "Label": explainability.OUTPUT}
    for name, value in found["global_shap_values"].items():
        yield Metric(f"feature_{name}", value, dimensions={**shared, "ValueType": "GlobalShapValues"})
    yield Metric("ExpectedValue", found["expected_value"], dimensions={**shared, "ValueType": "ExpectedValue"})
