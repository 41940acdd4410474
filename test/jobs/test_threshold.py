"""The decision threshold against brute force."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threshold import cheapest_threshold, costs_by_threshold

# Scores as boosters give them: float32 between 0 and 1, with ties.
scores = st.one_of(st.floats(0, 1, width=32), st.sampled_from([0.0, 0.25, 0.5, 1.0]))
# Sums of these are exact, so that equal costs are equal.
money = st.integers(0, 400).map(lambda cents: cents / 4)
row = st.tuples(scores, st.integers(0, 1), money, st.sampled_from([0.5, 1.0, 8.0]))
tables = st.lists(row, min_size=1, max_size=40).filter(lambda rows: any(label for _, label, _, _ in rows))


def columns(rows: list[tuple]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    return tuple(np.array(column, dtype=np.float64) for column in zip(*rows, strict=True))


def cost_of(threshold: float, rows: list[tuple], false_positive_cost: float) -> float:
    total = 0.0
    for score, label, amount, weight in rows:
        if label and score < threshold:
            total += amount * weight
        elif not label and score >= threshold:
            total += false_positive_cost * weight
    return total


@settings(max_examples=400)
@given(tables, money)
def test_no_other_threshold_is_cheaper(rows, false_positive_cost):
    chosen = cheapest_threshold(*columns(rows), false_positive_cost)
    assert 0 <= chosen <= 1
    seen = sorted({score for score, _, _, _ in rows})
    between = [(low + high) / 2 for low, high in zip([0.0, *seen], [*seen, 1.0], strict=True)]
    others = [cost_of(threshold, rows, false_positive_cost) for threshold in [0.0, *seen, *between, 1.0]]
    assert cost_of(chosen, rows, false_positive_cost) <= min(others)


@given(tables, money)
def test_the_cost_of_each_threshold_is_what_deciding_by_it_costs(rows, false_positive_cost):
    thresholds, costs = costs_by_threshold(*columns(rows), false_positive_cost)
    assert list(thresholds) == sorted(thresholds, reverse=True)
    assert list(costs) == [cost_of(threshold, rows, false_positive_cost) for threshold in thresholds]


def test_lies_in_the_middle_of_the_gap_below_the_last_flagged_score():
    rows = [(0.75, 1, 100.0, 1.0), (0.25, 0, 1.0, 1.0)]
    assert cheapest_threshold(*columns(rows), 5.0) == 0.5


def test_flags_nothing_where_alarms_cost_more_than_fraud():
    rows = [(0.75, 1, 1.0, 1.0), (0.75, 0, 1.0, 9.0)]
    assert 0.75 < cheapest_threshold(*columns(rows), 5.0) <= 1


def test_without_fraud_there_is_nothing_to_choose_by():
    with pytest.raises(ValueError, match="holds no fraud"):
        cheapest_threshold(*columns([(0.5, 0, 1.0, 1.0)]), 5.0)
