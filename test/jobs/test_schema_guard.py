"""What the schema guard takes, and how it names what it does not take."""

import gzip
import math
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from read_polars import read_transactions
from schema_guard import SchemaError
from transactions import COLUMNS

Table = list[list[str]]


def good() -> Table:
    """A header and five rows, the last of them fraud."""
    body = [
        [str(row * 10), *[f"{(row - 2) * number / 7:.6f}" for number in range(1, 29)], f"{row}.5", str(int(row == 4))]
        for row in range(5)
    ]
    return [list(COLUMNS), *body]


def text_of(table: Table, end: str = "\n") -> str:
    return "".join(",".join(row) + end for row in table)


def with_value(row: int, column: str, value: str) -> str:
    """The good table with one value changed; rows count from 1."""
    table = good()
    table[row][COLUMNS.index(column)] = value
    return text_of(table)


def without_column(column: str) -> str:
    at = COLUMNS.index(column)
    return text_of([row[:at] + row[at + 1 :] for row in good()])


def with_column(name: str) -> str:
    header, *body = good()
    return text_of([[*header, name], *[[*row, "1"] for row in body]])


def ragged(row: int, change: Callable[[list[str]], list[str]]) -> str:
    table = good()
    table[row] = change(table[row])
    return text_of(table)


@pytest.fixture
def refusal(tmp_path: Path) -> Callable[..., str]:
    def read(**files: "str | bytes") -> str:
        for name, content in files.items():
            data = content if isinstance(content, bytes) else content.encode()
            (tmp_path / name.replace("_", ".")).write_bytes(data)
        with pytest.raises(SchemaError) as refused:
            read_transactions(tmp_path)
        assert "\n" not in str(refused.value)
        return str(refused.value)

    return read


REFUSED = {
    "missing column": (without_column("V7"), ["a.csv", "column V7 is missing"]),
    "extra column": (with_column("Merchant"), ["a.csv", "column 'Merchant' is not in the schema"]),
    "duplicate column": (with_column("V3"), ["a.csv", "column V3 stands 2 times"]),
    "no header": (text_of(good()[1:]), ["a.csv, line 1", "is not the header"]),
    "text": (with_value(2, "V5", "abc"), ["a.csv, row 2 (line 3), column V5", "'abc' is not a number"]),
    "empty value": (with_value(3, "V28", ""), ["a.csv, row 3 (line 4), column V28", "is empty"]),
    "NaN": (with_value(1, "V1", "NaN"), ["a.csv, row 1 (line 2), column V1", "'NaN' is not a finite number"]),
    "inf": (with_value(1, "V1", "-inf"), ["a.csv, row 1 (line 2), column V1", "'-inf' is not a finite number"]),
    "too large": (with_value(5, "V2", "1e39"), ["row 5 (line 6), column V2", "is not a finite number"]),
    "negative Amount": (with_value(4, "Amount", "-0.01"), ["a.csv, row 4 (line 5), column Amount", "is negative"]),
    "negative Time": (with_value(1, "Time", "-1"), ["a.csv, row 1 (line 2), column Time", "is negative"]),
    "Class 2": (with_value(2, "Class", "2"), ["a.csv, row 2 (line 3), column Class", "'2' is neither 0 nor 1"]),
    "Class 0.5": (with_value(2, "Class", "0.5"), ["column Class", "'0.5' is neither 0 nor 1"]),
    "empty file": ("", ["a.csv: is empty"]),
    "header only": (text_of(good()[:1]), ["a.csv: holds a header and no rows"]),
    "no fraud": (with_value(5, "Class", "0"), ["no fraud: all 5 rows have Class 0"]),
    "short row": (ragged(3, lambda row: row[:-1]), ["a.csv, row 3 (line 4)", "has 30 columns, not 31"]),
    "long row": (ragged(3, lambda row: [*row, "9"]), ["a.csv, row 3 (line 4)", "has 32 columns, not 31"]),
    "not CSV at all": (b"\x00\x01\x02PNG\xff\xfe", ["a.csv, line 1", "is not the header"]),
}


