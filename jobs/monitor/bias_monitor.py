"""Whether labels or decisions differ more between the facet's bands than they did when the model was made."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bias
import numpy as np
from baseline_files import Refused, read_document
from labelled import Labelled, read_labelled
from outcome import Found, Metric, Violation, nothing
from records import Period
from transactions import FEATURES, LABEL

#: How much further from its ideal than the baseline's a metric may be; the configuration's thresholds replace it.
TOLERANCE = 0.1
#: A difference must be that many standard deviations beyond it, by the bootstrap: Clarify's normal interval, wider.
DEVIATIONS = 3.0
SAMPLES = 50
#: In a band, and in the rest, so many rows must be among those that a metric is a share of.
LEAST_ROWS = 10
SEED = 7
NO_VIOLATIONS = {"version": "1.0", "violations": []}


@dataclass(frozen=True)
class _Stage:
    section: str
    #: As CloudWatch's dimension has it.
    name: str
    metrics: "tuple[str, ...]"


STAGES = (
    _Stage(bias.PRE_SECTION, "Pre-training", tuple(bias.PRE_TRAINING)),
    _Stage(bias.POST_SECTION, "Post-Training", tuple(bias.POST_TRAINING)),
)

#: Which rows each metric is a share of, besides all of them: with none or few it is chance, or not defined.
_SHARE_OF: "dict[str, Callable[[Labelled], list[np.ndarray]]]" = {
    **dict.fromkeys(("CDDL", "KL"), lambda rows: [rows.labels == 1, rows.labels == 0]),
    **dict.fromkeys(("CDDPL", "DI", "DAR"), lambda rows: [rows.flagged]),
    "DCA": lambda rows: [rows.flagged, rows.labels == 1],
    "RD": lambda rows: [rows.labels == 1],
    **dict.fromkeys(("DCR", "DRR", "SD"), lambda rows: [~rows.flagged, rows.labels == 0]),
    "TE": lambda rows: [rows.flagged & (rows.labels == 0), ~rows.flagged & (rows.labels == 1)],
}


@dataclass(frozen=True)
class _Worse:
    """A metric that is further from its ideal than the baseline allows."""

    stage: _Stage
    band: str
    metric: str
    value: float
    before: float
    tolerance: float

    @property
    def allowed(self) -> float:
        return distance(self.metric, self.before) + self.tolerance


def distance(metric: str, value: float) -> float:
    """How far a metric is from the value that no bias has: 0, but 1 for the ratio DI, whichever way."""
    if metric == "DI":
        return 1 - min(value, 1 / value) if value > 0 else 1.0
    return abs(value)


def monitor(
    captured: Path,
    ground_truth: "Path | None",
    baseline: Path,
    period: Period,
    thresholds: dict[str, float],
) -> Found:
    """Holds the period's metrics against the baseline's ``bias/analysis.json``, on the facet that it was made with.

    Raises:
        ValueError: captures, labels or the baseline cannot be read, or a threshold has no such name.
    """
    tolerances = _tolerances(thresholds)
    before = read_document(baseline, "bias/analysis.json", bias.PRE_SECTION, dict)
    facet, threshold = _configured(read_document(baseline, "analysis_config.json", "facet", list))
    rows = read_labelled(captured, ground_truth, period, FEATURES, threshold)
    if rows.captured == 0:
        return nothing("no invocation was captured in the period.", NO_VIOLATIONS, labelled_rows=0)
    if len(rows.labels) == 0:
        reason = f"no label has arrived for the {rows.captured} rows of the period."
        return nothing(reason, NO_VIOLATIONS, labelled_rows=0, rows=rows.captured)
    known = np.isfinite(rows.features[:, [FEATURES.index("Time"), FEATURES.index(facet.name)]]).all(axis=1)
    rows = _picked(rows, np.flatnonzero(known))
    analysis = {
        "version": "1.0",
        **{stage.section: _section(stage, rows, facet) for stage in STAGES},
    }
    worse = list(_worse(before, analysis, rows, facet, tolerances))
    violations = [_violation(each, facet, spread) for each, spread in _beyond_chance(worse, rows, facet)]
    return Found(
        rows=rows.captured,
        labelled_rows=len(rows.labels),
        violations=[violation for violation, _ in violations],
        documents={
            "analysis.json": analysis,
            "constraint_violations.json": {"version": "1.0", "violations": [told for _, told in violations]},
        },
        before={"analysis.json": before},
        metrics=list(_metrics(analysis, facet)),
    )


def _tolerances(thresholds: dict[str, float]) -> dict[str, float]:
    known = [metric for stage in STAGES for metric in stage.metrics]
    for name in thresholds:
        if name not in known:
            raise Refused(f"--thresholds: {name!r} is none of {', '.join(known)}")
    return {**dict.fromkeys(known, TOLERANCE), **thresholds}


def _configured(config: dict[str, Any]) -> tuple[bias.Facet, float]:
    """The facet, and the threshold of answers that do not tell theirs."""
    facet = config["facet"][0] if config["facet"] else {}
    name, edges = facet.get("name_or_index"), facet.get("value_or_threshold")
    if name not in FEATURES or not isinstance(edges, list) or not edges:
        raise Refused(
            f"analysis_config.json of the baseline has the facet {facet!r}: a feature and its bands are wanted"
        )
    return bias.Facet(name, edges), float(config.get("probability_threshold", 0.5))


def _picked(rows: Labelled, places: np.ndarray) -> Labelled:
    columns = (rows.features, rows.labels, rows.scores, rows.flagged)
    return Labelled(*(column[places] for column in columns), captured=rows.captured)


def _section(stage: _Stage, rows: Labelled, facet: bias.Facet) -> dict[str, Any]:
    if stage.section == bias.PRE_SECTION:
        return bias.pre_training(rows.features, rows.labels, facet)
    return bias.post_training(rows.features, rows.labels, rows.flagged, facet)


def _values(section: dict[str, Any], facet: bias.Facet) -> dict[tuple[str, str], float]:
    """Finite values by band and metric."""
    return {
        (str(band["value_or_threshold"]), metric["name"]): float(metric["value"])
        for band in section.get("facets", {}).get(facet.name, [])
        for metric in band["metrics"]
        if isinstance(metric.get("value"), int | float) and math.isfinite(metric["value"])
    }


def _worse(
    before: dict[str, Any],
    analysis: dict[str, Any],
    rows: Labelled,
    facet: bias.Facet,
    tolerances: dict[str, float],
) -> Iterable[_Worse]:
    bands = np.asarray(facet.bands(rows.features).astype(str))
    for stage in STAGES:
        baseline = _values(before.get(stage.section, {}), facet)
        for (band, metric), value in _values(analysis[stage.section], facet).items():
            if (band, metric) not in baseline or not _enough(rows, bands == band, metric):
                continue
            found = _Worse(stage, band, metric, value, baseline[band, metric], tolerances[metric])
            if distance(metric, value) > found.allowed:
                yield found


def _enough(rows: Labelled, within: np.ndarray, metric: str) -> bool:
    of_all = np.ones(len(rows.labels), dtype=bool)
    parts = [of_all, *_SHARE_OF.get(metric, lambda _: [])(rows)]
    return all(int((part & side).sum()) >= LEAST_ROWS for part in parts for side in (within, ~within))


def _beyond_chance(worse: list[_Worse], rows: Labelled, facet: bias.Facet) -> Iterable[tuple[_Worse, float]]:
    """Those that the bootstrap's spread does not explain, and the standard deviation of their distance."""
    generator = np.random.default_rng(SEED)
    drawn: list[list[float]] = [[] for _ in worse]
    for _ in range(SAMPLES if worse else 0):
        picked = _picked(rows, generator.integers(0, len(rows.labels), len(rows.labels)))
        sample = bias.Sample(picked.features, picked.labels, picked.flagged, facet)
        for each, distances in zip(worse, drawn, strict=True):
            distances.append(distance(each.metric, sample.value(each.metric, each.band)))
    for each, distances in zip(worse, drawn, strict=True):
        # Where a sample does not define it, the metric hangs on single rows: the spread is no number, and fails.
        spread = float(np.std(distances))
        if distance(each.metric, each.value) - DEVIATIONS * spread > each.allowed:
            yield each, spread


def _violation(each: _Worse, facet: bias.Facet, spread: float) -> tuple[Violation, dict[str, str]]:
    description = (
        f"{each.stage.name} {each.metric} of {facet.name} in {each.band} is {each.value:.6g} +/- {spread:.6g}; "
        f"the baseline's {each.before:.6g} allows a distance of {each.allowed:.6g} from no bias"
    )
    check = "bias_drift_check"
    told = {
        "facet": facet.name,
        "facet_value": each.band,
        "metric_name": each.metric,
        "constraint_check_type": check,
        "description": description,
    }
    return Violation(f"{facet.name} {each.band}", each.metric, check, description), told


def _metrics(analysis: dict[str, Any], facet: bias.Facet) -> Iterable[Metric]:
    for stage in STAGES:
        for band in analysis[stage.section]["facets"][facet.name]:
            dimensions = {
                "BiasStage": stage.name,
                "Label": LABEL,
                "LabelValue": "1",
                "Facet": facet.name,
                "FacetValue": str(band["value_or_threshold"]),
            }
            for metric in band["metrics"]:
                value = metric.get("value")
                # The library tells infinity as text.
                number = float(value) if value is not None else None
                yield Metric(f"bias_metric_{metric['name']}", number, dimensions=dimensions)
