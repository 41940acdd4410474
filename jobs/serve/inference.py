"""Serves a model of either algorithm in the container that trained it (script mode).

Takes 30 finite numbers a row, in the order of training: ``application/json`` (``{"instances":[{"features":[…]},…]}``)
or ``text/csv`` without header. The container itself would answer 29 columns with a wrong number and 200, so width and
values are checked here. Whoever asks for no content type is answered in that of the request. JSON says which model
answered, so it is true even while two fleets serve; ``Accept: application/json; reasons=3`` adds each row's three
strongest reasons.

The container turns whatever these functions raise into 500. A request that the client must mend is therefore not
raised: it travels as a :class:`Refusal` to ``output_fn``, which alone can answer with a status of its own.
"""

import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from trained_model import TrainedModel, load_folder
from transactions import FEATURES
from wheels import install_missing

CSV, JSON = "text/csv", "application/json"
#: Characters of a value that an answer shows.
_SHOWN = 40


@dataclass(frozen=True)
class Refusal:
    """Why a request cannot be answered, and the HTTP status (4xx) that says so."""

    status: int
    reason: str


@dataclass(frozen=True)
class Rows:
    """What is to be scored: rows × 30, float32, finite; and the content type that it came in."""

    values: np.ndarray
    content_type: str


@dataclass(frozen=True)
class ServedModel:
    model: TrainedModel
    #: What the answer says of the model, as JSON.
    description: str


@dataclass(frozen=True)
class Prediction:
    #: A probability of fraud per row, float64.
    scores: np.ndarray
    description: str
    #: SHAP values of the rows (:meth:`TrainedModel.contributions`), made only for who asks for reasons.
    contributions: "Callable[[], np.ndarray]"
    #: Of the request: that of the answer to whoever asks for none.
    content_type: str


def model_fn(model_dir: str) -> ServedModel:
    """Loads the model; the package's ARN comes from the container's environment.

    Raises:
        ValueError: there is none, or one that this code cannot ask.
        WheelError: what it needs cannot be installed.
    """
    wheels = Path(model_dir) / "code" / "wheels"
    packages = install_missing(wheels) if wheels.is_dir() else None
    if packages is not None:
        sys.path.insert(0, str(packages))
    # A request is small: threads would cost more than they give.
    model = load_folder(Path(model_dir), threads=1)
    description = {
        "packageArn": os.environ.get("FRAUD_MODEL_PACKAGE_ARN", ""),
        "threshold": model.threshold,
        "algorithm": model.algorithm,
    }
    return ServedModel(model, json.dumps(description))


def input_fn(body: "str | bytes", content_type: str) -> "Rows | Refusal":
    """The request's rows; or a refusal: 415 for another content type, 400 naming the first wrong row and the reason."""
    kind = content_type.split(";")[0].strip().lower()
    read = {JSON: _from_json, CSV: _from_csv}.get(kind)
    if read is None:
        return Refusal(415, f"content type {content_type!r} is not supported: send {JSON} or {CSV}")
    values = read(body.decode("utf-8", errors="replace") if isinstance(body, bytes) else body)
    return values if isinstance(values, Refusal) else Rows(values, kind)


def predict_fn(rows: "Rows | Refusal", served: ServedModel) -> "Prediction | Refusal":
    if isinstance(rows, Refusal):
        return rows
    model, values = served.model, rows.values
    return Prediction(model.scores(values), served.description, lambda: model.contributions(values), rows.content_type)


def output_fn(prediction: "Prediction | Refusal", accept: str) -> Any:
    """JSON with the model's description, or one probability a line, with all of its digits.

    Args:
        accept: what was asked for; ``*/*`` and nothing stand for the request's own content type.

    Returns:
        body and content type; for a refusal, and for another ``accept`` (406), a Flask response with its status.
    """
    if isinstance(prediction, Refusal):
        return _response(prediction)
    texts = [repr(score) for score in prediction.scores.tolist()]
    wanted, _, parameter = accept.partition(";")
    wanted = wanted.strip().lower()
    if wanted in ("*/*", ""):
        wanted = prediction.content_type
    if wanted == JSON:
        count = _reasons_wanted(parameter)
        if count is None:
            return _response(Refusal(406, f"{parameter.strip()!r} is not supported: reasons=0 to {len(FEATURES)} is"))
        ends = [""] * len(texts) if count == 0 else _reasons(prediction.contributions(), count)
        rows = ",".join([f'{{"score":{text}{end}}}' for text, end in zip(texts, ends, strict=True)])
        return f'{{"predictions":[{rows}],"model":{prediction.description}}}', JSON
    if wanted == CSV:
        return "\n".join(texts) + "\n", CSV
    return _response(Refusal(406, f"accept {accept!r} is not supported: {JSON} or {CSV} is"))


