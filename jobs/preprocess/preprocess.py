"""Checks raw transactions against the schema and splits them into train, validation and test.

Every row goes to exactly one split; exact duplicates never straddle a border; nothing is fitted, so nothing leaks. Bad
input ends the job with 1 and one paragraph that names everything that is wrong, and nothing is written.
"""

import argparse
import json
from dataclasses import asdict
from decimal import Decimal, InvalidOperation
from pathlib import Path

import numpy as np
import polars as pl
from diagnosis import Violation
from refusal import refuse
from schema_guard import SchemaError, Source, read_transactions
from split import NAMES, row_keys, stratified, temporal
from transactions import COLUMNS, LABEL, SPLIT_COLUMNS


def ratio(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise argparse.ArgumentTypeError(f"{text!r} is not a decimal number") from None


def arguments(argv: "list[str] | None") -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--input", type=Path, required=True, help="folder of CSV files, plain or gzip")
    parser.add_argument("--output", type=Path, required=True, help="folder for the splits and the report")
    parser.add_argument("--train-ratio", type=ratio, required=True, help="share of the rows, such as 0.6")
    parser.add_argument("--validation-ratio", type=ratio, required=True)
    parser.add_argument("--test-ratio", type=ratio, required=True)
    parser.add_argument("--split", choices=["temporal", "stratified"], default="temporal")
    parser.add_argument("--seed", type=int, default=7, help="of the stratified split; default %(default)s")
    parser.add_argument("--message-file", type=Path, help="where the reason of a refusal is written")
    return parser.parse_args(argv)


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
    check_splits(splits, options.input.name)
    report = describe(rows, keys, splits, transactions.sources, options)
    for name, split in splits.items():
        directory = options.output / name
        directory.mkdir(parents=True, exist_ok=True)
        labelled = split.select(SPLIT_COLUMNS).with_columns(pl.col(LABEL).cast(pl.Int8))
        labelled.write_csv(directory / f"{name}.csv", include_header=False)
    (options.output / "report").mkdir(parents=True, exist_ok=True)
    (options.output / "report" / "preprocess.json").write_text(json.dumps(report, indent=2) + "\n")
    print(json.dumps(report), flush=True)


def assign(rows: pl.DataFrame, keys: np.ndarray, options: argparse.Namespace) -> np.ndarray:
    """The number of each row's split."""
    ratios = (options.train_ratio, options.validation_ratio, options.test_ratio)
    if options.split == "temporal":
        return temporal(rows["Time"].to_numpy(), *ratios)
    return stratified(keys, rows[LABEL].to_numpy(), *ratios)


def check_splits(splits: dict[str, pl.DataFrame], place: str) -> None:
    """Refuses splits that nothing can be learnt from, or measured on."""
    remedy = "give more rows, or choose other ratios or the stratified split"
    without = [
        Violation(place, f"no fraud among the {split.height} rows of the {name} split", remedy)
        for name, split in splits.items()
        if split[LABEL].sum() == 0
    ]
    if without:
        raise SchemaError(without)


def describe(
    rows: pl.DataFrame,
    keys: np.ndarray,
    splits: dict[str, pl.DataFrame],
    sources: list[Source],
    options: argparse.Namespace,
) -> dict:
    """The report: what came in, and what went where."""
    written = sum(split.height for split in splits.values())
    if written != rows.height:
        raise RuntimeError(f"{rows.height} rows came in and {written} were split: this must not happen")
    return {
        "rows": rows.height,
        "frauds": int(rows[LABEL].sum()),
        "duplicates": rows.height - len(np.unique(keys)),
        "split": options.split,
        "seed": options.seed,
        "sources": [asdict(source) for source in sources],
        "splits": {
            name: {
                "rows": split.height,
                "frauds": int(split[LABEL].sum()),
                "timeFrom": split["Time"].min(),
                "timeTo": split["Time"].max(),
            }
            for name, split in splits.items()
        },
    }


if __name__ == "__main__":
    chosen = arguments(None)
    try:
        main(chosen)
    except ValueError as error:
        refuse(f"preprocess: {error}", chosen.message_file)
