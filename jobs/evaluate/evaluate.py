"""Scores the test split with the trained model and writes ``evaluation.json``: what the gate decides on."""

import argparse
import json
import os
from pathlib import Path

from curves import confusion_matrix, cost, curves
from metrics import Scored, with_intervals
from refusal import refuse
from split_files import read_split
from trained_model import load_archive


def arguments(argv: "list[str] | None") -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="folder that holds model.tar.gz")
    parser.add_argument("--test", type=Path, required=True, help="folder of the test split")
    parser.add_argument("--output", type=Path, required=True, help="folder for evaluation.json")
    parser.add_argument(
        "--legitimate-weight", type=float, default=1.0, help="transactions that a legitimate row stands for"
    )
    parser.add_argument("--bootstrap-samples", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=7, help="of the bootstrap")
    parser.add_argument("--message-file", type=Path, help="where the reason of a refusal is written")
    found = parser.parse_args(argv)
    if not found.legitimate_weight > 0:
        parser.error(f"--legitimate-weight {found.legitimate_weight} must be above 0")
    if found.bootstrap_samples < 1:
        parser.error(f"--bootstrap-samples {found.bootstrap_samples} must be at least 1")
    return found


def main(options: argparse.Namespace) -> None:
    """Runs the job.

    Raises:
        ValueError: model or test split are not what they must be.
    """
    model = load_archive(options.model, threads=os.cpu_count() or 1)
    test = read_split(options.test)
    scored = Scored.of(model.scores(test.features), test.labels, test.amounts, test.weights(options.legitimate_weight))
    threshold = model.threshold
    report = {
        "schemaVersion": 1,
        "algorithm": model.algorithm,
        "threshold": threshold,
        "rows": {
            "test": len(test.labels),
            "frauds": int(test.labels.sum()),
            "legitimateWeight": options.legitimate_weight,
        },
        "metrics": with_intervals(scored, threshold, options.bootstrap_samples, options.seed),
        "cost": cost(scored, threshold, model.metadata["falsePositiveCost"]),
        "confusionMatrix": confusion_matrix(scored, threshold),
        "curves": curves(scored),
    }
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "evaluation.json").write_text(json.dumps(report, allow_nan=False) + "\n")
    for name, metric in report["metrics"].items():
        print(f"{name}={metric['value']:.6f} [{metric['interval'][0]:.4f}, {metric['interval'][1]:.4f}]", flush=True)


if __name__ == "__main__":
    chosen = arguments(None)
    try:
        main(chosen)
    except ValueError as error:
        refuse(f"evaluate: {error}", chosen.message_file)
