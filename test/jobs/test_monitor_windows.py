"""The monitors on traffic that no baseline saw: quiet while nothing changes, and not when something does.

``MONITOR_WINDOWS`` says how many clean windows are tried; ``npm run soak`` tries hundreds.
"""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import bias
import bias_monitor
import data_quality_monitor
import explainability_monitor
import model_quality_monitor
import monitored
import numpy as np
import pandas as pd
import pytest
import xgboost as xgb
from monitored import Monitored, Window, capture
from outcome import Found
from records import Period
from sklearn import metrics as sk
from sklearn.metrics import ndcg_score
from smclarify.bias.metrics import posttraining, pretraining
from transactions import FEATURES

WINDOWS = int(os.environ.get("MONITOR_WINDOWS", "12"))
PERIOD = Period()


def run(kind: str, live: Monitored, captured: Path, labels: Path) -> Found:
    if kind == "data-quality":
        return data_quality_monitor.monitor(captured, live.baseline / kind, PERIOD, {})
    if kind == "model-quality":
        return model_quality_monitor.monitor(captured, labels, live.baseline / kind, PERIOD, {})
    if kind == "model-bias":
        return bias_monitor.monitor(captured, labels, live.baseline, PERIOD, {})
    return explainability_monitor.monitor(captured, live.model, live.baseline, PERIOD, {})


KINDS = ("data-quality", "model-quality", "model-bias", "model-explainability")


@pytest.mark.parametrize("seed", range(WINDOWS))
def test_a_clean_window_raises_no_alarm(live, tmp_path, seed):
    generator = np.random.default_rng([seed, 6])
    rows = int(generator.integers(300, 1_001))
    captured, labels = capture(tmp_path, live.window(generator, rows))
    for kind in KINDS:
        found = run(kind, live, captured, labels)
        assert (kind, found.violations, found.rows) == (kind, [], rows)
        assert found.status == "Completed"


def with_flipped_labels(window: Window, live: Monitored) -> Window:
    return replace(window, labels=(1 - window.labels).astype(np.int8))


def with_a_facet_flagged(window: Window, live: Monitored) -> Window:
    """Half of the large amounts are taken for fraud, and none of them is."""
    high = np.flatnonzero(window.features[:, -1] >= 100)
    scores = window.scores.copy()
    scores[high[::2]] = 0.99
    return replace(window, scores=scores)


def with_a_facet_labelled(window: Window, live: Monitored) -> Window:
    low = np.flatnonzero(window.features[:, -1] < 10)
    labels = window.labels.copy()
    labels[low[::2]] = 1
    return replace(window, labels=labels)


def with_other_reasons(window: Window, live: Monitored) -> Window:
    """What the model goes by most stands where it looks least, and the other way round."""
    document = json.loads((live.baseline / "explainability" / "analysis.json").read_text())
    values = document["explanations"]["kernel_shap"]["label0"]["global_shap_values"]
    ranked = sorted(range(len(FEATURES)), key=lambda place: values[FEATURES[place]])
    features = window.features.copy()
    features[:, ranked] = window.features[:, ranked[::-1]]
    return replace(window, features=features)


def with_blind_model(window: Window, live: Monitored) -> Window:
    return replace(window, scores=np.full(len(window.scores), 0.01))


def with_noisy_model(window: Window, live: Monitored) -> Window:
    scores = window.scores.copy()
    scores[::10] = 0.9
    return replace(window, scores=scores)


@pytest.mark.parametrize("rows", [300, 1_000])
@pytest.mark.parametrize(
    "kind, change, wanted",
    [
        ("model-quality", with_flipped_labels, {"accuracy", "auc"}),
        ("model-quality", with_noisy_model, {"precision", "false_positive_rate"}),
        ("model-bias", with_a_facet_flagged, {"DPPL"}),
        ("model-bias", with_a_facet_labelled, {"DPL"}),
        ("model-explainability", with_other_reasons, {"shap"}),
    ],
    ids=lambda each: getattr(each, "__name__", None),
)
def test_each_drift_is_found_within_one_window(
    live, tmp_path, kind, change: Callable[[Window, Monitored], Window], wanted, rows
):
    window = change(live.window(np.random.default_rng(rows), rows), live)
    found = run(kind, live, *capture(tmp_path, window))
    assert wanted <= {each.metric for each in found.violations}
    assert found.status == "CompletedWithViolations"
    told = found.documents["constraint_violations.json"]["violations"]
    assert [each["metric_name"] for each in told] == [each.metric for each in found.violations]


def test_a_model_that_finds_no_fraud_is_found_out_once_frauds_are_enough(live, tmp_path):
    generator = np.random.default_rng(3)
    many, few = (with_blind_model(live.window(generator, rows), live) for rows in (1_000, 300))
    assert many.labels.sum() >= 10
    metrics = {each.metric for each in run("model-quality", live, *capture(tmp_path / "many", many)).violations}
    assert {"recall", "false_negative_rate", "f1"} <= metrics
    # One fraud, missed, says next to nothing.
    few.labels[np.flatnonzero(few.labels)[1:]] = 0
    assert run("model-quality", live, *capture(tmp_path / "few", few)).violations == []


def test_a_false_alarm_among_rows_without_fraud_is_no_loss_of_precision(live, tmp_path):
    """Of some hundred transactions, most often none is a fraud: precision is then 0, whatever the model is worth."""
    window = live.window(np.random.default_rng(5), 800)
    honest = window.labels == 0
    window = Window(window.features[honest], window.labels[honest], window.scores[honest].clip(0, 0.1))
    window.scores[3] = 0.9
    found = run("model-quality", live, *capture(tmp_path, window))
    assert found.violations == []
    figures = found.documents["statistics.json"]["binary_classification_metrics"]
    assert (figures["precision"]["value"], figures["recall"]["value"]) == (0, "NaN")


