"""Bias: whether labels and decisions differ between bands of the amount, in SageMaker Clarify's format.

Rows count as they are: the metrics of Clarify's library know no weights.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from smclarify.bias.report import FacetColumn, LabelColumn, StageType, bias_report
from split_files import Split
from transactions import FEATURES, LABEL

FACET = "Amount"
GROUP = "PartOfDay"
PRE_TRAINING = ["CDDL", "CI", "DPL", "JS", "KL", "KS", "LP", "TVD"]
# All of the library's but the flip test, which looks for neighbours among rows and so takes hours.
POST_TRAINING = ["AD", "CDDPL", "DAR", "DCA", "DCR", "DI", "DPPL", "DRR", "GE", "RD", "SD", "TE"]

_SECONDS_OF_PART = 6 * 3600
_PARTS = ("night", "morning", "afternoon", "evening")


def analysis(train: Split, test: Split, flagged: np.ndarray, edges: Sequence[float]) -> dict[str, Any]:
    """``analysis.json``: labels of the training split before, decisions (``flagged``) on the test split after training.

    Args:
        edges: amounts between the bands, rising.
    """
    return {
        "version": "1.0",
        "pre_training_bias_metrics": _section(train, None, edges),
        "post_training_bias_metrics": _section(test, flagged, edges),
    }


def bands(amounts: np.ndarray, edges: Sequence[float]) -> pd.Categorical:
    """The band of each amount, such as ``[10, 100)``; the last one has no end."""
    names = [f"[{low:g}, {high:g})" for low, high in zip([0, *edges], [*edges, math.inf], strict=True)]
    return pd.Categorical.from_codes(np.searchsorted(edges, amounts, side="right"), categories=names)


def _section(split: Split, flagged: "np.ndarray | None", edges: Sequence[float]) -> dict[str, Any]:
    """One-against-the-rest metrics of every band that has rows."""
    found = {"label": LABEL, "label_value_or_threshold": "1"}
    facet = bands(split.amounts, edges).remove_unused_categories()
    labels = pd.Series(split.labels.astype(int), name=LABEL)
    more: dict[str, Any] = {"stage_type": StageType.PRE_TRAINING, "metrics": PRE_TRAINING}
    if flagged is not None:
        if not flagged.any():
            return {**found, "facets": {FACET: []}, "error": "No row of the test split is flagged."}
        decided = LabelColumn("Decision", pd.Series(flagged.astype(int)), [1])
        more = {"stage_type": StageType.POST_TRAINING, "metrics": POST_TRAINING, "predicted_label_column": decided}
    report = bias_report(
        pd.DataFrame({FACET: facet, LABEL: labels}),
        facet_column=FacetColumn(FACET),
        label_column=LabelColumn(LABEL, labels, [1]),
        group_variable=_part_of_day(split),
        **more,
    )
    # The library tells them in the order of the rows.
    report.sort(key=lambda each: facet.categories.get_loc(each["value_or_threshold"]))
    return {**found, "facets": {FACET: [_finite(each) for each in report]}}


def _part_of_day(split: Split) -> pd.Series:
    """Groups within which the conditional metrics compare: fraud has its hours."""
    seconds = split.features[:, FEATURES.index("Time")]
    return pd.Series(np.array(_PARTS)[(seconds // _SECONDS_OF_PART).astype(int) % len(_PARTS)], name=GROUP)


def _finite(facet: dict[str, Any]) -> dict[str, Any]:
    """The library writes infinity as text; what is not a number has no value."""
    metrics = [
        {**metric, "value": None} if isinstance(metric["value"], float) and math.isnan(metric["value"]) else metric
        for metric in facet["metrics"]
    ]
    return {**facet, "metrics": metrics}
