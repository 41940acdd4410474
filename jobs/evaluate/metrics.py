"""Metrics of a scored test split, with bootstrap intervals.

Everything is computed on rows sorted by falling score once; a bootstrap sample is then only another set of weights, so
that a thousand of them take seconds.
"""

from dataclasses import dataclass

import numpy as np

METRICS = ("rocAuc", "auprc", "recallAtFpr001", "precision", "recall", "f1", "brier")
#: False-positive rate of ``recallAtFpr001``.
FALSE_POSITIVE_RATE = 0.001


@dataclass(frozen=True)
class Scored:
    """Rows by falling score. ``ends`` holds the last index of each group of equal scores: they are decided together."""

    scores: np.ndarray
    labels: np.ndarray
    amounts: np.ndarray
    weights: np.ndarray
    ends: np.ndarray
    squared_errors: np.ndarray

    @staticmethod
    def of(scores: np.ndarray, labels: np.ndarray, amounts: np.ndarray, weights: np.ndarray) -> "Scored":
        """Sorts the rows.

        Raises:
            ValueError: one of the classes is missing: no metric says anything then.
        """
        frauds = int((labels == 1).sum())
        if frauds == 0 or frauds == len(labels):
            raise ValueError(f"the test split holds {frauds} frauds among {len(labels)} rows: both classes are needed")
        order = np.argsort(-scores, kind="stable")
        ends = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
        squared_errors = (scores - labels) ** 2
        return Scored(scores[order], labels[order], amounts[order], weights[order], ends, squared_errors[order])


@dataclass(frozen=True)
class Counts:
    """Weighted true and false positives when all rows down to each of ``Scored.ends`` are flagged."""

    true_positives: np.ndarray
    false_positives: np.ndarray

    @property
    def positives(self) -> float:
        return float(self.true_positives[-1])

    @property
    def negatives(self) -> float:
        return float(self.false_positives[-1])


def counts(scored: Scored, weights: np.ndarray) -> Counts:
    of_frauds = weights * scored.labels
    return Counts(np.cumsum(of_frauds)[scored.ends], np.cumsum(weights - of_frauds)[scored.ends])


def roc_auc(found: Counts) -> float:
    """Area under the curve through (0, 0); equal scores are joined by a straight line."""
    heights = found.true_positives - np.diff(found.true_positives, prepend=0.0) / 2
    area = np.sum(heights * np.diff(found.false_positives, prepend=0.0))
    return min(float(area / (found.positives * found.negatives)), 1.0)


def average_precision(found: Counts) -> float:
    flagged = found.true_positives + found.false_positives
    precision = np.divide(found.true_positives, flagged, out=np.zeros_like(flagged), where=flagged > 0)
    return min(float(np.sum(precision * np.diff(found.true_positives, prepend=0.0)) / found.positives), 1.0)


def recall_at(found: Counts, rate: float) -> float:
    """The largest recall whose false-positive rate is at most ``rate``."""
    allowed = found.false_positives <= rate * found.negatives
    return float(found.true_positives[allowed].max() / found.positives) if allowed.any() else 0.0


def all_metrics(scored: Scored, weights: np.ndarray, threshold: float) -> dict[str, float]:
    """Every metric of :data:`METRICS` under these weights."""
    found = counts(scored, weights)
    # How many groups of equal scores reach the threshold.
    groups = np.searchsorted(-scored.scores[scored.ends], -threshold, side="right")
    hits = float(found.true_positives[groups - 1]) if groups else 0.0
    alarms = float(found.false_positives[groups - 1]) if groups else 0.0
    precision = hits / (hits + alarms) if hits + alarms > 0 else 0.0
    recall = hits / found.positives
    return {
        "rocAuc": roc_auc(found),
        "auprc": average_precision(found),
        "recallAtFpr001": recall_at(found, FALSE_POSITIVE_RATE),
        "precision": precision,
        "recall": recall,
        "f1": 2 * precision * recall / (precision + recall) if precision + recall > 0 else 0.0,
        "brier": float(np.sum(scored.squared_errors * weights) / weights.sum()),
    }


def with_intervals(scored: Scored, threshold: float, samples: int, seed: int) -> dict[str, dict]:
    """Each metric as ``{"value": v, "interval": [low, high]}``: 95% percentile bootstrap over rows."""
    generator = np.random.default_rng(seed)
    rows = len(scored.labels)
    fraud = scored.labels == 1
    drawn: dict[str, list[float]] = {name: [] for name in METRICS}
    while len(drawn["rocAuc"]) < samples:
        times = np.bincount(generator.integers(0, rows, rows), minlength=rows)
        if not times[fraud].any() or not times[~fraud].any():
            continue  # a sample of one class has no metrics
        for name, value in all_metrics(scored, scored.weights * times, threshold).items():
            drawn[name].append(value)
    point = all_metrics(scored, scored.weights, threshold)
    return {
        name: {"value": point[name], "interval": [float(end) for end in np.percentile(drawn[name], [2.5, 97.5])]}
        for name in METRICS
    }
