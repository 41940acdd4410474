"""What preprocessing costs in plain pandas: the same steps as jobs/preprocess, as one would write them there."""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd

FEATURES = ["Time", *[f"V{number}" for number in range(1, 29)], "Amount"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--input", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()

    rows = pd.concat([pd.read_csv(file) for file in sorted(options.input.iterdir())])
    if list(rows.columns) != [*FEATURES, "Class"]:
        sys.exit("the header is not the schema's")
    rows = rows.astype(np.float64)
    if not np.isfinite(rows.to_numpy()).all() or (rows[["Time", "Amount"]] < 0).any().any():
        sys.exit("a value is missing, infinite or negative")
    if not rows["Class"].isin([0, 1]).all() or rows["Class"].sum() == 0:
        sys.exit("a label is neither 0 nor 1, or there is no fraud")
    duplicates = int(rows.duplicated().sum())

    times = np.sort(rows["Time"].to_numpy())
    first, second = times[int(len(times) * 0.6)], times[int(len(times) * 0.8)]
    splits = {
        "train": rows[rows["Time"] < first],
        "validation": rows[(rows["Time"] >= first) & (rows["Time"] < second)],
        "test": rows[rows["Time"] >= second],
    }
    for name, split in splits.items():
        (options.output / name).mkdir(parents=True, exist_ok=True)
        labelled = split[["Class", *FEATURES]].astype({"Class": np.int8})
        labelled.to_csv(options.output / name / f"{name}.csv", header=False, index=False)
    report = {
        "rows": len(rows),
        "frauds": int(rows["Class"].sum()),
        "duplicates": duplicates,
        "splits": {
            name: {
                "rows": len(split),
                "frauds": int(split["Class"].sum()),
                "timeFrom": split["Time"].min(),
                "timeTo": split["Time"].max(),
            }
            for name, split in splits.items()
        },
    }
    (options.output / "report").mkdir(parents=True, exist_ok=True)
    (options.output / "report" / "preprocess.json").write_text(json.dumps(report))


if __name__ == "__main__":
    main()
