"""What a person looks at: curves, histogram, calibration, costs and the confusion matrix of a scored test split."""

from dataclasses import dataclass

import numpy as np
from metrics import Scored, counts
from threshold import cost_at, costs_by_threshold

MAX_POINTS = 500
HISTOGRAM_BINS = 40
CALIBRATION_BINS = 10


def thinned(*columns: np.ndarray) -> list[list[float]]:
    """Points of a curve, at most :data:`MAX_POINTS`, both ends kept; spread evenly over the first and second column."""
    rows = len(columns[0])
    if rows > MAX_POINTS:
        spans = [np.abs(np.diff(column)) / (np.ptp(column) or 1.0) for column in columns[:2]]
        way = np.concatenate([[0.0], np.cumsum(np.maximum(*spans) if len(spans) > 1 else spans[0])])
        keep = np.unique(np.searchsorted(way, np.linspace(0.0, way[-1], MAX_POINTS)).clip(0, rows - 1))
        keep = np.unique(np.concatenate([[0], keep, [rows - 1]]))
        if len(keep) > MAX_POINTS:
            keep = np.delete(keep, 1)
        columns = tuple(column[keep] for column in columns)
    return [[round(float(value), 6) for value in point] for point in zip(*columns, strict=True)]


def curves(scored: Scored) -> dict:
    found = counts(scored, scored.weights)
    recall = found.true_positives / found.positives
    precision = found.true_positives / (found.true_positives + found.false_positives)
    first = np.array([0.0])
    return {
        "roc": thinned(
            np.concatenate([first, found.false_positives / found.negatives]), np.concatenate([first, recall])
        ),
        "precisionRecall": thinned(np.concatenate([first, recall]), np.concatenate([precision[:1], precision])),
        "calibration": [[point.score, point.share, point.rows] for point in calibration(scored)],
        "scoreHistogram": histogram(scored),
    }


@dataclass(frozen=True)
class CalibrationBin:
    """Rows of like score: their mean score, the share of frauds among them, their weight."""

    score: float
    share: float
    rows: int
    weight: float


def calibration(scored: Scored) -> list[CalibrationBin]:
    """Bins by rising score; they hold equally many of the rows scored above the median."""
    edges = np.unique(np.quantile(scored.scores, np.linspace(0.5, 1.0, CALIBRATION_BINS + 1)))
    which = np.searchsorted(edges, scored.scores, side="right")
    bins = []
    for each in np.unique(which):
        rows = which == each
        weights = scored.weights[rows]
        bins.append(
            CalibrationBin(
                score=float(np.average(scored.scores[rows], weights=weights)),
                share=float(np.average(scored.labels[rows], weights=weights)),
                rows=int(rows.sum()),
                weight=float(weights.sum()),
            )
        )
    return bins


def calibration_error(scored: Scored) -> dict[str, float]:
    """How far scores are from the frauds' share, over the bins of :func:`calibration`: on the average of the rows
    (the expected calibration error), and in the worst bin.
    """
    bins = calibration(scored)
    gaps = np.array([abs(each.score - each.share) for each in bins])
    return {"expected": float(np.average(gaps, weights=[each.weight for each in bins])), "maximum": float(gaps.max())}


def histogram(scored: Scored) -> dict:
    edges = np.linspace(0.0, 1.0, HISTOGRAM_BINS + 1)
    fraud = scored.labels == 1
    return {
        "edges": [round(float(edge), 6) for edge in edges],
        "legitimate": [int(count) for count in np.histogram(scored.scores[~fraud], edges)[0]],
        "fraud": [int(count) for count in np.histogram(scored.scores[fraud], edges)[0]],
    }


def cost(scored: Scored, threshold: float, false_positive_cost: float) -> dict:
    """Cost of each threshold, and of the model's own, each row counted by its weight."""
    rows = (scored.scores, scored.labels, scored.amounts, scored.weights, false_positive_cost)
    thresholds, costs = costs_by_threshold(*rows)
    return {
        "falsePositiveCost": false_positive_cost,
        "total": round(cost_at(threshold, *rows), 2),
        "curve": thinned(thresholds[::-1], costs[::-1]),
    }


def confusion_matrix(scored: Scored, threshold: float) -> dict:
    """Rows (not weights) at the model's threshold."""
    flagged = scored.scores >= threshold
    fraud = scored.labels == 1
    return {
        "truePositives": int((flagged & fraud).sum()),
        "falsePositives": int((flagged & ~fraud).sum()),
        "trueNegatives": int((~flagged & ~fraud).sum()),
        "falseNegatives": int((~flagged & fraud).sum()),
    }
