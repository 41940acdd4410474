"""A model with the user's script: ``model_fn``, then ``transform_fn`` or input_fn, predict_fn and output_fn."""

import importlib
import json
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from . import payload
from .answer import CUSTOM_ATTRIBUTES, Answer, Invocation, Model, ModelLoadError, wanted_accept
from .payload import CSV, JSON, UnsupportedFormatError, media_type

logger = logging.getLogger(__name__)


def load_script_model(program: str, code: Path, model_dir: Path) -> Model:
    """Imports ``program`` from ``code`` and loads the model with its ``model_fn``.

    Raises:
        ModelLoadError: the script cannot be imported, lacks ``model_fn``, mixes ``transform_fn`` with the functions
            that it replaces, or its ``model_fn`` fails.
    """
    module = _import(program, code)
    model_fn = getattr(module, "model_fn", None)
    if model_fn is None:
        raise ModelLoadError(f"{program} has no model_fn: define model_fn(model_dir) that returns the loaded model")
    transform = _transform(module, program)
    try:
        model = model_fn(str(model_dir))
    except Exception as error:
        logger.exception("model_fn failed")
        raise ModelLoadError(f"model_fn of {program} failed: {type(error).__name__}: {error}") from error
    default_accept = os.environ.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", JSON)
    return lambda invocation: _answer(transform, model, invocation, default_accept)


def _import(program: str, code: Path) -> ModuleType:
    if not code.is_dir():
        raise ModelLoadError(f"the folder of the script {program}, {code}, does not exist")
    sys.path.insert(0, str(code))
    name = program.removesuffix(".py").replace("/", ".")
    try:
        return importlib.import_module(name)
    except Exception as error:
        logger.exception("the script cannot be imported")
        raise ModelLoadError(f"cannot import {program} from {code}: {type(error).__name__}: {error}") from error


_Transform = Callable[[Any, "bytes | str", str, str], Any]


def _transform(module: ModuleType, program: str) -> _Transform:
    own = {name: getattr(module, name, None) for name in ("transform_fn", "input_fn", "predict_fn", "output_fn")}
    if own["transform_fn"] is not None:
        mixed = [name for name in ("input_fn", "predict_fn", "output_fn") if own[name] is not None]
        if mixed:
            raise ModelLoadError(f"{program} defines transform_fn and {', '.join(mixed)}: keep one or the others")
        return own["transform_fn"]
    input_fn = own["input_fn"] or _default_input
    predict_fn = own["predict_fn"] or _default_predict
    output_fn = own["output_fn"] or _default_output

    def transform(model: Any, content: "bytes | str", content_type: str, accept: str) -> Any:
        return output_fn(predict_fn(input_fn(content, content_type), model), accept)

    return transform


class _BadFormatError(Exception):
    """A default function's refusal, with the status that the toolkit answers."""

    def __init__(self, status_code: int, reason: str) -> None:
        super().__init__(reason)
        self.status_code = status_code


def _default_input(content: "bytes | str", content_type: str) -> Any:
    try:
        return payload.decode(content, content_type)
    except (UnsupportedFormatError, ValueError) as error:
        raise _BadFormatError(415, str(error)) from error


def _default_predict(rows: Any, model: Any) -> Any:
    xgboost = sys.modules.get("xgboost")
    if xgboost is not None and isinstance(model, xgboost.Booster):
        return model.predict(xgboost.DMatrix(rows), validate_features=False)
    return model.predict(rows)


def _default_output(prediction: Any, accept: str) -> tuple[bytes, str]:
    try:
        return payload.encode_array(prediction, accept), media_type(accept)
    except UnsupportedFormatError as error:
        raise _BadFormatError(406, str(error)) from error


def _answer(transform: _Transform, model: Any, invocation: Invocation, default_accept: str) -> Answer:
    content_type = invocation.content_type or JSON
    accept = wanted_accept(invocation.accept, default_accept)
    content: bytes | str = invocation.body
    try:
        if media_type(content_type) in (CSV, JSON):
            content = invocation.body.decode("utf-8")
        return _as_answer(transform(model, content, content_type, accept), accept)
    except Exception as error:
        status = _client_error_status(error)
        if status is not None:
            return Answer(status, str(getattr(error, "message", error)).encode())
        # The user's own code failed: its trace belongs in the endpoint's log, not in the answer.
        logger.exception("the invocation failed")
        return Answer(500, json.dumps({"error": type(error).__name__, "error-message": str(error)}).encode(), JSON)


def _as_answer(result: Any, accept: str) -> Answer:
    """A tuple ``(body, media type)``, a Flask response, or a plain body."""
    if hasattr(result, "get_data") and hasattr(result, "status_code"):
        attributes = result.headers.get(CUSTOM_ATTRIBUTES)
        return Answer(result.status_code, result.get_data(), result.content_type, attributes)
    body, kind = result if isinstance(result, tuple) else (result, accept)
    if isinstance(body, str):
        body = body.encode("utf-8")
    if not isinstance(body, bytes | bytearray):
        raise TypeError(f"output_fn must return str, bytes or (body, media type), not {type(body).__name__}")
    return Answer(200, bytes(body), kind)


def _client_error_status(error: Exception) -> int | None:
    """The 4xx status that an exception carries (``status_code``, or ``code`` of Werkzeug's)."""
    for name in ("status_code", "code"):
        status = getattr(error, name, None)
        if isinstance(status, int) and 400 <= status < 500:
            return int(status)
    return None
