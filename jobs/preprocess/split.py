"""Which row goes to which split. Pure: arrays in, assignment out; nothing is lost, no duplicate straddles a border.

Both splits lay the rows in a line, in an order that hangs on the values (and the seed) alone, and cut it where the
ratios say. Rows that must stay together have the same place in that order; where a cut would part them, all of them go
to the later split. So every engine that follows the same rule gives the same splits; :mod:`split_spark` does.
"""

from collections.abc import Iterable
from decimal import Decimal

import numpy as np
from borders import TEST, TRAIN, VALIDATION, borders


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
    """A signed 64-bit key of each row's values: equal rows have equal keys wherever they stand, others hardly ever.

    XXH64 of the seed, then of the bits of each column (float64), each hash the seed of the next; -0.0 counts as 0.0.
    That is what Spark's ``xxhash64(seed, *columns)`` computes.
    """
    keys = _xxh64(np.array([seed], dtype=np.int64).view(np.uint64), _SPARK_SEED)
    for column in columns:
        keys = _xxh64((column + 0.0).view(np.uint64), keys)
    return keys.view(np.int64)


_SPARK_SEED = np.array([42], dtype=np.uint64)
_PRIMES = [
    np.uint64(prime)
    for prime in (
        0x9E3779B185EBCA87,
        0xC2B2AE3D27D4EB4F,
        0x165667B19E3779F9,
        0x85EBCA77C2B2AE63,
        0x27D4EB2F165667C5,
    )
]


def _xxh64(values: np.ndarray, seeds: np.ndarray) -> np.ndarray:
    """XXH64 of 8 bytes each, little-endian, with a seed each."""
    one, two, three, four, five = _PRIMES
    hashes = (seeds + (five + np.uint64(8))) ^ (_rotated(values * two, 31) * one)
    hashes = _rotated(hashes, 27) * one + four
    hashes = (hashes ^ (hashes >> np.uint64(33))) * two
    hashes = (hashes ^ (hashes >> np.uint64(29))) * three
    return hashes ^ (hashes >> np.uint64(32))


def _rotated(values: np.ndarray, bits: int) -> np.ndarray:
    return (values << np.uint64(bits)) | (values >> np.uint64(64 - bits))
