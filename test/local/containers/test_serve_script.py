"""Script mode of the model server: the user's functions."""

import io
import json
import tarfile
import zipfile
from pathlib import Path

import joblib
import numpy as np
import pytest
from container_processes import COLUMNS, line_of, served, start_server
from sklearn.linear_model import LogisticRegression

ROW = np.linspace(-1, 1, COLUMNS, dtype=np.float32)

MODEL_FN = """
import xgboost, os
def model_fn(model_dir):
    booster = xgboost.Booster()
    booster.load_model(os.path.join(model_dir, "xgboost-model"))
    return booster
"""

HANDLERS = """
import json
import helper
class Invalid(Exception):
    status_code = 422
def model_fn(model_dir):
    return {"dir": model_dir}
def input_fn(body, content_type):
    if body == "invalid":
        raise Invalid("row 1: not valid")
    if body == "crash":
        raise KeyError("secret")
    return body, content_type
def predict_fn(data, model):
    return {"data": data[0], "kind": type(data[0]).__name__, "type": data[1], "dir": model["dir"], "by": helper.NAME}
def output_fn(prediction, accept):
    if prediction["data"] == "bytes":
        return b"raw"
    return json.dumps(prediction | {"accept": accept}), "application/x-own"
"""


def write_code(folder: Path, script: str) -> None:
    code = folder / "code"
    code.mkdir(exist_ok=True)
    (code / "inference.py").write_text(script)
    (code / "helper.py").write_text("NAME = 'helper'\n")


def test_the_functions_get_what_the_toolkit_gives_them(tmp_path: Path) -> None:
    write_code(tmp_path, HANDLERS)
    with served(tmp_path, SAGEMAKER_PROGRAM="inference.py") as server:
        text = server.invoke("1,2", Accept="text/csv")
        binary = server.invoke(b"1,2", "application/octet-stream")
        plain = server.invoke("bytes", Accept="text/plain")
    assert (text.status, text.content_type) == (200, "application/x-own")
    assert json.loads(text.body) == {
        "data": "1,2",
        "kind": "str",
        "type": "text/csv",
        "dir": str(tmp_path),
        "by": "helper",
        "accept": "text/csv",
    }
    # default=str is not there: bytes cannot be JSON, so the script itself fails.
    assert binary.status == 500
    # A body without a type is what it is to Flask.
    assert (plain.status, plain.content_type, plain.body) == (200, "text/html; charset=utf-8", b"raw")


def test_what_functions_raise(tmp_path: Path) -> None:
    write_code(tmp_path, HANDLERS)
    with served(tmp_path, SAGEMAKER_PROGRAM="inference.py") as server:
        invalid = server.invoke("invalid")
        crash = server.invoke("crash")
        after = server.invoke("1,2")
    # Whatever it is, and whatever status it carries.
    for answer in (invalid, crash):
        assert (answer.status, answer.content_type) == (500, "text/html; charset=utf-8")
        assert b"<title>500 Internal Server Error</title>" in answer.body
        assert b"secret" not in answer.body
    assert after.status == 200


def test_a_type_with_parameters_is_no_text(tmp_path: Path) -> None:
    script = "def model_fn(d): return 1\ndef transform_fn(m, body, kind, accept): return {'is': type(body).__name__}\n"
    write_code(tmp_path, script)
    with served(tmp_path, SAGEMAKER_PROGRAM="inference.py") as server:
        plain, parameters = server.invoke("1"), server.invoke("1", "text/csv; charset=utf-8")
    assert (plain.content_type, json.loads(plain.body)) == ("application/json", {"is": "str"})
    assert json.loads(parameters.body) == {"is": "bytes"}


