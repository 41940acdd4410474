"""Reads what an endpoint's data capture wrote: JSON Lines in folders of their hour, any number of them, in batches."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

import polars as pl

#: Bytes of files that are read together: more costs memory, less costs time.
BATCH_BYTES = 24 * 1024 * 1024
#: Characters of a line that an error shows.
_SHOWN = 80

_SIDE = pl.Struct({"data": pl.String, "encoding": pl.String, "observedContentType": pl.String})
_SCHEMA = {
    "captureData": pl.Struct({"endpointInput": _SIDE, "endpointOutput": _SIDE}),
    "eventMetadata": pl.Struct({"eventId": pl.String, "inferenceId": pl.String, "inferenceTime": pl.String}),
}
#: Content types that are CSV and JSON, whatever parameters follow.
_CSV_TYPE, _JSON_TYPE = r"(?i)^\s*text/csv\b", r"(?i)^\s*application/(x-)?(json|jsonlines|jsonl)\b"


@dataclass(frozen=True)
class Period:
    """From ``start``, up to and without ``end``; an end that is missing is open. Both know their time zone."""

    start: "datetime | None" = None
    end: "datetime | None" = None

    def holds(self, time: pl.Expr) -> pl.Expr:
        """Whether times written like ``2026-11-21T10:00:00Z`` lie in it."""
        found = pl.lit(True)
        if self.start is not None:
            found = found & (time >= _written(self.start))
        if self.end is not None:
            found = found & (time < _written(self.end))
        return found


def _written(time: datetime) -> str:
    return time.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")


def read_records(folder: Path, period: Period) -> Iterator[pl.DataFrame]:
    """The captured invocations of the period, in batches.

    Yields:
        frames with a row for each invocation: ``id`` (the caller's inference id, else the event's), ``time``, and for
        ``input`` and ``output`` the text (null where it was not captured) and, in ``input_format`` and
        ``output_format``, whether that is ``CSV`` or ``JSON``.

    Raises:
        ValueError: a line is no record, or a body is neither CSV nor JSON; tells file and line.
    """
    for files in _grouped(sorted(path for path in folder.rglob("*.jsonl") if path.is_file())):
        records = _read(files)
        time = pl.col("eventMetadata").struct.field("inferenceTime")
        kept = records.filter(period.holds(time.str.slice(0, 19)))
        yield _unpacked(kept, files)


def _grouped(files: list[Path]) -> Iterator[list[Path]]:
    group: list[Path] = []
    size = 0
    for file in files:
        group.append(file)
        size += file.stat().st_size
        if size >= BATCH_BYTES:
            yield group
            group, size = [], 0
    if group:
        yield group


def _read(files: list[Path]) -> pl.DataFrame:
    content = [file for file in files if file.stat().st_size > 0]
    if not content:
        return pl.DataFrame(schema=_SCHEMA)
    try:
        records = pl.read_ndjson(b"".join(_ended(file.read_bytes()) for file in content), schema=_SCHEMA)
    except (pl.exceptions.PolarsError, UnicodeDecodeError) as error:
        raise ValueError(_first_problem(content) or f"{content[0]} and those after it: {error}") from error
    meta = pl.col("eventMetadata").struct
    unknown = meta.field("eventId").is_null() | meta.field("inferenceTime").is_null()
    if records.filter(unknown).height > 0:
        raise ValueError(_first_problem(content) or "a record has no event id or no time")
    return records


def _ended(content: bytes) -> bytes:
    return content if content.endswith(b"\n") else content + b"\n"


def _first_problem(files: list[Path]) -> "str | None":
    for file in files:
        for number, line in enumerate(file.read_bytes().splitlines(), start=1):
            problem = _problem(line)
            if problem is not None:
                shown = line[:_SHOWN].decode("utf-8", errors="replace")
                return f"{file.name}, line {number}: {problem}: {shown!r}"
    return None


def _problem(line: bytes) -> "str | None":
    try:
        record = json.loads(line)
    except ValueError as error:
        return f"not a JSON document ({error})"
    if not isinstance(record, dict):
        return "not an object"
    for name, wanted in (("captureData", ()), ("eventMetadata", ("eventId", "inferenceTime"))):
        part = record.get(name)
        if not isinstance(part, dict):
            return f"{name} is not an object"
        for field in wanted:
            if not isinstance(part.get(field), str):
                return f"{name}.{field} is no text"
    return None


def _unpacked(records: pl.DataFrame, files: list[Path]) -> pl.DataFrame:
    meta = pl.col("eventMetadata").struct
    frame = records.select(
        pl.coalesce(meta.field("inferenceId"), meta.field("eventId")).alias("id"),
        meta.field("inferenceTime").alias("time"),
        *[
            pl.col("captureData").struct.field(f"endpoint{side.title()}").struct.field(field).alias(f"{side}_{name}")
            for side in ("input", "output")
            for field, name in (("data", "data"), ("encoding", "encoding"), ("observedContentType", "type"))
        ],
    )
    for side in ("input", "output"):
        frame = _decoded(frame, side, files)
    return frame


def _decoded(frame: pl.DataFrame, side: str, files: list[Path]) -> pl.DataFrame:
    """The side's text and format in place of data, encoding and type."""
    data, encoding, kind = (pl.col(f"{side}_{name}") for name in ("data", "encoding", "type"))
    told = (
        pl.when(encoding.is_in(["CSV", "JSON"]))
        .then(encoding)
        .when(kind.str.contains(_CSV_TYPE))
        .then(pl.lit("CSV"))
        .when(kind.str.contains(_JSON_TYPE))
        .then(pl.lit("JSON"))
    )
    coded = encoding == "BASE64"
    if frame.select(coded.any()).item():
        try:
            text = pl.when(coded).then(data).str.decode("base64").cast(pl.String)
            frame = frame.with_columns(pl.when(coded).then(text).otherwise(data).alias(f"{side}_data"))
        except pl.exceptions.PolarsError as error:
            raise ValueError(f"{files[0].name} or a file after it: a body in base64 is no text: {error}") from error
    frame = frame.with_columns(told.alias(f"{side}_format"))
    odd = frame.filter(data.is_not_null() & pl.col(f"{side}_format").is_null())
    if odd.height > 0:
        event, content = odd["id"][0], odd[f"{side}_type"][0]
        raise ValueError(f"event {event}: the {side} is {content!r}: text/csv or application/json is wanted")
    return frame.rename({f"{side}_data": side}).drop(f"{side}_encoding", f"{side}_type")
