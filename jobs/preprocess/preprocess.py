"""Checks raw transactions against the schema and splits them into train, validation and test.

Every row goes to exactly one split; exact duplicates never straddle a border; nothing is fitted, so nothing leaks.
"""

import argparse
import json
import sys
from decimal import Decimal, InvalidOperation
from pathlib import Path

import polars as pl
from schema_guard import SchemaError, read_transactions
from split import NAMES, stratified, temporal
from transactions import COLUMNS, FEATURES, LABEL, SPLIT_COLUMNS


def ratio(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise argparse.ArgumentTypeError(f"{text!r} is not a decimal number") from None


def arguments(argv: "list[str] | None") -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--input", type=Path, required=True, help="folder of CSV files, plain or .gz")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--train-ratio", type=ratio, required=True)
    parser.add_argument("--validation-ratio", type=ratio, required=True)
    parser.add_argument("--test-ratio", type=ratio, required=True)
    parser.add_argument("--split", choices=["temporal", "stratified"], default="temporal")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--message-file", type=Path, help="where the reason of a refusal is written")
    return parser.parse_args(argv)


def assign(rows: pl.DataFrame, options: argparse.Namespace) -> pl.Series:
    ratios = (options.train_ratio, options.validation_ratio, options.test_ratio)
    if options.split == "temporal":
        return pl.Series(temporal(rows["Time"].to_numpy(), *ratios))
    return pl.Series(stratified(rows.select(COLUMNS).to_numpy(), rows[LABEL].to_numpy(), options.seed, *ratios))


def main(argv: "list[str] | None" = None) -> None:
    options = arguments(argv)
    rows = read_transactions(options.input)
    assignment = assign(rows, options)
    splits = {name: rows.filter(assignment == number) for number, name in enumerate(NAMES)}
    without = [f"{name} ({split.height} rows)" for name, split in splits.items() if split[LABEL].sum() == 0]
    if without:
        raise SchemaError(
            [f"no fraud in the split {', '.join(without)}: use more rows, another ratio or the stratified split"]
        )
    report = {
        "rows": rows.height,
        "frauds": int(rows[LABEL].sum()),
        "duplicates": rows.height - rows.n_unique(),
        "split": options.split,
        "splits": {name: describe(split) for name, split in splits.items()},
    }
    written = sum(split["rows"] for split in report["splits"].values())
    if written != rows.height:
        raise RuntimeError(f"{rows.height} rows came in and {written} were split: this must not happen")
    for name, split in splits.items():
        directory = options.output / name
        directory.mkdir(parents=True, exist_ok=True)
        ordered = split.select(pl.col(LABEL).cast(pl.Int8), *FEATURES).select(SPLIT_COLUMNS)
        ordered.write_csv(directory / f"{name}.csv", include_header=False)
    (options.output / "report").mkdir(parents=True, exist_ok=True)
    (options.output / "report" / "preprocess.json").write_text(json.dumps(report, indent=2) + "\n")
    print(json.dumps(report), flush=True)


def describe(split: pl.DataFrame) -> dict:
    times = split["Time"]
    return {"rows": split.height, "frauds": int(split[LABEL].sum()), "timeFrom": times.min(), "timeTo": times.max()}


if __name__ == "__main__":
    try:
        main()
    except ValueError as error:
        message_file = arguments(None).message_file
        if message_file is not None:
            message_file.parent.mkdir(parents=True, exist_ok=True)
            message_file.write_text(str(error)[:1024])  # as much as SageMaker keeps
        sys.exit(f"preprocess: {error}")
