"""Model quality: how well the model decides on the test split, in Model Monitor's formats for binary classification.

Rows count by their weight, as the traffic that a monitor will see. Constraints are not the figures themselves, which
half of all undrifted samples would miss, but the worse ends of their 95% bootstrap intervals.
"""

from typing import Any

import numpy as np
from sklearn.metrics import confusion_matrix, precision_recall_curve, roc_auc_score, roc_curve

#: Of the bootstrap.
SAMPLES = 100
#: With fewer rows Model Monitor gives no standard deviation either.
LEAST_ROWS = 200
#: Points of a curve.
MAX_POINTS = 200
#: Metrics with a constraint, and when it is violated.
CONSTRAINED = {
    **dict.fromkeys(
        ("recall", "precision", "accuracy", "true_positive_rate", "true_negative_rate", "auc", "f0_5", "f1", "f2"),
        "LessThanThreshold",
    ),
    **dict.fromkeys(("false_positive_rate", "false_negative_rate"), "GreaterThanThreshold"),
}


def baseline(
    labels: np.ndarray, scores: np.ndarray, weights: np.ndarray, threshold: float, seed: int
) -> tuple[dict[str, Any], dict[str, Any]]:
    """``statistics.json`` and ``constraints.json`` of the decisions ``scores >= threshold``. Both classes are there."""
    point = _metrics(labels, scores, weights, threshold)
    drawn = _bootstrap(labels, scores, weights, threshold, seed)
    false_positives, true_positives, _ = roc_curve(labels, scores, sample_weight=weights)
    precisions, recalls, _ = precision_recall_curve(labels, scores, sample_weight=weights)
    (negatives, alarms), (missed, found) = _confusion(labels, scores >= threshold, weights)
    statistics = {
        "version": 0.0,
        "dataset": {"item_count": len(labels)},
        "binary_classification_metrics": {
            "confusion_matrix": {"0": {"0": negatives, "1": alarms}, "1": {"0": missed, "1": found}},
            **{
                name: {"value": value, "standard_deviation": _deviation(drawn[name], len(labels))}
                for name, value in point.items()
            },
            "receiver_operating_characteristic_curve": {
                "false_positive_rates": _thinned(false_positives),
                "true_positive_rates": _thinned(true_positives),
            },
            "precision_recall_curve": {"precisions": _thinned(precisions[::-1]), "recalls": _thinned(recalls[::-1])},
        },
    }
    return statistics, {"version": 0.0, "binary_classification_constraints": _constraints(drawn)}


def _metrics(labels: np.ndarray, scores: np.ndarray, weights: np.ndarray, threshold: float) -> dict[str, float]:
    matrix = _confusion(labels, scores >= threshold, weights)
    share = float(np.average(labels, weights=weights))
    # Model Monitor's best constant classifier is the one that finds every case: it flags everything.
    constant = np.array([[0.0, 1 - share], [0.0, share]])
    return {
        **_of_confusion(matrix),
        "auc": float(roc_auc_score(labels, scores, sample_weight=weights)),
        **{
            f"{name}_best_constant_classifier": value
            for name, value in _of_confusion(constant).items()
            if not name.endswith("_rate")
        },
    }


def _of_confusion(matrix: np.ndarray) -> dict[str, float]:
    (negatives, alarms), (missed, found) = matrix.tolist()
    recall, precision = _ratio(found, found + missed), _ratio(found, found + alarms)
    false_positive_rate = _ratio(alarms, alarms + negatives)

    def f_score(beta: float) -> float:
        return _ratio((1 + beta**2) * found, (1 + beta**2) * found + beta**2 * missed + alarms)

    return {
        "recall": recall,
        "precision": precision,
        "accuracy": (negatives + found) / float(matrix.sum()),
        "true_positive_rate": recall,
        "true_negative_rate": 1 - false_positive_rate,
        "false_positive_rate": false_positive_rate,
        "false_negative_rate": 1 - recall,
        "f0_5": f_score(0.5),
        "f1": f_score(1.0),
        "f2": f_score(2.0),
    }


def _confusion(labels: np.ndarray, flagged: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weight of the rows by class and decision."""
    return confusion_matrix(labels, flagged, labels=[0, 1], sample_weight=weights).astype(np.float64)


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole > 0 else 0.0


def _bootstrap(
    labels: np.ndarray, scores: np.ndarray, weights: np.ndarray, threshold: float, seed: int
) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(seed)
    samples: list[dict[str, float]] = []
    while len(samples) < SAMPLES:
        times = np.bincount(generator.integers(0, len(labels), len(labels)), minlength=len(labels))
        if 0 < times[labels == 1].sum() < len(labels):
            samples.append(_metrics(labels, scores, weights * times, threshold))
    return {name: np.array([sample[name] for sample in samples]) for name in samples[0]}


def _deviation(drawn: np.ndarray, rows: int) -> "float | str":
    return float(drawn.std()) if rows >= LEAST_ROWS else "NaN"


def _constraints(drawn: dict[str, np.ndarray]) -> dict[str, Any]:
    ends = {"LessThanThreshold": 2.5, "GreaterThanThreshold": 97.5}
    return {
        name: {"threshold": float(np.percentile(drawn[name], ends[operator])), "comparison_operator": operator}
        for name, operator in CONSTRAINED.items()
    }


def _thinned(curve: np.ndarray) -> list[float]:
    places = np.unique(np.linspace(0, len(curve) - 1, MAX_POINTS).round().astype(int))
    return [float(value) for value in curve[places]]
