"""Checks raw transactions against the schema and splits them into train, validation and test, on one machine.

Every row goes to exactly one split; exact duplicates never straddle a border; nothing is fitted, so nothing leaks. Bad
input ends the job with 1 and one paragraph that names everything that is wrong, and nothing is written.
"""

import argparse

import numpy as np
import polars as pl
from arguments import arguments
from borders import NAMES
from read_polars import read_transactions
from refusal import refusing
from report import SplitSummary, describe, publish, require_learnable
from split import row_keys, stratified, temporal
from transactions import COLUMNS, LABEL, SPLIT_COLUMNS


def main(options: argparse.Namespace) -> None:
    """Runs the job.

    Raises:
        ValueError: the data or the ratios are not what they must be.
    """
    transactions = read_transactions(options.input)
    rows = transactions.rows
    keys = row_keys((rows[column].to_numpy() for column in COLUMNS), options.seed)
    assignment = pl.Series(assign(rows, keys, options))
    splits = {name: rows.filter(assignment == number) for number, name in enumerate(NAMES)}
    summaries = {name: summary(split) for name, split in splits.items()}
    require_learnable(summaries, options.input)
    duplicates = rows.height - len(np.unique(keys))
    report = describe(rows.height, duplicates, summaries, transactions.sources, options)
    for name, split in splits.items():
        directory = options.output / name
        directory.mkdir(parents=True, exist_ok=True)
        labelled = split.select(SPLIT_COLUMNS).with_columns(pl.col(LABEL).cast(pl.Int8))
        labelled.write_csv(directory / f"{name}.csv", include_header=False)
    publish(report, options.output)


def assign(rows: pl.DataFrame, keys: np.ndarray, options: argparse.Namespace) -> np.ndarray:
    """The number of each row's split."""
    ratios = (options.train_ratio, options.validation_ratio, options.test_ratio)
    if options.split == "temporal":
        return temporal(rows["Time"].to_numpy(), *ratios)
    return stratified(keys, rows[LABEL].to_numpy(), *ratios)


def summary(split: pl.DataFrame) -> SplitSummary:
    return SplitSummary(split.height, int(split[LABEL].sum()), split["Time"].min(), split["Time"].max())


if __name__ == "__main__":
    chosen = arguments(__doc__)
    with refusing("preprocess", chosen.message_file):
        main(chosen)
