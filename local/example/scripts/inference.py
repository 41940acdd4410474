"""A serving script: lines of CSV in, a score for each line out."""

import io
from pathlib import Path

import numpy as np
import xgboost


def model_fn(model_dir: str) -> xgboost.Booster:
    return xgboost.Booster(model_file=Path(model_dir) / "model.json")


def input_fn(body: str, content_type: str) -> xgboost.DMatrix:
    return xgboost.DMatrix(np.loadtxt(io.StringIO(body), delimiter=",", ndmin=2))


def predict_fn(rows: xgboost.DMatrix, model: xgboost.Booster) -> np.ndarray:
    return model.predict(rows)


def output_fn(scores: np.ndarray, accept: str) -> tuple[str, str]:
    return "\n".join(f"{score:.3f}" for score in scores), "text/csv"
