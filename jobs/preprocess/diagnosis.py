"""Finds out, row by row, everything that is wrong with a file of transactions, and what to do about it."""

import csv
import gzip
import math
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from transactions import COLUMNS, LABEL

#: Models see 32-bit numbers; beyond this a value would be infinite.
MAX_MAGNITUDE = 3.4e38

_GZIP_MAGIC = b"\x1f\x8b"
# What Python's float takes and a number in a CSV has not: underscores, white space, digits of other scripts.
_ODD = re.compile(r"[^0-9A-Za-z.+-]")
_TIME, _AMOUNT, _LABEL = COLUMNS.index("Time"), COLUMNS.index("Amount"), COLUMNS.index(LABEL)
#: Characters of a value that a message shows.
_SHOWN = 40


@dataclass(frozen=True)
class Violation:
    """One thing that is wrong: where, what, and the remedy; and how many rows of the file it concerns."""

    place: str
    problem: str
    remedy: str
    rows: int = 0

    def __str__(self) -> str:
        more = f" (and {self.rows - 1} more rows like it)" if self.rows > 1 else ""
        return f"{self.place}: {self.problem}{more}: {self.remedy}"


def diagnose(path: Path, name: str) -> list[Violation]:
    """Everything that is wrong with a file, the same problem in the same column once, with its first row.

    Rows are counted from 1, header and blank lines apart; the line of the file is given too. Nothing is found in a
    file that merely has blank lines.
    """
    violations: list[Violation] = []
    found: dict[tuple[str, str], Violation] = {}
    with _opened(path) as text:
        reader = csv.reader(text)
        try:
            header = _first(reader)
            violations += _header_violations(header, name)
            if not set(header) & set(COLUMNS):
                return violations
            number = 0
            for row in reader:
                if not row:
                    continue
                number += 1
                if header != COLUMNS or not _is_good(row):
                    _note(found, header, row, f"{name}, row {number} (line {reader.line_num})")
            if number == 0:
                violations.append(Violation(name, "holds a header and no rows", "add rows, or remove the file"))
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            damage = f"the gzip file is damaged or cut short ({error})"
            violations.append(Violation(name, damage, "pack or upload it again"))
        except csv.Error as error:
            place = f"{name}, line {reader.line_num}"
            violations.append(Violation(place, f"is not CSV ({error})", "look for a quote that is never closed"))
    return [*violations, *found.values()]


def header_of(path: Path) -> "list[str] | None":
    """The first row's values, or nothing where the file cannot be read so far."""
    with _opened(path) as text:
        try:
            return _first(csv.reader(text))
        except (EOFError, zlib.error, gzip.BadGzipFile, csv.Error):
            return None


def _first(rows: Iterator[list[str]]) -> list[str]:
    """The first row that is not blank."""
    return next(filter(None, rows), [])


def lines_of(path: Path) -> Iterator[str]:
    """The lines of a file, packed or not, with their ends."""
    with _opened(path) as text:
        yield from text


def is_packed(path: Path) -> bool:
    """Whether a file is gzip, whatever its name."""
    with path.open("rb") as file:
        return file.read(2) == _GZIP_MAGIC


def _opened(path: Path) -> TextIO:
    opened = gzip.open if is_packed(path) else open
    return opened(path, "rt", newline="", encoding="utf-8-sig", errors="replace")


def _header_violations(header: list[str], name: str) -> list[Violation]:
    wanted = f"{','.join(COLUMNS[:2])},…,V28,Amount,Class"
    if not header:
        return [Violation(name, "is empty", f"give a file with the header {wanted} and rows")]
    if not set(header) & set(COLUMNS):
        start = ",".join(header)[:_SHOWN]
        return [Violation(f"{name}, line 1", f"{start!r} is not the header", f"the first line must be {wanted}")]
    violations = [
        Violation(name, f"column {column} is missing", "add it") for column in COLUMNS if column not in header
    ]
    violations += [
        Violation(name, f"column {column[:_SHOWN]!r} is not in the schema", "remove it")
        for column in dict.fromkeys(header)
        if column not in COLUMNS
    ]
    violations += [
        Violation(name, f"column {column} stands {header.count(column)} times", "keep one")
        for column in COLUMNS
        if header.count(column) > 1
    ]
    return violations


def _is_good(row: list[str]) -> bool:
    """Whether nothing is wrong with a row of all columns in order: the quick answer for nearly every one."""
    if len(row) != len(COLUMNS) or _ODD.search("".join(row)):
        return False
    try:
        values = [float(value) for value in row]
    except ValueError:
        return False
    # A sum is finite only if all of its parts are.
    return (
        math.isfinite(sum(values))
        and max(map(abs, values)) <= MAX_MAGNITUDE
        and values[_TIME] >= 0
        and values[_AMOUNT] >= 0
        and values[_LABEL] in (0, 1)
    )


def _note(found: dict[tuple[str, str], Violation], header: list[str], row: list[str], place: str) -> None:
    if len(row) != len(header):
        problem = f"has {len(row)} columns, not {len(header)}"
        _add(found, ("", "width"), place, problem, "look for a missing or an extra comma")
        return
    for column, value in zip(header, row, strict=True):
        wrong = _problem(column, value) if column in COLUMNS else None
        if wrong:
            kind, remedy = wrong
            shown = value if len(value) <= _SHOWN else f"{value[:_SHOWN]}…"
            _add(found, (column, kind), f"{place}, column {column}", f"{shown!r} {kind}", remedy)


def _add(found: dict[tuple[str, str], Violation], key: tuple[str, str], place: str, problem: str, remedy: str) -> None:
    first = found.get(key)
    found[key] = (
        Violation(first.place, first.problem, first.remedy, first.rows + 1)
        if first
        else Violation(place, problem, remedy, 1)
    )


def _problem(column: str, text: str) -> "tuple[str, str] | None":
    """What is wrong with a value, and the remedy."""
    if not text:
        return "is empty", "give a number, or leave the row out"
    number = _number(text)
    if number is None:
        return "is not a number", "write numbers such as -1.36 or 1e+05, without spaces"
    if not abs(number) <= MAX_MAGNITUDE:
        return "is not a finite number", "give a number that fits in 32 bits, or leave the row out"
    if column in ("Time", "Amount") and number < 0:
        return "is negative", f"{column} must be 0 or more"
    if column == LABEL and number not in (0, 1):
        return "is neither 0 nor 1", f"{LABEL} must be 1 for fraud and 0 for legitimate"
    return None


def _number(text: str) -> "float | None":
    # The fast reader passes over blanks before a number, and over none behind it.
    bare = text.lstrip(" \t")
    if _ODD.search(bare):
        return None
    try:
        return float(bare)
    except ValueError:
        return None
