"""Reads transactions and refuses what is not in the schema, naming file, row, column and value of every violation."""

import csv
import gzip
import math
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
from transactions import COLUMNS, LABEL

#: Violations that are told one by one; the rest is counted.
MAX_TOLD = 10
GZIP_MAGIC = b"\x1f\x8b"


class SchemaError(ValueError):
    """The input is not what the schema wants. The message is one readable paragraph."""

    def __init__(self, violations: list[str]) -> None:
        told = "; ".join(violations[:MAX_TOLD])
        more = f"; and {len(violations) - MAX_TOLD} more" if len(violations) > MAX_TOLD else ""
        super().__init__(f"The transactions do not match the schema: {told}{more}.")
        self.violations = violations


def read_transactions(directory: Path) -> pl.DataFrame:
    """All rows of all parts (CSV, plain or gzip) below ``directory``, in file order; columns as published.

    Raises:
        SchemaError: naming everything that is wrong.
    """
    files = sorted(path for path in Path(directory).rglob("*") if path.is_file() and not path.name.startswith("."))
    if not files:
        raise SchemaError([f"{directory} holds no file: upload the transactions as CSV, plain or .gz"])
    frames, violations = [], []
    for file in files:
        try:
            with _plain(file) as path:
                frames.append(_read(path, file.name))
        except SchemaError as error:
            violations += error.violations
    if violations:
        raise SchemaError(violations)
    rows = pl.concat(frames) if len(frames) > 1 else frames[0]
    if rows[LABEL].sum() == 0:
        raise SchemaError([f"no fraud: all {rows.height} rows have {LABEL} 0, and nothing can be learnt from them"])
    return rows


@contextmanager
def _plain(file: Path) -> Iterator[Path]:
    """The file unpacked, where it is a gzip, however it is named."""
    with file.open("rb") as start:
        packed = start.read(2) == GZIP_MAGIC
    if not packed:
        yield file
        return
    with tempfile.NamedTemporaryFile(suffix=".csv") as unpacked:
        try:
            with gzip.open(file) as source:
                shutil.copyfileobj(source, unpacked, 1 << 20)
        except (EOFError, OSError) as error:
            raise SchemaError(
                [f"{file.name}: the gzip file is damaged or cut short ({error}): upload it again"]
            ) from error
        unpacked.flush()
        yield Path(unpacked.name)


def _read(path: Path, name: str) -> pl.DataFrame:
    header = _header(path, name)
    try:
        frame = pl.read_csv(
            path,
            schema=dict.fromkeys(header, pl.Float64),
            low_memory=True,
            truncate_ragged_lines=False,
        )
    except pl.exceptions.PolarsError as error:
        # The fast reader says that something is wrong, not where: look row by row.
        raise SchemaError(_row_by_row(path, name) or [f"{name}: {error}"]) from error
    if frame.height == 0:
        raise SchemaError([f"{name}: holds a header and no rows"])
    frame = frame.select(COLUMNS)
    wrong = pl.any_horizontal(
        pl.any_horizontal(pl.all().is_null() | ~pl.all().is_finite()),
        pl.col("Time") < 0,
        pl.col("Amount") < 0,
        ~pl.col(LABEL).is_in([0.0, 1.0]),
    )
    if frame.select(wrong.any()).item() is not False:
        raise SchemaError(_row_by_row(path, name) or [f"{name}: a value is missing, infinite or out of range"])
    return frame


def _header(path: Path, name: str) -> list[str]:
    with path.open(newline="", encoding="utf-8-sig", errors="replace") as text:
        header = next(csv.reader(text), None)
    if not header:
        raise SchemaError([f"{name}: is empty: a header and rows are wanted"])
    violations = [f"{name}: column {column} is missing" for column in COLUMNS if column not in header]
    violations += [
        f"{name}: column {column!r} is not in the schema: remove it" for column in header if column not in COLUMNS
    ]
    violations += [
        f"{name}: column {column} stands twice" for column in sorted({c for c in header if header.count(c) > 1})
    ]
    if violations:
        raise SchemaError(violations)
    return header


def _row_by_row(path: Path, name: str) -> list[str]:
    """Every violation, by the slow reader. Rows are counted from 1, the header apart."""
    violations = []
    with path.open(newline="", encoding="utf-8-sig", errors="replace") as text:
        reader = csv.reader(text)
        header = next(reader)
        for number, row in enumerate((row for row in reader if row), start=1):
            if len(row) != len(header):
                violations.append(f"{name}, row {number}: has {len(row)} columns, not {len(header)}")
                continue
            for column, value in zip(header, row, strict=True):
                problem = _problem(column, value)
                if problem:
                    violations.append(f"{name}, row {number}, {column}: {value[:40]!r} {problem}")
    return violations


def _problem(column: str, value: str) -> "str | None":
    try:
        number = float(value)
    except ValueError:
        return "is not a number" if value.strip() else "is empty: a number is wanted"
    if not math.isfinite(number):
        return "is not a finite number"
    if column in ("Time", "Amount") and number < 0:
        return "is negative"
    if column == LABEL and number not in (0.0, 1.0):
        return "is neither 0 nor 1"
    return None
