"""The jobs as processes, from generated rows to answers, and on real rows."""

import gzip
import importlib
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path

import numpy as np
import pytest
from transactions import COLUMNS, FEATURES

ROOT = Path(__file__).parents[2]
JOBS = ROOT / "jobs"
RATIOS = ["--train-ratio", "0.6", "--validation-ratio", "0.2", "--test-ratio", "0.2"]
SHARED = Path(os.environ.get("FRAUD_SHARED_DATA", ROOT.parent / "shared" / "data"))


def run(script: str, *args: "str | Path", **environment: str) -> "subprocess.CompletedProcess[str]":
    folders = os.pathsep.join(str(JOBS / folder) for folder in ("shared", "train", "serve", "preprocess", "evaluate"))
    return subprocess.run(
        [sys.executable, str(JOBS / script), *map(str, args)],
        env={**os.environ, "PYTHONPATH": folders, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def code_folder(scratch: Path) -> Path:
    """Train's folder as the launcher ships it: its own modules, the serving script and the shared modules, flat."""
    code = scratch / "code"
    code.mkdir()
    for folder in ("train", "serve", "shared"):
        for file in (JOBS / folder).glob("*.py"):
            (code / file.name).write_bytes(file.read_bytes())
    return code


def pipeline(scratch: Path, raw: Path, *hyperparameters: str, weight: str = "1") -> tuple[Path, dict]:
    """Preprocess, train XGBoost, evaluate; the model's folder and the evaluation."""
    split(scratch, raw)
    return train_and_evaluate(scratch, "xgboost", *hyperparameters, weight=weight)


def split(scratch: Path, raw: Path, *options: str) -> None:
    done = run("preprocess/preprocess.py", "--input", raw, "--output", scratch / "data", *RATIOS, *options)
    assert done.returncode == 0, done.stderr


def train_and_evaluate(scratch: Path, algorithm: str, *hyperparameters: str, weight: str) -> tuple[Path, dict]:
    """On ``scratch/data``; the model's folder and the evaluation."""
    data, scratch = scratch / "data", scratch / algorithm
    scratch.mkdir()
    model = scratch / "model"
    channels = {f"SM_CHANNEL_{name.upper()}": str(data / name) for name in ("train", "validation")}
    trained = subprocess.run(
        [sys.executable, f"train_{algorithm}.py", "--legitimate_weight", weight, *hyperparameters],
        cwd=code_folder(scratch),
        env={**os.environ, **channels, "SM_MODEL_DIR": str(model)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert trained.returncode == 0, trained.stderr
    archive = scratch / "archive"
    archive.mkdir()
    with tarfile.open(archive / "model.tar.gz", "w:gz") as tar:
        tar.add(model, arcname=".")
    options = ["--model", archive, "--test", data / "test", "--output", scratch / "evaluation"]
    done = run("evaluate/evaluate.py", *options, "--legitimate-weight", weight, "--bootstrap-samples", "200")
    assert done.returncode == 0, done.stderr
    return model, json.loads((scratch / "evaluation" / "evaluation.json").read_text())


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, dict]:
    scratch = tmp_path_factory.mktemp("small")
    raw = scratch / "raw"
    raw.mkdir()
    generate = [sys.executable, ROOT / "local/data/generate.py", "--out", raw / "c.csv", "--rows", "20000"]
    subprocess.run(generate, check=True, capture_output=True)
    model, evaluation = pipeline(scratch, raw, "--num_round", "60")
    return scratch, model, evaluation


def test_evaluation_has_what_the_gate_and_the_report_read(small: tuple[Path, Path, dict]) -> None:
    scratch, model, evaluation = small
    assert evaluation["rows"]["test"] == len((scratch / "data/test/test.csv").read_text().splitlines())
    for metric in evaluation["metrics"].values():
        assert 0 <= metric["interval"][0] <= metric["interval"][1] <= 1
    matrix = evaluation["confusionMatrix"]
    assert sum(matrix.values()) == evaluation["rows"]["test"]
    assert matrix["truePositives"] + matrix["falseNegatives"] == evaluation["rows"]["frauds"]
    for name in ("roc", "precisionRecall"):
        assert len(evaluation["curves"][name]) <= 500
    assert evaluation["curves"]["roc"][0] == [0, 0]
    assert evaluation["curves"]["roc"][-1] == [1, 1]
    assert json.loads((model / "metadata/model.json").read_text())["threshold"] == evaluation["threshold"]


@pytest.fixture(scope="module")
def endpoint(small: tuple[Path, Path, dict]) -> Iterator[HTTPConnection]:
    """The model behind the server that stands for the container's."""
    serve = [sys.executable, str(ROOT / "local/containers/serve.py"), "--port", "0", "--model-dir", str(small[1])]
    environment = {
        **os.environ,
        "SAGEMAKER_PROGRAM": "inference.py",
        "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT": "*/*",
        "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
        "FRAUD_MODEL_PACKAGE_ARN": "arn:package/1",
    }
    process = subprocess.Popen(serve, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("serving on "), line
        yield HTTPConnection("127.0.0.1", int(line.rsplit(":", 1)[1]), timeout=20)
    finally:
        process.terminate()
        process.wait(timeout=20)


def invoke(endpoint: HTTPConnection, body: str, content_type: str, **headers: str) -> tuple[int, str, str]:
    """Status, content type and body of the answer."""
    endpoint.request("POST", "/invocations", body, {"Content-Type": content_type, **headers})
    response = endpoint.getresponse()
    return response.status, response.getheader("Content-Type", ""), response.read().decode()


def in_json(lines: list[str]) -> str:
    """CSV lines as the platform's functions send them."""
    return '{"instances":[' + ",".join(f'{{"features":[{line}]}}' for line in lines) + "]}"


def test_what_is_served_decides_as_what_was_evaluated(small: tuple[Path, Path, dict], endpoint: HTTPConnection) -> None:
    scratch, _, evaluation = small
    lines = [line.split(",", 1)[1] for line in (scratch / "data/test/test.csv").read_text().splitlines()]
    status, kind, body = invoke(endpoint, in_json(lines), "application/json")
    assert (status, kind) == (200, "application/json")
    found = json.loads(body)
    model = {"packageArn": "arn:package/1", "threshold": evaluation["threshold"], "algorithm": "xgboost"}
    assert {name: found["model"][name] for name in model} == model
    scores = np.array([row["score"] for row in found["predictions"]])
    matrix = evaluation["confusionMatrix"]
    assert int((scores >= evaluation["threshold"]).sum()) == matrix["truePositives"] + matrix["falsePositives"]
    # Rows in CSV score the same, and who names no content type is answered in that of the request.
    status, kind, body = invoke(endpoint, "\n".join(lines), "text/csv")
    assert (status, kind) == (200, "text/csv; charset=utf-8")
    assert [float(line) for line in body.splitlines()] == scores.tolist()
    status, kind, crossed = invoke(endpoint, "\n".join(lines), "text/csv", Accept="application/json")
    assert (status, kind, json.loads(crossed)) == (200, "application/json", found)


@pytest.mark.parametrize(
    ("change", "content_type", "status"),
    [
        (lambda values: values[:-1], "text/csv", 400),
        (lambda values: [*values, "1"], "text/csv", 400),
        (lambda values: ["x", *values[1:]], "text/csv", 400),
        (lambda values: ["nan", *values[1:]], "text/csv", 400),
        (lambda values: FEATURES, "text/csv", 400),
        (lambda values: values, "application/json", 400),
        (lambda values: values, "text/xml", 415),
    ],
    ids=["29 columns", "31 columns", "text", "nan", "header", "csv as json", "xml"],
)
def test_serving_refuses(endpoint: HTTPConnection, change: Callable, content_type: str, status: int) -> None:
    values = change(["0.5"] * 30)
    assert invoke(endpoint, ",".join(values), content_type)[0] == status
    if content_type == "text/csv":
        assert invoke(endpoint, in_json([",".join(values)]), "application/json")[0] == status


HEADER = ",".join(COLUMNS)
GOOD = [",".join([str(time), *["0.5"] * 28, "9.99", str(int(time % 7 == 0))]) for time in range(200)]


def preprocess(directory: Path, files: dict[str, bytes]) -> "subprocess.CompletedProcess[str]":
    raw = directory / "raw"
    raw.mkdir()
    for name, content in files.items():
        (raw / name).write_bytes(content)
    message = ["--message-file", directory / "message"]
    return run("preprocess/preprocess.py", "--input", raw, "--output", directory / "out", *RATIOS, *message)


def text(*lines: str, header: str = HEADER, end: str = "\n") -> bytes:
    return (end.join([header, *lines]) + end).encode()


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"a.csv": text(*GOOD, header=HEADER.replace("V3", "X3"))}, ["a.csv", "V3", "X3"]),
        ({"a.csv": text(*GOOD, GOOD[0].replace("0.5", "five", 1))}, ["a.csv", "201", "V1", "five"]),
        ({"a.csv": text(*GOOD, GOOD[0].replace("0.5", "", 1))}, ["a.csv", "201", "V1"]),
        ({"a.csv": text(*GOOD, GOOD[0].replace("0.5", "inf", 1))}, ["a.csv", "201", "V1", "inf"]),
        ({"a.csv": text(*GOOD, GOOD[0].replace("9.99", "-1"))}, ["a.csv", "201", "Amount", "-1"]),
        ({"a.csv": text(*GOOD, GOOD[1][:-1] + "2")}, ["a.csv", "201", "Class", "2"]),
        ({"a.csv": text(*GOOD, GOOD[0] + ",1")}, ["a.csv", "201"]),
        ({"a.csv": text(*[line[:-1] + "0" for line in GOOD])}, ["fraud"]),
        ({"a.csv": text()}, ["a.csv", "row"]),
        ({"a.csv": b""}, ["a.csv", "empty"]),
        ({"a.csv.gz": gzip.compress(text(*GOOD))[:-300]}, ["a.csv.gz", "gzip"]),
    ],
)
def test_bad_transactions_are_refused_by_name(tmp_path: Path, files: dict[str, bytes], says: list[str]) -> None:
    done = preprocess(tmp_path, files)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    for word in says:
        assert word in done.stderr
    assert not (tmp_path / "out" / "train").exists()
    assert (tmp_path / "message").read_text()[:200] in done.stderr


