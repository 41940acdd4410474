"""Explainability: how much each feature moves the model's answers, in SageMaker Clarify's format.

The values are exact SHAP values of the trees (Clarify estimates them by sampling), in log-odds.
"""

from typing import Any

import numpy as np
from trained_model import TrainedModel
from transactions import FEATURES

#: Rows that are explained, at most: beyond it the means hardly move.
MAX_ROWS = 10_000
#: The key under which Clarify's readers look, whatever the estimate, and its name of the only label.
METHOD, OUTPUT = "kernel_shap", "label0"


def analysis(model: TrainedModel, features: np.ndarray, weights: np.ndarray, seed: int) -> dict[str, Any]:
    """``analysis.json``: the mean absolute SHAP value of each feature, rows counted by weight."""
    rows = np.arange(len(features))
    if len(rows) > MAX_ROWS:
        rows = np.sort(np.random.default_rng(seed).choice(rows, MAX_ROWS, replace=False))
    values = model.contributions(features[rows])
    means = np.average(np.abs(values[:, :-1]), axis=0, weights=weights[rows])
    found = {
        "global_shap_values": dict(zip(FEATURES, means.tolist(), strict=True)),
        "expected_value": float(values[0, -1]),
    }
    return {"version": "1.0", "explanations": {METHOD: {OUTPUT: found}}}
