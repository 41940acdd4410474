"""What an endpoint's data capture and merged ground truth look like, written as SageMaker writes them."""

import base64
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

HOUR = "2026-11-21T11"
START, END = f"{HOUR}:00:00Z", "2026-11-21T12:00:00Z"


def csv_line(row: Iterable[Any]) -> str:
    """Numbers as JavaScript writes them, without a point where they are whole; text as it is; nothing for None."""
    return ",".join(
        "" if value is None else value if isinstance(value, str) else f"{value:.17g}".removesuffix(".0")
        for value in row
    )


def record(
    event: str,
    body: str,
    answer: "str | None" = '{"predictions":[{"score":0.001}]}',
    *,
    encoding: str = "CSV",
    content_type: str = "text/csv",
    time: str = f"{HOUR}:30:00Z",
    inference_id: "str | None" = None,
) -> dict[str, Any]:
    """One captured invocation; ``encoding`` is that of the input."""
    data = base64.b64encode(body.encode()).decode() if encoding == "BASE64" else body
    captured = {
        "endpointInput": {
            "observedContentType": content_type,
            "mode": "INPUT",
            "data": data,
            "encoding": encoding,
        }
    }
    if answer is not None:
        captured["endpointOutput"] = {
            "observedContentType": "application/json",
            "mode": "OUTPUT",
            "data": answer,
            "encoding": "JSON",
        }
    metadata = {"eventId": event, "inferenceTime": time}
    if inference_id is not None:
        metadata["inferenceId"] = inference_id
    return {"captureData": captured, "eventMetadata": metadata, "eventVersion": "0"}


def write_records(folder: Path, records: Sequence[dict[str, Any]], files: int = 1) -> Path:
    """Below ``folder``, as an endpoint does: variant, hour, files."""
    hour = folder / "AllTraffic" / "2026" / "11" / "21" / "11"
    hour.mkdir(parents=True, exist_ok=True)
    for number in range(files):
        lines = [json.dumps(each) for each in records[number::files]]
        (hour / f"{number:02}-00-000-{number}.jsonl").write_text("".join(f"{line}\n" for line in lines))
    return folder


def json_body(lines: Iterable[str]) -> str:
    """CSV lines of numbers as the platform's functions send them; what is missing is null."""
    instances = (",".join("null" if cell in ("", "nan") else cell for cell in line.split(",")) for line in lines)
    return '{"instances":[' + ",".join(f'{{"features":[{instance}]}}' for instance in instances) + "]}"


def capture_rows(folder: Path, rows: "np.ndarray | Sequence[Sequence[Any]]", **options: Any) -> Path:
    """One invocation for each row."""
    return write_records(folder, [record(f"event-{index}", csv_line(row), **options) for index, row in enumerate(rows)])
