"""Serves the model in SageMaker's XGBoost container (script mode).

Takes ``text/csv`` without header: 30 finite numbers a row, in the order of training. The container itself would answer
29 columns with a wrong number and 200, so width and values are checked here. The answer says which model gave it, so it
is true even while two fleets serve.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xgboost as xgb
from transactions import FEATURES

CSV, JSON = "text/csv", "application/json"


class ClientError(ValueError):
    """A request that cannot be answered, with the HTTP status that says so."""

    def __init__(self, status_code: int, message: str) -> None:
        super().__init__(message)
        self.status_code = status_code
        self.message = message


@dataclass(frozen=True)
class ServedModel:
    booster: xgb.Booster
    #: What the answer says of the model, as JSON.
    description: str


def model_fn(model_dir: str) -> ServedModel:
    """Loads booster and metadata; the package's ARN comes from the container's environment."""
    booster = xgb.Booster()
    booster.load_model(bytearray((Path(model_dir) / "xgboost-model").read_bytes()))
    booster.set_param({"nthread": 1})  # a request is small: threads would cost more than they give
    metadata = json.loads((Path(model_dir) / "metadata" / "model.json").read_text())
    if metadata["features"] != FEATURES:
        raise ValueError(f"the model was trained on {metadata['features']}, this code sends {FEATURES}")
    description = {
        "packageArn": os.environ.get("FRAUD_MODEL_PACKAGE_ARN", ""),
        "threshold": metadata["threshold"],
        "algorithm": metadata["algorithm"],
    }
    return ServedModel(booster, json.dumps(description))


def input_fn(body: "str | bytes", content_type: str) -> np.ndarray:
    """Rows × 30, float32.

    Raises:
        ClientError: 415 for another content type, 400 naming the row and what is wrong with it.
    """
    if content_type.split(";")[0].strip().lower() != CSV:
        raise ClientError(415, f"content type {content_type!r} is not supported: send {CSV}")
    text = body.decode("utf-8") if isinstance(body, bytes) else body
    lines = text.strip("\r\n").splitlines()
    if not lines:
        raise ClientError(400, "the request holds no row")
    for number, line in enumerate(lines, start=1):
        width = line.count(",") + 1
        if width != len(FEATURES):
            raise ClientError(
                400, f"row {number} has {width} columns; {len(FEATURES)} are wanted: {','.join(FEATURES)}"
            )
    values = text.strip("\r\n").replace("\r", "").replace("\n", ",").split(",")
    try:
        rows = np.array(values, dtype=np.float64)
    except ValueError:
        raise ClientError(400, _not_a_number(lines)) from None
    if not np.isfinite(rows).all():
        at = int(np.flatnonzero(~np.isfinite(rows))[0])
        row, column = divmod(at, len(FEATURES))
        raise ClientError(400, f"row {row + 1}, {FEATURES[column]}: {values[at]!r} is not a finite number")
    return rows.reshape(len(lines), len(FEATURES)).astype(np.float32)


def predict_fn(rows: np.ndarray, model: ServedModel) -> "tuple[np.ndarray, str]":
    return model.booster.inplace_predict(rows, validate_features=False), model.description


def output_fn(prediction: "tuple[np.ndarray, str]", accept: str) -> "tuple[str, str]":
    """JSON with the model's description, or one probability a line. Shortest decimals that give the float32 back."""
    scores, description = prediction
    texts = [repr(float(score)) for score in scores.astype(np.float64)]
    wanted = accept.split(";")[0].strip().lower()
    if wanted in (JSON, "*/*", ""):
        rows = ",".join(f'{{"score":{text}}}' for text in texts)
        return f'{{"predictions":[{rows}],"model":{description}}}', JSON
    if wanted == CSV:
        return "\n".join(texts) + "\n", CSV
    raise ClientError(406, f"accept {accept!r} is not supported: {JSON} or {CSV} is")


def _not_a_number(lines: "list[str]") -> str:
    for number, line in enumerate(lines, start=1):
        for name, value in zip(FEATURES, line.split(","), strict=False):
            try:
                float(value)
            except ValueError:
                return f"row {number}, {name}: {value!r} is not a number"
    raise AssertionError("every value is a number")
