"""Where the splits begin: exact decimal arithmetic, the same on every engine."""

from decimal import Decimal

TRAIN, VALIDATION, TEST = 0, 1, 2
NAMES = ("train", "validation", "test")


def borders(rows: int, train: Decimal, validation: Decimal, test: Decimal) -> tuple[int, int]:
    """How many rows lie before validation, and before test.

    Raises:
        ValueError: a ratio is not between 0 and 1, or they do not sum to exactly 1.
    """
    ratios = {"train": train, "validation": validation, "test": test}
    wrong = [f"{name} {ratio}" for name, ratio in ratios.items() if not (ratio.is_finite() and 0 < ratio < 1)]
    if wrong:
        raise ValueError(f"split ratios must lie between 0 and 1: {', '.join(wrong)}")
    if train + validation + test != 1:
        raise ValueError(
            f"split ratios must sum to exactly 1: {train} + {validation} + {test} = {sum(ratios.values())}"
        )
    return int(rows * train), int(rows * (train + validation))
