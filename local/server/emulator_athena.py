"""Athena's tables of JSON as Glue's catalog describes them, and their partition projection.

The emulator lets DuckDB guess the types of JSON, so that a column would be text, a time or a number as its values
happen to look, and reads every file below a table's location, whatever its projection says.
"""

import re
from datetime import UTC, date, datetime, timedelta

from ministack.services import athena

_table_relation = athena._table_relation

#: One end of a projection's range, relative to now: ``NOW-3YEARS``.
RELATIVE = re.compile(r"NOW(?:\s*([+-])\s*(\d+)\s*(DAY|WEEK|MONTH|YEAR)S?)?", re.IGNORECASE)
DAYS = {"DAY": 1, "WEEK": 7, "MONTH": 31, "YEAR": 366}


def correct() -> None:
    """Lets the emulator read tables so."""
    athena._table_relation = table_relation


def table_relation(table: dict, files: list[str]) -> str:
    """A relation of DuckDB's over the files that the table's projection covers, typed as the table says."""
    covered = projected(table, files, datetime.now(UTC).date())
    columns = (table.get("StorageDescriptor") or {}).get("Columns")
    if not covered:
        return athena._empty_relation(table)
    if athena._data_format(table) != "json" or not columns:
        return _table_relation(table, covered)
    types = ", ".join(f"{text(column['Name'])}: {text(athena._duckdb_type(column))}" for column in columns)
    hive = athena._hive_options(athena._path_partition_keys(table, covered))
    paths = athena._sql_list(covered)
    return f"read_json({paths}, format = 'newline_delimited', columns = {{{types}}}, {hive})"


def text(value: str) -> str:
    """A literal of SQL's."""
    return "'" + value.replace("'", "''") + "'"


def projected(table: dict, files: list[str], today: date) -> list[str]:
    """The files in the partitions that a projection by days covers; all of them where the table has none.

    Raises ValueError for a projection of another kind: it would be passed over without a word.
    """
    parameters = table.get("Parameters") or {}
    if parameters.get("projection.enabled", "").lower() != "true":
        return files
    keys = [key["Name"] for key in table.get("PartitionKeys") or []]
    name = keys[0] if len(keys) == 1 else ""
    kind, form = (parameters.get(f"projection.{name}.{part}") for part in ("type", "format"))
    if (kind, form) != ("date", "yyyy-MM-dd"):
        raise ValueError(
            f"the local cloud projects one partition key of dates (yyyy-MM-dd), not {keys} as {kind} {form}"
        )
    first, last = (day(end, today) for end in parameters[f"projection.{name}.range"].split(","))
    location = (table.get("StorageDescriptor") or {}).get("Location", "").rstrip("/") + "/"
    template = parameters.get("storage.location.template", f"{location}{name}=${{{name}}}/").removeprefix(location)
    before, _, after = template.rstrip("/").partition(f"${{{name}}}")
    folder = re.compile(f"/{re.escape(before)}(\\d{{4}}-\\d{{2}}-\\d{{2}}){re.escape(after)}/[^/]+$")
    days = ((path, folder.search(path)) for path in files)
    return [path for path, match in days if match and first <= date.fromisoformat(match[1]) <= last]


def day(end: str, today: date) -> date:
    """One end of a range: a date, or one relative to today."""
    relative = RELATIVE.fullmatch(end.strip())
    if relative is None:
        return date.fromisoformat(end.strip())
    sign, count, unit = relative.groups()
    return today + timedelta(days=int(f"{sign or '+'}{count or 0}") * DAYS[(unit or "DAY").upper()])
