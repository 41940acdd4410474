"""A trained LightGBM model: how it is kept, and how it is asked."""

import lightgbm as lgb
import numpy as np

FILE = "lightgbm-model"
VERSION = lgb.__version__


class LightGBMModel:
    """A booster that ends with its best tree."""

    def __init__(self, booster: lgb.Booster, threads: int) -> None:
        self.booster = booster
        # Prediction takes it from its own arguments, not from the booster's.
        self._threads = threads

    def save(self) -> bytes:
        return self.booster.model_to_string().encode("utf-8")

    def scores(self, rows: np.ndarray) -> np.ndarray:
        return self._predict(rows)

    def contributions(self, rows: np.ndarray) -> np.ndarray:
        return self._predict(rows, pred_contrib=True)

    def _predict(self, rows: np.ndarray, pred_contrib: bool = False) -> np.ndarray:
        return self.booster.predict(rows, pred_contrib=pred_contrib, num_threads=self._threads, validate_features=False)


def load(content: bytes, threads: int) -> LightGBMModel:
    """The model in a file's content.

    Raises:
        ValueError: this version of lightgbm cannot read it.
    """
    try:
        return LightGBMModel(lgb.Booster(model_str=content.decode("utf-8")), threads)
    except (lgb.basic.LightGBMError, UnicodeDecodeError) as error:
        reason = "not text" if isinstance(error, UnicodeDecodeError) else str(error).splitlines()[0]
        raise ValueError(f"lightgbm {VERSION} cannot read the model ({reason})") from error