def test_defaults_of_everything_but_model_fn(model_dir: Path, booster) -> None:
    write_code(model_dir, MODEL_FN)
    with served(model_dir, SAGEMAKER_PROGRAM="inference.py") as server:
        answer = server.invoke(f"{line_of(ROW)}\n{line_of(-ROW)}")
        csv = server.invoke(line_of(ROW), Accept="text/csv")
        npy = server.invoke(line_of(ROW), Accept="application/x-npy")
        parameters = server.invoke(line_of(ROW), "text/csv; charset=utf-8")
        # The container does not tell these from any other failure.
        failures = [
            server.invoke("{}", "application/x-unknown"),
            server.invoke(line_of(ROW), Accept="image/png"),
            server.invoke(f"{line_of(ROW)}\n"),
        ]
    expected = booster.inplace_predict(np.stack([ROW, -ROW])).tolist()
    assert json.loads(answer.body) == pytest.approx(expected, abs=1e-7)
    assert csv.content_type == "text/csv; charset=utf-8"
    assert float(csv.body) == pytest.approx(expected[0], abs=1e-7)
    assert np.load(io.BytesIO(npy.body)) == pytest.approx(expected[:1], abs=1e-7)
    assert json.loads(parameters.body) == pytest.approx(expected[:1], abs=1e-7)
    assert [failure.status for failure in failures] == [500, 500, 500]


def test_a_script_gets_what_the_defaults_around_it_make(model_dir: Path) -> None:
    """XGBoost's input is a DMatrix, as in the SDK's own examples."""
    script = (
        "import xgboost, os\n"
        "def model_fn(d): return xgboost.Booster(model_file=os.path.join(d, 'xgboost-model'))\n"
        "def predict_fn(data, booster): return booster.predict(data, pred_contribs=True)[:, :2]\n"
    )
    write_code(model_dir, script)
    with served(model_dir, SAGEMAKER_PROGRAM="inference.py") as server:
        answer = server.invoke(f"{line_of(ROW)}\n{line_of(-ROW)}", Accept="text/csv")
    assert np.loadtxt(io.BytesIO(answer.body), delimiter=",").shape == (2, 2)


def test_scikit_learn(tmp_path: Path) -> None:
    rows = np.linspace(0, 1, 40).reshape(20, 2)
    joblib.dump(LogisticRegression().fit(rows, rows[:, 0] > 0.5), tmp_path / "model.joblib")
    script = (
        "import joblib, os\ndef model_fn(d): return joblib.load(os.path.join(d, 'model.joblib'))\n"
        "def predict_fn(rows, model): return model.predict_proba(rows)[:, 1]\n"
    )
    write_code(tmp_path, script)
    asked = np.array([[0.1, 0.1], [0.9, 0.9]])
    npy = io.BytesIO()
    np.save(npy, asked)
    with served(tmp_path, "sagemaker-scikit-learn", SAGEMAKER_PROGRAM="inference.py") as server:
        # What the SDK's SKLearnPredictor sends and takes unless told otherwise.
        default = server.invoke(npy.getvalue(), "application/x-npy", Accept="application/x-npy")
        as_json = server.invoke(json.dumps(asked.tolist()), "application/json")
        as_csv = server.invoke("0.1,0.1\n0.9,0.9\n", Accept="text/csv")
        failures = [server.invoke("0.1,0.1"), server.invoke("1 1:2", "text/libsvm")]
    low, high = np.load(io.BytesIO(default.body))
    assert low < 0.5 < high
    assert json.loads(as_json.body) == pytest.approx([low, high], rel=1e-6)
    assert np.loadtxt(io.BytesIO(as_csv.body)) == pytest.approx([low, high], rel=1e-6)
    # One row of CSV is a flat array to this container, and no row to the model.
    assert [failure.status for failure in failures] == [500, 500]


def test_scikit_learn_needs_a_script(model_dir: Path) -> None:
    process = start_server(model_dir, "sagemaker-scikit-learn")
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "SAGEMAKER_PROGRAM" in errors


