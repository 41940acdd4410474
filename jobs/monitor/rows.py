"""The rows of captured inputs: features by their place in a CSV line, or by place or name in JSON."""

import csv
import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

#: A request as the platform's functions send it: rows of numbers alone, without blanks.
_FIRST, _BETWEEN, _LAST = '{"instances":[{"features":[', ']},{"features":[', "]}]}"
_NUMBERS = "[-+.,0-9eE]+"
_PLAIN = f"^{re.escape(_FIRST)}{_NUMBERS}(?:{re.escape(_BETWEEN)}{_NUMBERS})*{re.escape(_LAST)}$"


@dataclass(frozen=True)
class Rows:
    """Rows of a batch, and how they differ from what they should be."""

    #: A column for each feature, of text or of 64-bit floats; what is not there is null. A value that is no number
    #: where all should be makes its column text. Before them ``id`` and ``row``, the row's place in its request from 0.
    frame: pl.DataFrame
    #: How many rows have how many values.
    widths: "Counter[int]" = field(default_factory=Counter)
    #: How many rows have a name that is no feature, or lack a feature's name; only where rows tell names.
    extra: "Counter[str]" = field(default_factory=Counter)
    missing: "Counter[str]" = field(default_factory=Counter)


def read_rows(records: pl.DataFrame, features: Sequence[str], texts: Sequence[str] = ()) -> Rows:
    """Every row of the records' inputs.

    Args:
        features: names, in the order of a CSV line.
        texts: which of them hold categories, and so stay text whatever they look like.

    Raises:
        ValueError: a JSON body is not rows in a form that is known.
    """
    found = records.filter(pl.col("input").is_not_null())
    if found.height < records.height:
        raise ValueError(
            f"event {records.filter(pl.col('input').is_null())['id'][0]} has no input: data capture must hold Input"
        )
    found = _plain_as_csv(found)
    tables = []
    as_csv = found.filter(pl.col("input_format") == "CSV")
    if as_csv.height > 0:
        tables.append(_from_csv(_lines(as_csv), features, texts))
    as_json = found.filter(pl.col("input_format") == "JSON")
    if as_json.height > 0:
        tables.append(_from_json(as_json, features, texts))
    if not tables:
        return Rows(_numbered(pl.Series("id", [], pl.String), pl.Series("row", [], pl.Int64), features))
    if len(tables) == 1:
        return tables[0]
    frame = pl.concat([table.frame for table in tables], how="vertical_relaxed")
    return Rows(
        frame,
        sum((table.widths for table in tables), Counter()),
        sum((table.extra for table in tables), Counter()),
        sum((table.missing for table in tables), Counter()),
    )


def _plain_as_csv(records: pl.DataFrame) -> pl.DataFrame:
    """Plain JSON as the CSV that it holds, of which polars reads a million rows in a second."""
    body = pl.col("input")
    plain = (pl.col("input_format") == "JSON") & body.str.contains(_PLAIN)
    lines = body.str.strip_prefix(_FIRST).str.strip_suffix(_LAST).str.replace_all(_BETWEEN, "\n", literal=True)
    return records.with_columns(
        pl.when(plain).then(lines).otherwise(body).alias("input"),
        pl.when(plain).then(pl.lit("CSV")).otherwise(pl.col("input_format")).alias("input_format"),
    )


def _numbered(ids: pl.Series, places: pl.Series, features: Sequence[str]) -> pl.DataFrame:
    empty = [pl.Series(name, [], pl.Float64) for name in features]
    return pl.DataFrame([ids.alias("id"), places.alias("row"), *empty])


def _lines(records: pl.DataFrame) -> pl.DataFrame:
    """``id``, ``row`` and ``line`` of every line of the bodies."""
    bodies = records.select("id", pl.col("input").str.strip_chars("\r\n").alias("line"))
    if not bodies.select(pl.col("line").str.contains("\n", literal=True).any()).item():
        return bodies.with_columns(pl.lit(0, pl.Int64).alias("row"))
    if bodies.select(pl.col("line").str.contains('"', literal=True).any()).item():
        # A quoted value may hold the end of a line.
        split = bodies.with_columns(
            pl.col("line").map_elements(_records_of, return_dtype=pl.List(pl.String)),
        )
    else:
        split = bodies.with_columns(pl.col("line").str.replace_all("\r\n", "\n", literal=True).str.split("\n"))
    return split.with_columns(pl.int_ranges(pl.col("line").list.len()).alias("row")).explode("line", "row")


