"""How far apart two distributions are, from what Model Monitor's statistics keep of them."""

from typing import Any

import numpy as np


def from_sketch(sketch: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Rising values, and how many rows each stands for: an item of level n for 2^n."""
    levels = sketch["data"]
    values = np.concatenate([np.asarray(items, dtype=np.float64) for items in levels])
    weights = np.repeat([2**level for level in range(len(levels))], [len(items) for items in levels])
    order = np.argsort(values, kind="stable")
    return values[order], weights[order]


def simple(one: tuple[np.ndarray, np.ndarray], other: tuple[np.ndarray, np.ndarray]) -> float:
    """Largest difference between the cumulative distributions of weighted values, each rising."""
    places = np.concatenate([one[0], other[0]])
    first, second = (_cumulative(values, weights, places) for values, weights in (one, other))
    return float(np.abs(first - second).max())


def _cumulative(values: np.ndarray, weights: np.ndarray, places: np.ndarray) -> np.ndarray:
    total = np.concatenate([[0.0], np.cumsum(weights)])
    return total[np.searchsorted(values, places, side="right")] / total[-1]


def categorical(one: dict[str, float], other: dict[str, float]) -> float:
    """L-infinity: the largest difference between the shares of a category."""
    whole, rest = sum(one.values()), sum(other.values())
    return max(abs(one.get(value, 0) / whole - other.get(value, 0) / rest) for value in one.keys() | other.keys())


def robust(distance: float, rows: int, others: int) -> float:
    """The distance less what samples of this many rows differ by when nothing has changed; at least 0.

    The correction is the critical value of the two-sample Kolmogorov-Smirnov test far beyond any usual level.
    """
    return max(0.0, distance - 1.8 * float(np.sqrt((rows + others) / (rows * others))))
