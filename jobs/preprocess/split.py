"""Which row goes to which split. Pure: arrays in, assignment out; nothing is lost, no duplicate straddles a border."""

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
    wrong = [f"{name} {ratio}" for name, ratio in ratios.items() if not 0 < ratio < 1]
    if wrong:
        raise ValueError(f"split ratios must lie between 0 and 1: {', '.join(wrong)}")
    if train + validation + test != 1:
        raise ValueError(
            f"split ratios must sum to exactly 1: {train} + {validation} + {test} = {sum(ratios.values())}"
        )
    return int(rows * train), int(rows * (train + validation))


def temporal(times: np.ndarray, train: Decimal, validation: Decimal, test: Decimal) -> np.ndarray:
    """Past, nearer past, present. A border never parts rows of the same time: all of them go to the later split."""
    first, second = borders(len(times), train, validation, test)
    ordered = np.sort(times)
    assignment = np.full(len(times), TRAIN, dtype=np.int8)
    assignment[times >= ordered[first]] = VALIDATION
    assignment[times >= ordered[second]] = TEST
    return assignment


def stratified(
    values: np.ndarray, labels: np.ndarray, seed: int, train: Decimal, validation: Decimal, test: Decimal
) -> np.ndarray:
    """The same share of frauds everywhere. Exact duplicates fall to the same split: they are dealt as one."""
    keys = row_keys(values, seed)
    assignment = np.empty(len(labels), dtype=np.int8)
    for label in (0, 1):
        of_class = np.flatnonzero(labels == label)
        first, second = borders(len(of_class), train, validation, test)
        ordered = np.sort(keys[of_class])
        chosen = np.full(len(of_class), TRAIN, dtype=np.int8)
        if len(of_class):
            chosen[keys[of_class] >= ordered[first]] = VALIDATION
            chosen[keys[of_class] >= ordered[second]] = TEST
        assignment[of_class] = chosen
    return assignment


def row_keys(values: np.ndarray, seed: int) -> np.ndarray:
    """A 64-bit key of each row's values (rows × columns, float64): equal rows have equal keys, whatever their place.

    The finalizer of splitmix64 over the bits of each value; -0.0 counts as 0.0.
    """
    bits = np.ascontiguousarray(values + 0.0).view(np.uint64)
    keys = np.full(len(values), np.uint64(seed), dtype=np.uint64)
    for column in range(values.shape[1]):
        keys = _mixed(keys ^ bits[:, column])
    return keys


def _mixed(keys: np.ndarray) -> np.ndarray:
    keys = keys + np.uint64(0x9E3779B97F4A7C15)
    keys = (keys ^ (keys >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    keys = (keys ^ (keys >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return keys ^ (keys >> np.uint64(31))
