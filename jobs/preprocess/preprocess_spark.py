"""Checks raw transactions against the schema and splits them into train, validation and test, on a Spark cluster.

What :mod:`preprocess` does on one machine, for data that one machine does not hold: the same rows in the same splits,
the same report, the same refusals. A split is a folder of CSV files, in the order of ``Time`` from one to the next.
"""

import argparse

from arguments import arguments
from borders import NAMES
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from read_spark import read_transactions
from refusal import refusing
from report import describe, publish, require_learnable
from split_spark import assigned, summaries
from transactions import SPLIT_COLUMNS


def session() -> SparkSession:
    """A session that writes to the disk of each instance what its part of the rows is."""
    return (
        SparkSession.builder.appName("preprocess")
        # What is no number is found before it is converted.
        .config("spark.sql.ansi.enabled", "false")
        # SageMaker uploads every file of an output folder: no checksums and no markers beside the rows.
        .config("spark.hadoop.fs.file.impl", "org.apache.hadoop.fs.RawLocalFileSystem")
        .config("spark.hadoop.mapreduce.fileoutputcommitter.marksuccessfuljobs", "false")
        # Each task moves its file into place itself: the driver does not see the other instances' disks.
        .config("spark.hadoop.mapreduce.fileoutputcommitter.algorithm.version", "2")
        .getOrCreate()
    )


def main(spark: SparkSession, options: argparse.Namespace) -> None:
    """Runs the job.

    Raises:
        ValueError: the data or the ratios are not what they must be.
    """
    transactions = read_transactions(spark, options.input)
    rows = assigned(transactions.rows, transactions.count, transactions.frauds, options)
    splits, duplicates = summaries(rows)
    require_learnable(splits, options.input)
    report = describe(transactions.count, duplicates, splits, transactions.sources, options)
    for number, name in enumerate(NAMES):
        write(rows.where(F.col("split") == number), (options.output / name).absolute().as_uri())
    publish(report, options.output)


def write(split: DataFrame, folder: str) -> None:
    """Writes a split in an order that hangs on the rows alone: a model hangs on the order that it sees them in."""
    label, *features = SPLIT_COLUMNS
    ordered = split.orderBy("Time", "key").select(F.col(label).cast("tinyint"), *features)
    ordered.write.mode("append").csv(folder)


if __name__ == "__main__":
    chosen = arguments(__doc__)
    spark = session()
    try:
        with refusing("preprocess", chosen.message_file):
            main(spark, chosen)
    finally:
        spark.stop()
