"""Metrics and threshold against independent oracles: scikit-learn, and brute force."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from metrics import Scored, all_metrics, counts, recall_at, with_intervals
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    f1_score,
    precision_score,
    recall_score,
    roc_auc_score,
)
from threshold import cheapest_threshold

# Few distinct scores, so that ties are the rule.
rows = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 1), st.integers(1, 4)), min_size=4, max_size=60).filter(
    lambda each: 0 < sum(label for _, label, _ in each) < len(each)
)


def scored_of(each: list) -> tuple[np.ndarray, np.ndarray, np.ndarray, Scored]:
    scores = np.array([score / 8 for score, _, _ in each])
    labels = np.array([label for _, label, _ in each])
    weights = np.array([float(weight) for _, _, weight in each])
    return scores, labels, weights, Scored.of(scores, labels, np.ones(len(each)), weights)


@given(rows, st.integers(0, 9))
@settings(deadline=None)
def test_equal_scikit_learn_with_weights_and_ties(each: list, cut: int) -> None:
    scores, labels, weights, scored = scored_of(each)
    threshold = cut / 8
    found = all_metrics(scored, scored.weights, threshold)
    flagged = scores >= threshold
    more = {"sample_weight": weights, "zero_division": 0}
    assert found["rocAuc"] == pytest.approx(roc_auc_score(labels, scores, sample_weight=weights))
    assert found["auprc"] == pytest.approx(average_precision_score(labels, scores, sample_weight=weights))
    assert found["precision"] == pytest.approx(precision_score(labels, flagged, **more))
    assert found["recall"] == pytest.approx(recall_score(labels, flagged, **more))
    assert found["f1"] == pytest.approx(f1_score(labels, flagged, **more))
    assert found["brier"] == pytest.approx(brier_score_loss(labels, scores, sample_weight=weights))


@given(rows, st.floats(0, 1))
def test_recall_at_a_rate_is_the_best_that_any_threshold_gives(each: list, rate: float) -> None:
    scores, labels, weights, scored = scored_of(each)
    best = 0.0
    for cut in np.unique(scores):
        flagged = scores >= cut
        if weights[flagged & (labels == 0)].sum() <= rate * weights[labels == 0].sum():
            best = max(best, weights[flagged & (labels == 1)].sum() / weights[labels == 1].sum())
    assert recall_at(counts(scored, scored.weights), rate) == pytest.approx(best)


def test_intervals_hold_the_figure_and_narrow_with_more_rows() -> None:
    generator = np.random.default_rng(3)

    def widths(size: int) -> dict[str, float]:
        labels = (generator.random(size) < 0.2).astype(int)
        scores = np.clip(generator.normal(0.3 + 0.25 * labels, 0.15), 0, 1)
        scored = Scored.of(scores, labels, np.ones(size), np.ones(size))
        found = with_intervals(scored, 0.5, samples=200, seed=1)
        for metric in found.values():
            assert metric["interval"][0] <= metric["value"] <= metric["interval"][1]
        return {name: metric["interval"][1] - metric["interval"][0] for name, metric in found.items()}

    few, many = widths(300), widths(6_000)
    assert many["rocAuc"] < few["rocAuc"]
    assert many["auprc"] < few["auprc"]


@given(rows, st.integers(1, 20))
def test_the_chosen_threshold_costs_least(each: list, false_positive_cost: int) -> None:
    scores, labels, weights, _ = scored_of(each)
    amounts = np.arange(1.0, len(each) + 1)

    def cost(threshold: float) -> float:
        flagged = scores >= threshold
        missed = (amounts * weights)[(labels == 1) & ~flagged].sum()
        return missed + weights[(labels == 0) & flagged].sum() * false_positive_cost

    chosen = cheapest_threshold(scores, labels, amounts, weights, false_positive_cost)
    # No decision differs between two neighbours. Above every score nothing is flagged, but a threshold is at most 1.
    above = [1.01] if scores.max() < 1 else []
    assert cost(chosen) == pytest.approx(min(cost(cut) for cut in [*np.unique(scores), *above]))
