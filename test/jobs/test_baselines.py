"""Baselines against independent oracles: exact quantiles, scikit-learn, Clarify's own sums, the model's answers."""

import json
from pathlib import Path

import baselines
import bias
import data_quality
import model_quality
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp
from sklearn import metrics as sk
from split_files import read_split
from test_trained_model import archived, write
from trained_model import load_archive
from transactions import FEATURES, SPLIT_COLUMNS


def write_split(folder: Path, rows: int, seed: int) -> Path:
    """Rows by the law that the models of test_trained_model learn from: V1 tells most."""
    folder.mkdir()
    generator = np.random.default_rng(seed)
    table = generator.normal(size=(rows, len(SPLIT_COLUMNS)))
    table[:, 1] = np.sort(generator.integers(0, 172_800, rows))
    table[:, -1] = generator.exponential(60, rows).round(2)
    table[:, 0] = table[:, 2] + generator.normal(size=rows) > 2
    np.savetxt(folder / "split.csv", table, delimiter=",", fmt="%.6f")
    return folder


@pytest.fixture(scope="module", params=["xgboost", "lgbm"])
def made(request, tmp_path_factory) -> tuple[Path, Path]:
    """The folder of a run with train, test and model, and its baselines."""
    folder = tmp_path_factory.mktemp("run")
    write_split(folder / "train", 6_000, 1)
    write_split(folder / "test", 2_000, 2)
    model = archived(write(folder / "model", request.param, threshold=0.4))
    splits = ["--train", str(folder / "train"), "--test", str(folder / "test")]
    weight = ["--legitimate-weight", "3"]
    output = folder / "baselines"
    baselines.main(baselines.arguments(["--model", str(model), *splits, "--output", str(output), *weight]))
    return folder, output


def document(output: Path, name: str) -> dict:
    return json.loads((output / name).read_text())


def test_statistics_are_those_of_the_training_split(made):
    folder, output = made
    features = read_split(folder / "train").features
    found = document(output, "data-quality/statistics.json")
    assert found["dataset"] == {"item_count": 6_000}
    assert [feature["name"] for feature in found["features"]] == FEATURES
    for index, feature in enumerate(found["features"]):
        column, told = features[:, index], feature["numerical_statistics"]
        assert feature["inferred_type"] == ("Integral" if feature["name"] == "Time" else "Fractional")
        assert told["common"] == {"num_present": 6_000, "num_missing": 0}
        for name, value in (("mean", column.mean()), ("std_dev", column.std()), ("sum", column.sum())):
            assert told[name] == pytest.approx(value)
        assert (told["min"], told["max"]) == (column.min(), column.max())
        buckets = told["distribution"]["kll"]["buckets"]
        assert len(buckets) == 10
        assert sum(bucket["count"] for bucket in buckets) == 6_000


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 30_000), st.integers(0, 2**31), st.sampled_from(["normal", "ties", "heavy"]))
def test_the_sketch_gives_the_distribution_back(rows, seed, kind):
    """Whoever reads it counts an item of level n 2^n times, and is within 1% of the exact distribution."""
    generator = np.random.default_rng(seed)
    drawn = {"normal": generator.normal(size=rows), "ties": generator.integers(0, 9, rows) / 2}
    column = drawn[kind] if kind in drawn else np.exp(3 * generator.normal(size=rows))
    table = np.repeat(column[:, None], len(FEATURES), axis=1)
    sketch = data_quality.statistics(table)["features"][0]["numerical_statistics"]["distribution"]["kll"]["sketch"]
    items = np.concatenate([np.repeat(items, 2**level) for level, items in enumerate(sketch["data"])])
    assert len(items) == rows
    assert ks_2samp(items, column, method="asymp").statistic < 0.01


