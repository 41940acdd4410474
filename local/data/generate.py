"""Makes a seeded stand-in for the published credit card data (284,807 transactions over two days, 492 of them fraud).

``python generate.py --out FILE [--rows 284807] [--seed 7]``

It has the published file's columns, order by Time, way of quoting, prevalence, exact duplicates and its one Time in
scientific notation. Values are drawn from distributions calibrated so that a boosted tree reaches what it reaches on
the real rows (ROC AUC around .97, average precision around .8 on a temporal split). The same rows and seed give the
same bytes.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

#: What the published file holds; other sizes keep the proportions.
PUBLISHED_ROWS, PUBLISHED_FRAUDS, PUBLISHED_DUPLICATES, PUBLISHED_FRAUD_DUPLICATES = 284_807, 492, 1_081, 19
#: Seconds since the first transaction, of the last one.
LAST_TIME = 172_792
#: The Time that the published file writes as 1e+05, once.
SCIENTIFIC_TIME = 100_000
#: Below this there would be no fraud to speak of.
MIN_ROWS = 2_000

COMPONENTS = [f"V{number}" for number in range(1, 29)]

# Standard deviations of V1..V28, as principal components have them: falling.
DEVIATIONS = np.array(
    [
        1.96, 1.65, 1.52, 1.42, 1.38, 1.33, 1.24, 1.19, 1.10, 1.09, 1.02, 1.00, 1.00, 0.96,
        0.92, 0.88, 0.85, 0.84, 0.81, 0.77, 0.73, 0.73, 0.62, 0.61, 0.52, 0.48, 0.40, 0.33,
    ]
)  # fmt: skip
# Where frauds lie on average, component by component.
FRAUD_OFFSETS = np.array(
    [
        -4.8, 3.6, -7.0, 4.5, -3.2, -1.4, -5.6, 0.6, -2.6, -5.7, 3.8, -6.3, -0.1, -7.0,
        -0.1, -4.1, -6.7, -2.2, 0.7, 0.4, 0.7, 0.0, -0.1, -0.1, 0.0, 0.05, 0.17, 0.08,
    ]
)  # fmt: skip
# How strongly a row shows the fraud pattern: the average fraud, the share of frauds that hide, the share of
# legitimate rows that look a little like fraud, and the share of frauds whose label is a mistake.
INTENSITY, STEALTHY_SHARE, LOOKALIKE_SHARE, MISLABELLED_SHARE = 0.70, 0.15, 0.0035, 0.006


@dataclass(frozen=True)
class Transactions:
    """Columns of the data set, sorted by time; ``components`` is rows × 28."""

    times: np.ndarray
    components: np.ndarray
    amounts: np.ndarray
    frauds: np.ndarray


def generate(rows: int = PUBLISHED_ROWS, seed: int = 7) -> Transactions:
    """Draws ``rows`` transactions.

    Raises:
        ValueError: fewer than 2,000 rows, which would hold hardly any fraud.
    """
    if rows < MIN_ROWS:
        raise ValueError(f"--rows {rows}: at least {MIN_ROWS} rows are needed for the proportions to hold")
    random = np.random.default_rng(seed)
    duplicates = round(rows * PUBLISHED_DUPLICATES / PUBLISHED_ROWS)
    fraud_duplicates = round(duplicates * PUBLISHED_FRAUD_DUPLICATES / PUBLISHED_DUPLICATES)
    distinct = rows - duplicates

    frauds = np.zeros(distinct, dtype=bool)
    frauds[
        random.choice(distinct, round(rows * PUBLISHED_FRAUDS / PUBLISHED_ROWS) - fraud_duplicates, replace=False)
    ] = True
    times = _times(random, frauds)
    order = np.argsort(times, kind="stable")
    times, frauds = times[order], frauds[order]
    scientific = _place_landmarks(times)
    amounts = _amounts(random, frauds)
    components = _components(random, times, amounts, frauds)

    copies = np.ones(distinct, dtype=np.int64)
    repeatable = np.arange(distinct) != scientific
    copies[random.choice(np.flatnonzero(frauds & repeatable), fraud_duplicates, replace=False)] = 2
    copies[random.choice(np.flatnonzero(~frauds & repeatable), duplicates - fraud_duplicates, replace=False)] = 2
    rows_of = np.repeat(np.arange(distinct), copies)
    return Transactions(times[rows_of], components[rows_of], amounts[rows_of], frauds[rows_of])


def _times(random: np.random.Generator, frauds: np.ndarray) -> np.ndarray:
    """Whole seconds over two days with a daily rhythm; fraud cares less about the hour."""
    count = len(frauds)
    day = random.integers(0, 2, count)
    hour = random.choice([10.5, 15.0, 20.5], count, p=[0.35, 0.35, 0.3]) + random.normal(0, 3, count)
    hour = np.clip(hour, 0, 23.999)
    at_night = random.random(count) < 0.08
    hour[at_night] = random.uniform(0, 7, at_night.sum())
    times = np.minimum((day * 24 + hour) * 3600, LAST_TIME).astype(np.int64)
    at_any_time = frauds & (random.random(count) < 0.35)
    times[at_any_time] = random.integers(0, LAST_TIME + 1, at_any_time.sum())
    return times


def _place_landmarks(times: np.ndarray) -> int:
    """Gives sorted times their first, their last and exactly one 100,000, whose index is returned."""
    times[times == SCIENTIFIC_TIME] += 1
    scientific = int(np.searchsorted(times, SCIENTIFIC_TIME))
    times[scientific] = SCIENTIFIC_TIME
    times[0], times[-1] = 0, LAST_TIME
    return scientific


def _amounts(random: np.random.Generator, frauds: np.ndarray) -> np.ndarray:
    """Log-normal, with many small round sums, some zeros, and more of 1.00 and of large sums among frauds."""
    count, fraud_count = len(frauds), int(frauds.sum())
    amounts = np.round(np.exp(random.normal(3.1, 1.55, count)), 2)
    small = random.random(count) < 0.05
    amounts[small] = random.choice([1.0, 0.89, 0.76, 1.98, 9.99], small.sum())
    fraud_amounts = np.round(np.exp(random.normal(2.9, 2.0, fraud_count)), 2)
    amounts[frauds] = np.where(random.random(fraud_count) < 0.23, 1.0, fraud_amounts)
    amounts[random.random(count) < 0.0064] = 0.0
    return np.minimum(amounts, 25_691.16)


def _components(random: np.random.Generator, times: np.ndarray, amounts: np.ndarray, frauds: np.ndarray) -> np.ndarray:
    """Heavy-tailed V1..V28: noise, the fraud pattern on top, drift over the two days, a hint of the amount."""
    count = len(frauds)
    components = _noise(random, count)
    # Some rows are odd in everything.
    components *= np.exp(random.normal(0, 0.25, (count, 1)))

    fraud_rows = np.flatnonzero(frauds)
    intensity = np.clip(random.gamma(2.2, 0.45, len(fraud_rows)), 0.05, 4) * INTENSITY * 1.9
    intensity[random.random(len(fraud_rows)) < STEALTHY_SHARE] *= 0.12
    _add_fraud_pattern(random, components, fraud_rows, intensity)

    lookalikes = np.setdiff1d(random.choice(count, int(count * LOOKALIKE_SHARE), replace=False), fraud_rows)
    faint = np.clip(random.gamma(1.5, 0.45, len(lookalikes)), 0, 3) * INTENSITY
    # On half of the components only: trees can tell these from fraud, a line cannot.
    _add_fraud_pattern(random, components, lookalikes, faint, random.random((len(lookalikes), 28)) < 0.5)

    elapsed = times / LAST_TIME
    for component, drift in ((0, 0.35), (2, -0.55), (10, -0.45)):
        components[:, component] += drift * elapsed
    # The pattern weakens with time.
    strong = np.concatenate([fraud_rows[intensity > 0.3], lookalikes[faint > 0.3]])
    components[strong, 13] += 1.2 * elapsed[strong]
    spent = np.minimum(amounts, 1500)
    components[:, 1] -= 0.004 * spent
    components[:, 19] += 0.0012 * spent

    mislabelled = random.choice(fraud_rows, int(len(fraud_rows) * MISLABELLED_SHARE), replace=False)
    components[mislabelled] = _noise(random, len(mislabelled))
    return np.round(components, 13)


def _noise(random: np.random.Generator, count: int) -> np.ndarray:
    return random.standard_t(5, (count, 28)) * (DEVIATIONS / np.sqrt(5 / 3))


def _add_fraud_pattern(
    random: np.random.Generator,
    components: np.ndarray,
    rows: np.ndarray,
    intensity: np.ndarray,
    mask: np.ndarray | float = 1.0,
) -> None:
    spread = 1 + 0.25 * random.standard_normal((len(rows), 28))
    components[rows] += intensity[:, None] * mask * FRAUD_OFFSETS * spread


def write_csv(transactions: Transactions, path: Path) -> None:
    """Writes the published file's form: quoted header, quoted Class, whole numbers without a point."""
    frame = pl.DataFrame(transactions.components, schema=COMPONENTS)
    amounts = pl.Series("Amount", transactions.amounts).cast(pl.String).str.strip_suffix(".0")
    times = pl.Series("Time", transactions.times)
    classes = pl.Series("Class", transactions.frauds)
    frame = frame.select(
        pl.when(times == SCIENTIFIC_TIME).then(pl.lit("1e+05")).otherwise(times.cast(pl.String)).alias("Time"),
        *COMPONENTS,
        amounts,
        pl.when(classes).then(pl.lit('"1"')).otherwise(pl.lit('"0"')).alias("Class"),
    )
    with path.open("wb") as file:
        file.write((",".join(f'"{name}"' for name in frame.columns) + "\n").encode())
        frame.write_csv(file, include_header=False, quote_style="never")


def main() -> None:
    parser = argparse.ArgumentParser(description="make a seeded stand-in for the published credit card data")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the CSV to write")
    parser.add_argument("--rows", type=int, default=PUBLISHED_ROWS, help=f"at least {MIN_ROWS}; default %(default)s")
    parser.add_argument("--seed", type=int, default=7, help="default %(default)s")
    options = parser.parse_args()
    try:
        transactions = generate(options.rows, options.seed)
    except ValueError as error:
        parser.error(str(error))
    write_csv(transactions, options.out)
    print(f"{len(transactions.times)} rows, {int(transactions.frauds.sum())} frauds → {options.out}")


if __name__ == "__main__":
    main()
