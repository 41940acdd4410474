"""Serves a model of either algorithm in the container that trained it (script mode).

Takes ``text/csv`` without header: 30 finite numbers a row, in the order of training. The container itself would answer
29 columns with a wrong number and 200, so width and values are checked here. The answer says which model gave it, so it
is true even while two fleets serve. ``Accept: application/json; reasons=3`` adds each row's three strongest reasons.

The container turns whatever these functions raise into 500. A request that the client must mend is therefore not
raised: it travels as a :class:`Refusal` to ``output_fn``, which alone can answer with a status of its own.
"""

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
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


def input_fn(body: "str | bytes", content_type: str) -> "np.ndarray | Refusal":
    """Rows × 30, float32; or a refusal: 415 for another content type, 400 naming the first wrong row and the reason."""
    if content_type.split(";")[0].strip().lower() != CSV:
        return Refusal(415, f"content type {content_type!r} is not supported: send {CSV}")
    text = body.decode("utf-8", errors="replace") if isinstance(body, bytes) else body
    lines = text.strip("\r\n").replace("\r\n", "\n").split("\n")
    rows = _parsed(lines)
    return Refusal(400, _first_problem(lines)) if rows is None else rows


def predict_fn(rows: "np.ndarray | Refusal", served: ServedModel) -> "Prediction | Refusal":
    if isinstance(rows, Refusal):
        return rows
    return Prediction(served.model.scores(rows), served.description, lambda: served.model.contributions(rows))


def output_fn(prediction: "Prediction | Refusal", accept: str) -> Any:
    """JSON with the model's description, or one probability a line, with all of its digits.

    Returns:
        body and content type; for a refusal, and for another ``accept`` (406), a Flask response with its status.
    """
    if isinstance(prediction, Refusal):
        return _response(prediction)
    texts = [repr(score) for score in prediction.scores.tolist()]
    wanted, _, parameter = accept.partition(";")
    wanted = wanted.strip().lower()
    if wanted in (JSON, "*/*", ""):
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


def _parsed(lines: "list[str]") -> "np.ndarray | None":
    """The rows, or nothing if anything is wrong with one of them: quick, and silent about what."""
    commas = len(FEATURES) - 1
    if any(line.count(",") != commas for line in lines):
        return None
    values = _numbers(lines)
    return values if values is not None and np.isfinite(values).all() else None


def _numbers(lines: "list[str]") -> "np.ndarray | None":
    """As the model sees them: what is too large for 32 bits is infinite."""
    try:
        values = np.loadtxt(lines, delimiter=",", comments=None, dtype=np.float64, ndmin=2)
    except ValueError:
        return None
    with np.errstate(over="ignore"):
        return values.astype(np.float32)


def _first_problem(lines: "list[str]") -> str:
    if lines == [""]:
        return "the request holds no row"
    for number, line in enumerate(lines, start=1):
        values = line.split(",")
        if len(values) != len(FEATURES):
            return f"row {number} has {len(values)} columns; {len(FEATURES)} are wanted: {','.join(FEATURES)}"
        for name, value in zip(FEATURES, values, strict=True):
            problem = _problem(value)
            if problem:
                return f"row {number}, {name}: {value[:_SHOWN]!r} {problem}"
    raise AssertionError("every row is good")


def _problem(value: str) -> "str | None":
    if not value.strip():
        return "is empty: a number is wanted"
    # Among others, as in a row: the parser is laxer at the end of a line.
    number = _numbers([f"0,{value},0"])
    if number is None:
        return "is not a number"
    return None if np.isfinite(number).all() else "is not a finite number of 32 bits"