def test_missing_values_are_counted_and_lower_completeness():
    table = np.ones((10, len(FEATURES)))
    table[:3, 1] = np.nan
    table[4, 2] = -1
    found = data_quality.statistics(table)
    assert found["features"][1]["numerical_statistics"]["common"] == {"num_present": 7, "num_missing": 3}
    time, first, second, *_ = data_quality.constraints(found)["features"]
    assert (first["completeness"], second["completeness"]) == (0.7, 1)
    assert [each["num_constraints"]["is_non_negative"] for each in (first, second)] == [True, False]
    # A clock always drifts.
    assert time["monitoringConfigOverrides"] == {"distribution_constraints": {"perform_comparison": "Disabled"}}
    assert first["monitoringConfigOverrides"] == {}


def test_model_quality_is_scikit_learns_on_the_weighted_test_split(made):
    folder, output = made
    test, model = read_split(folder / "test"), load_archive(folder / "model-archive", 1)
    scores, labels, weights = model.scores(test.features), test.labels, test.weights(3)
    flagged, more = scores >= 0.4, {"sample_weight": weights}
    found = document(output, "model-quality/statistics.json")["binary_classification_metrics"]
    everything = np.ones(len(labels))
    expected = {
        "recall": sk.recall_score(labels, flagged, **more),
        "precision": sk.precision_score(labels, flagged, **more),
        "accuracy": sk.accuracy_score(labels, flagged, **more),
        "auc": sk.roc_auc_score(labels, scores, **more),
        "true_negative_rate": sk.recall_score(labels, flagged, pos_label=0, **more),
        "accuracy_best_constant_classifier": sk.accuracy_score(labels, everything, **more),
        "precision_best_constant_classifier": sk.precision_score(labels, everything, **more),
    }
    for name, beta in (("f0_5", 0.5), ("f1", 1.0), ("f2", 2.0)):
        expected[name] = sk.fbeta_score(labels, flagged, beta=beta, **more)
        constant = sk.fbeta_score(labels, everything, beta=beta, **more)
        expected[f"{name}_best_constant_classifier"] = constant
    for name, value in expected.items():
        assert found[name]["value"] == pytest.approx(value), name
        assert 0 <= found[name]["standard_deviation"] < 0.2, name
    assert found["true_positive_rate"] == found["recall"]
    assert found["false_positive_rate"]["value"] == pytest.approx(1 - expected["true_negative_rate"])
    assert found["confusion_matrix"]["1"] == {
        "0": (~flagged & (labels == 1)).sum(),
        "1": (flagged & (labels == 1)).sum(),
    }
    assert found["confusion_matrix"]["0"]["1"] == 3 * (flagged & (labels == 0)).sum()
    curve = found["receiver_operating_characteristic_curve"]
    assert len(curve["false_positive_rates"]) == len(curve["true_positive_rates"]) <= 200
    assert sk.auc(curve["false_positive_rates"], curve["true_positive_rates"]) == pytest.approx(
        expected["auc"], abs=0.01
    )


def test_constraints_lie_on_the_worse_side_of_the_figures(made):
    _, output = made
    found = document(output, "model-quality/statistics.json")["binary_classification_metrics"]
    limits = document(output, "model-quality/constraints.json")["binary_classification_constraints"]
    assert set(limits) == set(model_quality.CONSTRAINED)
    for name, limit in limits.items():
        worse = limit["threshold"] - found[name]["value"]
        assert worse < 0 if limit["comparison_operator"] == "LessThanThreshold" else worse > 0, name


def test_few_rows_have_no_standard_deviation_and_a_model_that_flags_nothing_has_no_precision():
    labels, scores = np.array([0, 0, 1, 0]), np.array([0.1, 0.2, 0.3, 0.4])
    statistics = model_quality.statistics(labels, scores, scores >= 0.9, np.ones(4), 7)
    found = statistics["binary_classification_metrics"]
    assert found["precision"] == {"value": "NaN", "standard_deviation": "NaN"}
    assert found["recall"]["value"] == 0