def _reasons_wanted(parameter: str) -> "int | None":
    """How many reasons ``Accept`` asks for; nothing if it asks for what cannot be given."""
    name, _, value = parameter.replace(" ", "").partition("=")
    if name == "":
        return 0
    wanted = int(value) if name == "reasons" and value.isascii() and value.isdigit() else -1
    return wanted if 0 <= wanted <= len(FEATURES) else None


def _reasons(contributions: np.ndarray, count: int) -> "list[str]":
    """The end of each row's JSON: the features that moved its score most, the strongest first."""
    values = contributions[:, :-1]
    strongest = np.argsort(-np.abs(values), axis=1, kind="stable")[:, :count]
    return [
        ',"reasons":' + json.dumps([{"feature": FEATURES[at], "contribution": float(row[at])} for at in order])
        for row, order in zip(values, strongest, strict=True)
    ]


def _response(refusal: Refusal) -> Any:
    # The container's server is a Flask application. Importing it takes time that good requests need not wait for.
    from flask import Response

    return Response(refusal.reason, status=refusal.status, mimetype="text/plain")


def _from_json(text: str) -> "np.ndarray | Refusal":
    try:
        # Whole numbers too: one of thousands of digits is infinite, not slow.
        document = json.loads(text, parse_int=float)
    except (ValueError, RecursionError) as error:
        return Refusal(400, f"the request is not JSON: {error}")
    instances = document.get("instances") if isinstance(document, dict) and len(document) == 1 else None
    if not isinstance(instances, list):
        return Refusal(400, 'the request is not {"instances":[{"features":[…]},…]}')
    rows: list[list[Any]] = []
    for number, instance in enumerate(instances, start=1):
        features = instance.get("features") if isinstance(instance, dict) and len(instance) == 1 else None
        if not isinstance(features, list):
            return Refusal(400, f'row {number} is not {{"features":[…]}}')
        rows.append(features)
    values = None
    if all(len(row) == len(FEATURES) for row in rows) and set(map(type, chain.from_iterable(rows))) == {float}:
        values = _narrowed(np.array(rows, dtype=np.float64))
    return _checked(values, rows, _problem_of_json)


def _from_csv(text: str) -> "np.ndarray | Refusal":
    lines = text.strip("\r\n").replace("\r\n", "\n").split("\n")
    commas = len(FEATURES) - 1
    values = _numbers(lines) if all(line.count(",") == commas for line in lines) else None
    return _checked(values, [line.split(",") for line in lines if lines != [""]], _problem_of_text)


def _checked(
    values: "np.ndarray | None", rows: "Sequence[Sequence[Any]]", problem_of: "Callable[[Any], str | None]"
) -> "np.ndarray | Refusal":
    """The values; or what is first wrong with the cells that they could not be read from, or are not finite for."""
    if values is not None and np.isfinite(values).all():
        return values
    if not rows:
        return Refusal(400, "the request holds no row")
    for number, row in enumerate(rows, start=1):
        if len(row) != len(FEATURES):
            wanted = f"{len(FEATURES)} are wanted: {','.join(FEATURES)}"
            return Refusal(400, f"row {number} has {len(row)} columns; {wanted}")
        for name, cell in zip(FEATURES, row, strict=True):
            problem = problem_of(cell)
            if problem:
                return Refusal(400, f"row {number}, {name}: {problem}")
    raise AssertionError("every row is good")


def _numbers(lines: "list[str]") -> "np.ndarray | None":
    try:
        return _narrowed(np.loadtxt(lines, delimiter=",", comments=None, dtype=np.float64, ndmin=2))
    except ValueError:
        return None


def _narrowed(values: np.ndarray) -> np.ndarray:
    """As the model sees them: what is too large for 32 bits is infinite."""
    with np.errstate(over="ignore"):
        return values.astype(np.float32)


_NOT_FINITE = "is not a finite number of 32 bits"


def _problem_of_text(cell: str) -> "str | None":
    if not cell.strip():
        return f"{cell[:_SHOWN]!r} is empty: a number is wanted"
    # Among others, as in a row: the parser is laxer at the end of a line.
    number = _numbers([f"0,{cell},0"])
    if number is None:
        return f"{cell[:_SHOWN]!r} is not a number"
    return None if np.isfinite(number).all() else f"{cell[:_SHOWN]!r} {_NOT_FINITE}"


def _problem_of_json(cell: Any) -> "str | None":
    if isinstance(cell, float):
        return None if np.isfinite(_narrowed(np.array(cell))) else f"{cell!r} {_NOT_FINITE}"
    shown = "a list" if isinstance(cell, list) else "an object" if isinstance(cell, dict) else json.dumps(cell)
    return f"{shown[:_SHOWN]} is not a number"
