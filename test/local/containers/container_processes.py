"""Real processes and real little models for the containers' tests."""

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import xgboost

CONTAINERS = Path(__file__).parents[3] / "local" / "containers"
COLUMNS = 30


class Response(NamedTuple):
    status: int
    content_type: str | None
    body: bytes


class ModelServer:
    """A running ``serve.py`` and a client of it."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.connection = HTTPConnection("127.0.0.1", port, timeout=20)

    def request(self, method: str, path: str, body: bytes | str = b"", **headers: str) -> Response:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        self.connection.request(method, path, body, sent)
        response = self.connection.getresponse()
        return Response(response.status, response.getheader("Content-Type"), response.read())

    def invoke(self, body: bytes | str, content_type: str = "text/csv", **headers: str) -> Response:
        return self.request("POST", "/invocations", body, Content_Type=content_type, **headers)


@contextlib.contextmanager
def served(model_dir: Path, framework: str = "sagemaker-xgboost", **environment: str) -> Iterator[ModelServer]:
    process = start_server(model_dir, framework, **environment)
    assert process.stdout is not None
    assert process.stderr is not None
    errors: list[str] = []
    reader = threading.Thread(target=lambda: errors.extend(process.stderr), daemon=True)
    reader.start()
    try:
        line = process.stdout.readline()
        if not line.startswith("serving on "):
            process.wait(timeout=20)
            reader.join(timeout=5)
            raise AssertionError(f"the server did not start: {''.join(errors)}")
        yield ModelServer(int(line.rsplit(":", 1)[1]))
    finally:
        process.terminate()
        assert process.wait(timeout=20) == 0
        process.stdout.close()


def start_server(model_dir: Path, framework: str = "sagemaker-xgboost", **environment: str) -> "subprocess.Popen[str]":
    command = [sys.executable, str(CONTAINERS / "serve.py"), "--port", "0", "--model-dir", str(model_dir)]
    return subprocess.Popen(
        [*command, "--framework", framework],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )


@pytest.fixture(scope="session")
def booster() -> xgboost.Booster:
    """Trained on generated rows whose class the first two columns decide."""
    random = np.random.default_rng(7)
    rows = random.normal(size=(400, COLUMNS)).astype(np.float32)
    label = (rows[:, 0] + rows[:, 1] > 0).astype(int)
    parameters = {"objective": "binary:logistic", "max_depth": 3, "nthread": 1, "seed": 1}
    return xgboost.train(parameters, xgboost.DMatrix(rows, label), 10)


@pytest.fixture
def model_dir(tmp_path: Path, booster: xgboost.Booster) -> Path:
    """A model folder as training leaves it: ``xgboost-model`` at the root."""
    folder = tmp_path / "model"
    folder.mkdir()
    booster.save_model(folder / "model.ubj")
    (folder / "model.ubj").rename(folder / "xgboost-model")
    return folder


def line_of(row: np.ndarray) -> str:
    return ",".join(str(value) for value in row.tolist())
