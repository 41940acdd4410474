"""Model quality: how well a model decides, in Model Monitor's formats for binary classification.

Rows count by their weight. Neither a baseline's figures nor a period's are taken at their word: of two samples of the
same traffic, one is worse. Constraints are what a baseline's rates are at least, by their exact (Clopper-Pearson)
limits; they are violated by what a period's are at most, by the same.
"""

from typing import Any

import numpy as np
from sklearn.metrics import precision_recall_curve, roc_curve

#: Of the bootstrap.
SAMPLES = 100
#: Of the distributions of rates.
DRAWS = 4_000
#: Numbers that are drawn at once.
MOST_DRAWN = 1_000_000
#: A constraint is the end of a one-sided 97.5% interval; a period must fail it by that of a 99.9% interval.
BASELINE_TAIL, PERIOD_TAIL = 0.025, 0.001
#: With fewer rows Model Monitor gives no standard deviation either.
LEAST_ROWS = 200
#: Points of a curve.
MAX_POINTS = 200
LESS, GREATER = "LessThanThreshold", "GreaterThanThreshold"
#: Metrics with a constraint, and when it is violated.
CONSTRAINED = {
    **dict.fromkeys(
        ("recall", "precision", "accuracy", "true_positive_rate", "true_negative_rate", "auc", "f0_5", "f1", "f2"), LESS
    ),
    **dict.fromkeys(("false_positive_rate", "false_negative_rate"), GREATER),
}
#: What Model Monitor writes for a figure that there is none of.
NONE = "NaN"


def statistics(
    labels: np.ndarray, scores: np.ndarray, flagged: np.ndarray, weights: np.ndarray, seed: int
) -> dict[str, Any]:
    """``statistics.json`` of decisions (``flagged``, a boolean of each row); what cannot be told is ``"NaN"``."""
    point = _metrics(labels, scores, flagged, weights)
    drawn = _bootstrap(labels, scores, flagged, weights, seed)
    (negatives, alarms), (missed, found) = _confusion(labels, flagged, weights).tolist()
    curves = _curves(labels, scores, weights) if 0 < labels.sum() < len(labels) else {}
    return {
        "version": 0.0,
        "dataset": {"item_count": len(labels)},
        "binary_classification_metrics": {
            "confusion_matrix": {"0": {"0": negatives, "1": alarms}, "1": {"0": missed, "1": found}},
            **{
                name: {
                    "value": _told(value),
                    "standard_deviation": _told(float(np.std(drawn[name]))) if len(labels) >= LEAST_ROWS else NONE,
                }
                for name, value in point.items()
            },
            **curves,
        },
    }


def constraints(
    labels: np.ndarray, scores: np.ndarray, flagged: np.ndarray, weights: np.ndarray, seed: int
) -> dict[str, Any]:
    """``constraints.json``: what the metrics are at least (rates of errors at most). Both classes are there."""
    bounds = _at_worst(labels, flagged, weights, seed)
    bounds["auc"] = _bootstrap(labels, scores, flagged, weights, seed)["auc"]
    found = {
        name: {"threshold": _tail(bounds[name], operator, BASELINE_TAIL), "comparison_operator": operator}
        for name, operator in CONSTRAINED.items()
    }
    return {"version": 0.0, "binary_classification_constraints": found}


def at_best(labels: np.ndarray, scores: np.ndarray, flagged: np.ndarray, seed: int) -> dict[str, float]:
    """What each constrained metric of the traffic may still be, were these rows an unlucky sample of it.

    A metric that the rows say nothing of is left out.
    """
    bounds = _at_best(labels, flagged, seed)
    bounds["auc"] = _best_auc(labels, scores, seed)
    opposite = {LESS: GREATER, GREATER: LESS}
    found = {
        name: _tail(bounds[name], opposite[operator], PERIOD_TAIL)
        for name, operator in CONSTRAINED.items()
        if bounds[name] is not None
    }
    return {name: value for name, value in found.items() if not np.isnan(value)}


def _tail(values: np.ndarray, operator: str, share: float) -> float:
    """The end of the values towards which the operator is violated."""
    return float(np.quantile(values, share if operator == LESS else 1 - share))


