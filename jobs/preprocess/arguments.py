"""The options of a preprocessing job, whichever engine it runs on."""

import argparse
from decimal import Decimal, InvalidOperation
from pathlib import Path


def _ratio(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise argparse.ArgumentTypeError(f"{text!r} is not a decimal number") from None


def arguments(description: "str | None", argv: "list[str] | None" = None) -> argparse.Namespace:
    """Parses the command line; ends the process with 2 where it is wrong."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--input", type=Path, required=True, help="folder of CSV files, plain or gzip")
    parser.add_argument("--output", type=Path, required=True, help="folder for the splits and the report")
    parser.add_argument("--train-ratio", type=_ratio, required=True, help="share of the rows, such as 0.6")
    parser.add_argument("--validation-ratio", type=_ratio, required=True)
    parser.add_argument("--test-ratio", type=_ratio, required=True)
    parser.add_argument("--split", choices=["temporal", "stratified"], default="temporal")
    parser.add_argument("--seed", type=int, default=7, help="of the stratified split; default %(default)s")
    parser.add_argument("--message-file", type=Path, help="where the reason of a refusal is written")
    return parser.parse_args(argv)
