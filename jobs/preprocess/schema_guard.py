"""Reads transactions and refuses what is not in the schema.

Reading is fast and says only that something is wrong; what and where is then found out by :mod:`diagnosis`, row by row.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from diagnosis import MAX_MAGNITUDE, Violation, diagnose
from transactions import COLUMNS, LABEL

#: Problems that are told; of the others the number is given. SageMaker shows 1,024 characters of the message.
MAX_TOLD = 12


class SchemaError(ValueError):
    """The input is not what the schema wants. The message is one readable paragraph."""

    def __init__(self, violations: list[Violation]) -> None:
        self.violations = violations
        told = [
            f"({number}) {violation}" if len(violations) > 1 else str(violation)
            for number, violation in enumerate(violations[:MAX_TOLD], start=1)
        ]
        if len(violations) > MAX_TOLD:
            told.append(f"and {len(violations) - MAX_TOLD} more problems")
        super().__init__(f"The transactions were refused and nothing was written: {'; '.join(told)}.")


@dataclass(frozen=True)
class Source:
    """A file that was read."""

    file: str
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Transactions:
    """All rows of all files, in the order of the files' names; columns as published, all of them Float64."""

    rows: pl.DataFrame
    sources: list[Source]


def read_transactions(directory: Path) -> Transactions:
    """Reads every file below ``directory``: CSV, plain or gzip, however it is named. Names that begin with . or _ are
    those of markers (``_SUCCESS``) and are passed over.

    Raises:
        SchemaError: naming everything that is wrong.
    """
    files = sorted(path for path in directory.rglob("*") if path.is_file() and path.name[0] not in "._")
    if not files:
        raise SchemaError(
            [Violation(str(directory), "there is no file", "upload the transactions as CSV, plain or gzip")]
        )
    frames, sources, violations = [], [], []
    for path in files:
        name = path.relative_to(directory).as_posix()
        frame = _read(path)
        found = [] if frame is not None and _in_schema(frame) else diagnose(path, name)
        violations += found
        if found:
            continue
        if frame is None:
            raise RuntimeError(f"{name} cannot be read, and no row of it is wrong")
        # What diagnosis lets pass and the fast check does not are blank lines.
        frame = frame.drop_nulls()
        frames.append(frame)
        sources.append(Source(name, frame.height, path.stat().st_size, _sha256(path)))
    if violations:
        raise SchemaError(violations)
    rows = pl.concat(frames)
    if rows[LABEL].sum() == 0:
        raise SchemaError(
            [
                Violation(
                    directory.name,
                    f"no fraud: all {rows.height} rows have {LABEL} 0",
                    "give data in which some transactions are known to be fraud (1)",
                )
            ]
        )
    return Transactions(rows, sources)


def _read(path: Path) -> "pl.DataFrame | None":
    """The file's rows, or nothing where the reader stumbles. Columns are found by name, in whatever order."""
    try:
        header = pl.read_csv(path, n_rows=0, infer_schema=False).columns
        if sorted(header) != sorted(COLUMNS):
            return None
        return pl.read_csv(path, schema=dict.fromkeys(header, pl.Float64)).select(COLUMNS)
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


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
