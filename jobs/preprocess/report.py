"""What a preprocessing job says of its work, and what it refuses after reading: the same on every engine."""

import argparse
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from diagnosis import Violation
from schema_guard import SchemaError, Source


@dataclass(frozen=True)
class SplitSummary:
    """A split: rows, frauds among them, and the first and last ``Time`` (None where it is empty)."""

    rows: int
    frauds: int
    timeFrom: "float | None"
    timeTo: "float | None"


def require_learnable(splits: Mapping[str, SplitSummary], directory: Path) -> None:
    """
    Raises:
        SchemaError: nothing can be learnt from a split, or measured on it.
    """
    remedy = "give more rows, or choose other ratios or the stratified split"
    without = [
        Violation(directory.name, f"no fraud among the {split.rows} rows of the {name} split", remedy)
        for name, split in splits.items()
        if split.frauds == 0
    ]
    if without:
        raise SchemaError(without)


def describe(
    rows: int, duplicates: int, splits: Mapping[str, SplitSummary], sources: list[Source], options: argparse.Namespace
) -> dict:
    """The report: what came in, and what went where."""
    written = sum(split.rows for split in splits.values())
    if written != rows:
        raise RuntimeError(f"{rows} rows came in and {written} were split: this must not happen")
    return {
        "rows": rows,
        "frauds": sum(split.frauds for split in splits.values()),
        "duplicates": duplicates,
        "split": options.split,
        "seed": options.seed,
        "sources": [asdict(source) for source in sources],
        "splits": {name: asdict(split) for name, split in splits.items()},
    }


def publish(report: dict, output: Path) -> None:
    """Writes the report beside the splits, and to standard output as one line."""
    (output / "report").mkdir(parents=True, exist_ok=True)
    (output / "report" / "preprocess.json").write_text(json.dumps(report, indent=2) + "\n")
    print(json.dumps(report), flush=True)
