"""Metrics of a scored test split with bootstrap intervals, and the difference between two models on the same rows.

Everything is computed on rows sorted by falling score once; a bootstrap sample is then only another set of weights, so
that a thousand of them take seconds.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

METRICS = ("rocAuc", "auprc", "recallAtFpr001", "precision", "recall", "f1", "brier")
#: False-positive rate of ``recallAtFpr001``.
FALSE_POSITIVE_RATE = 0.001


@dataclass(frozen=True)
class Scored:
    """Rows by falling score. ``ends`` holds the last index of each group of equal scores: they are decided together;
    ``order`` the place of each row in the split, by which two models' rows are matched.
    """

    order: np.ndarray
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
        return Scored(order, scores[order], labels[order], amounts[order], weights[order], ends, squared_errors[order])


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


@dataclass(frozen=True)
class Judged:
    """A model's scores of a split, and the threshold that it decides by."""

    scored: Scored
    threshold: float


@dataclass(frozen=True)
class Evaluated:
    """Every metric of :data:`METRICS` of one model: on the split itself, and in each bootstrap sample of it."""

    point: dict[str, float]
    drawn: dict[str, np.ndarray]

    def with_intervals(self) -> dict[str, dict]:
        """Each metric as ``{"value": v, "interval": [low, high]}``: 95% percentile bootstrap over rows."""
        return {name: _with_interval(self.point[name], self.drawn[name]) for name in METRICS}

    def minus(self, other: "Evaluated") -> dict[str, dict]:
        """The same of the differences to another model, evaluated together with this one."""
        return {
            name: _with_interval(self.point[name] - other.point[name], self.drawn[name] - other.drawn[name])
            for name in METRICS
        }


def evaluate(models: Sequence[Judged], samples: int, seed: int) -> list[Evaluated]:
    """Each model's metrics. Every sample draws the same rows for all of them, so that their difference is a paired one:
    what is luck of the rows falls out of it.
    """
    generator = np.random.default_rng(seed)
    rows = len(models[0].scored.labels)
    fraud = np.empty(rows, dtype=bool)
    fraud[models[0].scored.order] = models[0].scored.labels == 1
    drawn = [{name: np.empty(samples) for name in METRICS} for _ in models]
    done = 0
    while done < samples:
        times = np.bincount(generator.integers(0, rows, rows), minlength=rows)
        if not times[fraud].any() or not times[~fraud].any():
            continue  # a sample of one class has no metrics
        for model, values in zip(models, drawn, strict=True):
            weights = model.scored.weights * times[model.scored.order]
            for name, value in all_metrics(model.scored, weights, model.threshold).items():
                values[name][done] = value
        done += 1
    points = [all_metrics(model.scored, model.scored.weights, model.threshold) for model in models]
    return [Evaluated(point, values) for point, values in zip(points, drawn, strict=True)]


def _with_interval(value: float, drawn: np.ndarray) -> dict:
    return {"value": value, "interval": [float(end) for end in np.percentile(drawn, [2.5, 97.5])]}
