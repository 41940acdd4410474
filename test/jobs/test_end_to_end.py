"""preprocess → train → evaluate → serve on generated rows, shipped and started as SageMaker does."""

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score
from split_files import read_split
from trained_model import load_folder
from transactions import FEATURES

CSV, JSON = "text/csv", "application/json"

ROOT = Path(__file__).resolve().parents[2]


def load_generator():
    """The module local/data/generate.py, which is no package's."""
    spec = importlib.util.spec_from_file_location("transaction_generator", ROOT / "local" / "data" / "generate.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def shipped(tmp_path_factory) -> Path:
    """One folder per job, as the launcher uploads it: the job's files and the shared ones side by side."""
    target = tmp_path_factory.mktemp("code")
    for job in ("preprocess", "train", "evaluate"):
        # The serving script travels with training, which puts it into the model.
        for folder in (job, "shared", *(["serve"] if job == "train" else [])):
            ignore = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / "jobs" / folder, target / job, dirs_exist_ok=True, ignore=ignore)
    return target


@dataclass(frozen=True)
class Run:
    """What preprocess → train → evaluate left."""

    algorithm: str
    processed: Path
    model: Path
    evaluation: dict
    #: Folder of ``rows.csv`` and ``golden.json``.
    golden: Path
    train_log: str

    def split(self, name: str) -> pd.DataFrame:
        """Rows without header: label, then the 30 features."""
        return pd.read_csv(self.processed / name / f"{name}.csv", header=None)


