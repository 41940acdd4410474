"""Training by nothing but the library: reads the splits, boosts with the same options as the job, saves the model.

What the job does besides (its threshold, its metadata, the serving code, telling MLflow) is not done here.
"""

import argparse
import json
import os
from pathlib import Path

# As the job: threads that wait must not spin, or the two would differ in that alone.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import numpy as np
import pandas as pd


def read(folder: Path) -> "tuple[np.ndarray, np.ndarray]":
    (file,) = folder.glob("*.csv")
    rows = pd.read_csv(file, header=None, dtype=np.float64).to_numpy()
    return rows[:, 1:], rows[:, 0]


def xgboost(train, validation, options: dict, seed: int, output: Path) -> int:
    import xgboost as xgb

    rounds, patience = options.pop("num_round"), options.pop("early_stopping_rounds")
    fixed = {"objective": "binary:logistic", "eval_metric": ["auc", "aucpr"], "tree_method": "hist"}
    booster = xgb.train(
        {**options, **fixed, "base_score": float(train[1].mean()), "nthread": os.cpu_count(), "seed": seed},
        xgb.DMatrix(*train),
        num_boost_round=rounds,
        evals=[(xgb.DMatrix(*validation), "validation")],
        early_stopping_rounds=patience,
        verbose_eval=False,
    )
    booster[: booster.best_iteration + 1].save_model(output / "model.ubj")
    return booster.best_iteration + 1


def lgbm(train, validation, options: dict, seed: int, output: Path) -> int:
    import lightgbm as lgb

    rounds, patience = options.pop("num_iterations"), options.pop("early_stopping_round")
    fixed = {"objective": "binary", "metric": ["average_precision", "auc"], "deterministic": True}
    threads = {"num_threads": os.cpu_count(), "force_row_wise": True, "verbosity": -1}
    parameters = {**options, **fixed, **threads, "seed": seed}
    features, labels = train
    data = lgb.Dataset(features.astype(np.float32), labels, params=parameters)
    asked = lgb.Dataset(validation[0].astype(np.float32), validation[1], params=parameters, reference=data)
    stopping = lgb.early_stopping(patience, first_metric_only=True, verbose=False)
    booster = lgb.train(parameters, data, num_boost_round=rounds, valid_sets=[asked], callbacks=[stopping])
    booster.save_model(output / "model.txt", num_iteration=booster.best_iteration)
    return booster.best_iteration


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--algorithm", choices=("xgboost", "lgbm"), required=True)
    parser.add_argument("--hyperparameters", type=Path, required=True, help="JSON, as in models/")
    parser.add_argument("--seed", type=int, required=True)
    for name in ("train", "validation", "output"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    given = parser.parse_args()
    given.output.mkdir(parents=True, exist_ok=True)
    fit = {"xgboost": xgboost, "lgbm": lgbm}[given.algorithm]
    options = json.loads(given.hyperparameters.read_text())
    trees = fit(read(given.train), read(given.validation), options, given.seed, given.output)
    (given.output / "trees.json").write_text(json.dumps({"trees": trees}))


if __name__ == "__main__":
    main()
