"""Trains LightGBM in SageMaker script mode: in the scikit-learn container, with the library from the job's wheels."""

import argparse
import os

# As for XGBoost: threads that wait must not spin, and the library reads this when it is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import lightgbm as lgb
import numpy as np
from lightgbm_model import FILE, VERSION, LightGBMModel
from split_files import Split
from trainer import Algorithm, Fitted, main
from transactions import FEATURES

#: Hyperparameters that the booster takes, under LightGBM's own names. Near the library's defaults it learns nothing of
#: one fraud in 600 rows: leaves as pure as those of few frauds get weights that no later tree corrects. Few leaves and
#: a strong L2 keep them small; the hessian of a rare class is small by itself, so its minimum must be, too.
BOOSTER = {
    "num_leaves": 15,
    "max_depth": -1,
    "learning_rate": 0.05,
    "min_data_in_leaf": 20,
    "min_sum_hessian_in_leaf": 0.1,
    "min_gain_to_split": 0.0,
    "lambda_l1": 0.0,
    "lambda_l2": 5.0,
    "feature_fraction": 0.8,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "max_bin": 255,
}
#: Hyperparameters of the training around it.
ROUNDS = {"num_iterations": 1000, "early_stopping_round": 100}


def fit(train: Split, validation: Split, options: argparse.Namespace) -> Fitted:
    """Boosts until average precision on validation is better no more."""
    parameters = {
        **{name: getattr(options, name) for name in BOOSTER},
        "objective": "binary",
        # The first one decides when to stop.
        "metric": ["average_precision", "auc"],
        "num_threads": os.cpu_count(),
        "seed": options.seed,
        # The same rows, options and threads give the same model.
        "deterministic": True,
        "force_row_wise": True,
        "verbosity": -1,
    }
    train_set = dataset(train, options, parameters)
    history: dict = {}
    booster = lgb.train(
        parameters,
        train_set,
        num_boost_round=options.num_iterations,
        valid_sets=[dataset(validation, options, parameters, reference=train_set)],
        valid_names=["validation"],
        callbacks=[
            lgb.record_evaluation(history),
            lgb.early_stopping(options.early_stopping_round, first_metric_only=True, verbose=False),
            lgb.log_evaluation(25),
        ],
    )
    kept = lgb.Booster(model_str=booster.model_to_string(num_iteration=booster.best_iteration))
    found = {"auc": history["validation"]["auc"], "aucpr": history["validation"]["average_precision"]}
    return Fitted(LightGBMModel(kept, os.cpu_count() or 1), found, booster.best_iteration - 1)


def dataset(
    split: Split, options: argparse.Namespace, parameters: dict, reference: "lgb.Dataset | None" = None
) -> lgb.Dataset:
    return lgb.Dataset(
        # Of the width that the endpoint asks with: a border between two values must not fall between two widths of one.
        split.features.astype(np.float32),
        label=split.labels,
        weight=split.weights(options.legitimate_weight),
        feature_name=FEATURES,
        params=parameters,
        reference=reference,
    )


if __name__ == "__main__":
    main(Algorithm("lgbm", FILE, VERSION, {**BOOSTER, **ROUNDS}, counts=list(ROUNDS), fit=fit))
