"""A trained XGBoost model: how it is kept, and how it is asked. Loads with xgboost 1.7 and newer."""

import numpy as np
import xgboost as xgb
from transactions import FEATURES

#: At the model's root, without a suffix, as the container's own loader expects it.
FILE = "xgboost-model"
VERSION = xgb.__version__


class XGBoostModel:
    """A booster that ends with its best tree: prediction uses every tree."""

    def __init__(self, booster: xgb.Booster) -> None:
        self.booster = booster

    def save(self) -> bytes:
        return bytes(self.booster.save_raw("ubj"))

    def scores(self, rows: np.ndarray) -> np.ndarray:
        return self.booster.inplace_predict(rows, validate_features=False).astype(np.float64)

    def contributions(self, rows: np.ndarray) -> np.ndarray:
        return self.booster.predict(xgb.DMatrix(rows, feature_names=FEATURES), pred_contribs=True).astype(np.float64)


def load(content: bytes, threads: int) -> XGBoostModel:
    """The model in a file's content.

    Raises:
        ValueError: this version of xgboost cannot read it.
    """
    booster = xgb.Booster()
    try:
        booster.load_model(bytearray(content))
    except (xgb.core.XGBoostError, UnicodeDecodeError) as error:
        # The message quotes the content: where that is not text, the message itself cannot be decoded.
        reason = "not text" if isinstance(error, UnicodeDecodeError) else str(error).splitlines()[0]
        raise ValueError(f"xgboost {VERSION} cannot read the model ({reason})") from error
    booster.set_param({"nthread": threads})
    return XGBoostModel(booster)
