"""Scores the test split with the trained model and writes ``evaluation.json``: what the gate decides on."""

import argparse
import json
import sys
import tarfile
import tempfile
from pathlib import Path

import numpy as np
import xgboost as xgb
from curves import confusion_matrix, cost, curves
from metrics import Scored, with_intervals
from split_files import read_split
from transactions import FEATURES


def load_model(directory: Path) -> tuple[xgb.Booster, dict]:
    """Booster and metadata from ``model.tar.gz`` below ``directory``.

    Raises:
        ValueError: the archive or a part of it is missing, or the model takes other features.
    """
    archive = directory / "model.tar.gz"
    if not archive.is_file():
        raise ValueError(f"{archive} does not exist: the training job wrote no model")
    with tempfile.TemporaryDirectory() as scratch, tarfile.open(archive) as tar:
        tar.extractall(scratch, filter="data")
        model, metadata_file = Path(scratch) / "xgboost-model", Path(scratch) / "metadata" / "model.json"
        missing = [file.name for file in (model, metadata_file) if not file.is_file()]
        if missing:
            raise ValueError(f"{archive} lacks {', '.join(missing)}: it was not made by the training job")
        booster = xgb.Booster()
        booster.load_model(bytearray(model.read_bytes()))
        metadata = json.loads(metadata_file.read_text())
    if metadata["features"] != FEATURES:
        raise ValueError(f"the model takes {metadata['features']}; the test split has {FEATURES}")
    return booster, metadata


def main(argv: "list[str] | None" = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="folder that holds model.tar.gz")
    parser.add_argument("--test", type=Path, required=True, help="folder of the test split")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--legitimate-weight", type=float, default=1.0)
    parser.add_argument("--bootstrap-samples", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args(argv)

    booster, metadata = load_model(options.model)
    test = read_split(options.test)
    # As the endpoint does it: float32 in, the booster's own answer out.
    scores = booster.inplace_predict(test.features.astype(np.float32), validate_features=False).astype(np.float64)
    scored = Scored.of(scores, test.labels, test.amounts, test.weights(options.legitimate_weight))
    threshold = metadata["threshold"]
    report = {
        "schemaVersion": 1,
        "algorithm": metadata["algorithm"],
        "threshold": threshold,
        "rows": {
            "test": len(test.labels),
            "frauds": int(test.labels.sum()),
            "legitimateWeight": options.legitimate_weight,
        },
        "metrics": with_intervals(scored, threshold, options.bootstrap_samples, options.seed),
        "cost": cost(scored, threshold, metadata["falsePositiveCost"]),
        "confusionMatrix": confusion_matrix(scored, threshold),
        "curves": curves(scored),
    }
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "evaluation.json").write_text(json.dumps(report, allow_nan=False) + "\n")
    for name, metric in report["metrics"].items():
        print(f"{name}={metric['value']:.6f} [{metric['interval'][0]:.4f}, {metric['interval'][1]:.4f}]", flush=True)


if __name__ == "__main__":
    try:
        main()
    except ValueError as error:
        sys.exit(f"evaluate: {error}")
