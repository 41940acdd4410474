"""The splits of :mod:`split` on Spark: the same places, the same borders, so the same rows in each.

Where a row goes hangs on its place and on two borders alone. The borders are order statistics, found exactly, by
counting digits of 16 bits, so that they hang neither on partitions nor on the number of instances.
"""

import argparse
from functools import reduce
from operator import or_

from borders import NAMES, TEST, TRAIN, VALIDATION, borders
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from report import SplitSummary
from transactions import COLUMNS, LABEL

_DIGIT_BITS = 16
_PLACE_BITS = 64
#: Rows whose places the driver takes in as they are: counting further would cost more than to sort them.
FEW_ROWS = 100_000


def assigned(rows: DataFrame, count: int, frauds: int, options: argparse.Namespace) -> DataFrame:
    """The rows with ``key`` (that of :func:`split.row_keys`) and ``split``, the number of each row's split.

    Raises:
        ValueError: the ratios are not what they must be.
    """
    keyed = rows.withColumn("key", F.xxhash64(F.lit(options.seed).cast("long"), *COLUMNS))
    if options.split == "temporal":
        # The bits of a double that is not negative, taken as a whole number, are in its order.
        bits = F.expr("CAST(reflect('java.lang.Double', 'doubleToRawLongBits', Time) AS BIGINT)")
        placed = keyed.withColumn("place", bits).withColumn("line", F.lit(0))
        lengths = {0: count}
    else:
        placed = keyed.withColumn("place", F.col("key")).withColumn("line", F.col(LABEL).cast("int"))
        lengths = {0: count - frauds, 1: frauds}
    ratios = (options.train_ratio, options.validation_ratio, options.test_ratio)
    cuts = {line: borders(length, *ratios) for line, length in lengths.items() if length > 0}
    places = order_statistics(placed, [(line, rank) for line, ranks in cuts.items() for rank in ranks], count)
    place, number = F.col("place"), F.lit(TRAIN)
    for line, (validation, test) in cuts.items():
        of_line = F.when(place >= places[line, test], TEST).when(place >= places[line, validation], VALIDATION)
        number = F.when(F.col("line") == line, of_line.otherwise(TRAIN)).otherwise(number)
    return placed.withColumn("split", number).drop("place", "line")


def order_statistics(placed: DataFrame, wanted: list[tuple[int, int]], count: int) -> dict[tuple[int, int], int]:
    """For each line and rank (from 0), the place that stands there once the places of the line are in order.

    Args:
        placed: ``line`` (int) and ``place`` (long) of each row.
        count: its rows.
    """
    # Of each one wanted: the leading digits of its place, and its rank among the places that begin with them.
    found: dict[tuple[int, int], tuple[int | None, int]] = {(line, rank): (None, rank) for line, rank in wanted}
    candidates, left, shift = placed, count, _PLACE_BITS
    while shift > 0:
        step = shift if left <= FEW_ROWS else _DIGIT_BITS
        shift -= step
        digits = F.shiftright("place", shift)
        rows = candidates.groupBy("line", digits.alias("digits")).count().collect()
        counted = {(row["line"], row["digits"]): row["count"] for row in rows}
        for (line, rank), (leading, within) in found.items():
            numbers = [
                (value, number)
                for (of, value), number in sorted(counted.items())
                if of == line and (leading is None or value >> step == leading)
            ]
            found[line, rank] = _at(numbers, within)
        reached = {(line, leading) for (line, _), (leading, _) in found.items()}
        left = sum(counted[each] for each in reached)
        candidates = placed.where(reduce(or_, ((F.col("line") == line) & (digits == each) for line, each in reached)))
    return {each: place for each, (place, _) in found.items()}


def _at(numbers: list[tuple[int, int]], rank: int) -> tuple[int, int]:
    """The value at a rank among values in order, each with how many there are of it; and the rank among its own."""
    for value, number in numbers:
        if rank < number:
            return value, rank
        rank -= number
    raise IndexError(f"there are too few values: {rank} more are wanted")


def summaries(rows: DataFrame) -> tuple[dict[str, SplitSummary], int]:
    """What each split holds, and how many rows repeat another one."""
    figures = {
        each["split"]: SplitSummary(each["rows"], each["frauds"], each["first"], each["last"])
        for each in rows.groupBy("split")
        .agg(
            F.count("*").alias("rows"),
            F.sum(F.col(LABEL).cast("long")).alias("frauds"),
            F.min("Time").alias("first"),
            F.max("Time").alias("last"),
        )
        .collect()
    }
    empty = SplitSummary(0, 0, None, None)
    distinct = rows.agg(F.countDistinct("key").alias("keys")).first()["keys"]
    total = sum(split.rows for split in figures.values())
    return {name: figures.get(number, empty) for number, name in enumerate(NAMES)}, total - distinct
