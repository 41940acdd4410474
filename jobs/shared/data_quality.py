"""Data quality: what columns look like, in the formats of SageMaker's Model Monitor (statistics, constraints).

Columns take their values in any number of pieces, so that data need not fit into memory.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from datasketches import hll_sketch, kll_doubles_sketch
from transactions import FEATURES

#: Size of the quantile sketches, and how fast their levels shrink: Model Monitor's own.
SKETCH_K, SKETCH_C = 2048, 0.64
BUCKETS = 10
#: Of the sketch that counts distinct values once they are many: an error of about 1%.
DISTINCT_LG_K = 13
#: With more values than this, a text column has no domain.
MAX_CATEGORIES = 1000
#: Grows from one day to the next whatever happens: its distribution is not compared.
CLOCK = "Time"

MONITORING = {
    "evaluate_constraints": "Enabled",
    "emit_metrics": "Enabled",
    "datatype_check_threshold": 1.0,
    "domain_content_threshold": 1.0,
    "distribution_constraints": {
        "perform_comparison": "Enabled",
        "comparison_threshold": 0.1,
        # Corrects for the number of rows: the simple distance alone raises false alarms below some thousand.
        "comparison_method": "Robust",
        "categorical_comparison_threshold": 0.1,
        "categorical_drift_method": "LInfinity",
    },
}


class NumericColumn:
    """Numbers; text among them is counted."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.rows = self.missing = self.texts = self.integral = 0
        self._mean = self._squares = self._sum = 0.0
        self._sketch = kll_doubles_sketch(SKETCH_K)

    def add(self, column: np.ndarray, texts: int = 0) -> None:
        """Adds rows; a value that is not finite counts as missing, but for ``texts`` of them, which are no numbers."""
        values = np.ascontiguousarray(column[np.isfinite(column)], dtype=np.float64)
        before, added = self.numbers, len(values)
        self.rows += len(column)
        self.texts += texts
        self.missing += len(column) - added - texts
        if added == 0:
            return
        self.integral += int(np.count_nonzero(values == np.floor(values)))
        total, mean = float(values.sum()), float(values.mean())
        # Chan's rule joins the pieces without losing digits to the square of the mean.
        apart, together = mean - self._mean, before + added
        self._squares += float(((values - mean) ** 2).sum()) + apart**2 * before * added / together
        self._mean += apart * added / together
        self._sum += total
        self._sketch.update(values)

    @property
    def numbers(self) -> int:
        return self.rows - self.missing - self.texts

    def share_of(self, inferred_type: str) -> "float | None":
        """Share of the present values that are of the type; an integral number is a fractional one too."""
        found = {"Integral": self.integral, "Fractional": self.numbers, "String": self.texts}
        present = self.rows - self.missing
        return found.get(inferred_type, present) / present if present > 0 else None

    def statistics(self) -> dict[str, Any]:
        common = {"num_present": self.rows - self.missing, "num_missing": self.missing}
        if self.numbers == 0:
            inferred = "String" if self.texts else "Unknown"
            return {"name": self.name, "inferred_type": inferred, "numerical_statistics": {"common": common}}
        if self.texts > self.numbers:
            inferred = "String"
        else:
            inferred = "Integral" if self.integral == self.numbers else "Fractional"
        return {
            "name": self.name,
            "inferred_type": inferred,
            "numerical_statistics": {
                "common": common,
                "mean": self._mean,
                "sum": self._sum,
                "std_dev": math.sqrt(self._squares / self.numbers),
                "min": float(self._sketch.get_min_value()),
                "max": float(self._sketch.get_max_value()),
                "distribution": {"kll": {"buckets": self._buckets(), "sketch": self._levels()}},
            },
        }

    def _buckets(self) -> list[dict[str, Any]]:
        low, high = self._sketch.get_min_value(), self._sketch.get_max_value()
        edges = np.linspace(low, high, BUCKETS + 1)
        # Where all values are equal, all lie in the last one.
        ranks = np.array([0.0, *(self._sketch.get_rank(edge, False) for edge in edges[1:-1]), 1.0])
        counts = np.diff(np.round(ranks * self.numbers).astype(int))
        return [
            {"lower_bound": float(start), "upper_bound": float(end), "count": int(count)}
            for start, end, count in zip(edges[:-1], edges[1:], counts, strict=True)
        ]

    def _levels(self) -> dict[str, Any]:
        # Whoever retained it, an item of level n stands for 2^n rows.
        levels: dict[int, list[float]] = defaultdict(list)
        for item, weight in self._sketch:
            levels[int(math.log2(weight))].append(item)
        return {
            "parameters": {"c": SKETCH_C, "k": SKETCH_K},
            "data": [levels[level] for level in range(max(levels) + 1)],
        }


