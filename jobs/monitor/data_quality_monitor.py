"""Whether the captured inputs still look like the training data: types, completeness, domains, columns, drift."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import distances
import numpy as np
import polars as pl
from baseline_files import Refused, overridden, read_document
from data_quality import Column, NumericColumn, TextColumn, constraints, document
from outcome import Found, Metric, Violation, nothing
from records import Period, read_records
from rows import Rows, read_rows

#: A period's completeness may fall short of an incomplete baseline's by so many standard errors.
STANDARD_ERRORS = 4.0
#: Thresholds of the baseline that the configuration may replace, and whether they stand among those of distributions.
THRESHOLDS = {
    "datatype_check_threshold": False,
    "domain_content_threshold": False,
    "comparison_threshold": True,
    "categorical_comparison_threshold": True,
}


@dataclass
class _Observed:
    columns: "list[Column]"
    rows: int = 0
    widths: "Counter[int]" = field(default_factory=Counter)
    extra: "Counter[str]" = field(default_factory=Counter)
    missing: "Counter[str]" = field(default_factory=Counter)

    def add(self, batch: Rows) -> None:
        self.rows += batch.frame.height
        self.widths += batch.widths
        self.extra += batch.extra
        self.missing += batch.missing
        for column in self.columns:
            _add(column, batch.frame[column.name])


def _add(column: Column, values: pl.Series) -> None:
    if isinstance(column, TextColumn):
        present = values.drop_nulls().cast(pl.String)
        counts = present.value_counts(name="rows")
        column.add(dict(counts.iter_rows()), len(values) - len(present))
    elif values.dtype == pl.String:
        numbers = values.cast(pl.Float64, strict=False)
        column.add(numbers.to_numpy(), texts=numbers.null_count() - values.null_count())
    else:
        column.add(values.to_numpy())


def monitor(captured: Path, baseline: Path, period: Period, thresholds: dict[str, float]) -> Found:
    """Compares the period's inputs with the baseline's ``statistics.json`` and ``constraints.json``.

    Raises:
        ValueError: a capture or the baseline cannot be read, or a threshold has no such name.
    """
    limits = _with_thresholds(read_document(baseline, "constraints.json", "features", list), thresholds)
    before = read_document(baseline, "statistics.json", "features", list)
    names = [feature["name"] for feature in limits["features"]]
    texts = [feature["name"] for feature in limits["features"] if feature["inferred_type"] == "String"]
    observed = _Observed([TextColumn(name) if name in texts else NumericColumn(name) for name in names])
    for records in read_records(captured, period):
        observed.add(read_rows(records, names, texts))
    if observed.rows == 0:
        return nothing("no invocation was captured in the period.", {"violations": []})
    statistics = document(observed.columns, observed.rows)
    drifts = _drifts(limits, before, statistics)
    violations = list(_violations(limits, observed, drifts))
    return Found(
        rows=observed.rows,
        violations=violations,
        documents={
            "statistics.json": statistics,
            "constraints.json": constraints(statistics),
            "constraint_violations.json": {
                "violations": [
                    {
                        "feature_name": each.feature,
                        "constraint_check_type": each.check,
                        "description": each.description,
                    }
                    for each in violations
                ]
            },
        },
        before={"statistics.json": before, "constraints.json": limits},
        distances=drifts,
        metrics=_metrics(statistics, drifts) if limits["monitoring_config"].get("emit_metrics") != "Disabled" else [],
    )


def _with_thresholds(limits: dict[str, Any], thresholds: dict[str, float]) -> dict[str, Any]:
    config = limits.get("monitoring_config")
    if not isinstance(config, dict):
        raise Refused("constraints.json of the baseline has no monitoring_config")
    for name, value in thresholds.items():
        if name not in THRESHOLDS:
            raise Refused(f"--thresholds: {name!r} is none of {', '.join(THRESHOLDS)}")
        part = {"distribution_constraints": {name: value}} if THRESHOLDS[name] else {name: value}
        config = overridden(config, part)
    return {**limits, "monitoring_config": config}


def _drifts(limits: dict[str, Any], before: dict[str, Any], after: dict[str, Any]) -> dict[str, float]:
    """Distance of each feature whose distributions are compared."""
    baselines = {feature["name"]: feature for feature in before["features"]}
    observed = {feature["name"]: feature for feature in after["features"]}
    found = {}
    for limit in limits["features"]:
        name = limit["name"]
        config = _config(limits, limit)["distribution_constraints"]
        if config.get("perform_comparison") == "Disabled" or name not in baselines:
            continue
        distance = _distance(baselines[name], observed[name], config.get("comparison_method", "Robust"))
        if distance is not None:
            found[name] = distance
    return found


def _config(limits: dict[str, Any], limit: dict[str, Any]) -> dict[str, Any]:
    """The feature's: as AWS documents it, and as the SageMaker SDK's ``set_monitoring`` writes it."""
    config = limits["monitoring_config"]
    for name in ("monitoringConfigOverrides", "monitoring_config_overrides"):
        config = overridden(config, limit.get(name) or {})
    return config


def _distance(one: dict[str, Any], other: dict[str, Any], method: str) -> "float | None":
    for kind, part in (("numerical_statistics", "kll"), ("string_statistics", "categorical")):
        parts = [each.get(kind, {}).get("distribution", {}).get(part) for each in (one, other)]
        if all(parts):
            first, second = parts
            if part == "kll":
                sketches = [distances.from_sketch(each["sketch"]) for each in (first, second)]
                distance = distances.simple(*sketches)
                rows = [int(np.sum(weights)) for _, weights in sketches]
            else:
                shares = [{bucket["value"]: bucket["count"] for bucket in each["buckets"]} for each in (first, second)]
                distance = distances.categorical(*shares)
                rows = [sum(each.values()) for each in shares]
            return distances.robust(distance, *rows) if method == "Robust" else distance
    return None


def _violations(limits: dict[str, Any], observed: _Observed, drifts: dict[str, float]) -> Iterable[Violation]:
    yield from _of_columns(observed, len(limits["features"]))
    for limit, column in zip(limits["features"], observed.columns, strict=True):
        config = _config(limits, limit)
        if config.get("evaluate_constraints") != "Disabled":
            yield from _of_values(limit, config, column)
            yield from _of_drift(limit, config, column, drifts.get(column.name))


def _of_columns(observed: _Observed, wanted: int) -> Iterable[Violation]:
    for kind, unlike in (
        ("missing", [width for width in observed.widths if width < wanted]),
        ("extra", [width for width in observed.widths if width > wanted]),
    ):
        if unlike:
            width = max(unlike, key=lambda each: observed.widths[each])
            rows = sum(observed.widths[each] for each in unlike)
            yield Violation(
                f"{kind.title()} columns",
                "columns",
                f"{kind}_column_check",
                f"There are {kind} columns in current dataset. Number of columns in current dataset: {width}, "
                f"Number of columns in baseline constraints: {wanted} ({rows} of {observed.rows} rows)",
            )
    for kind, names in (("missing", observed.missing), ("extra", observed.extra)):
        for name, rows in sorted(names.items()):
            where = f"{rows} of {observed.rows} rows of the current dataset"
            what = f"is not in {where}" if kind == "missing" else f"is in {where} and not in the baseline"
            yield Violation(name, "columns", f"{kind}_column_check", f"Column {name} {what}")


def _of_values(limit: dict[str, Any], config: dict[str, Any], column: Column) -> Iterable[Violation]:
    name, wanted = limit["name"], limit["inferred_type"]
    share, least = column.share_of(wanted), config.get("datatype_check_threshold", 1.0)
    if share is not None and share < least:
        yield Violation(
            name,
            "data_type",
            "data_type_check",
            f"Data type match requirement is not met. Expected data type: {wanted}, Expected match: {_percent(least)}. "
            f"Observed: Only {_percent(share)} of data is {wanted}.",
        )
    complete = 1 - column.missing / column.rows
    expected = limit.get("completeness", 0.0)
    slack = STANDARD_ERRORS * float(np.sqrt(expected * (1 - expected) / column.rows))
    if complete < expected - slack:
        yield Violation(
            name,
            "completeness",
            "completeness_check",
            f"Completeness requirement is not met. Expected: {_percent(expected)} of values present, "
            f"Observed: {_percent(complete)}.",
        )
    domain = limit.get("string_constraints", {}).get("domains")
    if domain and isinstance(column, TextColumn):
        known, least = column.share_within(domain), config.get("domain_content_threshold", 1.0)
        if known is None or known < least:
            told = "more values than a domain has" if known is None else f"Only {_percent(known)} of values are in it"
            yield Violation(
                name,
                "domain",
                "categorical_values_check",
                f"Value domain requirement is not met. Expected: {_percent(least)} of values in the baseline's domain "
                f"of {len(domain)}. Observed: {told}.",
            )


def _of_drift(
    limit: dict[str, Any], config: dict[str, Any], column: Column, distance: "float | None"
) -> Iterable[Violation]:
    distribution = config["distribution_constraints"]
    key = "categorical_comparison_threshold" if isinstance(column, TextColumn) else "comparison_threshold"
    threshold = distribution.get(key, 0.1)
    if distance is not None and distance > threshold:
        yield Violation(
            limit["name"],
            "baseline_drift",
            "baseline_drift_check",
            f"Baseline drift distance: {distance:.6g} exceeds threshold: {threshold:g}",
        )


def _percent(share: float) -> str:
    """Never rounded to 100% or 0% where it is not."""
    shown = f"{share * 100:.2f}".rstrip("0").rstrip(".")
    return f"{share * 100:.6g}%" if shown in ("100", "0") else f"{shown}%"


def _metrics(statistics: dict[str, Any], drifts: dict[str, float]) -> list[Metric]:
    """Names as the managed container publishes them."""
    found = []
    for feature in statistics["features"]:
        name = feature["name"]
        told = feature.get("numerical_statistics") or feature["string_statistics"]
        if "mean" in told:
            numbers = sum(bucket["count"] for bucket in told["distribution"]["kll"]["buckets"])
            found.append(Metric(f"feature_data_{name}", statistics=(numbers, told["sum"], told["min"], told["max"])))
        common = told["common"]
        share = common["num_present"] / (common["num_present"] + common["num_missing"])
        found.append(Metric(f"feature_non_null_{name}", share))
        if name in drifts:
            found.append(Metric(f"feature_baseline_drift_{name}", drifts[name]))
    return found