@pytest.mark.parametrize(
    "files",
    [
        {"a.csv": text(*GOOD, end="\r\n")},
        {"a.csv": b"\xef\xbb\xbf" + text(*GOOD)},
        {"a.csv.gz": gzip.compress(text(*GOOD))},
        {"a.csv": text(*GOOD[:90]), "b.csv": text(*GOOD[90:])},
        {"a.csv": text(*GOOD, header=",".join(f'"{name}"' for name in COLUMNS))},
        {"a.csv": text(*GOOD[:100], GOOD[100].replace("100,", "1e+02,", 1), *GOOD[101:])},
    ],
)
def test_forms_of_the_same_transactions_are_taken(tmp_path: Path, files: dict[str, bytes]) -> None:
    done = preprocess(tmp_path, files)
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "out/report/preprocess.json").read_text())
    assert report["rows"] == len(GOOD)
    written = sum(len((tmp_path / f"out/{name}/{name}.csv").read_text().splitlines()) for name in report["splits"])
    assert written == len(GOOD)


def test_defaults_are_those_that_the_launcher_sends() -> None:
    for algorithm in ("xgboost", "lgbm"):
        wanted = json.loads((ROOT / f"models/{algorithm}_default.json").read_text())
        module = importlib.import_module(f"train_{algorithm}")
        assert wanted == {**module.BOOSTER, **module.ROUNDS}


