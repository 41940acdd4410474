"""Which row goes to which split. Pure: arrays in, assignment out; nothing is lost, no duplicate straddles a border.

Both splits lay the rows in a line, in an order that hangs on the values (and the seed) alone, and cut it where the
ratios say. Rows that must stay together have the same place in that order; where a cut would part them, all of them go
to the later split. So every engine that follows the same rule gives the same splits.
"""

from collections.abc import Iterable
from decimal import Decimal

import numpy as np

TRAIN, VALIDATION, TEST = 0, 1, 2
NAMES = ("train", "validation", "test")


def borders(rows: int, train: Decimal, validation: Decimal, test: Decimal) -> tuple[int, int]:
    """Where validation and test begin, in exact decimal arithmetic.

    Raises:
        ValueError: a ratio is not between 0 and 1, or they do not sum to exactly 1.
    """
    ratios = {"train": train, "validation": validation, "test": test}
    wrong = [f"{name} {ratio}" for name, ratio in ratios.items() if not (ratio.is_finite() and 0 < ratio < 1)]
    if wrong:
        raise ValueError(f"split ratios must lie between 0 and 1: {', '.join(wrong)}")
    if train + validation + test != 1:
        raise ValueError(
            f"split ratios must sum to exactly 1: {train} + {validation} + {test} = {sum(ratios.values())}"
        )
    return int(rows * train), int(rows * (train + validation))


def temporal(times: np.ndarray, train: Decimal, validation: Decimal, test: Decimal) -> np.ndarray:
    """Past, nearer past, present. Rows of the same time stay together."""
    return _cut(times, *borders(len(times), train, validation, test))


def stratified(keys: np.ndarray, labels: np.ndarray, train: Decimal, validation: Decimal, test: Decimal) -> np.ndarray:
    """The same share of frauds everywhere. Rows with equal keys (exact duplicates) stay together."""
    assignment = np.empty(len(labels), dtype=np.int8)
    for label in (0, 1):
        of_class = labels == label
        assignment[of_class] = _cut(keys[of_class], *borders(int(of_class.sum()), train, validation, test))
    return assignment


def _cut(places: np.ndarray, validation_begins: int, test_begins: int) -> np.ndarray:
    assignment = np.full(len(places), TRAIN, dtype=np.int8)
    if len(places):
        ordered = np.sort(places)
        assignment[places >= ordered[validation_begins]] = VALIDATION
        assignment[places >= ordered[test_begins]] = TEST
    return assignment


def row_keys(columns: Iterable[np.ndarray], seed: int) -> np.ndarray:
    """A 64-bit key of each row's values: equal rows have equal keys wherever they stand, others as good as never.

    The finalizer of splitmix64 over the bits of the columns (float64), one after the other; -0.0 counts as 0.0.
    """
    keys = np.array([seed & 0xFFFF_FFFF_FFFF_FFFF], dtype=np.uint64)
    for column in columns:
        keys = _mixed(keys ^ (column + 0.0).view(np.uint64))
    return keys


def _mixed(keys: np.ndarray) -> np.ndarray:
    keys = keys + np.uint64(0x9E3779B97F4A7C15)
    keys = (keys ^ (keys >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    keys = (keys ^ (keys >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return keys ^ (keys >> np.uint64(31))
