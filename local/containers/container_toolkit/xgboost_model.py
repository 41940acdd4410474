"""A model without a script: the contract of the XGBoost container.

Its quirks are kept, as a client must not be surprised on AWS: one column too few is answered (the missing one counts
as missing), one too many is not; a file beside the model at the root breaks every invocation, though not the ping.
"""

import logging
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import xgboost

from .answer import Answer, Invocation, Model, ModelLoadError, content_type_of, wanted_accept
from .payload import CSV, UnsupportedFormatError, decode, encode_scores, media_type

logger = logging.getLogger(__name__)


def load_xgboost_model(model_dir: Path) -> Model:
    """Loads the only file at the root of ``model_dir``; sub-folders and hidden files do not count.

    Raises:
        ModelLoadError: there is no file, or none that is an XGBoost model.
    """
    files = sorted(path for path in model_dir.iterdir() if path.is_file() and not path.name.startswith("."))
    if not files:
        raise ModelLoadError(
            f"no model file at the root of {model_dir}: training must leave one, such as xgboost-model"
        )
    loaded = [(path, _load(path)) for path in files]
    boosters = [booster for _, booster in loaded if isinstance(booster, xgboost.Booster)]
    if not boosters:
        reasons = "; ".join(f"{path.name}: {reason}" for path, reason in loaded)
        raise ModelLoadError(f"no file at the root of {model_dir} is an XGBoost model ({reasons})")
    if len(files) > 1:
        names = ", ".join(path.name for path in files)
        reason = f"Unable to load model: the root of the model folder must hold one file, it holds {names}"
        logger.error(reason)
        return lambda _: Answer(500, reason.encode())
    booster = boosters[0]
    booster.set_param("nthread", 1)
    default_accept = os.environ.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", CSV)
    return lambda invocation: _answer(booster, invocation, default_accept)


def _load(path: Path) -> "xgboost.Booster | str":
    """The model in a file, or why there is none."""
    booster = xgboost.Booster()
    try:
        booster.load_model(bytearray(path.read_bytes()))
    except (xgboost.core.XGBoostError, ValueError) as error:
        # XGBoost quotes the file in its message: where that is not text, the message itself cannot be decoded.
        return _load_pickle(
            path, "not XGBoost's format" if isinstance(error, ValueError) else str(error).split("\n")[0]
        )
    return booster


def _load_pickle(path: Path, reason: str) -> "xgboost.Booster | str":
    # Older training scripts pickle the booster. Unpickling runs code, and so does everything that trained it.
    try:
        model = pickle.loads(path.read_bytes())  # noqa: S301
    except Exception as error:
        return f"{reason}; not a pickle either: {error}"
    if isinstance(model, xgboost.XGBModel):
        return model.get_booster()
    return model if isinstance(model, xgboost.Booster) else f"a pickle of {type(model).__name__}"


def _answer(booster: xgboost.Booster, invocation: Invocation, default_accept: str) -> Answer:
    if not invocation.body:
        return Answer(204, b"")
    try:
        rows = decode(invocation.body, invocation.content_type or CSV)
    except (UnsupportedFormatError, ValueError) as error:
        return Answer(415, str(error).encode())
    try:
        scores = _predict(booster, rows)
    except (ValueError, xgboost.core.XGBoostError) as error:
        return Answer(400, f"Unable to evaluate payload provided: {error}".encode())
    accept = wanted_accept(invocation.accept, default_accept)
    try:
        return Answer(200, encode_scores(scores, accept), content_type_of(media_type(accept)))
    except UnsupportedFormatError as error:
        return Answer(406, str(error).encode())


def _predict(booster: xgboost.Booster, rows: Any) -> np.ndarray:
    trained, given = booster.num_features(), rows.shape[1]
    if not isinstance(rows, np.ndarray):
        if given > trained + 1:
            raise ValueError(
                f"Feature size of libsvm inference data {given} is larger than of trained model {trained}."
            )
        return booster.predict(xgboost.DMatrix(rows), validate_features=False)
    if given not in (trained, trained - 1):
        raise ValueError(
            f"Feature size of csv inference data {given} is not consistent with that of the trained model, {trained}."
        )
    if given < trained:
        rows = np.column_stack([rows, np.full(len(rows), np.nan, dtype=np.float32)])
    # In place needs no DMatrix: a tenth of the time for one row.
    return booster.inplace_predict(rows, validate_features=False)
