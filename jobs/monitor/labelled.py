"""Captured rows with the model's answers, joined with the labels that have arrived for them.

Ground truth has AWS's format, a record for each row: its event id is the inference id of the request (the event id of
the capture where the caller gave none), and for one of several rows of a request ``<id>#<place>``, places from 0. Its
data are the label, or as a request in JSON would hold it: ``{"instances":[{"label":1}]}``.
"""

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from records import Period, read_records
from rows import read_rows

_LABEL_SCHEMA = {
    "groundTruthData": pl.Struct({"data": pl.String, "encoding": pl.String}),
    "eventMetadata": pl.Struct({"eventId": pl.String}),
}


@dataclass(frozen=True)
class Labelled:
    """Rows whose label is known: ``features`` is float64 of rows × features, the others of shape rows."""

    features: np.ndarray
    labels: np.ndarray
    #: Probabilities of fraud that the endpoint gave.
    scores: np.ndarray
    #: Whether the model that answered takes the row for fraud, by its own threshold.
    flagged: np.ndarray
    #: Rows that were captured in the period, labelled or not.
    captured: int


def read_labelled(
    captured: Path, ground_truth: "Path | None", period: Period, features: Sequence[str], threshold: float
) -> Labelled:
    """Rows of the period that have a label.

    Args:
        threshold: decides for answers that do not tell their model's.

    Raises:
        ValueError: captures or labels cannot be read, or answers are not a probability for each row.
    """
    labels = _read_labels(ground_truth)
    total = 0
    parts = []
    for records in read_records(captured, period):
        frame = read_rows(records, features).frame
        total += frame.height
        several = pl.col("row").max().over("id") > 0
        key = pl.when(several).then(pl.format("{}#{}", "id", "row")).otherwise(pl.col("id"))
        joined = frame.with_columns(key.alias("key")).join(labels, on="key", how="inner", maintain_order="left")
        if joined.height > 0:
            wanted = records.join(joined.select("id"), on="id", how="semi")
            parts.append(joined.join(_answers(wanted, threshold), on=["id", "row"], how="left", maintain_order="left"))
    if not parts:
        nothing = np.empty(0)
        return Labelled(np.empty((0, len(features))), nothing.astype(np.int8), nothing, nothing.astype(bool), total)
    # A caller that tries again may send a transaction twice under its id: it is one.
    table = pl.concat(parts, how="vertical_relaxed").unique("key", keep="first", maintain_order=True)
    lacking = table.filter(pl.col("score").is_null())
    if lacking.height > 0:
        raise ValueError(f"event {lacking['key'][0]} has no score: data capture must hold Output, one for each row")
    numbers = table.select(pl.col(list(features)).cast(pl.Float64, strict=False))
    return Labelled(
        features=numbers.to_numpy(),
        labels=table["label"].to_numpy(),
        scores=table["score"].to_numpy(),
        flagged=(table["score"] >= table["threshold"]).to_numpy(),
        captured=total,
    )


def _read_labels(folder: "Path | None") -> pl.DataFrame:
    """``key`` and ``label`` of each row that is labelled; of several labels, the last of the last file."""
    files = sorted(path for path in folder.rglob("*") if path.is_file()) if folder is not None else []
    tables = [_label_file(file) for file in files if file.stat().st_size > 0]
    if not tables:
        return pl.DataFrame(schema={"key": pl.String, "label": pl.Int8})
    return pl.concat(tables).unique("key", keep="last")


def _label_file(file: Path) -> pl.DataFrame:
    try:
        records = pl.read_ndjson(file, schema=_LABEL_SCHEMA)
    except pl.exceptions.PolarsError as error:
        raise ValueError(f"ground truth {file.name}: not records of JSON: {error}") from error
    data, encoding = (pl.col("groundTruthData").struct.field(name) for name in ("data", "encoding"))
    one = data.str.json_path_match("$.instances[1]").is_null()
    label = pl.when(encoding != "JSON").then(data.str.strip_chars())
    table = records.select(
        pl.col("eventMetadata").struct.field("eventId").alias("key"),
        data.alias("text"),
        label.when(one)
        .then(data.str.json_path_match("$.instances[0].label"))
        .cast(pl.Float64, strict=False)
        .alias("number"),
    )
    odd = table.filter(pl.col("key").is_null() | ~pl.col("number").is_in([0.0, 1.0]).fill_null(False))
    if odd.height > 0:
        key, text = odd["key"][0], odd["text"][0]
        raise ValueError(f"ground truth {file.name}: event {key!r} is labelled {text!r}: 0 or 1 is wanted")
    return table.select("key", pl.col("number").cast(pl.Int8).alias("label"))


def _answers(records: pl.DataFrame, threshold: float) -> pl.DataFrame:
    """``id``, ``row``, ``score`` and ``threshold`` of every row that was answered."""
    found = [
        (event, place, score, decided)
        for event, body, form in records.select("id", "output", "output_format").iter_rows()
        if body is not None
        for place, score, decided in _of_answer(event, body, form, threshold)
    ]
    schema = {"id": pl.String, "row": pl.Int64, "score": pl.Float64, "threshold": pl.Float64}
    # Of a request that was sent twice, the first answer.
    return pl.DataFrame(found, schema=schema, orient="row").unique(["id", "row"], keep="first", maintain_order=True)


def _of_answer(event: str, body: str, form: str, threshold: float) -> Iterator[tuple[int, float, float]]:
    if form == "CSV":
        scores: list[Any] = [line.split(",")[0] for line in body.strip().splitlines()]
    else:
        try:
            answer = json.loads(body)
        except ValueError as error:
            raise ValueError(f"event {event}: the answer is not JSON: {error}") from error
        scores = _scores_of(event, answer)
        model = answer.get("model") if isinstance(answer, dict) else None
        if isinstance(model, dict):
            threshold = model.get("threshold", threshold)
    for place, score in enumerate(scores):
        try:
            value = float(score)
        except (TypeError, ValueError):
            value = math.nan
        if not 0 <= value <= 1:
            raise ValueError(f"event {event}: the answer's row {place} is {score!r}: a probability is wanted")
        yield place, value, threshold


def _scores_of(event: str, answer: Any) -> list[Any]:
    """SageMaker's containers answer under ``predictions`` (XGBoost) or ``probabilities`` (LightGBM)."""
    found = answer
    if isinstance(answer, dict):
        found = answer.get("predictions", answer.get("probabilities"))
    if not isinstance(found, list):
        raise ValueError(f"event {event}: the answer holds neither predictions nor probabilities")
    scores = [row.get("score") if isinstance(row, dict) else row for row in found]
    # Probabilities of both classes: that of fraud is the last.
    return [row[-1] if isinstance(row, list) and row else row for row in scores]