class TextColumn:
    """Categories; while they are few, each is counted."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.rows = self.missing = 0
        self._counts: Counter[str] | None = Counter()
        self._distinct = hll_sketch(DISTINCT_LG_K)

    def add(self, counts: Mapping[str, int], missing: int) -> None:
        """Adds rows: how often each value is there."""
        self.rows += sum(counts.values()) + missing
        self.missing += missing
        for value in counts:
            self._distinct.update(value)
        if self._counts is not None:
            self._counts.update(counts)
            if len(self._counts) > MAX_CATEGORIES:
                self._counts = None

    def share_of(self, inferred_type: str) -> "float | None":
        """Share of the present values that are of the type: everything can be text."""
        if self.rows == self.missing:
            return None
        return 1.0 if inferred_type in ("String", "Unknown") else 0.0

    def share_within(self, domain: Sequence[str]) -> "float | None":
        """Share of the present values that the domain knows; nothing where values are too many to be counted."""
        if self._counts is None or self.rows == self.missing:
            return None
        known = set(domain)
        return sum(count for value, count in self._counts.items() if value in known) / (self.rows - self.missing)

    def statistics(self) -> dict[str, Any]:
        found: dict[str, Any] = {"common": {"num_present": self.rows - self.missing, "num_missing": self.missing}}
        if self._counts is None:
            found["distinct_count"] = float(round(self._distinct.get_estimate()))
        else:
            found["distinct_count"] = float(len(self._counts))
            buckets = sorted(self._counts.items(), key=lambda each: (-each[1], each[0]))
            found["distribution"] = {
                "categorical": {"buckets": [{"value": value, "count": count} for value, count in buckets]}
            }
        return {"name": self.name, "inferred_type": "String", "string_statistics": found}


Column = NumericColumn | TextColumn


def document(columns: Sequence[Column], rows: int) -> dict[str, Any]:
    """``statistics.json`` of these columns."""
    return {
        "version": 0.0,
        "dataset": {"item_count": rows},
        "features": [column.statistics() for column in columns],
    }


def statistics(features: np.ndarray) -> dict[str, Any]:
    """``statistics.json`` of rows × 30; a value that is not a number counts as missing."""
    columns = [NumericColumn(name) for name in FEATURES]
    for index, column in enumerate(columns):
        column.add(features[:, index])
    return document(columns, len(features))


def constraints(found: dict[str, Any]) -> dict[str, Any]:
    """``constraints.json`` that the data of these statistics satisfy."""
    return {
        "version": 0.0,
        "features": [_constraint(feature) for feature in found["features"]],
        "monitoring_config": MONITORING,
    }


def _constraint(feature: dict[str, Any]) -> dict[str, Any]:
    found = feature.get("numerical_statistics") or feature["string_statistics"]
    present, missing = found["common"]["num_present"], found["common"]["num_missing"]
    overrides = {"distribution_constraints": {"perform_comparison": "Disabled"}} if feature["name"] == CLOCK else {}
    constraint = {
        "name": feature["name"],
        "inferred_type": feature["inferred_type"],
        "completeness": present / (present + missing) if present + missing > 0 else 0.0,
    }
    if "min" in found:
        constraint["num_constraints"] = {"is_non_negative": found["min"] >= 0}
    if "string_statistics" in feature and "distribution" in found:
        buckets = found["distribution"]["categorical"]["buckets"]
        constraint["string_constraints"] = {"domains": sorted(bucket["value"] for bucket in buckets)}
    return {**constraint, "monitoringConfigOverrides": overrides}
