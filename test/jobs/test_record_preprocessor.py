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


def record(data: str, **more) -> SimpleNamespace:
    answer = {"predictions": [{"score": 0.25}], "model": {"threshold": 0.5}}
    output = SimpleNamespace(data=json.dumps(answer), encoding="JSON")
    return SimpleNamespace(endpoint_input=SimpleNamespace(data=data, encoding="CSV"), endpoint_output=output, **more)


def test_rows_have_the_names_that_the_baseline_has(script) -> None:
    values = [index / 4 for index in range(len(FEATURES))]
    line = ",".join(str(value) for value in values)
    found = script.preprocess_handler(record(f"{line}\n{line}\n"))
    assert found == [dict(zip(FEATURES, values, strict=True))] * 2


def test_a_row_that_is_none_keeps_what_it_has(script) -> None:
    """Missing values, changed types and dropped columns are for the analyzer to find."""
    [row] = script.preprocess_handler(record("1.5,,abc"))
    assert row == {"Time": 1.5, "V1": None, "V2": "abc"}


@pytest.mark.parametrize("label", ["1", "1.0", " 1\n"])
def test_with_a_label_the_score_and_the_label_are_told(script, label) -> None:
    merged = record("1,2,3", ground_truth=SimpleNamespace(data=label, encoding="CSV"))
    assert script.preprocess_handler(merged) == {"endpointOutput_probability": 0.25, "groundTruthData_0": 1}
