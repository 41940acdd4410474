"""Reads transactions on one machine, with polars."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl
from diagnosis import MAX_MAGNITUDE
from schema_guard import SchemaError, Source, examine, require_fraud, source_of, transaction_files
from transactions import COLUMNS, LABEL


@dataclass(frozen=True)
class Transactions:
    """All rows of all files, in the order of the files' names; columns as published, all of them Float64."""

    rows: pl.DataFrame
    sources: list[Source]


def read_transactions(directory: Path) -> Transactions:
    """Reads every file below ``directory``.

    Raises:
        SchemaError: naming everything that is wrong.
    """
    frames, sources, violations = [], [], []
    for name, path in transaction_files(directory).items():
        frame = _read(path)
        found = [] if frame is not None and _in_schema(frame) else examine(path, name, was_read=frame is not None)
        violations += found
        if frame is None or found:
            continue
        # What examination lets pass and the fast check does not are blank lines.
        frame = frame.drop_nulls()
        frames.append(frame)
        sources.append(source_of(path, name, frame.height))
    if violations:
        raise SchemaError(violations)
    rows = pl.concat(frames)
    require_fraud(rows.height, int(rows[LABEL].sum()), directory)
    return Transactions(rows, sources)


def _read(path: Path) -> "pl.DataFrame | None":
    """The file's rows, or nothing where the reader stumbles. Columns are found by name, in whatever order."""
    try:
        header = pl.read_csv(path, n_rows=0, infer_schema=False, glob=False).columns
        if sorted(header) != sorted(COLUMNS):
            return None
        return pl.read_csv(path, schema=dict.fromkeys(header, pl.Float64), glob=False).select(COLUMNS)
    except (pl.exceptions.PolarsError, OSError):
        return None


def _in_schema(frame: pl.DataFrame) -> bool:
    """Whether there are rows, and no value is missing or out of range."""
    if frame.height == 0:
        return False
    checks = frame.select(
        missing=pl.sum_horizontal(pl.all().null_count()) == 0,
        finite=pl.all_horizontal(pl.all().is_not_nan().all()),
        magnitude=pl.max_horizontal(pl.all().abs().max()) <= MAX_MAGNITUDE,
        positive=pl.min_horizontal(pl.col("Time", "Amount").min()) >= 0,
        label=pl.col(LABEL).is_in([0.0, 1.0]).all(),
    )
    return all(checks.row(0))
