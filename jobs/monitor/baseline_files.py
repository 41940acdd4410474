"""Reads the files that a monitor compares with: a model package's DriftCheckBaselines."""

import json
from pathlib import Path
from typing import Any


class Refused(ValueError):
    """What the monitor was given cannot be used: says what, and what is wanted."""


def read_document(folder: Path, name: str, key: str, kind: type) -> dict[str, Any]:
    """The document ``name`` below ``folder``, which holds something of a ``kind`` under ``key``.

    Raises:
        Refused: it is not there, or something else.
    """
    file = folder / name
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise Refused(f"the baseline lacks {name}: {file} does not exist") from error
    except ValueError as error:
        raise Refused(f"{file} is not JSON: {error}") from error
    if not isinstance(document, dict) or not isinstance(document.get(key), kind):
        raise Refused(f"{file} has no {key!r}: it is not what the baselines job writes")
    return document


def overridden(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """The base with the changes' values; objects in both are joined."""
    joined = {
        name: overridden(base[name], value) if isinstance(value, dict) and isinstance(base.get(name), dict) else value
        for name, value in changes.items()
    }
    return {**base, **joined}
