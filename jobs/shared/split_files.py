"""Reads the label-first CSV files that preprocessing writes."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from transactions import AMOUNT_INDEX, SPLIT_COLUMNS


@dataclass(frozen=True)
class Split:
    """Rows of one split: ``features`` is float64 of shape rows × 30, ``labels`` is 0 or 1 of shape rows."""

    features: np.ndarray
    labels: np.ndarray

    @property
    def amounts(self) -> np.ndarray:
        return self.features[:, AMOUNT_INDEX]

    def weights(self, legitimate_weight: float) -> np.ndarray:
        """Weight of each row, where one legitimate row stands for ``legitimate_weight`` of them."""
        return np.where(self.labels == 1, 1.0, legitimate_weight)


def read_split(directory: Path) -> Split:
    """Reads every CSV below ``directory``.

    Raises:
        ValueError: no file, no row, or another number of columns than 31.
    """
    files = sorted(Path(directory).glob("*.csv"))
    if not files:
        raise ValueError(f"{directory} holds no .csv file")
    # pandas is in every container, polars in none.
    rows = pd.concat([pd.read_csv(file, header=None, dtype=np.float64) for file in files]).to_numpy()
    if rows.shape[1] != len(SPLIT_COLUMNS):
        raise ValueError(f"{directory} holds rows of {rows.shape[1]} columns; {len(SPLIT_COLUMNS)} are wanted")
    return Split(features=np.ascontiguousarray(rows[:, 1:]), labels=rows[:, 0].astype(np.int8))
