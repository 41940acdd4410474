"""Laws of the split: every row once, no straddling, exact ratios."""

from decimal import Decimal

import numpy as np
import pytest
from borders import TEST, TRAIN, VALIDATION, borders
from hypothesis import given
from hypothesis import strategies as st
from split import row_keys, stratified, temporal

RATIOS = (Decimal("0.6"), Decimal("0.2"), Decimal("0.2"))


@given(st.lists(st.integers(0, 30), min_size=5, max_size=200))
def test_temporal_never_parts_equal_times_and_keeps_their_order(times: list[int]) -> None:
    clock = np.array(times, dtype=np.float64)
    assignment = temporal(clock, *RATIOS)
    assert len(assignment) == len(times)
    for time in set(times):
        assert len(set(assignment[clock == time])) == 1
    order = np.argsort(clock, kind="stable")
    assert (np.diff(assignment[order]) >= 0).all()


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 1)), min_size=5, max_size=200), st.integers(0, 99))
def test_stratified_deals_duplicates_as_one_and_the_same_seed_the_same(rows: list, seed: int) -> None:
    values = np.array(rows, dtype=np.float64)
    keys = row_keys(iter(values.T), seed)
    assignment = stratified(keys, values[:, 1], *RATIOS)
    assert set(assignment) <= {TRAIN, VALIDATION, TEST}
    for row in np.unique(values, axis=0):
        assert len(set(assignment[(values == row).all(axis=1)])) == 1
    assert (stratified(row_keys(iter(values.T), seed), values[:, 1], *RATIOS) == assignment).all()


def test_stratified_gives_each_class_its_shares() -> None:
    generator = np.random.default_rng(1)
    values = generator.normal(size=(10_000, 3))
    labels = (np.arange(10_000) % 10 == 0).astype(float)
    assignment = stratified(row_keys(iter(values.T), 7), labels, *RATIOS)
    for label in (0, 1):
        shares = np.bincount(assignment[labels == label], minlength=3) / (labels == label).sum()
        assert np.allclose(shares, [0.6, 0.2, 0.2], atol=0.002)


@pytest.mark.parametrize("ratios", [("0.7", "0.2", "0.1"), ("0.6", "0.2", "0.2"), ("0.34", "0.33", "0.33")])
def test_ratios_that_sum_to_one_are_taken(ratios: tuple) -> None:
    first, second = borders(1000, *map(Decimal, ratios))
    assert 0 < first < second < 1000


@pytest.mark.parametrize(
    "ratios", [("0.7", "0.2", "0.11"), ("0.33", "0.33", "0.33"), ("1", "0", "0"), ("1.2", "-0.1", "-0.1")]
)
def test_other_ratios_are_refused(ratios: tuple) -> None:
    with pytest.raises(ValueError, match="ratio"):
        borders(1000, *map(Decimal, ratios))
