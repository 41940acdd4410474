"""Reads transactions with Spark: lines of text, checked by one pattern, then cut and converted.

Spark's own CSV reader takes what is no number in a CSV (``1d``, ``0x1p3``), so lines are read as text. A line of a good
file is blank, a row that the pattern matches, or the header, of which there is one: everything else is examined.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from diagnosis import MAX_MAGNITUDE, header_of, is_packed, lines_of
from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from schema_guard import SchemaError, Source, examine, require_fraud, source_of, transaction_files
from transactions import COLUMNS, LABEL

# Java's syntax: possessive quantifiers, so that no row is looked at twice.
_NUMBER = r"[ \t]*+[+-]?+(?:\d++(?:\.\d*+)?+|\.\d++)(?:[eE][+-]?+\d++)?+"
_VALUE = rf'(?:{_NUMBER}|"{_NUMBER}")'
_ROW = rf"^{_VALUE}(?:,{_VALUE}){{{len(COLUMNS) - 1}}}$"
#: Endings that Spark has no decompression for. Files of other names are read here as what they are.
_PLAIN_ENDINGS = {"", ".csv", ".txt"}
_GZIP_ENDING = ".gz"
_NO_NUMBER = '" \t'


@dataclass(frozen=True)
class Transactions:
    """All rows of all files, in no order; columns as published, all of them double; kept until they are unpersisted."""

    rows: DataFrame
    count: int
    frauds: int
    sources: list[Source]


def read_transactions(spark: SparkSession, directory: Path) -> Transactions:
    """Reads every file below ``directory``, which is the same folder on every instance.

    Raises:
        SchemaError: naming everything that is wrong.
    """
    files = transaction_files(directory.absolute())
    orders = {name: _order(path) for name, path in files.items()}
    readable = {name: order for name, order in orders.items() if order is not None}
    lines, counts = _counted(spark, files, readable)
    violations = [
        each for name, path in files.items() if name not in counts for each in examine(path, name, was_read=False)
    ]
    if lines is None or violations:
        raise SchemaError(violations)
    rows, frauds = (sum(each) for each in zip(*counts.values(), strict=True))
    require_fraud(rows, frauds, directory)
    sources = [source_of(path, name, counts[name][0]) for name, path in files.items()]
    return Transactions(lines.where("is_row").select(*COLUMNS), rows, frauds, sources)


def _counted(
    spark: SparkSession, files: dict[str, Path], orders: dict[str, tuple[str, ...]]
) -> tuple["DataFrame | None", dict[str, tuple[int, int]]]:
    """The lines of the files, kept, and what :func:`_good_files` says of them; no lines where no file can be read."""
    if not orders:
        return None, {}
    lines = _lines(spark, files, orders).persist()
    try:
        return lines, _good_files(lines, {str(files[name]): name for name in orders})
    except (Py4JJavaError, PySparkException):
        # What stops the reader in the middle of a file is gzip that is damaged: the others can still be judged.
        damaged = {name for name in orders if is_packed(files[name]) and examine(files[name], name, was_read=True)}
        if not damaged:
            raise
        lines.unpersist()
        return _counted(spark, files, {name: order for name, order in orders.items() if name not in damaged})


def _order(path: Path) -> "tuple[str, ...] | None":
    """The columns of a file as they stand, or nothing where they are not the schema's."""
    header = header_of(path)
    return None if header is None or sorted(header) != sorted(COLUMNS) else tuple(header)


def _lines(spark: SparkSession, files: dict[str, Path], orders: dict[str, tuple[str, ...]]) -> DataFrame:
    """Every line of the files: ``file``, ``is_row``, ``is_blank``, and the columns, null where it is no row."""
    alike: dict[tuple[tuple[str, ...], bool], list[Path]] = defaultdict(list)
    for name, order in orders.items():
        alike[order, _spark_reads(files[name])].append(files[name])
    frames = [
        _parsed(_text(spark, paths) if by_spark else _text_as_it_is(spark, paths), order)
        for (order, by_spark), paths in alike.items()
    ]
    together = frames[0]
    for frame in frames[1:]:
        together = together.unionByName(frame)
    return together


def _spark_reads(path: Path) -> bool:
    """Whether Spark, which goes by endings, sees in a file what it is."""
    return path.suffix == _GZIP_ENDING if is_packed(path) else path.suffix in _PLAIN_ENDINGS


def _text(spark: SparkSession, paths: list[Path]) -> DataFrame:
    lines = spark.read.text([_literal_uri(path) for path in paths]).select("value", F.input_file_name().alias("file"))
    parallelism = spark.sparkContext.defaultParallelism
    # A gzip file is one piece: without this, one core would do all of its work.
    return lines.repartition(parallelism) if lines.rdd.getNumPartitions() < parallelism else lines


def _literal_uri(path: Path) -> str:
    """The path with nothing in it that Spark would take for a pattern."""
    return "file://" + "".join(f"\\{each}" if each in "{}[]*?\\" else each for each in str(path))


def _text_as_it_is(spark: SparkSession, paths: list[Path]) -> DataFrame:
    def read(path: str) -> Iterator[tuple[str, str]]:
        for line in lines_of(Path(path)):
            yield line.rstrip("\r\n"), path

    names = [str(path) for path in paths]
    rows = spark.sparkContext.parallelize(names, len(names)).flatMap(read)
    return spark.createDataFrame(rows, "value string, file string")


def _parsed(lines: DataFrame, order: tuple[str, ...]) -> DataFrame:
    is_row = F.col("value").rlike(_ROW)
    values = F.split(F.translate("value", _NO_NUMBER, ""), ",")
    whole = lines.select(
        "file", is_row.alias("is_row"), (F.col("value") == "").alias("is_blank"), F.when(is_row, values).alias("values")
    )
    # An adding of 0 makes 0.0 of -0.0, so that equal values have equal bits.
    columns = [(F.col("values")[order.index(name)].cast("double") + F.lit(0.0)).alias(name) for name in COLUMNS]
    return whole.select("file", "is_row", "is_blank", *columns)


def _good_files(lines: DataFrame, names: dict[str, str]) -> dict[str, tuple[int, int]]:
    """Rows, and frauds among them, of each file in which nothing is wrong, by its name."""
    files = (
        lines.groupBy("file")
        .agg(
            F.count_if("is_row").alias("rows"),
            F.count_if(~F.col("is_row") & ~F.col("is_blank")).alias("others"),
            F.bool_and(_in_range() | ~F.col("is_row")).alias("in_range"),
            F.count_if(F.col(LABEL) == 1).alias("frauds"),
        )
        .collect()
    )
    return {
        names[unquote(urlsplit(file.file).path) if file.file.startswith("file:") else file.file]: (
            file.rows,
            file.frauds,
        )
        for file in files
        if file.rows > 0 and file.others == 1 and file.in_range
    }


def _in_range() -> Column:
    return (
        (F.greatest(*(F.abs(F.col(name)) for name in COLUMNS)) <= MAX_MAGNITUDE)
        & (F.col("Time") >= 0)
        & (F.col("Amount") >= 0)
        & F.col(LABEL).isin(0.0, 1.0)
    )
