"""What Model Monitor's analyzer makes of a captured request, where the monitors' engine is AWS's.

The analyzer takes flat records alone, and knows no names of columns: it is given rows with names. AWS's documentation
calls the function so. Requests are JSON (the platform's own) or CSV; the answer's content type is the request's.
"""

import csv
import io
import json
from typing import Any

FEATURES = ["Time", *(f"V{number}" for number in range(1, 29)), "Amount"]


def preprocess_handler(inference_record: Any) -> "dict[str, Any] | list[dict[str, Any]]":
    """The rows of a request by feature; with its label, where one was merged, the answer's score and the label.

    A row that is none (another width, a cell that is no number) keeps what it has, for the analyzer to complain of.
    """
    label = getattr(inference_record, "ground_truth", None)
    if label is not None:
        return {
            "endpointOutput_probability": _first(inference_record.endpoint_output, "predictions", "score"),
            "groundTruthData_0": int(_first(label, "instances", "label")),
        }
    captured = inference_record.endpoint_input
    if captured.encoding == "JSON":
        rows = [instance["features"] for instance in json.loads(captured.data)["instances"]]
    else:
        rows = [[_number(cell) for cell in row] for row in csv.reader(io.StringIO(captured.data)) if row]
    return [dict(zip(FEATURES, row, strict=False)) for row in rows]


def _first(captured: Any, rows: str, name: str) -> float:
    """The number of the first row: by its name in JSON, by its place in CSV."""
    if captured.encoding == "JSON":
        return float(json.loads(captured.data)[rows][0][name])
    return float(captured.data.split(",")[0])


def _number(cell: str) -> "float | str | None":
    """A cell as statistics count it: a number where it is one, nothing where it is empty."""
    text = cell.strip()
    if text == "":
        return None
    try:
        return float(text)
    except ValueError:
        return text