def test_model_quality_is_scikit_learns(live, tmp_path):
    window = live.window(np.random.default_rng(8), 900)
    found = run("model-quality", live, *capture(tmp_path, window))
    figures = found.documents["statistics.json"]["binary_classification_metrics"]
    flagged = window.scores >= monitored.THRESHOLD
    for name, value in {
        "recall": sk.recall_score(window.labels, flagged),
        "precision": sk.precision_score(window.labels, flagged),
        "accuracy": sk.accuracy_score(window.labels, flagged),
        "auc": sk.roc_auc_score(window.labels, window.scores),
        "f2": sk.fbeta_score(window.labels, flagged, beta=2),
    }.items():
        assert figures[name]["value"] == pytest.approx(value), name
    published = {metric.name: metric.value for metric in found.metrics}
    assert published["auc"] == figures["auc"]["value"]
    matrix = sk.confusion_matrix(window.labels, flagged)
    assert [list(figures["confusion_matrix"][row].values()) for row in "01"] == matrix.tolist()


def test_bias_is_that_of_clarifys_library(live, tmp_path):
    window = with_a_facet_flagged(live.window(np.random.default_rng(9), 800), live)
    found = run("model-bias", live, *capture(tmp_path, window))
    amounts = pd.Series(window.features[:, -1])
    labels, flagged = pd.Series(window.labels == 1), pd.Series(window.scores >= monitored.THRESHOLD)
    for low, high, band in ((0, 10, "[0, 10)"), (10, 100, "[10, 100)"), (100, np.inf, "[100, inf)")):
        within = (amounts >= low) & (amounts < high)
        expected = {
            "CI": pretraining.CI(amounts, within),
            "DPL": pretraining.DPL(amounts, within, labels),
            "KS": pretraining.KS(labels, within),
            "DPPL": posttraining.DPPL(amounts, within, flagged),
            "DI": posttraining.DI(amounts, within, flagged),
            "RD": posttraining.RD(amounts, within, labels, flagged),
            "AD": posttraining.AD(amounts, within, labels, flagged),
        }
        told = {
            metric["name"]: metric["value"]
            for section in (bias.PRE_SECTION, bias.POST_SECTION)
            for facet in found.documents["analysis.json"][section]["facets"]["Amount"]
            if facet["value_or_threshold"] == band
            for metric in facet["metrics"]
        }
        assert {name: told[name] for name in expected} == pytest.approx(expected)
        published = {metric.name: metric.value for metric in found.metrics if metric.dimensions["FacetValue"] == band}
        assert published["bias_metric_DPPL"] == pytest.approx(expected["DPPL"])


@pytest.mark.parametrize("rows", [20, 40, 41])
def test_bias_of_few_rows_is_that_of_clarifys_library_too(live, tmp_path, rows):
    """Of forty values, two that differ are one in twenty: from there on the library takes a column for numbers."""
    window = live.window(np.random.default_rng(11), rows)
    window.labels[:] = np.arange(rows) % 4 == 0
    window.scores[:] = np.where(np.arange(rows) % 3 == 0, 0.9, 0.1)
    window.features[:, -1] = np.linspace(0, 199, rows)
    found = run("model-bias", live, *capture(tmp_path, window))
    assert (found.violations, found.rows, found.labelled_rows) == ([], rows, rows)
    amounts, flagged = pd.Series(window.features[:, -1]), pd.Series(window.scores >= monitored.THRESHOLD)
    labels, within = pd.Series(window.labels == 1), amounts < 10
    expected = {"DPL": pretraining.DPL(amounts, within, labels), "DPPL": posttraining.DPPL(amounts, within, flagged)}
    told = {
        metric["name"]: metric["value"]
        for section in (bias.PRE_SECTION, bias.POST_SECTION)
        for metric in found.documents["analysis.json"][section]["facets"]["Amount"][0]["metrics"]
    }
    assert {name: told[name] for name in expected} == pytest.approx(expected)


def test_attributions_are_the_boosters_own(live, tmp_path):
    window = live.window(np.random.default_rng(10), 500)
    found = run("model-explainability", live, *capture(tmp_path, window))
    booster = xgb.Booster()
    booster.load_model(bytearray((live.folder / "model" / "unpacked" / "xgboost-model").read_bytes()))
    matrix = xgb.DMatrix(window.features.astype(np.float32), feature_names=FEATURES)
    values = np.abs(booster.predict(matrix, pred_contribs=True)[:, :-1]).mean(axis=0)
    told = found.documents["analysis.json"]["explanations"]["kernel_shap"]["label0"]["global_shap_values"]
    assert [told[name] for name in FEATURES] == pytest.approx(values.tolist(), rel=1e-5)
    before = json.loads((live.baseline / "explainability" / "analysis.json").read_text())
    relevance = before["explanations"]["kernel_shap"]["label0"]["global_shap_values"]
    expected = ndcg_score([[relevance[name] for name in FEATURES]], [values.tolist()])
    assert explainability_monitor.ndcg(relevance, told) == pytest.approx(expected)


def test_a_ranking_of_few_rows_is_told_and_not_judged(live, tmp_path):
    window = with_other_reasons(live.window(np.random.default_rng(1), 299), live)
    found = run("model-explainability", live, *capture(tmp_path, window))
    assert (found.violations, found.rows) == ([], 299)