def _records_of(body: str) -> list[str]:
    lines: list[str] = []
    for line in body.replace("\r\n", "\n").split("\n"):
        if lines and lines[-1].count('"') % 2 == 1:
            lines[-1] += "\n" + line
        else:
            lines.append(line)
    return lines


def _from_csv(lines: pl.DataFrame, features: Sequence[str], texts: Sequence[str]) -> Rows:
    text = lines["line"]
    if text.str.contains('"', literal=True).any():
        values = list(csv.reader(text.to_list(), strict=False))
        widths = Counter(map(len, values))
        return Rows(_table(lines, values, features, texts), widths)
    commas = text.str.count_matches(",", literal=True).value_counts()
    widths = Counter({commas + 1: count for commas, count in commas.iter_rows()})
    frame = _numbers(text, features, texts) if set(widths) == {len(features)} else None
    if frame is None:
        # Slower, and takes whatever is there.
        parts = text.str.split(",")
        frame = pl.DataFrame(
            parts.list.get(place, null_on_oob=True).str.strip_chars().replace("", None).alias(name)
            for place, name in enumerate(features)
        )
    return Rows(_typed(pl.concat([lines.select("id", "row"), frame], how="horizontal"), features, texts), widths)


def _numbers(lines: pl.Series, features: Sequence[str], texts: Sequence[str]) -> "pl.DataFrame | None":
    """Lines of the right width; nothing where a value is no number and should be."""
    schema = {name: pl.String if name in texts else pl.Float64 for name in features}
    try:
        return pl.read_csv("\n".join(lines.to_list()).encode(), has_header=False, schema=schema, quote_char=None)
    except pl.exceptions.PolarsError:
        return None


def _from_json(records: pl.DataFrame, features: Sequence[str], texts: Sequence[str]) -> Rows:
    ids: list[str] = []
    places: list[int] = []
    values: list[list[Any]] = []
    widths: Counter[int] = Counter()
    extra: Counter[str] = Counter()
    missing: Counter[str] = Counter()
    wanted = set(features)
    for event, body in zip(records["id"], records["input"], strict=True):
        for place, row in enumerate(_json_rows(event, body)):
            ids.append(event)
            places.append(place)
            if isinstance(row, dict):
                extra.update(row.keys() - wanted)
                missing.update(wanted - row.keys())
                values.append([row.get(name) for name in features])
            else:
                widths[len(row)] += 1
                values.append(row)
    index = pl.DataFrame({"id": pl.Series(ids, dtype=pl.String), "row": pl.Series(places, dtype=pl.Int64)})
    return Rows(_table(index, values, features, texts), widths, extra, missing)


def _json_rows(event: str, body: str) -> "list[list[Any] | dict[str, Any]]":
    """A document or a line of them: rows as lists or objects, alone, in a list, or under ``instances``.

    An instance may hold its values under ``features``.
    """
    try:
        documents = [json.loads(body)]
    except ValueError:
        try:
            documents = [json.loads(line) for line in body.strip().splitlines() or [body]]
        except ValueError as error:
            raise ValueError(f"event {event}: the input is not JSON: {error}") from error
    rows: list[Any] = []
    for document in documents:
        inner = document.get("instances", document) if isinstance(document, dict) else document
        nested = isinstance(inner, list) and bool(inner) and all(isinstance(each, list | dict) for each in inner)
        rows.extend(inner if nested else [inner])
    rows = [row["features"] if isinstance(row, dict) and isinstance(row.get("features"), list) else row for row in rows]
    if not all(isinstance(row, list | dict) for row in rows):
        raise ValueError(f"event {event}: the input is neither a list of values nor an object of named ones")
    return rows


def _table(
    index: pl.DataFrame, values: Sequence[Sequence[Any]], features: Sequence[str], texts: Sequence[str]
) -> pl.DataFrame:
    columns = [
        pl.Series(name, [_text(row[place]) if place < len(row) else None for row in values], pl.String)
        for place, name in enumerate(features)
    ]
    return _typed(index.select("id", "row").hstack(columns), features, texts)


def _text(value: Any) -> "str | None":
    """A value as a CSV line would hold it."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return value.strip() or None
    return json.dumps(value)


def _typed(frame: pl.DataFrame, features: Sequence[str], texts: Sequence[str]) -> pl.DataFrame:
    """Columns that hold only numbers become numbers."""
    plain = [name for name in features if name not in texts and frame.schema[name] == pl.String]
    numbers = frame.select(pl.col(name).cast(pl.Float64, strict=False) for name in plain)
    good = [name for name in plain if numbers[name].null_count() == frame[name].null_count()]
    return frame.with_columns(numbers.select(good)) if good else frame
