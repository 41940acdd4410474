"""The project's evaluation step: how well the model ranks the rows that it was not trained on."""

import argparse
import json
import tarfile
from pathlib import Path

import pandas as pd
import xgboost
from sklearn.metrics import roc_auc_score

parser = argparse.ArgumentParser()
parser.add_argument("--model", type=Path, required=True)
parser.add_argument("--validation", type=Path, required=True)
parser.add_argument("--target", type=Path, required=True)
options = parser.parse_args()

with tarfile.open(options.model / "model.tar.gz") as archive:
    archive.extractall(options.model, filter="data")
booster = xgboost.Booster(model_file=options.model / "xgboost-model.json")
rows = pd.read_csv(options.validation / "validation.csv", header=None)
auc = roc_auc_score(rows[0], booster.predict(xgboost.DMatrix(rows.drop(columns=0).to_numpy())))
report = {"binary_classification_metrics": {"auc": {"value": float(auc)}}}
(options.target / "evaluation.json").write_text(json.dumps(report))
