"""The champion on the same rows: compared in pairs where it can be asked, told why where it cannot."""

import json
from pathlib import Path

import evaluate
import numpy as np
import pytest
from metrics import METRICS
from sklearn.metrics import average_precision_score
from split_files import read_split
from test_trained_model import archived, write
from trained_model import load_archive
from transactions import FEATURES, SPLIT_COLUMNS

FOUND = {"status": "found", "packageArn": "arn:aws:sagemaker:eu-west-1:1:model-package/fraud/3", "mlflowVersion": "3"}


@pytest.fixture(scope="module")
def split(tmp_path_factory) -> Path:
    """Rows by the law that the models of test_trained_model learn from: V1 tells most."""
    folder = tmp_path_factory.mktemp("test")
    generator = np.random.default_rng(8)
    table = generator.normal(size=(1_500, len(SPLIT_COLUMNS)))
    table[:, -1] = np.abs(table[:, -1]) * 50
    table[:, 0] = table[:, 2] + generator.normal(size=len(table)) > 2
    np.savetxt(folder / "test.csv", table, delimiter=",")
    return folder


def with_document(folder: Path, document: dict) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "champion.json").write_text(json.dumps(document))
    return folder


def run(model: Path, split: Path, champion: "Path | None", output: Path) -> dict:
    more = [] if champion is None else ["--champion", str(champion)]
    options = ["--model", str(model), "--test", str(split), "--output", str(output), "--bootstrap-samples", "20"]
    evaluate.main(evaluate.arguments([*options, *more]))
    return json.loads((output / "evaluation.json").read_text())


@pytest.mark.parametrize("algorithm", ["xgboost", "lgbm"])
def test_a_champion_of_either_algorithm_is_scored_on_the_same_rows(tmp_path, split, algorithm):
    model = archived(write(tmp_path / "new", "xgboost"))
    champion = with_document(archived(write(tmp_path / "old", algorithm, threshold=0.6)), FOUND)
    found = run(model, split, champion, tmp_path / "out")
    told = found["champion"]
    assert {name: told[name] for name in ("status", "packageArn", "mlflowVersion", "algorithm", "threshold")} == {
        **FOUND,
        "status": "compared",
        "algorithm": algorithm,
        "threshold": 0.6,
    }
    rows = read_split(split)
    expected = average_precision_score(rows.labels, load_archive(champion, 1).scores(rows.features))
    assert told["metrics"]["auprc"]["value"] == pytest.approx(expected)
    assert set(told["difference"]) == set(METRICS)
    for name, difference in told["difference"].items():
        assert difference["value"] == pytest.approx(found["metrics"][name]["value"] - told["metrics"][name]["value"])


def test_a_model_that_is_the_champion_does_not_differ_from_it(tmp_path, split):
    model = archived(write(tmp_path / "model", "xgboost"))
    found = run(model, split, with_document(model, FOUND), tmp_path / "out")
    assert found["champion"]["difference"]["auprc"] == {"value": 0, "interval": [0, 0]}
    assert found["champion"]["costTotal"] == found["cost"]["total"]


def test_without_a_champion_the_report_says_so(tmp_path, split):
    model = archived(write(tmp_path / "model", "xgboost"))
    none = with_document(tmp_path / "none", {"status": "none", "detail": "No version is the champion yet."})
    assert run(model, split, none, tmp_path / "a")["champion"] == {
        "status": "none",
        "detail": "No version is the champion yet.",
    }
    assert run(model, split, None, tmp_path / "b")["champion"]["status"] == "none"


def test_a_champion_of_other_features_is_not_asked(tmp_path, split):
    model = archived(write(tmp_path / "model", "xgboost"))
    champion = with_document(archived(write(tmp_path / "old", "xgboost", features=[*FEATURES[:-1], "Country"])), FOUND)
    told = run(model, split, champion, tmp_path / "out")["champion"]
    assert told["status"] == "otherFeatures"
    assert "version 3" in told["detail"]
    assert "Country besides; Amount missing" in told["detail"]
    assert "difference" not in told


@pytest.mark.parametrize("case", ["unavailable", "no archive", "no gzip", "changed"])
def test_a_champion_that_cannot_be_loaded_is_told_with_the_reason(tmp_path, split, case):
    model = archived(write(tmp_path / "model", "xgboost"))
    folder, says = tmp_path / "champion", ""
    if case == "changed":
        folder = archived(write(tmp_path / "old", "xgboost", modelSha256="0" * 64))
        says = "SHA-256"
    document = FOUND
    if case == "unavailable":
        document, says = {"status": "unavailable", "detail": "Its package is gone."}, "Its package is gone."
    with_document(folder, document)
    if case == "no archive":
        says = "does not exist"
    if case == "no gzip":
        (folder / "model.tar.gz").write_bytes(b"none")
        says = "cannot be unpacked"
    told = run(model, split, folder, tmp_path / "out")["champion"]
    assert told["status"] == "unloadable"
    assert says in told["detail"]


@pytest.mark.parametrize(
    ("content", "says"),
    [("{", "not JSON"), ('{"status":"maybe"}', "maybe"), ('{"status":"found"}', "lacks packageArn, mlflowVersion")],
)
def test_what_the_pipeline_never_writes_ends_the_job(tmp_path, split, content, says):
    model = archived(write(tmp_path / "model", "xgboost"))
    (tmp_path / "champion.json").write_text(content)
    with pytest.raises(ValueError, match=says):
        run(model, split, tmp_path, tmp_path / "out")
