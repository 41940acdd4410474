"""Preprocessing on Spark against preprocessing on one machine: the same rows in the same splits, the same refusals."""

import gzip
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from local_cloud import tool
from schema_guard import MAX_TOLD
from split_files import read_split
from test_schema_guard import ACCEPTED, REFUSED, good, text_of
from transactions import COLUMNS

ROOT = Path(__file__).parents[2]
JOBS = ROOT / "jobs"
SAMPLE = Path(os.environ.get("FRAUD_SHARED_DATA", ROOT.parent / "shared" / "data")) / "ulb_sample.csv.gz"
RATIOS = ["--train-ratio", "0.6", "--validation-ratio", "0.2", "--test-ratio", "0.2"]
#: Two cores, and what makes short jobs short: nothing is compiled that runs for a second, no page is served.
SPARK = {
    "spark.master": "local[2]",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.memory": "2g",
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1",
    "spark.sql.shuffle.partitions": "3",
    "spark.sql.codegen.wholeStage": "false",
}
Job = Callable[[Path, Path, "list[str]"], "str | None"]


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Job]:
    """Runs the job on Spark: input, output and further arguments in, the reason of a refusal out."""
    scratch = tmp_path_factory.mktemp("spark")
    python = tool("spark")
    submit = [part for item in SPARK.items() for part in ("--conf", "=".join(item))]
    environment = {
        **os.environ,
        "JAVA_HOME": str(tool("java")),
        "PYSPARK_PYTHON": str(python),
        "PYSPARK_SUBMIT_ARGS": shlex.join([*submit, "pyspark-shell"]),
        "PYTHONPATH": os.pathsep.join(str(JOBS / folder) for folder in ("shared", "preprocess")),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_LOCAL_DIRS": str(scratch),
    }
    log = (scratch / "log").open("w+")
    session = subprocess.Popen(
        [str(python), str(Path(__file__).with_name("spark_session.py"))],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
    )

    def run(raw: Path, output: Path, more: list[str]) -> "str | None":
        assert session.stdin and session.stdout
        session.stdin.write(json.dumps(["--input", str(raw), "--output", str(output), *more]) + "\n")
        session.stdin.flush()
        answer = session.stdout.readline()
        assert answer, (scratch / "log").read_text()[-4000:]
        return json.loads(answer)["refusal"]

    try:
        yield run
    finally:
        session.stdin.close()
        session.wait(60)
        log.close()


