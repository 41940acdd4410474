"""The thinning of curves, and calibration."""

from itertools import pairwise

import numpy as np
from curves import MAX_POINTS, calibration, calibration_error, thinned
from hypothesis import given, settings
from hypothesis import strategies as st
from metrics import Scored


@settings(deadline=None)
@given(st.integers(1, 4000), st.integers(0, 2**31), st.sampled_from(["even", "crowded", "level"]))
def test_a_thinned_curve_has_at_most_500_points_all_of_the_curve_and_both_ends(count, seed, kind):
    random = np.random.default_rng(seed)
    across = np.sort(random.random(count) ** (9 if kind == "crowded" else 1))
    up = np.full(count, 0.5) if kind == "level" else np.sort(random.random(count))
    every = [[round(float(x), 6), round(float(y), 6)] for x, y in zip(across, up, strict=True)]
    points = thinned(across, up)
    assert len(points) <= MAX_POINTS == 500
    assert points[0] == every[0]
    assert points[-1] == every[-1]
    if count <= MAX_POINTS:
        assert points == every
    else:
        assert points == sorted(points)
        assert {tuple(point) for point in points} <= {tuple(point) for point in every}


def test_a_curve_that_ends_on_one_spot_keeps_its_end_within_the_500_points():
    across = np.concatenate([np.linspace(0, 1, 5_000), np.ones(50)])
    points = thinned(across, across)
    assert len(points) == MAX_POINTS
    assert (points[0], points[-1]) == ([0, 0], [1, 1])


def scored(labels: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> Scored:
    return Scored.of(scores, labels, np.ones(len(labels)), weights)


def test_scores_that_are_the_frauds_share_are_calibrated_and_doubled_ones_are_not():
    generator = np.random.default_rng(1)
    scores = generator.random(40_000) / 2
    labels = (generator.random(40_000) < scores).astype(int)
    honest = calibration_error(scored(labels, scores, np.ones(40_000)))
    boasting = calibration_error(scored(labels, scores * 2, np.ones(40_000)))
    assert honest["expected"] < 0.01
    # A score is off by half of itself, a quarter on the average of the rows.
    assert abs(boasting["expected"] - 0.25) < 0.01
    assert boasting["expected"] < boasting["maximum"] < 0.5


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 2**31), st.integers(1, 5))
def test_a_row_of_weight_n_counts_as_n_rows_in_the_same_bin(seed, weight):
    generator = np.random.default_rng(seed)
    labels, scores = (generator.random(60) < 0.4).astype(int), generator.integers(0, 5, 60) / 4
    if not 0 < labels.sum() < 60:
        return
    bins = calibration(scored(labels, scores, np.where(labels == 1, 1.0, weight)))
    assert sum(each.rows for each in bins) == 60
    for low, high in pairwise(bins):
        assert low.score < high.score
    assert np.isclose(sum(each.share * each.weight for each in bins), labels.sum())
    assert np.isclose(sum(each.weight for each in bins), labels.sum() + weight * (60 - labels.sum()))