@pytest.mark.parametrize(("content", "told"), REFUSED.values(), ids=REFUSED)
def test_refuses_and_names_file_row_and_column(refusal, content, told):
    message = refusal(a_csv=content)
    for part in told:
        assert part in message


@pytest.mark.parametrize("share", [0.05, 0.5, 0.98])
def test_refuses_a_truncated_gzip_by_name(refusal, share):
    packed = gzip.compress(text_of([*good(), *good()[1:] * 400]).encode())
    message = refusal(a_csv_gz=packed[: int(len(packed) * share)])
    assert "a.csv.gz" in message
    assert "damaged or cut short" in message


def test_refuses_a_folder_without_files(refusal):
    assert "there is no file" in refusal()


def test_tells_everything_that_is_wrong_at_once_and_the_same_thing_once(refusal):
    table = good()
    for row in (1, 2, 4):
        table[row][COLUMNS.index("V1")] = "x"
    table[3][COLUMNS.index("Amount")] = "-1"
    message = refusal(a_csv=text_of(table), b_csv=without_column("Time"), c_csv=text_of(good()))
    assert "a.csv, row 1 (line 2), column V1: 'x' is not a number (and 2 more rows like it)" in message
    assert "a.csv, row 3 (line 4), column Amount" in message
    assert "b.csv: column Time is missing" in message
    assert "c.csv" not in message
    assert "row 2 " not in message


def quoted(table: Table) -> Table:
    return [[f'"{value}"' for value in row] for row in table]


def scientific(table: Table) -> Table:
    return [table[0], *[[f"{float(value):.12e}" for value in row] for row in table[1:]]]


ACCEPTED = {
    "plain": text_of(good()),
    "no line end at the end": text_of(good()).rstrip("\n"),
    "quoted": text_of(quoted(good())),
    "CRLF": text_of(good(), "\r\n"),
    "BOM": "\ufeff" + text_of(good()),
    "BOM, quoted, CRLF": "\ufeff" + text_of(quoted(good()), "\r\n"),
    "scientific notation": text_of(scientific(good())),
    "other order of columns": text_of([row[::-1] for row in good()]),
    "blank lines first": "\n\n" + text_of(good()),
    "blank lines": text_of(good()).replace("\n", "\n\n"),
}


@pytest.mark.parametrize("packed", [False, True], ids=["csv", "gz"])
@pytest.mark.parametrize("content", ACCEPTED.values(), ids=ACCEPTED)
def test_accepts(tmp_path, content, packed):
    data = content.encode()
    (tmp_path / ("a.csv.gz" if packed else "a.csv")).write_bytes(gzip.compress(data) if packed else data)
    read = read_transactions(tmp_path)
    assert read.rows.columns == COLUMNS
    assert read.rows.rows() == [tuple(map(float, row)) for row in good()[1:]]
    assert [source.rows for source in read.sources] == [5]


def test_accepts_several_parts_in_order_of_their_names(tmp_path):
    header, *body = good()
    (tmp_path / "part-2.csv").write_text(text_of([header, *body[3:]]))
    (tmp_path / "part-1.csv.gz").write_bytes(gzip.compress(text_of([header, *body[:3]]).encode()))
    read = read_transactions(tmp_path)
    assert read.rows["Time"].to_list() == [0, 10, 20, 30, 40]
    assert [(source.file, source.rows) for source in read.sources] == [("part-1.csv.gz", 3), ("part-2.csv", 2)]


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(alphabet="0123456789eE+-._ infa", max_size=7))
def test_a_value_is_read_as_the_number_it_is_or_named(tmp_path, value):
    (tmp_path / "a.csv").write_text(with_value(2, "V4", value))
    try:
        read = read_transactions(tmp_path).rows["V4"].to_list()
    except SchemaError as refused:
        assert "a.csv, row 2 (line 3), column V4" in str(refused)
    else:
        assert len(read) == 5
        assert math.isclose(read[1], float(value), rel_tol=1e-15)