def run_script(script: Path, *arguments: object, **environment: str) -> subprocess.CompletedProcess:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SM_")}
    return subprocess.run(
        [sys.executable, script, *map(str, arguments)],
        env={**kept, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def run_well(script: Path, *arguments: object, **environment: str) -> str:
    done = run_script(script, *arguments, **environment)
    assert done.returncode == 0, f"{script.name} ended with {done.returncode}:\n{done.stderr}"
    return done.stdout


def preprocess(code: Path, raw: Path, processed: Path) -> None:
    """Splits the CSVs below ``raw`` in time, 60/20/20."""
    ratios = ("--train-ratio", "0.6", "--validation-ratio", "0.2", "--test-ratio", "0.2")
    run_well(code / "preprocess" / "preprocess.py", "--input", raw, "--output", processed, *ratios)


def train_and_evaluate(
    code: Path,
    processed: Path,
    work: Path,
    algorithm: str,
    legitimate_weight: float,
    bootstrap_samples: int,
    hyperparameters: dict,
) -> Run:
    model, output = work / "model", work / "evaluation"
    settings = {**hyperparameters, "legitimate_weight": legitimate_weight}
    train_log = run_well(
        code / "train" / f"train_{algorithm}.py",
        *[part for name, value in settings.items() for part in (f"--{name}", value)],
        SM_CHANNEL_TRAIN=str(processed / "train"),
        SM_CHANNEL_VALIDATION=str(processed / "validation"),
        SM_MODEL_DIR=str(model),
    )
    archive = work / "archive"
    archive.mkdir()
    with tarfile.open(archive / "model.tar.gz", "w:gz") as tar:
        for entry in model.iterdir():
            tar.add(entry, entry.name)
    run_well(
        code / "evaluate" / "evaluate.py",
        *("--model", archive, "--test", processed / "test", "--output", output),
        *("--legitimate-weight", legitimate_weight, "--bootstrap-samples", bootstrap_samples),
    )
    report = json.loads((output / "evaluation.json").read_text())
    return Run(algorithm, processed, model, report, output / "golden", train_log)


@pytest.fixture(scope="module")
def processed(shipped: Path, tmp_path_factory) -> Path:
    """About 6,000 generated rows, split: all frauds of 60,000, and every tenth of the others."""
    work = tmp_path_factory.mktemp("run")
    raw = work / "raw"
    raw.mkdir()
    generator = load_generator()
    every = generator.generate(60_000, seed=11)
    kept = every.frauds | (np.arange(len(every.frauds)) % 10 == 0)
    thinned = generator.Transactions(every.times[kept], every.components[kept], every.amounts[kept], every.frauds[kept])
    generator.write_csv(thinned, raw / "creditcard.csv")
    preprocess(shipped, raw, work / "processed")
    return work / "processed"


HYPERPARAMETERS = {
    "xgboost": {"eta": 0.1, "num_round": 300, "early_stopping_rounds": 12},
    "lgbm": {"learning_rate": 0.1, "num_iterations": 300, "early_stopping_round": 12},
}


@pytest.fixture(scope="module", params=HYPERPARAMETERS)
def example_run(request, shipped: Path, processed: Path, tmp_path_factory) -> Run:
    return train_and_evaluate(
        shipped,
        processed,
        tmp_path_factory.mktemp(request.param),
        request.param,
        legitimate_weight=10,
        bootstrap_samples=200,
        hyperparameters={**HYPERPARAMETERS[request.param], "false_positive_cost": 5},
    )


# Loads the model the way the container does, in a process that sees nothing but the model's own folder.
SERVE = """
import sys
from pathlib import Path
folder = Path(sys.argv[1])
sys.path.insert(0, str(folder / "code"))
import inference
model = inference.model_fn(str(folder))
rows = inference.input_fn(Path(sys.argv[2]).read_bytes(), "text/csv; charset=utf-8")
body, kind = inference.output_fn(inference.predict_fn(rows, model), sys.argv[3])
assert kind == sys.argv[3]
sys.stdout.write(body)
"""


@pytest.fixture(scope="module")
def serve(example_run: Run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("serve")
    script, body = folder / "serve.py", folder / "body.csv"
    script.write_text(SERVE)
    example_run.split("test").iloc[:, 1:].to_csv(body, header=False, index=False)

    @cache
    def answer(accept: str, rows: Path = body) -> str:
        return run_well(script, example_run.model, rows, accept, FRAUD_MODEL_PACKAGE_ARN="arn:aws:example/3")

    return answer


def test_every_row_goes_to_exactly_one_split(example_run):
    raw = pd.read_csv(example_run.processed.parent / "raw" / "creditcard.csv")
    wanted = raw[["Class", *FEATURES]].to_numpy()
    written = np.concatenate([example_run.split(name).to_numpy() for name in ("train", "validation", "test")])
    assert len(written) == len(wanted) > 5_900
    assert sorted(map(tuple, written)) == sorted(map(tuple, wanted))
    report = json.loads((example_run.processed / "report" / "preprocess.json").read_text())
    assert report["rows"] == len(wanted)
    assert sum(split["rows"] for split in report["splits"].values()) == len(wanted)
    assert sum(split["frauds"] for split in report["splits"].values()) == int(raw["Class"].sum())


def test_the_evaluation_has_the_shape_that_the_gate_and_the_report_read(example_run):
    found = example_run.evaluation
    assert set(found) == {
        *("schemaVersion", "algorithm", "threshold", "rows", "metrics", "cost", "confusionMatrix", "curves"),
        *("calibrationError", "champion"),
    }
    assert (found["schemaVersion"], found["algorithm"]) == (2, example_run.algorithm)
    assert 0 <= found["calibrationError"]["expected"] <= found["calibrationError"]["maximum"] <= 1
    assert found["champion"]["status"] == "none"
    test = example_run.split("test")
    assert found["rows"] == {"test": len(test), "frauds": int(test[0].sum()), "legitimateWeight": 10}
    metrics = {"rocAuc", "auprc", "recallAtFpr001", "precision", "recall", "f1", "brier"}
    assert set(found["metrics"]) == metrics
    for name, metric in found["metrics"].items():
        assert set(metric) == {"value", "interval"}
        low, high = metric["interval"]
        assert 0 <= low <= metric["value"] <= high <= 1, name
    assert set(found["cost"]) == {"falsePositiveCost", "total", "curve"}
    assert set(found["confusionMatrix"]) == {"truePositives", "falsePositives", "trueNegatives", "falseNegatives"}
    assert sum(found["confusionMatrix"].values()) == len(test)
    curves = found["curves"]
    assert set(curves) == {"roc", "precisionRecall", "calibration", "scoreHistogram"}
    assert curves["roc"][0] == [0, 0]
    assert curves["roc"][-1] == [1, 1]
    assert curves["precisionRecall"][-1][0] == 1
    for curve in (curves["roc"], curves["precisionRecall"], found["cost"]["curve"]):
        assert 2 <= len(curve) <= 500
    bars = curves["scoreHistogram"]
    assert len(bars["edges"]) == len(bars["fraud"]) + 1 == len(bars["legitimate"]) + 1
    assert sum(bars["fraud"]) + sum(bars["legitimate"]) == len(test)
    assert sum(count for _, _, count in curves["calibration"]) == len(test)


def test_the_endpoint_gives_the_scores_that_were_evaluated(example_run, serve):
    answer = json.loads(serve(JSON))
    scores = np.array([prediction["score"] for prediction in answer["predictions"]])
    test = example_run.split("test").to_numpy()
    labels, amounts = test[:, 0], test[:, -1]
    weights = np.where(labels == 1, 1.0, 10.0)
    found = example_run.evaluation
    for name, metric in (("rocAuc", roc_auc_score), ("auprc", average_precision_score), ("brier", brier_score_loss)):
        expected = metric(labels, scores, sample_weight=weights)
        assert found["metrics"][name]["value"] == pytest.approx(expected, abs=1e-12), name
    flagged, fraud = scores >= answer["model"]["threshold"], labels == 1
    assert found["confusionMatrix"] == {
        "truePositives": (flagged & fraud).sum(),
        "falsePositives": (flagged & ~fraud).sum(),
        "trueNegatives": (~flagged & ~fraud).sum(),
        "falseNegatives": (~flagged & fraud).sum(),
    }
    total = amounts[fraud & ~flagged].sum() + 5 * weights[flagged & ~fraud].sum()
    assert found["cost"]["total"] == pytest.approx(total, abs=0.01)


def test_the_golden_sample_is_what_the_endpoint_gives(example_run, serve):
    golden = json.loads((example_run.golden / "golden.json").read_text())
    given = [float(line) for line in serve(CSV, example_run.golden / "rows.csv").splitlines()]
    assert given == golden["scores"]
    assert sorted(set(golden["labels"])) == [0, 1]
    archive = example_run.model.parent / "archive" / "model.tar.gz"
    assert golden["archiveSha256"] == hashlib.sha256(archive.read_bytes()).hexdigest()


def test_the_answer_says_which_model_gave_it(example_run, serve):
    assert json.loads(serve(JSON))["model"] == {
        "packageArn": "arn:aws:example/3",
        "threshold": example_run.evaluation["threshold"],
        "algorithm": example_run.algorithm,
    }


def test_csv_and_json_answers_hold_the_same_scores(serve):
    predictions = json.loads(serve(JSON))["predictions"]
    assert [float(line) for line in serve(CSV).splitlines()] == [prediction["score"] for prediction in predictions]


def test_the_saved_model_ends_with_its_best_iteration(example_run):
    metadata = json.loads((example_run.model / "metadata" / "model.json").read_text())
    history = json.loads((example_run.model / "metadata" / "history.json").read_text())
    trees = metadata["bestIteration"] + 1
    assert 1 < trees <= 300 - 12  # it did stop early
    assert metadata["features"] == FEATURES
    assert history["aucpr"].index(max(history["aucpr"])) == metadata["bestIteration"]
    assert len(history["aucpr"]) == len(history["auc"]) == trees + 12
    model = load_folder(example_run.model, threads=1)
    booster = model.predictor.booster
    assert (booster.num_trees() if example_run.algorithm == "lgbm" else booster.num_boosted_rounds()) == trees
    # What is kept is what was measured then: another judge comes to the same figures.
    validation = read_split(example_run.processed / "validation")
    judged = {"sample_weight": validation.weights(10), "y_true": validation.labels}
    scores = model.scores(validation.features)
    found = metadata["validation"]
    assert found["auc"] == pytest.approx(roc_auc_score(y_score=scores, **judged), abs=1e-4)
    # XGBoost interpolates the curve, LightGBM steps as scikit-learn does.
    assert found["aucpr"] == pytest.approx(average_precision_score(y_score=scores, **judged), abs=5e-3)


def test_training_reports_its_metrics_one_a_line(example_run):
    for name in ("auc", "aucpr"):
        values = [line for line in example_run.train_log.splitlines() if line.startswith(f"validation-{name}=")]
        assert len(values) == 1
        assert 0 < float(values[0].split("=")[1]) <= 1


@pytest.mark.parametrize("job", ["train/train_xgboost.py", "train/train_lgbm.py", "evaluate/evaluate.py"])
def test_missing_inputs_are_named_without_a_traceback(shipped: Path, tmp_path, job):
    arguments = ["--model", tmp_path, "--test", tmp_path, "--output", tmp_path] if "evaluate" in job else []
    done = run_script(shipped / job, *arguments)
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    assert ("model.tar.gz does not exist" if arguments else "--model_dir") in done.stderr
    assert sys.executable not in done.stderr
