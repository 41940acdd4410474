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

from .answer import (
    CUSTOM_ATTRIBUTES,
    Answer,
    Invocation,
    Model,
    ModelLoadError,
    content_type_of,
    wanted_accept,
)
from .frameworks import TEXT_TYPES, Defaults
from .payload import JSON

logger = logging.getLogger(__name__)

#: What the containers' web framework answers for whatever a script raises: the reason is in the log alone.
_FAILED = b"""<!doctype html>
<html lang=en>
<title>500 Internal Server Error</title>
<h1>Internal Server Error</h1>
<p>The server encountered an internal error and was unable to complete your request. Either the server is overloaded or\
 there is an error in the application.</p>
"""
#: And the type of a body that comes without one.
_HTML = "text/html; charset=utf-8"


def load_script_model(program: str, code: Path, model_dir: Path, defaults: Defaults) -> Model:
    """Imports ``program`` from ``code`` and loads the model with its ``model_fn``.

    Raises:
        ModelLoadError: the script cannot be imported, lacks ``model_fn``, mixes ``transform_fn`` with the functions
            that it replaces, or its ``model_fn`` fails.
    """
    module = _import(program, code)
    model_fn = getattr(module, "model_fn", None)
    if model_fn is None:
        raise ModelLoadError(f"{program} has no model_fn: define model_fn(model_dir) that returns the loaded model")
    transform = _transform(module, program, defaults)
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


def _transform(module: ModuleType, program: str, defaults: Defaults) -> _Transform:
    own = {name: getattr(module, name, None) for name in ("transform_fn", "input_fn", "predict_fn", "output_fn")}
    if own["transform_fn"] is not None:
        mixed = [name for name in ("input_fn", "predict_fn", "output_fn") if own[name] is not None]
        if mixed:
            raise ModelLoadError(f"{program} defines transform_fn and {', '.join(mixed)}: keep one or the others")
        return own["transform_fn"]
    input_fn = own["input_fn"] or defaults.input_fn
    predict_fn = own["predict_fn"] or defaults.predict_fn
    output_fn = own["output_fn"] or defaults.output_fn

    def transform(model: Any, content: "bytes | str", content_type: str, accept: str) -> Any:
        return output_fn(predict_fn(input_fn(content, content_type), model), accept)

    return transform


def _answer(transform: _Transform, model: Any, invocation: Invocation, default_accept: str) -> Answer:
    content_type = invocation.content_type or JSON
    accept = wanted_accept(invocation.accept, default_accept)
    content: bytes | str = invocation.body
    try:
        if content_type in TEXT_TYPES:
            content = invocation.body.decode("utf-8", "replace")
        return _as_answer(transform(model, content, content_type, accept))
    except Exception:
        # The user's own code failed: its trace belongs in the endpoint's log, not in the answer.
        logger.exception("the invocation failed")
        return Answer(500, _FAILED, _HTML)


def _as_answer(result: Any) -> Answer:
    """A tuple ``(body, media type)``, a Flask response, or what Flask makes a response of."""
    if hasattr(result, "get_data") and hasattr(result, "status_code"):
        attributes = result.headers.get(CUSTOM_ATTRIBUTES)
        return Answer(result.status_code, result.get_data(), result.content_type, attributes)
    if isinstance(result, dict):
        return Answer(200, json.dumps(result).encode(), JSON)
    body, mimetype = result if isinstance(result, tuple) else (result, _HTML)
    if isinstance(body, str):
        body = body.encode("utf-8")
    if not isinstance(body, bytes | bytearray):
        raise TypeError(f"output_fn must return str, bytes, dict or (body, media type), not {type(body).__name__}")
    return Answer(200, bytes(body), content_type_of(mimetype))
