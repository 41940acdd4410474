"""What data quality of captured requests costs in plain pandas: the same figures, as one would write them there."""

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--captured", type=Path, required=True)
    parser.add_argument("--baseline", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()

    limits = json.loads((options.baseline / "constraints.json").read_text())
    before = {each["name"]: each for each in json.loads((options.baseline / "statistics.json").read_text())["features"]}
    names = [each["name"] for each in limits["features"]]
    records = pd.concat([pd.read_json(file, lines=True) for file in sorted(options.captured.rglob("*.jsonl"))])
    bodies = pd.json_normalize(records["captureData"].tolist())["endpointInput.data"]
    widths = bodies.str.count(",") + 1
    rows = pd.DataFrame([json.loads(body)["instances"][0]["features"] for body in bodies], columns=names)

    features, violations = [], []
    for limit in limits["features"]:
        column = rows[limit["name"]]
        present = column.dropna()
        features.append(
            {
                "name": limit["name"],
                "num_present": len(present),
                "num_missing": int(column.isna().sum()),
                "mean": present.mean(),
                "sum": present.sum(),
                "std_dev": present.std(ddof=0),
                "min": present.min(),
                "max": present.max(),
                "integral": bool((present == np.floor(present)).all()),
            }
        )
        if len(present) / len(column) < limit["completeness"]:
            violations.append((limit["name"], "completeness_check"))
        if limit["name"] != "Time" and distance(before[limit["name"]], present.to_numpy()) > 0.1:
            violations.append((limit["name"], "baseline_drift_check"))
    options.output.mkdir(parents=True, exist_ok=True)
    found = {
        "rows": len(rows),
        "widths": widths.value_counts().to_dict(),
        "features": features,
        "violations": violations,
    }
    (options.output / "pandas.json").write_text(json.dumps(found))


def distance(before: dict, values: np.ndarray) -> float:
    """Kolmogorov-Smirnov's, less 1.8 times the root of (n + m) / nm."""
    levels = before["numerical_statistics"]["distribution"]["kll"]["sketch"]["data"]
    baseline = np.sort(np.concatenate([np.repeat(items, 2**level) for level, items in enumerate(levels)]))
    values = np.sort(values)
    places = np.concatenate([baseline, values])
    shares = [np.searchsorted(each, places, side="right") / len(each) for each in (baseline, values)]
    count, other = len(baseline), len(values)
    return max(0, np.abs(shares[0] - shares[1]).max() - 1.8 * np.sqrt((count + other) / (count * other)))


if __name__ == "__main__":
    main()
