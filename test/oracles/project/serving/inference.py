"""The project's serving script, as the XGBoost container runs it."""

import io
from pathlib import Path

import numpy as np
import scores
import xgboost


def model_fn(model_dir: str) -> xgboost.Booster:
    return xgboost.Booster(model_file=Path(model_dir) / "xgboost-model.json")


def input_fn(body: str, content_type: str) -> xgboost.DMatrix:
    if content_type != "text/csv":
        raise ValueError(f"text/csv is wanted, not {content_type}")
    return xgboost.DMatrix(np.loadtxt(io.StringIO(body), delimiter=",", ndmin=2))


def predict_fn(rows: xgboost.DMatrix, model: xgboost.Booster) -> np.ndarray:
    return model.predict(rows)


def output_fn(prediction: np.ndarray, accept: str) -> tuple[str, str]:
    return scores.rounded(prediction), "text/csv"
