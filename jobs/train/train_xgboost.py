"""Trains XGBoost in SageMaker script mode (framework containers 1.7-1 and 3.0-5, and unchanged anywhere else).

Reads the channels ``train`` and ``validation`` (label-first CSV), writes ``xgboost-model``, ``metadata/model.json`` and
``code/`` (the serving script and what it imports) to the model folder. The number of trees is chosen by early stopping
on average precision, the decision threshold by cost; both on validation, neither ever sees the test split.
"""

import argparse
import hashlib
import json
import os
import shutil
import sys
from pathlib import Path

# Threads that wait for each other must not spin: beside other processes that doubles the time and more. The library
# reads this when it is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import numpy as np
import xgboost as xgb
from split_files import Split, read_split
from threshold import cheapest_threshold
from transactions import FEATURES
from xgboost_model import FILE, XGBoostModel

#: What the endpoint needs beside the model.
SERVING_CODE = ["inference.py", "trained_model.py", "transactions.py", "xgboost_model.py"]
#: Hyperparameters that XGBoost itself takes.
TUNED = ["max_depth", "eta", "subsample", "colsample_bytree", "min_child_weight", "gamma", "reg_lambda", "reg_alpha"]
TUNED += ["max_bin"]


def arguments(argv: "list[str] | None" = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--max_depth", type=int, default=5)
    parser.add_argument("--eta", type=float, default=0.03)
    parser.add_argument("--subsample", type=float, default=0.8)
    parser.add_argument("--colsample_bytree", type=float, default=0.8)
    parser.add_argument("--min_child_weight", type=float, default=1.0)
    parser.add_argument("--gamma", type=float, default=0.0)
    parser.add_argument("--reg_lambda", type=float, default=1.0)
    parser.add_argument("--reg_alpha", type=float, default=0.0)
    parser.add_argument("--max_bin", type=int, default=256)
    parser.add_argument("--num_round", type=int, default=1000)
    parser.add_argument("--early_stopping_rounds", type=int, default=100)
    parser.add_argument("--legitimate_weight", type=float, default=1.0)
    parser.add_argument("--false_positive_cost", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--train", type=Path, default=os.environ.get("SM_CHANNEL_TRAIN"))
    parser.add_argument("--validation", type=Path, default=os.environ.get("SM_CHANNEL_VALIDATION"))
    parser.add_argument("--model_dir", type=Path, default=os.environ.get("SM_MODEL_DIR"))
    found = parser.parse_args(argv)
    problems = [
        f"--{name} is neither given nor set by SageMaker's environment"
        for name in ("train", "validation", "model_dir")
        if getattr(found, name) is None
    ]
    bounds = {"num_round": 1, "early_stopping_rounds": 1, "legitimate_weight": 1e-6, "false_positive_cost": 0}
    problems += [
        f"--{name} {getattr(found, name)} must be at least {least}"
        for name, least in bounds.items()
        if not getattr(found, name) >= least
    ]
    if problems:
        parser.error("; ".join(problems))
    return found


def fit(train: Split, validation: Split, options: argparse.Namespace) -> "tuple[xgb.Booster, dict[str, float]]":
    """The booster, cut to its best iteration (prediction would use every saved tree), and its validation metrics."""
    matrices = {
        name: xgb.DMatrix(
            split.features,
            label=split.labels,
            weight=split.weights(options.legitimate_weight),
            feature_names=FEATURES,
        )
        for name, split in (("train", train), ("validation", validation))
    }
    weights = train.weights(options.legitimate_weight)
    parameters = {
        **{name: getattr(options, name) for name in TUNED},
        "objective": "binary:logistic",
        # The last one decides when to stop.
        "eval_metric": ["auc", "aucpr"],
        "tree_method": "hist",
        # The share of frauds: where version 1.7 starts at 0.5, the first trees look better than they are.
        "base_score": float(np.average(train.labels, weights=weights)),
        "nthread": os.cpu_count(),
        "seed": options.seed,
    }
    history: dict = {}
    booster = xgb.train(
        parameters,
        matrices["train"],
        num_boost_round=options.num_round,
        evals=[(matrices["validation"], "validation")],
        evals_result=history,
        early_stopping_rounds=options.early_stopping_rounds,
        verbose_eval=25,
    )
    best = booster.best_iteration
    metrics = {name: float(values[best]) for name, values in history["validation"].items()}
    return booster[: best + 1], metrics


def write_model(booster: xgb.Booster, metadata: dict, model_dir: Path) -> None:
    model_dir.mkdir(parents=True, exist_ok=True)
    content = XGBoostModel(booster).save()
    (model_dir / FILE).write_bytes(content)
    metadata = {**metadata, "modelSha256": hashlib.sha256(content).hexdigest()}
    (model_dir / "metadata").mkdir(exist_ok=True)
    (model_dir / "metadata" / "model.json").write_text(json.dumps(metadata, indent=2, sort_keys=True) + "\n")
    (model_dir / "code").mkdir(exist_ok=True)
    here = Path(__file__).resolve().parent
    for name in SERVING_CODE:
        shutil.copyfile(here / name, model_dir / "code" / name)


def main(argv: "list[str] | None" = None) -> None:
    options = arguments(argv)
    train, validation = read_split(options.train), read_split(options.validation)
    for name, split in (("train", train), ("validation", validation)):
        frauds = int(split.labels.sum())
        if not 0 < frauds < len(split.labels):
            raise ValueError(f"the {name} split holds {frauds} frauds among {len(split.labels)} rows: both are needed")
    print(f"train: {len(train.labels)} rows, {int(train.labels.sum())} frauds", flush=True)
    booster, metrics = fit(train, validation, options)
    threshold = choose_threshold(booster, validation, options)
    metadata = {
        "algorithm": "xgboost",
        "algorithmVersion": xgb.__version__,
        "threshold": threshold,
        "falsePositiveCost": options.false_positive_cost,
        "legitimateWeight": options.legitimate_weight,
        "features": FEATURES,
        "bestIteration": booster.num_boosted_rounds() - 1,
        "hyperparameters": {name: getattr(options, name) for name in [*TUNED, "num_round", "early_stopping_rounds"]},
        "seed": options.seed,
        "validation": {"rows": len(validation.labels), "frauds": int(validation.labels.sum()), **metrics},
    }
    write_model(booster, metadata, options.model_dir)
    # One a line: SageMaker's metric definitions look for them.
    for name, value in metrics.items():
        print(f"validation-{name}={value:.6f}")
    print(f"trees={booster.num_boosted_rounds()} threshold={threshold:.6f}", flush=True)


def choose_threshold(booster: xgb.Booster, validation: Split, options: argparse.Namespace) -> float:
    """By cost on validation, on the scores that the endpoint would give."""
    return cheapest_threshold(
        booster.inplace_predict(validation.features.astype(np.float32)).astype(np.float64),
        validation.labels,
        validation.amounts,
        validation.weights(options.legitimate_weight),
        options.false_positive_cost,
    )


if __name__ == "__main__":
    try:
        main()
    except ValueError as error:
        sys.exit(f"train: {error}")
