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
    at_stake = np.where(fraud, amounts[order] * weights[order], 0.0)
    alarms = np.where(fraud, 0.0, weights[order]) * false_positive_cost
    last = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)  # equal scores are decided together
    thresholds = np.concatenate([[np.nextafter(scores.max(), np.inf)], scores[order][last]])
    flagged_cost = np.concatenate([[0.0], np.cumsum(alarms - at_stake)[last]])
    return thresholds, at_stake.sum() + flagged_cost


def cost_at(
    threshold: float,
    scores: np.ndarray,
    labels: np.ndarray,
    amounts: np.ndarray,
    weights: np.ndarray,
    false_positive_cost: float,
) -> float:
    """Cost of deciding by one threshold."""
    flagged, fraud = scores >= threshold, labels == 1
    missed = (amounts * weights)[fraud & ~flagged].sum()
    return float(missed + weights[flagged & ~fraud].sum() * false_positive_cost)


def cheapest_threshold(
    scores: np.ndarray, labels: np.ndarray, amounts: np.ndarray, weights: np.ndarray, false_positive_cost: float
) -> float:
    """The cheapest threshold; of equally cheap ones that with the fewest alarms.

    It lies in the middle of the gap to the next lower score, so that it does not hang on one row. Where it is cheapest
    to flag nothing, it is the least number above every score.

    Raises:
        ValueError: no fraud among the rows: nothing to choose by.
    """
    if not (labels == 1).any():
        raise ValueError("the validation split holds no fraud: a threshold cannot be chosen by cost")
    thresholds, costs = costs_by_threshold(scores, labels, amounts, weights, false_positive_cost)
    # A threshold is a probability: where a score is 1, it is flagged.
    best = int(np.argmin(np.where(thresholds <= 1, costs, np.inf)))
    if best == 0:
        return float(thresholds[0])
    lower = thresholds[best + 1] if best + 1 < len(thresholds) else 0.0
    return float((thresholds[best] + lower) / 2)
