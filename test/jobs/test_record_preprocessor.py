"""What AWS's analyzer is given of a captured request, where the monitors' engine is AWS's."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from transactions import FEATURES

SCRIPT = Path(__file__).parents[2] / "jobs" / "model-monitor" / "record_preprocessor.py"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """The script by itself: in the analyzer's image there is nothing of ours beside it."""
    spec = importlib.util.spec_from_file_location("record_preprocessor", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


ANSWERS = {
    "JSON": json.dumps({"predictions": [{"score": 0.25}], "model": {"threshold": 0.5}}),
    "CSV": "0.25\n",
}


def record(data: str, encoding: str, **more) -> SimpleNamespace:
    """A capture whose two sides have one content type."""
    return SimpleNamespace(
        endpoint_input=SimpleNamespace(data=data, encoding=encoding),
        endpoint_output=SimpleNamespace(data=ANSWERS[encoding], encoding=encoding),
        **more,
    )


def in_json(*rows: list) -> str:
    return json.dumps({"instances": [{"features": row} for row in rows]})


def test_rows_have_the_names_that_the_baseline_has(script) -> None:
    values = [index / 4 for index in range(len(FEATURES))]
    wanted = [dict(zip(FEATURES, values, strict=True))] * 2
    assert script.preprocess_handler(record(in_json(values, values), "JSON")) == wanted
    line = ",".join(str(value) for value in values)
    assert script.preprocess_handler(record(f"{line}\n{line}\n", "CSV")) == wanted


@pytest.mark.parametrize(("data", "encoding"), [("1.5,,abc", "CSV"), (in_json([1.5, None, "abc"]), "JSON")])
def test_a_row_that_is_none_keeps_what_it_has(script, data, encoding) -> None:
    """Missing values, changed types and dropped columns are for the analyzer to find."""
    [row] = script.preprocess_handler(record(data, encoding))
    assert row == {"Time": 1.5, "V1": None, "V2": "abc"}


@pytest.mark.parametrize("encoding", ["JSON", "CSV"])
@pytest.mark.parametrize(
    ("label", "form"),
    [('{"instances":[{"label":1}]}', "JSON"), ("1", "CSV"), ("1.0", "CSV"), (" 1\n", "CSV")],
)
def test_with_a_label_the_score_and_the_label_are_told(script, encoding, label, form) -> None:
    data = in_json([1, 2, 3]) if encoding == "JSON" else "1,2,3"
    merged = record(data, encoding, ground_truth=SimpleNamespace(data=label, encoding=form))
    assert script.preprocess_handler(merged) == {"endpointOutput_probability": 0.25, "groundTruthData_0": 1}
