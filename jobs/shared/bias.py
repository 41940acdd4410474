"""Bias: whether labels and decisions differ between bands of a feature, in SageMaker Clarify's format.

Rows count as they are: the metrics of Clarify's library know no weights.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from smclarify.bias.metrics import call_metric, posttraining, pretraining
from smclarify.bias.report import FacetColumn, LabelColumn, StageType, bias_report
from transactions import FEATURES, LABEL

FACET = "Amount"
GROUP = "PartOfDay"
PRE_TRAINING = ["CDDL", "CI", "DPL", "JS", "KL", "KS", "LP", "TVD"]
# All of the library's but the flip test, which looks for neighbours among rows and so takes hours.
POST_TRAINING = ["AD", "CDDPL", "DAR", "DCA", "DCR", "DI", "DPPL", "DRR", "GE", "RD", "SD", "TE"]
PRE_SECTION, POST_SECTION = "pre_training_bias_metrics", "post_training_bias_metrics"

_SECONDS_OF_PART = 6 * 3600
_PARTS = ("night", "morning", "afternoon", "evening")


@dataclass(frozen=True)
class Facet:
    """What groups rows: a feature's name, and the values between its bands, rising."""

    name: str
    edges: Sequence[float]

    def bands(self, features: np.ndarray) -> pd.Categorical:
        """The band of each row, such as ``[10, 100)``; the first begins at 0 or, where values are below, at nothing."""
        values = features[:, FEATURES.index(self.name)]
        least = 0 if self.name == FACET else -math.inf
        names = [
            f"[{low:g}, {high:g})" for low, high in zip([least, *self.edges], [*self.edges, math.inf], strict=True)
        ]
        return pd.Categorical.from_codes(np.searchsorted(self.edges, values, side="right"), categories=names)


def pre_training(features: np.ndarray, labels: np.ndarray, facet: Facet) -> dict[str, Any]:
    """The section of ``analysis.json`` on the labels of rows × 30 features."""
    return _section(features, labels, facet, StageType.PRE_TRAINING, PRE_TRAINING)


def post_training(
    features: np.ndarray,
    labels: np.ndarray,
    flagged: np.ndarray,
    facet: Facet,
) -> dict[str, Any]:
    """The section of ``analysis.json`` on decisions (``flagged``, a boolean of each row)."""
    return _section(features, labels, facet, StageType.POST_TRAINING, POST_TRAINING, flagged)


class Sample:
    """Rows whose metrics are asked for one by one.

    A section asks the library for all metrics of all bands and their descriptions, which takes a hundred times as long.
    """

    def __init__(self, features: np.ndarray, labels: np.ndarray, flagged: np.ndarray, facet: Facet) -> None:
        feature = pd.Series(facet.bands(features))
        positive, decided = pd.Series(labels == 1), pd.Series(flagged)
        self._columns = {
            "df": pd.DataFrame({facet.name: feature}),
            "feature": feature,
            "label": positive,
            "positive_label_index": positive,
            "predicted_label": decided,
            "positive_predicted_label_index": decided,
            "group_variable": _part_of_day(features),
        }

    def value(self, metric: str, band: str) -> float:
        """One metric of one band, as the sections have it; not a number where the rows do not define it."""
        within = self._columns["feature"] == band
        function = getattr(pretraining if metric in PRE_TRAINING else posttraining, metric)
        try:
            return float(call_metric(function, sensitive_facet_index=within, **self._columns))
        except ValueError:
            # Its word for rows that are all alike, by label, by decision or by band.
            return math.nan


def _section(
    features: np.ndarray,
    labels: np.ndarray,
    facet: Facet,
    stage: StageType,
    metrics: Sequence[str],
    flagged: "np.ndarray | None" = None,
) -> dict[str, Any]:
    """One-against-the-rest metrics of every band that has rows."""
    found = {"label": LABEL, "label_value_or_threshold": "1"}
    bands = facet.bands(features).remove_unused_categories()
    problem = _problem(bands, labels, flagged)
    if problem is not None:
        return {**found, "facets": {facet.name: []}, "error": problem}
    # As categories: of forty rows or fewer the library would take 0 and 1 for measurements.
    decided = None
    if flagged is not None:
        decided = LabelColumn("Decision", pd.Series(flagged.astype(int)).astype("category"), [1])
    label_column = pd.Series(labels.astype(int), name=LABEL).astype("category")
    report = bias_report(
        pd.DataFrame({facet.name: bands, LABEL: label_column}),
        facet_column=FacetColumn(facet.name),
        label_column=LabelColumn(LABEL, label_column, [1]),
        stage_type=stage,
        metrics=list(metrics),
        predicted_label_column=decided,
        group_variable=_part_of_day(features),
    )
    # The library tells them in the order of the rows.
    report.sort(key=lambda each: bands.categories.get_loc(each["value_or_threshold"]))
    return {**found, "facets": {facet.name: [_finite(each) for each in report]}}


def _problem(bands: pd.Categorical, labels: np.ndarray, flagged: "np.ndarray | None") -> "str | None":
    """Why there is nothing to compare."""
    if len(bands.categories) < 2:
        return "All rows are of one band."
    if flagged is None:
        return _alike(labels == 1, "labelled 1")
    return _alike(flagged, "flagged")


def _alike(positive: np.ndarray, word: str) -> "str | None":
    """The library compares those who get an answer with those who do not: both there must be."""
    if positive.all():
        return f"Every row is {word}."
    return None if positive.any() else f"No row is {word}."


def _part_of_day(features: np.ndarray) -> pd.Series:
    """Groups within which the conditional metrics compare: fraud has its hours."""
    seconds = features[:, FEATURES.index("Time")]
    return pd.Series(np.array(_PARTS)[(seconds // _SECONDS_OF_PART).astype(int) % len(_PARTS)], name=GROUP)


def _finite(facet: dict[str, Any]) -> dict[str, Any]:
    """The library writes infinity as text; what is not a number has no value."""
    metrics = [
        {**metric, "value": None} if isinstance(metric["value"], float) and math.isnan(metric["value"]) else metric
        for metric in facet["metrics"]
    ]
    return {**facet, "metrics": metrics}