def test_requirements_are_installed_for_the_server_alone(tmp_path: Path) -> None:
    wheel = tmp_path / "word_of_a_model-1.0-py3-none-any.whl"
    info = "word_of_a_model-1.0.dist-info"
    with zipfile.ZipFile(wheel, "w") as packed:
        packed.writestr("word_of_a_model.py", "TEXT = 'hello'\n")
        packed.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: word-of-a-model\nVersion: 1.0\n")
        packed.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        packed.writestr(f"{info}/RECORD", "")
    script = "import word_of_a_model\ndef model_fn(d): return 1\ndef transform_fn(*a): return word_of_a_model.TEXT\n"
    write_code(tmp_path, script)
    (tmp_path / "code" / "requirements.txt").write_text(f"{wheel}\n")
    with served(tmp_path, SAGEMAKER_PROGRAM="inference.py", PIP_NO_INDEX="1") as server:
        assert server.invoke("1").body == b"hello"
    (tmp_path / "code" / "requirements.txt").write_text("no-such-package-anywhere\n")
    process = start_server(tmp_path, SAGEMAKER_PROGRAM="inference.py", PIP_NO_INDEX="1")
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "InstallRequirementsError" in errors


@pytest.mark.parametrize(("level", "debug"), [("10", True), ("20", False)])
def test_the_log_level(tmp_path: Path, level: str, debug: bool) -> None:
    script = (
        "import logging\ndef model_fn(d):\n    logging.getLogger('mine').debug('look here')\n    raise SystemExit(3)\n"
    )
    write_code(tmp_path, script)
    process = start_server(tmp_path, SAGEMAKER_PROGRAM="inference.py", SAGEMAKER_CONTAINER_LOG_LEVEL=level)
    _, errors = process.communicate(timeout=30)
    assert ("look here" in errors) is debug


def test_transform_fn_replaces_the_three(tmp_path: Path) -> None:
    script = (
        "def model_fn(d): return 3\ndef transform_fn(m, body, kind, accept): return str(m * int(body)), 'text/csv'\n"
    )
    write_code(tmp_path, script)
    with served(tmp_path, SAGEMAKER_PROGRAM="inference.py") as server:
        answer = server.invoke("14")
    assert (answer.status, answer.content_type, answer.body) == (200, "text/csv; charset=utf-8", b"42")


def test_a_response_object_is_answered_as_it_is(tmp_path: Path) -> None:
    script = (
        "import flask\ndef model_fn(d): return 1\n"
        "def transform_fn(m, b, k, a): return flask.Response('busy', 429, mimetype='text/plain')\n"
    )
    write_code(tmp_path, script)
    with served(tmp_path, SAGEMAKER_PROGRAM="inference.py") as server:
        answer = server.invoke("1")
    assert (answer.status, answer.body) == (429, b"busy")


@pytest.mark.parametrize("place", ["/opt/ml/model/other", "archive", "folder"])
def test_where_the_code_comes_from(tmp_path: Path, place: str) -> None:
    model = tmp_path / "model"
    model.mkdir()
    write_code(tmp_path, HANDLERS)
    submitted = place
    if place == "archive":
        submitted = str(tmp_path / "source.tar.gz")
        with tarfile.open(submitted, "w:gz") as tar:
            tar.add(tmp_path / "code", arcname=".")
    elif place == "folder":
        submitted = str(tmp_path / "code")
    else:
        (tmp_path / "code").rename(model / "other")
    with served(model, SAGEMAKER_PROGRAM="inference.py", SAGEMAKER_SUBMIT_DIRECTORY=submitted) as server:
        assert json.loads(server.invoke("1").body)["by"] == "helper"


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("def predict_fn(a, b): return 1\n", "no model_fn"),
        ("import no_such_module\n", "no_such_module"),
        ("def model_fn(d): raise ValueError('too old')\n", "ValueError: too old"),
        ("def model_fn(d): return 1\ndef transform_fn(*a): ...\ndef input_fn(*a): ...\n", "transform_fn and input_fn"),
    ],
)
def test_a_script_that_cannot_serve_ends_the_server(tmp_path: Path, script: str, reason: str) -> None:
    write_code(tmp_path, script)
    process = start_server(tmp_path, SAGEMAKER_PROGRAM="inference.py")
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 1
    assert reason in errors.splitlines()[-1]


def test_a_missing_script_folder_ends_the_server(tmp_path: Path) -> None:
    process = start_server(tmp_path, SAGEMAKER_PROGRAM="inference.py")
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "does not exist" in errors
