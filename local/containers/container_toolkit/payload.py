"""Requests' bodies to matrices, predictions to responses' bodies: the formats of the XGBoost container."""

import csv
import json
from collections.abc import Callable
from typing import Any

import numpy as np

CSV = "text/csv"
JSON = "application/json"
JSON_LINES = "application/jsonlines"
LIBSVM = ("text/libsvm", "text/x-libsvm")


class UnsupportedFormatError(Exception):
    """A content type that no decoder, or an accept type that no encoder, is there for."""


def media_type(header: str) -> str:
    """``Text/CSV; charset=utf-8`` → ``text/csv``."""
    return header.split(";", 1)[0].strip().lower()


def matrix_from_csv(body: bytes | str) -> np.ndarray:
    """Rows without header; an empty field is missing (NaN). Any delimiter that the first line shows.

    Raises:
        ValueError: a field is not a number, rows differ in length, or the body is not UTF-8.
    """
    text = (body.decode("utf-8") if isinstance(body, bytes) else body).strip()
    lines = text.splitlines()
    if not lines:
        raise ValueError("the CSV body is empty")
    delimiter = "," if "," in lines[0] else _sniffed_delimiter(lines[0])
    rows = [[float(field) if field.strip() else np.nan for field in line.split(delimiter)] for line in lines]
    width = len(rows[0])
    for number, row in enumerate(rows, start=1):
        if len(row) != width:
            raise ValueError(f"row {number} has {len(row)} columns, row 1 has {width}")
    return np.array(rows, dtype=np.float32)


def _sniffed_delimiter(line: str) -> str:
    try:
        delimiter = csv.Sniffer().sniff(line[:512]).delimiter
    except csv.Error as error:
        raise ValueError(f"no delimiter in the first line: {error}") from error
    return "," if delimiter.isalnum() else delimiter


def matrix_from_libsvm(body: bytes | str) -> Any:
    """``[label] index:value …`` a line → sparse rows.

    Raises:
        ValueError: an index or value is not a number.
    """
    from scipy.sparse import csr_matrix

    text = (body.decode("utf-8") if isinstance(body, bytes) else body).strip()
    rows: list[int] = []
    columns: list[int] = []
    values: list[float] = []
    lines = text.splitlines()
    for number, line in enumerate(lines):
        for item in line.split():
            index, colon, value = item.partition(":")
            if colon:
                rows.append(number)
                columns.append(int(index))
                values.append(float(value))
    if not values:
        raise ValueError("no index:value pair in the LIBSVM body")
    return csr_matrix((values, (rows, columns)), shape=(len(lines), max(columns) + 1))


_DECODERS: dict[str, Callable[[bytes | str], Any]] = {
    CSV: matrix_from_csv,
    LIBSVM[0]: matrix_from_libsvm,
    LIBSVM[1]: matrix_from_libsvm,
}


def decode(body: bytes | str, content_type: str) -> Any:
    """The matrix in a request's body.

    Raises:
        UnsupportedFormatError: the content type is neither CSV nor LIBSVM.
        ValueError: the body is not what its content type says.
    """
    decoder = _DECODERS.get(media_type(content_type))
    if decoder is None:
        raise UnsupportedFormatError(
            f"Content-type {content_type} not supported. Supported content-type is {', '.join(_DECODERS)}"
        )
    return decoder(body)


def encode_scores(scores: np.ndarray, accept: str) -> bytes:
    """Predictions as the XGBoost container answers them without a script: one a line, or ``predictions[].score``."""
    values = scores.tolist()
    kind = media_type(accept)
    if kind == CSV:
        lines = (",".join(map(str, value)) if isinstance(value, list) else str(value) for value in values)
        return "".join(f"{line}\n" for line in lines).encode()
    if kind == JSON:
        return json.dumps({"predictions": [{"score": value} for value in values]}).encode()
    if kind == JSON_LINES:
        return "".join(f"{json.dumps({'score': value})}\n" for value in values).encode()
    raise UnsupportedFormatError(
        f"Accept type {accept} is not supported. Please use supported accept types: {CSV}, {JSON}, {JSON_LINES}."
    )
