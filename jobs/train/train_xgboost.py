"""Trains XGBoost in SageMaker script mode (framework containers 1.7-1 and 3.0-5, and unchanged anywhere else).

Reads the channels ``train`` and ``validation`` (label-first CSV), writes ``xgboost-model``, ``metadata/model.json`` and
``code/`` (the serving script and what it imports) to the model folder. The number of trees is chosen by early stopping
on average precision, the decision threshold by cost; both on validation, neither ever sees the test split.
"""

import argparse
import json
import os
import shutil
import sys
from pathlib import Path

import numpy as np
import xgboost as xgb
from split_files import Split, read_split
from threshold import cheapest_threshold
from transactions import FEATURES

#: What the endpoint needs beside the model.
SERVING_CODE = ["inference.py", "transactions.py"]


def arguments(argv: "list[str] | None" = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--max_depth", type=int, default=5)
    parser.add_argument("--eta", type=float, default=0.05)
    parser.add_argument("--subsample", type=float, default=0.8)
    parser.add_argument("--colsample_bytree", type=float, default=0.8)
    parser.add_argument("--min_child_weight", type=float, default=1.0)
    parser.add_argument("--gamma", type=float, default=0.0)
    parser.add_argument("--reg_lambda", type=float, default=1.0)
    parser.add_argument("--reg_alpha", type=float, default=0.0)
    parser.add_argument("--max_bin", type=int, default=256)
    parser.add_argument("--num_round", type=int, default=800)
    parser.add_argument("--early_stopping_rounds", type=int, default=50)
    parser.add_argument("--legitimate_weight", type=float, default=1.0)
    parser.add_argument("--false_positive_cost", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--train", type=Path, default=os.environ.get("SM_CHANNEL_TRAIN"))
    parser.add_argument("--validation", type=Path, default=os.environ.get("SM_CHANNEL_VALIDATION"))
    parser.add_argument("--model_dir", type=Path, default=os.environ.get("SM_MODEL_DIR"))
    found = parser.parse_args(argv)
    missing = [name for name in ("train", "validation", "model_dir") if getattr(found, name) is None]
    if missing:
        parser.error(f"{', '.join('--' + name for name in missing)}: neither given nor set by SageMaker's environment")
    return found


def fit(train: Split, validation: Split, options: argparse.Namespace) -> xgb.Booster:
    """The booster, cut to its best iteration: prediction would use every saved tree."""
    matrices = {
        name: xgb.DMatrix(
            split.features,
            label=split.labels,
            weight=split.weights(options.legitimate_weight),
            feature_names=FEATURES,
        )
        for name, split in (("train", train), ("validation", validation))
    }
    tuned = ["max_depth", "eta", "subsample", "colsample_bytree", "min_child_weight", "gamma"]
    parameters = {
        **{name: getattr(options, name) for name in [*tuned, "reg_lambda", "reg_alpha", "max_bin", "seed"]},
        "objective": "binary:logistic",
        "eval_metric": ["auc", "aucpr"],
        "tree_method": "hist",
        "nthread": os.cpu_count(),
    }
    booster = xgb.train(
        parameters,
        matrices["train"],
        num_boost_round=options.num_round,
        evals=[(matrices["validation"], "validation")],
        early_stopping_rounds=options.early_stopping_rounds,
        verbose_eval=25,
    )
    return booster[: booster.best_iteration + 1]


def write_model(booster: xgb.Booster, metadata: dict, model_dir: Path) -> None:
    model_dir.mkdir(parents=True, exist_ok=True)
    # Without a suffix, as the container's own loader expects it; a path with .ubj names the format.
    booster.save_model(model_dir / "model.ubj")
    (model_dir / "model.ubj").rename(model_dir / "xgboost-model")
    (model_dir / "metadata").mkdir(exist_ok=True)
    (model_dir / "metadata" / "model.json").write_text(json.dumps(metadata, indent=2, sort_keys=True) + "\n")
    (model_dir / "code").mkdir(exist_ok=True)
    here = Path(__file__).resolve().parent
    for name in SERVING_CODE:
        shutil.copyfile(here / name, model_dir / "code" / name)


def main(argv: "list[str] | None" = None) -> None:
    options = arguments(argv)
    train, validation = read_split(options.train), read_split(options.validation)
    print(f"train: {len(train.labels)} rows, {int(train.labels.sum())} frauds", flush=True)
    booster = fit(train, validation, options)
    scores = booster.inplace_predict(validation.features.astype(np.float32)).astype(np.float64)
    threshold = cheapest_threshold(
        scores,
        validation.labels,
        validation.amounts,
        validation.weights(options.legitimate_weight),
        options.false_positive_cost,
    )
    metadata = {
        "algorithm": "xgboost",
        "algorithmVersion": xgb.__version__,
        "threshold": threshold,
        "falsePositiveCost": options.false_positive_cost,
        "features": FEATURES,
        "trees": booster.num_boosted_rounds(),
    }
    write_model(booster, metadata, options.model_dir)
    evaluation = booster.eval(
        xgb.DMatrix(
            validation.features,
            label=validation.labels,
            weight=validation.weights(options.legitimate_weight),
            feature_names=FEATURES,
        ),
        name="validation",
    )
    metrics = dict(part.split(":") for part in evaluation.split("\t")[1:])
    for name, value in metrics.items():
        print(f"{name}={float(value):.6f}")
    print(f"trees={metadata['trees']} threshold={threshold:.6f}", flush=True)


if __name__ == "__main__":
    try:
        main()
    except ValueError as error:
        sys.exit(f"train: {error}")