def test_bias_compares_each_band_of_the_amount_with_the_rest(made):
    folder, output = made
    found = document(output, "bias/analysis.json")
    train = read_split(folder / "train")
    facets = found["pre_training_bias_metrics"]["facets"]["Amount"]
    assert [facet["value_or_threshold"] for facet in facets] == ["[0, 10)", "[10, 100)", "[100, inf)"]
    low = train.amounts < 10
    metrics = {metric["name"]: metric["value"] for metric in facets[0]["metrics"]}
    assert set(metrics) == set(bias.PRE_TRAINING)
    # By the definitions in Clarify's documentation: n, and the share of frauds, of the rest less the band's.
    assert metrics["CI"] == pytest.approx(((~low).sum() - low.sum()) / len(low))
    assert metrics["DPL"] == pytest.approx(train.labels[~low].mean() - train.labels[low].mean())
    after = found["post_training_bias_metrics"]["facets"]["Amount"]
    test, model = read_split(folder / "test"), load_archive(folder / "model-archive", 1)
    high, flagged = test.amounts >= 100, model.scores(test.features) >= 0.4
    metrics = {metric["name"]: metric for metric in after[2]["metrics"]}
    assert set(metrics) == set(bias.POST_TRAINING)
    assert metrics["DPPL"]["value"] == pytest.approx(flagged[~high].mean() - flagged[high].mean())
    assert metrics["DI"]["value"] == pytest.approx(flagged[high].mean() / flagged[~high].mean())
    assert not [metric for metric in metrics.values() if "error" in metric]


@pytest.mark.parametrize(("every", "told"), [(False, "No row is flagged."), (True, "Every row is flagged.")])
def test_bias_of_a_model_that_flags_nothing_or_everything_says_so(made, every, told):
    folder, _ = made
    test, facet = read_split(folder / "test"), bias.Facet("Amount", [10.0])
    flagged = np.full(len(test.labels), every)
    assert bias.post_training(test.features, test.labels, flagged, facet)["error"] == told
    sample = bias.Sample(test.features, test.labels, flagged, facet)
    assert np.isnan(sample.value("CDDPL", "[0, 10)"))
    assert len(bias.pre_training(test.features, test.labels, facet)["facets"]["Amount"]) == 2


def test_attributions_rank_the_feature_that_tells_most_first_and_sum_to_the_answer(made):
    folder, output = made
    found = document(output, "explainability/analysis.json")["explanations"]["kernel_shap"]["label0"]
    assert list(found["global_shap_values"]) == FEATURES
    assert max(found["global_shap_values"], key=found["global_shap_values"].get) == "V1"
    test, model = read_split(folder / "test"), load_archive(folder / "model-archive", 1)
    scores, values = model.scores(test.features), model.contributions(test.features)
    assert values.sum(axis=1) == pytest.approx(np.log(scores / (1 - scores)), abs=1e-3)
    assert found["expected_value"] == pytest.approx(values[0, -1])
    first = np.average(np.abs(values[:, FEATURES.index("V1")]), weights=test.weights(3))
    assert found["global_shap_values"]["V1"] == pytest.approx(first)


def test_the_configuration_tells_how_the_analyses_were_made(made):
    _, output = made
    config = document(output, "analysis_config.json")
    assert config["probability_threshold"] == 0.4
    assert config["facet"] == [{"name_or_index": "Amount", "value_or_threshold": [10, 100]}]


@pytest.mark.parametrize("bands", [["0"], ["100", "10"], ["5", "5"]])
def test_bands_that_do_not_rise_are_refused(bands, capsys):
    folders = [part for name in ("model", "train", "test", "output") for part in (f"--{name}", "x")]
    with pytest.raises(SystemExit):
        baselines.arguments([*folders, "--facet-bands", *bands])
    assert "--facet-bands [" in capsys.readouterr().err


def test_a_split_of_one_class_is_refused(made, tmp_path):
    folder, _ = made
    (tmp_path / "legitimate").mkdir()
    table = np.zeros((5, len(SPLIT_COLUMNS)))
    np.savetxt(tmp_path / "legitimate" / "split.csv", table, delimiter=",")
    places = ["--model", str(folder / "model-archive"), "--train", str(folder / "train"), "--output", str(tmp_path)]
    with pytest.raises(ValueError, match="the test split holds 0 frauds among 5 rows"):
        baselines.main(baselines.arguments([*places, "--test", str(tmp_path / "legitimate")]))
