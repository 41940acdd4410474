"""The project's training script, in script mode: hyperparameters are arguments, channels and folders are variables."""

import argparse
import os
from pathlib import Path

import rows
import xgboost

parser = argparse.ArgumentParser()
parser.add_argument("--max_depth", type=int, required=True)
parser.add_argument("--num_round", type=int, required=True)
parser.add_argument("--objective", required=True)
parser.add_argument("--train", default=os.environ["SM_CHANNEL_TRAIN"])
parser.add_argument("--validation", default=os.environ["SM_CHANNEL_VALIDATION"])
parser.add_argument("--model-dir", type=Path, default=os.environ["SM_MODEL_DIR"])
options = parser.parse_args()

train, validation = rows.read(options.train), rows.read(options.validation)
booster = xgboost.train(
    {"max_depth": options.max_depth, "objective": options.objective, "eval_metric": "auc", "nthread": 1},
    train,
    num_boost_round=options.num_round,
    evals=[(validation, "validation")],
)
booster.save_model(options.model_dir / "xgboost-model.json")
