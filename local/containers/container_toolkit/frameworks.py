"""What the framework containers do for the functions that a serving script leaves out.

Their quirks are kept: types are compared as they come, parameters and all, but for the input of XGBoost; a single row
of CSV is a flat array to scikit-learn; whatever can't be read or written is an error of the server's.
"""

import csv
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import payload
from .answer import content_type_of
from .payload import CSV, JSON, UnsupportedFormatError

NPY = "application/x-npy"
#: Bodies of these types reach a script as text, all others as bytes.
TEXT_TYPES = (JSON, CSV)


@dataclass(frozen=True)
class Defaults:
    """The functions of a framework's container."""

    input_fn: Callable[[Any, str], Any]
    predict_fn: Callable[[Any, Any], Any]
    output_fn: Callable[[Any, str], tuple[bytes, str]]
    #: Whether a model needs a script to be served.
    script_needed: bool


def _xgboost_input(content: "bytes | str", content_type: str) -> Any:
    import xgboost

    text = content.decode("utf-8") if isinstance(content, bytes) else content
    if payload.media_type(content_type) == CSV and text != text.strip("\n"):
        raise ValueError("the CSV begins or ends with a new line, which is a row of another width")
    return xgboost.DMatrix(payload.decode(text, content_type))


def _xgboost_predict(data: Any, model: Any) -> Any:
    return model.predict(data, validate_features=False)


def _sklearn_input(content: "bytes | str", content_type: str) -> Any:
    decoder = _DECODERS.get(content_type)
    if decoder is None:
        raise UnsupportedFormatError(f"Content type {content_type} is not supported by this framework: write input_fn")
    array = decoder(content)
    return array.astype(np.float32) if content_type in TEXT_TYPES else array


def _sklearn_predict(data: Any, model: Any) -> Any:
    return model.predict(data)


def _encode(prediction: Any, accept: str) -> tuple[bytes, str]:
    encoder = _ENCODERS.get(accept)
    if encoder is None:
        raise UnsupportedFormatError(f"Content type {accept} is not supported by this framework: write output_fn")
    return encoder(prediction), content_type_of(accept)


def _csv_to_array(content: str) -> np.ndarray:
    return np.array(list(csv.reader(io.StringIO(content), strict=True))).squeeze().astype(float)


def _npy_to_array(content: bytes) -> np.ndarray:
    # A pickle in the body would run whatever it says.
    return np.load(io.BytesIO(content), allow_pickle=False)


def _array_to_csv(prediction: Any) -> bytes:
    array = np.array(prediction)
    rows = array.reshape(-1, 1) if array.ndim == 1 else array
    text = io.StringIO()
    csv.writer(text, lineterminator="\n", strict=True).writerows(rows.tolist())
    return text.getvalue().encode()


def _array_to_npy(prediction: Any) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, prediction)
    return buffer.getvalue()


def _array_to_json(prediction: Any) -> bytes:
    return json.dumps(prediction, default=lambda value: value.tolist()).encode()


_DECODERS: dict[str, Callable[[Any], np.ndarray]] = {
    NPY: _npy_to_array,
    CSV: _csv_to_array,
    JSON: lambda content: np.array(json.loads(content)),
}
_ENCODERS: dict[str, Callable[[Any], bytes]] = {NPY: _array_to_npy, CSV: _array_to_csv, JSON: _array_to_json}

#: By the name of the image's repository.
FRAMEWORKS = {
    "sagemaker-xgboost": Defaults(_xgboost_input, _xgboost_predict, _encode, script_needed=False),
    "sagemaker-scikit-learn": Defaults(_sklearn_input, _sklearn_predict, _encode, script_needed=True),
}
