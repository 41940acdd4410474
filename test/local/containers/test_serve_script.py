"""Script mode of the model server: the user's functions."""

import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
from container_processes import COLUMNS, line_of, served, start_server

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
    def __init__(self, reason):
        super().__init__(reason)
        self.status_code = 422
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
    assert (plain.status, plain.content_type, plain.body) == (200, "text/plain", b"raw")


def test_what_functions_raise(tmp_path: Path) -> None:
    write_code(tmp_path, HANDLERS)
    with served(tmp_path, SAGEMAKER_PROGRAM="inference.py") as server:
        invalid = server.invoke("invalid")
        crash = server.invoke("crash")
        after = server.invoke("1,2")
    assert (invalid.status, invalid.body) == (422, b"row 1: not valid")
    assert crash.status == 500
    assert json.loads(crash.body)["error"] == "KeyError"
    assert b"Traceback" not in crash.body
    assert after.status == 200


def test_defaults_of_everything_but_model_fn(model_dir: Path, booster) -> None:
    write_code(model_dir, MODEL_FN)
    with served(model_dir, SAGEMAKER_PROGRAM="inference.py") as server:
        answer = server.invoke(f"{line_of(ROW)}\n{line_of(-ROW)}")
        csv = server.invoke(line_of(ROW), Accept="text/csv")
        wrong_type = server.invoke("{}", "application/x-unknown")
        wrong_accept = server.invoke(line_of(ROW), Accept="image/png")
    expected = booster.inplace_predict(np.stack([ROW, -ROW])).tolist()
    assert json.loads(answer.body) == pytest.approx(expected, abs=1e-7)
    assert float(csv.body) == pytest.approx(expected[0], abs=1e-7)
    assert (wrong_type.status, wrong_accept.status) == (415, 406)


def test_transform_fn_replaces_the_three(tmp_path: Path) -> None:
    script = (
        "def model_fn(d): return 3\ndef transform_fn(m, body, kind, accept): return str(m * int(body)), 'text/csv'\n"
    )
    write_code(tmp_path, script)
    with served(tmp_path, SAGEMAKER_PROGRAM="inference.py") as server:
        answer = server.invoke("14")
    assert (answer.status, answer.body) == (200, b"42")


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