def _curves(labels: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> dict[str, Any]:
    false_positives, true_positives, _ = roc_curve(labels, scores, sample_weight=weights)
    precisions, recalls, _ = precision_recall_curve(labels, scores, sample_weight=weights)
    return {
        "receiver_operating_characteristic_curve": {
            "false_positive_rates": _thinned(false_positives),
            "true_positive_rates": _thinned(true_positives),
        },
        "precision_recall_curve": {"precisions": _thinned(precisions[::-1]), "recalls": _thinned(recalls[::-1])},
    }


def _metrics(labels: np.ndarray, scores: np.ndarray, flagged: np.ndarray, weights: np.ndarray) -> dict[str, float]:
    matrix = _confusion(labels, flagged, weights)
    negatives, positives = matrix.sum(axis=1).tolist()
    # Model Monitor's best constant classifier is the one that finds every case: it flags everything.
    constant = np.array([[0.0, negatives], [0.0, positives]])
    return {
        **{name: float(value) for name, value in _of_confusion(matrix).items()},
        "auc": _auc(labels, scores, weights),
        **{
            f"{name}_best_constant_classifier": float(value)
            for name, value in _of_confusion(constant).items()
            if not name.endswith("_rate")
        },
    }


def _auc(labels: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> float:
    """Area under the ROC curve; scikit-learn's function takes ten times as long, and is asked a hundred times."""
    _, places = np.unique(scores, return_inverse=True)
    frauds, legitimate = (np.bincount(places, weights * (labels == label)) for label in (1, 0))
    below = np.cumsum(legitimate) - legitimate / 2
    return float(_ratio(frauds @ below, frauds.sum() * legitimate.sum()))


def _of_confusion(matrix: np.ndarray) -> dict[str, np.ndarray]:
    """Metrics of a matrix of class × decision, or of many of them (class × decision × each)."""
    (negatives, alarms), (missed, found) = matrix
    recall, precision = _ratio(found, found + missed), _ratio(found, found + alarms)
    false_positive_rate = _ratio(alarms, alarms + negatives)

    def f_score(beta: float) -> np.ndarray:
        return _ratio((1 + beta**2) * found, (1 + beta**2) * found + beta**2 * missed + alarms)

    return {
        "recall": recall,
        "precision": precision,
        "accuracy": _ratio(negatives + found, matrix.sum(axis=(0, 1))),
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
    return np.bincount(2 * labels + flagged, weights=weights, minlength=4).reshape(2, 2)


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Not a number where there is nothing to share."""
    return np.divide(part, whole, out=np.full(np.shape(whole), np.nan), where=np.asarray(whole) > 0)


def _at_worst(labels: np.ndarray, flagged: np.ndarray, weights: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    """Metrics of the confusion matrix for drawn rates, none of them better than the observed ones.

    The rates' quantiles are their Clopper-Pearson limits; the other metrics rise and fall with them.
    """
    generator = np.random.default_rng(seed)
    (negatives, alarms), (missed, found) = _counted(labels, flagged)
    fraud, legitimate = (float(weights[labels == label].sum()) for label in (1, 0))
    return _of_rates(_lower(generator, found, missed), 1 - _lower(generator, negatives, alarms), fraud, legitimate)


def _at_best(labels: np.ndarray, flagged: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    """The same, none of them worse than observed. How many rows are frauds is chance, too: few may be none."""
    generator = np.random.default_rng(seed)
    (negatives, alarms), (missed, found) = _counted(labels, flagged)
    recalls = 1 - _lower(generator, missed, found)
    alarm_rates = _lower(generator, alarms, negatives)
    frauds = 1 - _lower(generator, negatives + alarms, missed + found)
    return {
        **_of_rates(recalls, alarm_rates, frauds, 1 - frauds),
        # Shares of rows that are counted: limits of their own.
        "precision": 1 - _lower(generator, alarms, found),
        "accuracy": 1 - _lower(generator, alarms + missed, negatives + found),
    }


def _counted(labels: np.ndarray, flagged: np.ndarray) -> list[list[int]]:
    return _confusion(labels, flagged, np.ones(len(labels))).astype(int).tolist()


def _of_rates(
    recalls: np.ndarray, alarm_rates: np.ndarray, fraud: "np.ndarray | float", legitimate: "np.ndarray | float"
) -> dict[str, np.ndarray]:
    passed, alarms = legitimate * (1 - alarm_rates), legitimate * alarm_rates
    return _of_confusion(np.array([[passed, alarms], [fraud * (1 - recalls), fraud * recalls]]))


def _lower(generator: np.random.Generator, hits: int, others: int) -> np.ndarray:
    """Draws whose quantiles are the lower limits of the rate of hits."""
    return generator.beta(hits, others + 1, DRAWS) if hits > 0 else np.zeros(DRAWS)


def _best_auc(labels: np.ndarray, scores: np.ndarray, seed: int) -> "np.ndarray | None":
    """Draws whose upper quantile bounds the area under the curve from above.

    It is the mean over the frauds of the share of legitimate rows below each: for the mean of values within [0, 1], the
    bound weights them at random with one more at 1, as Clopper and Pearson's does for hits and misses.
    """
    legitimate = np.sort(scores[labels == 0])
    frauds = scores[labels == 1]
    if len(legitimate) == 0 or len(frauds) == 0:
        return None
    below, upto = (np.searchsorted(legitimate, frauds, side=side) for side in ("left", "right"))
    shares = np.append((below + upto) / 2 / len(legitimate), 1.0)
    generator = np.random.default_rng(seed)
    # A few draws at a time, where frauds are many.
    pieces = np.array_split(np.empty(DRAWS), 1 + DRAWS * len(shares) // MOST_DRAWN)
    weights = (generator.exponential(size=(len(piece), len(shares))) for piece in pieces)
    return np.concatenate([each @ shares / each.sum(axis=1) for each in weights])


def _bootstrap(
    labels: np.ndarray, scores: np.ndarray, flagged: np.ndarray, weights: np.ndarray, seed: int
) -> dict[str, np.ndarray]:
    """Every metric in samples of the rows; samples without a class that the rows have are drawn again."""
    generator = np.random.default_rng(seed)
    both = 0 < labels.sum() < len(labels)
    samples: list[dict[str, float]] = []
    while len(samples) < SAMPLES:
        times = np.bincount(generator.integers(0, len(labels), len(labels)), minlength=len(labels))
        if not both or 0 < times[labels == 1].sum() < len(labels):
            samples.append(_metrics(labels, scores, flagged, weights * times))
    return {name: np.array([sample[name] for sample in samples]) for name in samples[0]}


def _told(value: float) -> "float | str":
    return NONE if np.isnan(value) else value


def _thinned(curve: np.ndarray) -> list[float]:
    places = np.unique(np.linspace(0, len(curve) - 1, MAX_POINTS).round().astype(int))
    return [float(value) for value in curve[places]]
