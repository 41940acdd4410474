"""Trains XGBoost in SageMaker script mode: in its framework container 3.0-5, and unchanged anywhere else."""

import argparse
import os

# Threads that wait for each other must not spin: beside other processes that doubles the time and more. The library
# reads this when it is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import numpy as np
import xgboost as xgb
from split_files import Split
from trainer import Algorithm, Fitted, main
from transactions import FEATURES
from xgboost_model import FILE, VERSION, XGBoostModel

#: Hyperparameters that the booster takes.
BOOSTER = {
    "max_depth": 5,
    "eta": 0.03,
    "subsample": 0.8,
    "colsample_bytree": 0.8,
    "min_child_weight": 1.0,
    "gamma": 0.0,
    "reg_lambda": 1.0,
    "reg_alpha": 0.0,
    "max_bin": 256,
}
#: Hyperparameters of the training around it.
ROUNDS = {"num_round": 1000, "early_stopping_rounds": 100}


def fit(train: Split, validation: Split, options: argparse.Namespace) -> Fitted:
    """Boosts until average precision on validation is better no more."""
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
        **{name: getattr(options, name) for name in BOOSTER},
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
    # Prediction would use every saved tree.
    return Fitted(XGBoostModel(booster[: best + 1]), {**history["validation"]}, best)


if __name__ == "__main__":
    main(Algorithm("xgboost", FILE, VERSION, {**BOOSTER, **ROUNDS}, counts=list(ROUNDS), fit=fit))
