"""The champion, the model that serves now: asked about the same test rows as the new one, where that can be done.

The pipeline's step before this job leaves ``champion.json`` in a folder, and beside it the champion's ``model.tar.gz``
if there is one. What stands in the way of a comparison is told, never passed over: the gate has a rule for each case.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trained_model import OtherFeatures, TrainedModel, load_archive

DOCUMENT = "champion.json"


@dataclass(frozen=True)
class Champion:
    """``status``: ``compared``, or why there is nothing to compare: ``none`` (there is no champion), ``otherFeatures``
    (it takes other features than the test rows have) or ``unloadable`` (it is there and cannot be used).
    """

    status: str
    #: A sentence for people.
    detail: str
    #: Package and MLflow version, as far as they are known.
    identity: dict[str, str]
    #: Where the status is ``compared``.
    model: "TrainedModel | None" = None

    def describe(self) -> dict[str, Any]:
        return {"status": self.status, "detail": self.detail, **self.identity}


def load_champion(folder: "Path | None", threads: int) -> Champion:
    """The champion in a folder; without a folder there is none.

    Raises:
        ValueError: ``champion.json`` is missing or not what the pipeline writes.
    """
    if folder is None:
        return Champion("none", "The job was given no champion.", {})
    document = _read(folder / DOCUMENT)
    identity = {name: document[name] for name in ("packageArn", "mlflowVersion") if name in document}
    if document["status"] == "none":
        return Champion("none", document["detail"], identity)
    if document["status"] == "unavailable":
        return Champion("unloadable", document["detail"], identity)
    name = f"The champion, version {identity['mlflowVersion']},"
    try:
        model = load_archive(folder, threads)
    except OtherFeatures as error:
        return Champion("otherFeatures", f"{name} cannot score these rows: {error}.", identity)
    except ValueError as error:
        return Champion("unloadable", f"{name} cannot be loaded: {error}.", identity)
    return Champion("compared", f"{name} scored the same rows.", identity, model)


def _read(file: Path) -> dict[str, str]:
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"{file} cannot be read ({error}): the pipeline's step Champion writes it") from error
    except ValueError as error:
        raise ValueError(f"{file} is not JSON ({error}): the pipeline's step Champion writes it") from error
    needed = {"found": ("packageArn", "mlflowVersion"), "none": ("detail",), "unavailable": ("detail",)}
    status = document.get("status") if isinstance(document, dict) else None
    if status not in needed:
        raise ValueError(f"{file} has the status {status!r}: {', '.join(needed)} are known")
    missing = [name for name in needed[status] if not isinstance(document.get(name), str)]
    if missing:
        raise ValueError(f"{file} lacks {', '.join(missing)}")
    return document
