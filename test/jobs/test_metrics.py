"""Metrics and threshold against independent oracles: scikit-learn, and brute force."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from metrics import Judged, Scored, all_metrics, counts, evaluate, recall_at
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
        [evaluated] = evaluate([Judged(scored, 0.5)], samples=200, seed=1)
        found = evaluated.with_intervals()
        for metric in found.values():
            assert metric["interval"][0] <= metric["value"] <= metric["interval"][1]
        return {name: metric["interval"][1] - metric["interval"][0] for name, metric in found.items()}

    few, many = widths(300), widths(6_000)
    assert many["rocAuc"] < few["rocAuc"]
    assert many["auprc"] < few["auprc"]


def two_models(size: int, edge: float) -> list[Judged]:
    """A model, and one that tells the classes apart by ``edge`` more."""
    generator = np.random.default_rng(5)
    labels = (generator.random(size) < 0.05).astype(int)
    noise, ones = generator.normal(0.3, 0.12, size), np.ones(size)
    scores = [np.clip(noise + gap * labels, 0, 1) for gap in (0.2, 0.2 + edge)]
    return [Judged(Scored.of(each, labels, ones, ones), 0.5) for each in scores]


def test_the_difference_of_two_models_is_paired():
    one, other = evaluate(two_models(2_000, 0.02), samples=300, seed=1)
    difference = other.minus(one)["auprc"]
    assert difference["value"] == pytest.approx(other.point["auprc"] - one.point["auprc"])
    low, high = difference["interval"]
    # Either model's own interval is far wider than the difference: luck of the rows falls out of it.
    own = one.with_intervals()["auprc"]["interval"]
    assert 0 < low < difference["value"] < high
    assert high - low < (own[1] - own[0]) / 2


def test_a_model_differs_from_itself_by_nothing_whatever_order_its_rows_are_sorted_in():
    model = two_models(500, 0.0)[0]
    for metric in evaluate([model, model], samples=50, seed=1)[0].minus(evaluate([model], 50, 1)[0]).values():
        assert metric == {"value": 0, "interval": [0, 0]}


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_samples_draw_the_same_rows_for_both_models(seed: int):
    """Every sample's AUPRC is scikit-learn's on the rows drawn, for the same rows of both."""
    generator = np.random.default_rng(9)
    labels = (generator.random(40) < 0.3).astype(int)
    scores = generator.random((2, 40))
    ones = np.ones(40)
    models = [Judged(Scored.of(each, labels, ones, ones), 0.5) for each in scores]
    drawn = [each.drawn["auprc"] for each in evaluate(models, samples=3, seed=seed)]
    generator, sample = np.random.default_rng(seed), 0
    while sample < 3:
        rows_drawn = generator.integers(0, 40, 40)
        if len(set(labels[rows_drawn])) < 2:
            continue
        for model in (0, 1):
            expected = average_precision_score(labels[rows_drawn], scores[model][rows_drawn])
            assert drawn[model][sample] == pytest.approx(expected)
        sample += 1


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
