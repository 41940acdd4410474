"""The decision threshold: the probability from which a transaction is treated as fraud, chosen by cost."""

import numpy as np


def costs_by_threshold(
    scores: np.ndarray, labels: np.ndarray, amounts: np.ndarray, weights: np.ndarray, false_positive_cost: float
) -> tuple[np.ndarray, np.ndarray]:
    """Cost of deciding ``score >= threshold`` for every threshold that makes a difference.

    A missed fraud costs its amount, a false alarm costs ``false_positive_cost``; both times the row's weight.

    Returns:
        thresholds, falling, the first above every score (nothing is flagged); and the cost at each.
    """
    order = np.argsort(-scores, kind="stable")
    fraud = labels[order] == 1
    saved = np.cumsum(np.where(fraud, amounts[order] * weights[order], 0.0))
    alarms = np.cumsum(np.where(fraud, 0.0, weights[order])) * false_positive_cost
    last = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)  # equal scores are decided together
    all_missed = float(np.sum(amounts[labels == 1] * weights[labels == 1]))
    thresholds = np.concatenate([[np.nextafter(scores.max(), np.inf)], scores[order][last]])
    return thresholds, np.concatenate([[all_missed], all_missed - saved[last] + alarms[last]])


def cheapest_threshold(
    scores: np.ndarray, labels: np.ndarray, amounts: np.ndarray, weights: np.ndarray, false_positive_cost: float
) -> float:
    """The cheapest threshold, in the middle of the gap to the next lower score, so that it does not hang on one row.

    Raises:
        ValueError: no fraud among the rows: nothing to choose by.
    """
    if not (labels == 1).any():
        raise ValueError("the validation split holds no fraud: a threshold cannot be chosen by cost")
    thresholds, costs = costs_by_threshold(scores, labels, amounts, weights, false_positive_cost)
    best = int(np.argmin(costs))
    lower = thresholds[best + 1] if best + 1 < len(thresholds) else 0.0
    return float(np.clip((thresholds[best] + lower) / 2, 0.0, 1.0))
