"""The XGBoost container's contract, without a script."""

import json
import pickle
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import xgboost
from container_processes import COLUMNS, ModelServer, line_of, served, start_server
from hypothesis import given, settings
from hypothesis import strategies as st

ROW = np.linspace(-1, 1, COLUMNS, dtype=np.float32)
ROWS = np.stack([ROW, -ROW, ROW * 2])
CSV_BODY = "\n".join(line_of(row) for row in ROWS)
HEADER = ",".join(f"V{number}" for number in range(COLUMNS))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, booster: xgboost.Booster) -> Iterator[ModelServer]:
    """One server for every test that leaves its model as it is."""
    folder = tmp_path_factory.mktemp("model")
    (folder / "xgboost-model").write_bytes(bytes(booster.save_raw("ubj")))
    with served(folder) as running:
        yield running


@pytest.fixture
def expected(booster: xgboost.Booster) -> list[float]:
    return booster.predict(xgboost.DMatrix(ROWS)).tolist()


def test_csv_is_one_probability_a_line(server: ModelServer, expected: list[float]) -> None:
    answer = server.invoke(CSV_BODY)
    assert (answer.status, answer.content_type) == (200, "text/csv; charset=utf-8")
    assert answer.body.endswith(b"\n")
    assert [float(line) for line in answer.body.decode().splitlines()] == pytest.approx(expected, abs=1e-7)


def test_json_is_predictions_with_scores(server: ModelServer, expected: list[float]) -> None:
    answer = server.invoke(CSV_BODY, Accept="application/json")
    lines = server.invoke(CSV_BODY, Accept="application/jsonlines")
    assert (answer.status, answer.content_type) == (200, "application/json")
    scores = [prediction["score"] for prediction in json.loads(answer.body)["predictions"]]
    assert scores == pytest.approx(expected, abs=1e-7)
    assert [json.loads(line)["score"] for line in lines.body.splitlines()] == scores


@pytest.mark.parametrize(
    ("body", "content_type", "accept", "status"),
    [
        pytest.param(line_of(ROW), "text/csv", "*/*", 200, id="row"),
        pytest.param(line_of(ROW), "text/csv; charset=utf-8", "text/csv", 200, id="media type with parameter"),
        pytest.param(line_of(ROW).replace(",", ";"), "text/csv", "text/csv", 200, id="other delimiter"),
        pytest.param("," * (COLUMNS - 1), "text/csv", "text/csv", 200, id="every value missing"),
        pytest.param(" ".join(f"{i}:{v}" for i, v in enumerate(ROW)), "text/libsvm", "text/csv", 200, id="libsvm"),
        pytest.param("", "text/csv", "text/csv", 204, id="empty"),
        pytest.param(f"{HEADER}\n{line_of(ROW)}", "text/csv", "text/csv", 415, id="header"),
        pytest.param("not,numbers", "text/csv", "text/csv", 415, id="text"),
        pytest.param(f"{line_of(ROW)}\n1,2", "text/csv", "text/csv", 415, id="ragged"),
        pytest.param(b"\xff\xfe,1", "text/csv", "text/csv", 415, id="not UTF-8"),
        pytest.param("[1,2]", "application/json", "text/csv", 415, id="JSON in"),
        pytest.param(line_of(np.append(ROW, 1)), "text/csv", "text/csv", 400, id="31 columns"),
        pytest.param(line_of(ROW[:-1]), "text/csv", "text/csv", 200, id="29 columns"),
        pytest.param(line_of(ROW[:-2]), "text/csv", "text/csv", 400, id="28 columns"),
        pytest.param(line_of(ROW), "text/csv", "image/png", 406, id="unknown accept"),
    ],
)
def test_contract(server: ModelServer, body: str | bytes, content_type: str, accept: str, status: int) -> None:
    answer = server.invoke(body, content_type, Accept=accept)
    assert answer.status == status, answer.body
    # The connection stays usable whatever was answered.
    assert server.request("GET", "/ping").status == 200


def test_a_missing_last_column_counts_as_missing(server: ModelServer, booster: xgboost.Booster) -> None:
    answer = server.invoke(line_of(ROW[:-1]))
    padded = np.append(ROW[:-1], np.nan).reshape(1, -1)
    assert float(answer.body) == pytest.approx(float(booster.predict(xgboost.DMatrix(padded))[0]), abs=1e-7)


def test_an_extra_file_at_the_root_breaks_invocations_only(model_dir: Path) -> None:
    (model_dir / "metadata").mkdir()
    (model_dir / "metadata" / "model.json").write_text("{}")
    with served(model_dir) as server:
        assert server.invoke(line_of(ROW)).status == 200
    (model_dir / "notes.txt").write_text("beside the model")
    with served(model_dir) as server:
        assert server.request("GET", "/ping").status == 200
        answer = server.invoke(line_of(ROW))
    assert answer.status == 500
    assert b"notes.txt" in answer.body


def test_a_pickled_booster_serves(model_dir: Path, booster: xgboost.Booster, expected: list[float]) -> None:
    (model_dir / "xgboost-model").write_bytes(pickle.dumps(booster))
    with served(model_dir) as server:
        assert float(server.invoke(line_of(ROW)).body) == pytest.approx(expected[0], abs=1e-7)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "no model file at the root"),
        (b"not a model", "no file at the root"),
        (pickle.dumps({}), "pickle of dict"),
    ],
)
def test_a_model_that_cannot_load_ends_the_server(tmp_path: Path, content: bytes | None, reason: str) -> None:
    if content is not None:
        (tmp_path / "xgboost-model").write_bytes(content)
    process = start_server(tmp_path)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "cannot load the model" in errors
    assert reason in errors


def test_requests_outside_the_contract(server: ModelServer) -> None:
    assert server.request("GET", "/invocations").status == 404
    assert server.request("POST", "/other", b"1").status == 404
    assert server.request("POST", "/invocations", b"", Content_Length=str(26 * 1024 * 1024)).status == 413


def test_one_row_takes_milliseconds(server: ModelServer) -> None:
    body = line_of(ROW)
    for _ in range(50):
        server.invoke(body)
    seconds = []
    for _ in range(300):
        start = time.perf_counter()
        server.invoke(body)
        seconds.append(time.perf_counter() - start)
    assert sorted(seconds)[150] < 0.005


@settings(max_examples=60, deadline=None)
@given(body=st.one_of(st.binary(max_size=200), st.text(alphabet='0123456789.,-+eE\n\r\t ;:"nai', max_size=200)))
def test_no_body_breaks_the_server(server: ModelServer, body: bytes | str) -> None:
    sent = body.encode() if isinstance(body, str) else body
    assert server.invoke(sent).status in (200, 204, 400, 415)
    assert server.request("GET", "/ping").status == 200


finite = st.floats(min_value=-1e6, max_value=1e6, width=32)


@settings(max_examples=25, deadline=None)
@given(rows=st.lists(st.lists(finite, min_size=COLUMNS, max_size=COLUMNS), min_size=1, max_size=5))
def test_the_served_scores_are_the_library_s(
    server: ModelServer, booster: xgboost.Booster, rows: list[list[float]]
) -> None:
    matrix = np.array(rows, dtype=np.float32)
    answer = server.invoke("\n".join(line_of(row) for row in matrix))
    expected = booster.predict(xgboost.DMatrix(matrix))
    assert [float(line) for line in answer.body.splitlines()] == pytest.approx(expected.tolist(), abs=1e-6)
