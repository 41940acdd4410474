"""The project's processing step: splits the rows, and reports what they are."""

import argparse
import json
from pathlib import Path

import pandas as pd

parser = argparse.ArgumentParser()
parser.add_argument("--source", type=Path, required=True)
parser.add_argument("--target", type=Path, required=True)
parser.add_argument("--share", type=float, required=True)
options = parser.parse_args()

rows = pd.concat([pd.read_csv(file) for file in sorted(options.source.glob("*.csv"))])
cut = int(len(rows) * options.share)
for name, part in {"train": rows[:cut], "validation": rows[cut:]}.items():
    folder = options.target / name
    folder.mkdir(parents=True, exist_ok=True)
    part.to_csv(folder / f"{name}.csv", index=False, header=False)
report = {"rows": {"train": cut, "validation": len(rows) - cut}, "positives": int(rows["label"].sum())}
(options.target / "report" / "report.json").write_text(json.dumps(report))
print(f"split {len(rows)} rows at {cut}")
