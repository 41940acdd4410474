"""Data quality: what the features look like, in the formats of SageMaker's Model Monitor (statistics, constraints)."""

import math
from collections import defaultdict
from typing import Any

import numpy as np
from datasketches import kll_doubles_sketch
from transactions import FEATURES

#: Size of the quantile sketches, and how fast their levels shrink: Model Monitor's own.
SKETCH_K, SKETCH_C = 2048, 0.64
BUCKETS = 10
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


def statistics(features: np.ndarray) -> dict[str, Any]:
    """``statistics.json`` of rows × 30; a value that is not a number counts as missing."""
    return {
        "version": 0.0,
        "dataset": {"item_count": len(features)},
        "features": [_of_feature(name, features[:, index]) for index, name in enumerate(FEATURES)],
    }


def constraints(found: dict[str, Any]) -> dict[str, Any]:
    """``constraints.json`` that the data of these statistics satisfy."""
    return {
        "version": 0.0,
        "features": [_constraint(feature) for feature in found["features"]],
        "monitoring_config": MONITORING,
    }


def _of_feature(name: str, column: np.ndarray) -> dict[str, Any]:
    values = column[~np.isnan(column)]
    sketch = kll_doubles_sketch(SKETCH_K)
    sketch.update(values)
    # Whoever retained it, an item of level n stands for 2^n rows.
    levels: dict[int, list[float]] = defaultdict(list)
    for item, weight in sketch:
        levels[int(math.log2(weight))].append(item)
    counts, edges = np.histogram(values, BUCKETS)
    return {
        "name": name,
        "inferred_type": "Integral" if bool(np.all(values == np.floor(values))) else "Fractional",
        "numerical_statistics": {
            "common": {"num_present": len(values), "num_missing": len(column) - len(values)},
            "mean": float(values.mean()),
            "sum": float(values.sum()),
            "std_dev": float(values.std()),
            "min": float(values.min()),
            "max": float(values.max()),
            "distribution": {
                "kll": {
                    "buckets": [
                        {"lower_bound": float(low), "upper_bound": float(high), "count": int(count)}
                        for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True)
                    ],
                    "sketch": {
                        "parameters": {"c": SKETCH_C, "k": SKETCH_K},
                        "data": [levels[level] for level in range(max(levels) + 1)],
                    },
                }
            },
        },
    }


def _constraint(feature: dict[str, Any]) -> dict[str, Any]:
    found = feature["numerical_statistics"]
    present, missing = found["common"]["num_present"], found["common"]["num_missing"]
    overrides = {"distribution_constraints": {"perform_comparison": "Disabled"}} if feature["name"] == CLOCK else {}
    return {
        "name": feature["name"],
        "inferred_type": feature["inferred_type"],
        "completeness": present / (present + missing),
        "num_constraints": {"is_non_negative": found["min"] >= 0},
        "monitoringConfigOverrides": overrides,
    }
