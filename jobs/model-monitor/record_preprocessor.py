"""What Model Monitor's analyzer makes of a captured request, where the monitors' engine is AWS's.

The endpoint takes CSV without a header and answers JSON. The analyzer takes either side as it is only where both have
one encoding, and knows no names of columns; so it is given rows with names. AWS's documentation calls the function so.
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
        answer = json.loads(inference_record.endpoint_output.data)
        return {
            "endpointOutput_probability": answer["predictions"][0]["score"],
            "groundTruthData_0": int(float(label.data.strip())),
        }
    rows = [row for row in csv.reader(io.StringIO(inference_record.endpoint_input.data)) if row]
    return [{name: _number(cell) for name, cell in zip(FEATURES, row, strict=False)} for row in rows]


def _number(cell: str) -> "float | str | None":
    """A cell as statistics count it: a number where it is one, nothing where it is empty."""
    text = cell.strip()
    if text == "":
        return None
    try:
        return float(text)
    except ValueError:
        return text