#: Least values on the real sample.
CLAIMED = {"rocAuc": 0.96, "auprc": 0.72}
#: Of the mean over the splits of some seeds: one has 94 frauds to find, and a single legitimate row that scores high
#: counts as nine, so that from split to split the figure moves by 0.06 (standard deviation), as its intervals say. The
#: mean of twelve is known to 0.02, and takes minutes (``npm run soak``); of three, to 0.04.
SPLITS = int(os.environ.get("STRATIFIED_SPLITS", "3"))
CLAIMED_STRATIFIED_AUPRC = 0.80 if SPLITS >= 12 else 0.75
SEEDS = tuple(map(str, range(1, SPLITS + 1)))


def evaluate_sample(scratch: Path, *options: str) -> dict[str, dict]:
    """The metrics of each algorithm on a split of the real sample."""
    raw = scratch / "raw"
    raw.mkdir(parents=True)
    (raw / "sample.csv.gz").symlink_to(SHARED / "ulb_sample.csv.gz")
    split(scratch, raw, *options)
    return {
        algorithm: train_and_evaluate(scratch, algorithm, weight="9.365")[1]["metrics"]
        for algorithm in ("xgboost", "lgbm")
    }


def told(metric: dict) -> str:
    low, high = metric["interval"]
    return f"{metric['value']:.3f} [{low:.3f}, {high:.3f}]"


@pytest.mark.skipif(not (SHARED / "ulb_sample.csv.gz").is_file(), reason=f"{SHARED} has no ulb_sample.csv.gz")
def test_real_transactions_of_later_days_reach_the_quality_that_is_claimed(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    for algorithm, metrics in evaluate_sample(tmp_path, "--split", "temporal").items():
        for name, least in CLAIMED.items():
            with capsys.disabled():
                print(f"\nreal sample, temporal, {algorithm}: {name} {told(metrics[name])}", end="")
            assert metrics[name]["value"] >= least


@pytest.mark.skipif(not (SHARED / "ulb_sample.csv.gz").is_file(), reason=f"{SHARED} has no ulb_sample.csv.gz")
def test_real_transactions_of_all_days_reach_the_quality_that_is_claimed(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    found = [evaluate_sample(tmp_path / seed, "--split", "stratified", "--seed", seed) for seed in SEEDS]
    for algorithm in ("xgboost", "lgbm"):
        auprcs = [metrics[algorithm]["auprc"] for metrics in found]
        mean = sum(each["value"] for each in auprcs) / len(auprcs)
        with capsys.disabled():
            shown = ", ".join(map(told, auprcs))
            print(f"\nreal sample, stratified, {algorithm}: auprc {mean:.3f}, the mean of {shown}", end="")
        assert mean >= CLAIMED_STRATIFIED_AUPRC
