"""The generated stand-in has the published file's form and counts."""

import hashlib
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

GENERATOR = Path(__file__).resolve().parents[3] / "local" / "data" / "generate.py"
COLUMNS = ["Time", *[f"V{number}" for number in range(1, 29)], "Amount", "Class"]


def generate(out: Path, *arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, GENERATOR, "--out", out, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture(scope="module")
def published(tmp_path_factory) -> Path:
    """The file in its full size."""
    file = tmp_path_factory.mktemp("data") / "creditcard.csv"
    done = generate(file)
    assert done.returncode == 0, done.stderr
    assert "284807 rows, 492 frauds" in done.stdout
    return file


@pytest.fixture(scope="module")
def rows(published: Path) -> pl.DataFrame:
    return pl.read_csv(published, schema=dict.fromkeys(COLUMNS, pl.Float64))


def test_header_and_class_are_quoted_and_nothing_else(published):
    with published.open() as file:
        header, first = next(file), next(file)
    assert header == ",".join(f'"{name}"' for name in COLUMNS) + "\n"
    values = first.rstrip("\n").split(",")
    assert len(values) == 31
    assert values[-1] in ('"0"', '"1"')
    assert '"' not in "".join(values[:-1])


def test_counts_are_those_of_the_published_file(rows):
    assert rows.height == 284_807
    assert rows["Class"].sum() == 492
    distinct = rows.unique()
    assert rows.height - distinct.height == 1_081
    assert distinct["Class"].sum() == 473


def test_rows_are_in_order_of_time_over_two_days(rows):
    assert rows["Time"].is_sorted()
    assert (rows["Time"][0], rows["Time"][-1]) == (0, 172_792)
    assert (rows["Time"] == rows["Time"].round()).all()


def test_values_are_finite_and_amounts_are_money(rows):
    assert rows.null_count().sum_horizontal().item() == 0
    assert rows.select(pl.all_horizontal(pl.all().is_finite().all())).item()
    assert rows["Amount"].min() == 0
    assert ((rows["Amount"] * 100) - (rows["Amount"] * 100).round()).abs().max() < 1e-6


def test_exactly_one_time_is_in_scientific_notation(published):
    with published.open() as file:
        odd = [time for time in (line.split(",", 1)[0] for line in file) if not time.isdigit()]
    assert odd == ['"Time"', "1e+05"]


def test_the_same_seed_gives_the_same_bytes(tmp_path):
    digests = []
    for name, seed in (("a", "5"), ("b", "5"), ("c", "6")):
        assert generate(tmp_path / name, "--rows", "3000", "--seed", seed).returncode == 0
        digests.append(hashlib.sha256((tmp_path / name).read_bytes()).hexdigest())
    assert digests[0] == digests[1] != digests[2]


def test_too_few_rows_are_refused_and_nothing_is_written(tmp_path):
    done = generate(tmp_path / "few.csv", "--rows", "1999")
    assert done.returncode == 2
    assert "--rows 1999: at least 2000 rows are needed" in done.stderr
    assert not (tmp_path / "few.csv").exists()
