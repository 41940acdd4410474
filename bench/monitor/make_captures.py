"""Writes captured requests of one row each, as an endpoint would, and the baseline of rows that are not among them."""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "jobs" / "shared"))
import data_quality
from transactions import FEATURES

#: An endpoint's capture files hold about 1 MB.
ROWS_OF_FILE = 1_000
SHIFTED = "V7"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="transactions as published")
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    table = pd.read_csv(options.data)[FEATURES].sample(frac=1, random_state=7).to_numpy(np.float64)
    half = len(table) // 2
    baseline = options.output / "baseline"
    baseline.mkdir(parents=True)
    statistics = data_quality.statistics(table[:half])
    (baseline / "statistics.json").write_text(json.dumps(statistics))
    (baseline / "constraints.json").write_text(json.dumps(data_quality.constraints(statistics)))
    live = table[half:]
    live[:, FEATURES.index(SHIFTED)] += 1
    bodies = [json.dumps({"instances": [{"features": row}]}, separators=(",", ":")) for row in live.tolist()]
    for first in range(0, options.rows, ROWS_OF_FILE):
        # Four files within each minute of an hour, hour after hour.
        minute = first // ROWS_OF_FILE // 4
        folder = (
            options.output
            / "captured"
            / "AllTraffic"
            / "2026"
            / "11"
            / f"{1 + minute // 1440:02}"
            / f"{minute // 60 % 24:02}"
        )
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / f"{minute % 60:02}-{first // ROWS_OF_FILE % 4}0.jsonl").open("w") as file:
            for number in range(first, min(first + ROWS_OF_FILE, options.rows)):
                file.write(json.dumps(record(number, bodies[number % len(bodies)], minute)) + "\n")


def record(number: int, body: str, minute: int) -> dict:
    answer = json.dumps(
        {
            "predictions": [{"score": (number % 997) / 997}],
            "model": {
                "packageArn": "arn:aws:sagemaker:eu-central-1:123456789012:model-package/fraud/1",
                "threshold": 0.3,
            },
        }
    )
    return {
        "captureData": {
            "endpointInput": {
                "observedContentType": "application/json",
                "mode": "INPUT",
                "data": body,
                "encoding": "JSON",
            },
            "endpointOutput": {
                "observedContentType": "application/json",
                "mode": "OUTPUT",
                "data": answer,
                "encoding": "JSON",
            },
        },
        "eventMetadata": {
            "eventId": f"{number:08x}-0000-4000-8000-000000000000",
            "inferenceTime": f"2026-11-{1 + minute // 1440:02}T{minute // 60 % 24:02}:{minute % 60:02}:00Z",
        },
        "eventVersion": "0",
    }


if __name__ == "__main__":
    main()
