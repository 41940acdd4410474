"""The thinning of curves."""

import numpy as np
from curves import MAX_POINTS, thinned
from hypothesis import given, settings
from hypothesis import strategies as st


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