def polars(raw: Path, output: Path, more: list[str]) -> "str | None":
    """Runs the job on one machine, as :func:`spark` does on Spark."""
    done = subprocess.run(
        [sys.executable, str(JOBS / "preprocess/preprocess.py"), "--input", raw, "--output", output, *more],
        env={**os.environ, "PYTHONPATH": str(JOBS / "shared")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    return done.stderr.strip() or None


def rows_of(directory: Path) -> list[tuple[float, ...]]:
    """The rows of a split, in an order of their own."""
    return sorted(
        tuple(map(float, line.split(","))) for file in directory.glob("*.csv") for line in file.read_text().splitlines()
    )


def assert_same(spark: Job, raw: Path, scratch: Path, more: list[str]) -> "str | None":
    """Both do the same: refuse in the same words, or write the same report and rows. The reason of the refusal."""
    outputs = scratch / "polars", scratch / "spark"
    refusals = [job(raw, output, more) for job, output in zip((polars, spark), outputs, strict=True)]
    assert refusals[0] == refusals[1]
    if refusals[0] is not None:
        assert not any((output / "train").exists() for output in outputs)
        return refusals[0]
    ours, theirs = (json.loads((output / "report/preprocess.json").read_text()) for output in outputs)
    assert ours == theirs
    for name in ours["splits"]:
        assert rows_of(outputs[0] / name) == rows_of(outputs[1] / name), name
    return None


def write(directory: Path, files: "dict[str, str | bytes]") -> Path:
    directory.mkdir()
    for name, content in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return directory


def many(seed: int, rows: int = 400) -> list[list[str]]:
    """A table with duplicates, equal times, negative zeros, blanks before numbers and scientific notation."""
    random = np.random.default_rng(seed)
    table = [list(COLUMNS)]
    for _ in range(rows):
        features = [f"{value:.6f}" for value in random.normal(size=28)]
        features[0] = random.choice(["-0.0", "0", " 1.5", "1e-07", "+.5", "-2.50E+01", "3."])
        amount = random.choice(["0", "9.99", "1e+02"])
        table.append([str(random.integers(0, 60)), *features, amount, str(int(random.random() < 0.3))])
    return [*table, *(table[1 + index] for index in random.integers(0, rows, rows // 5))]


@pytest.mark.parametrize("split", ["temporal", "stratified"])
def test_splits_are_the_same_however_the_rows_come(spark: Job, tmp_path: Path, split: str) -> None:
    header, *body = many(1)
    reordered = [row[::-1] for row in [header, *body[200:300]]]
    raw = write(
        tmp_path / "raw",
        {
            "part 1%20[a].csv": text_of([header, *body[:100]]),
            "deep/part-2.csv.gz": gzip.compress(text_of([header, *body[100:200]]).encode()),
            "reordered.csv": text_of(reordered),
            "packed.csv": gzip.compress(text_of([header, *body[300:400]]).encode()),
            "plain.gz": text_of([header, *body[400:450]]),
            "quoted.csv": "\ufeff"
            + text_of([[f'"{value}"' for value in row] for row in [header, *body[450:]]], "\r\n\n"),
            "_SUCCESS": "",
        },
    )
    assert assert_same(spark, raw, tmp_path, [*RATIOS, "--split", split, "--seed", "11"]) is None
    report = json.loads((tmp_path / "spark/report/preprocess.json").read_text())
    assert report["duplicates"] >= 80
    assert report["rows"] == len(body)
    # The same rows in one file, in another order.
    np.random.default_rng(2).shuffle(body)
    again = write(tmp_path / "again", {"all.csv": text_of([header, *body])})
    assert spark(again, tmp_path / "shuffled", [*RATIOS, "--split", split, "--seed", "11"]) is None
    for name in ("train", "validation", "test"):
        assert rows_of(tmp_path / "shuffled" / name) == rows_of(tmp_path / "spark" / name)


def test_forms_of_the_same_file_are_taken_by_both(spark: Job, tmp_path: Path) -> None:
    files = {f"{kind}.csv": content for kind, content in ACCEPTED.items()}
    packed = {f"{kind}.csv.gz": gzip.compress(content.encode()) for kind, content in ACCEPTED.items()}
    raw = write(tmp_path / "raw", {**files, **packed})
    # Frauds stand at one time alone: the rows are taken, and what they make is refused.
    assert "no fraud among the" in (assert_same(spark, raw, tmp_path, RATIOS) or "")


#: More kinds than these are no longer told.
TOLD = list(REFUSED)[: MAX_TOLD - 2], list(REFUSED)[MAX_TOLD - 2 :]


@pytest.mark.parametrize("kinds", TOLD, ids=["first", "last"])
def test_refusals_are_the_same(spark: Job, tmp_path: Path, kinds: list[str]) -> None:
    raw = write(tmp_path / "raw", {f"{kind}.csv": REFUSED[kind][0] for kind in kinds})
    refusal = assert_same(spark, raw, tmp_path, RATIOS)
    assert refusal
    for kind in kinds:
        # What is in the schema but for its labels is named when there is nothing worse.
        assert kind == "no fraud" or f"{kind}.csv" in refusal


ODD = {
    "cut short.csv.gz": gzip.compress(text_of([*good(), *good()[1:] * 4000]).encode())[:-300],
    "cut at once.csv.gz": b"\x1f\x8b\x08",
    "what only Java reads.csv": text_of(good()).replace("0.5", "1d"),
    "odd quotes.csv": text_of(good()).replace("0.5", '"0"5'),
    "good.csv": text_of(good()),
    # A violation in every column: after these, no more are told.
    "with a header twice.csv": text_of([*good(), good()[0]]),
}


@pytest.mark.parametrize("files", [{}, {"a.csv": REFUSED["no fraud"][0]}, ODD], ids=["no file", "no fraud", "odd"])
def test_odd_inputs_are_refused_alike(spark: Job, tmp_path: Path, files: dict) -> None:
    refusal = assert_same(spark, write(tmp_path / "raw", files), tmp_path, RATIOS)
    assert refusal
    assert "good.csv" not in refusal
    for name in files if files is ODD else []:
        assert name == "good.csv" or name in refusal


def test_ratios_are_refused_alike(spark: Job, tmp_path: Path) -> None:
    raw = write(tmp_path / "raw", {"a.csv": text_of(good())})
    ratios = ["--train-ratio", "0.7", "--validation-ratio", "0.2", "--test-ratio", "0.11"]
    assert "must sum to exactly 1" in (assert_same(spark, raw, tmp_path, ratios) or "")


@settings(max_examples=6, suppress_health_check=list(HealthCheck), deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 4), st.sampled_from(["0", "-0.0", "1e0", "1", " 1", "2.5"]), st.booleans()), min_size=8
    ),
    st.sampled_from(["temporal", "stratified"]),
    st.integers(0, 2**31 - 1),
)
def test_rows_are_dealt_alike(spark: Job, tmp_path_factory, rows: list, split: str, seed: int) -> None:
    scratch = tmp_path_factory.mktemp("dealt")
    table = [
        list(COLUMNS),
        *([str(time), *[value] * 28, "1", str(int(fraud))] for time, value, fraud in rows),
    ]
    raw = write(scratch / "raw", {"a.csv": text_of(table)})
    assert_same(spark, raw, scratch, [*RATIOS, "--split", split, "--seed", str(seed)])


@pytest.mark.skipif(not SAMPLE.is_file(), reason=f"{SAMPLE} is missing")
@pytest.mark.parametrize("split", ["temporal", "stratified"])
def test_real_transactions_are_split_alike_and_read_alike(spark: Job, tmp_path: Path, split: str) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    (raw / "sample.csv.gz").symlink_to(SAMPLE)
    assert assert_same(spark, raw, tmp_path, [*RATIOS, "--split", split]) is None
    for name in ("train", "validation", "test"):
        ours, theirs = (read_split(tmp_path / engine / name) for engine in ("polars", "spark"))
        assert ours.features.shape == theirs.features.shape
        # Training reads the parts one after the other: Spark's are in the order of time.
        assert (np.diff(theirs.features[:, 0]) >= 0).all()
        assert np.isclose(ours.features.sum(), theirs.features.sum(), rtol=1e-9)
