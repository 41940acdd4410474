"""A training script, in script mode."""

import argparse
import os
from pathlib import Path

import numpy as np
import xgboost

parser = argparse.ArgumentParser()
parser.add_argument("--rounds", type=int, required=True)
options = parser.parse_args()

rows = np.loadtxt(Path(os.environ["SM_CHANNEL_TRAIN"]) / "rows.csv", delimiter=",")
booster = xgboost.train({"objective": "binary:logistic"}, xgboost.DMatrix(rows[:, 1:], rows[:, 0]), options.rounds)
booster.save_model(Path(os.environ["SM_MODEL_DIR"]) / "model.json")
