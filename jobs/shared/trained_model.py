"""A trained model of any algorithm: loaded and asked in one way, by the endpoint and by every job.

The model's folder holds the algorithm's own file and ``metadata/model.json``, whose ``algorithm`` says which it
is. Only the library of that algorithm is imported: a container may lack the other.
"""

import hashlib
import importlib
import json
import tarfile
import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from transactions import FEATURES

#: Module that knows how each algorithm's model is kept and asked.
MODULES = {"xgboost": "xgboost_model", "lgbm": "lightgbm_model"}
ARCHIVE = "model.tar.gz"
METADATA = Path("metadata") / "model.json"
#: What the metadata must hold for the model to be used.
NEEDED = ("features", "threshold", "falsePositiveCost", "modelSha256")


class OtherFeatures(ValueError):
    """The model takes other features than this code gives."""


class Predictor(Protocol):
    """What an algorithm's module makes of the model's file. ``rows`` is float32 of shape rows × 30."""

    def save(self) -> bytes:
        """The model as it is kept."""

    def scores(self, rows: np.ndarray) -> np.ndarray:
        """Probability of fraud per row, float64."""

    def contributions(self, rows: np.ndarray) -> np.ndarray:
        """SHAP values of each feature and, in the last column, the expected value; in log-odds, rows × 31, float64.

        A row of them sums to the log-odds of its score.
        """


@dataclass(frozen=True)
class TrainedModel:
    predictor: Predictor
    #: As ``metadata/model.json`` has it.
    metadata: "dict[str, Any]"

    @property
    def algorithm(self) -> str:
        return self.metadata["algorithm"]

    @property
    def threshold(self) -> float:
        """The probability from which a transaction is treated as fraud."""
        return self.metadata["threshold"]

    def scores(self, features: np.ndarray) -> np.ndarray:
        """Probability of fraud per row, float64. ``features`` is rows × 30; of any type, seen as 32-bit floats."""
        return self.predictor.scores(np.asarray(features, dtype=np.float32))

    def contributions(self, features: np.ndarray) -> np.ndarray:
        """SHAP values, see :meth:`Predictor.contributions`; ``features`` as for :meth:`scores`."""
        return self.predictor.contributions(np.asarray(features, dtype=np.float32))


def load_folder(folder: Path, threads: int) -> TrainedModel:
    """The model in a folder such as ``/opt/ml/model``; ``threads`` is how many a prediction may use.

    Raises:
        OtherFeatures: the model takes other features than this code gives.
        ValueError: a file is missing or damaged, the algorithm is unknown, or its library is not installed.
    """
    metadata = _metadata(folder)
    algorithm = metadata.get("algorithm")
    if algorithm not in MODULES:
        raise ValueError(f"{METADATA} names the algorithm {algorithm!r}: {' or '.join(MODULES)} is wanted")
    missing = [name for name in NEEDED if name not in metadata]
    if missing:
        raise ValueError(f"{METADATA} lacks {', '.join(missing)}: it was not made by the training job")
    if metadata["features"] != FEATURES:
        raise OtherFeatures(f"the model was trained on other features than {_unlike(metadata['features'])}")
    try:
        module = importlib.import_module(MODULES[algorithm])
    except ModuleNotFoundError as error:
        raise ValueError(f"a model of {algorithm} needs {error.name}, which is not installed here") from error
    file = folder / module.FILE
    if not file.is_file():
        raise ValueError(f"the model folder lacks {file.name}: it was not made by the training job")
    content = file.read_bytes()
    # The libraries do not check: some damage ends the process, some is never noticed.
    if hashlib.sha256(content).hexdigest() != metadata["modelSha256"]:
        raise ValueError(f"{file.name} is not what training wrote, by its SHA-256: it was changed or cut on its way")
    return TrainedModel(module.load(content, threads), metadata)


def load_archive(directory: Path, threads: int) -> TrainedModel:
    """The model in ``model.tar.gz`` in ``directory``, as a training job leaves it.

    Raises:
        OtherFeatures: see :func:`load_folder`.
        ValueError: the archive is missing or damaged, or holds no model.
    """
    archive = directory / ARCHIVE
    if not archive.is_file():
        raise ValueError(f"{archive} does not exist: the training job wrote no model")
    with tempfile.TemporaryDirectory() as scratch:
        try:
            with tarfile.open(archive) as tar:
                tar.extractall(scratch, filter="data")
        except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
            raise ValueError(f"{archive} cannot be unpacked ({error}): train again") from error
        try:
            return load_folder(Path(scratch), threads)
        except OtherFeatures as error:
            raise OtherFeatures(f"{archive}: {error}") from error
        except ValueError as error:
            raise ValueError(f"{archive}: {error}") from error


def _unlike(features: "list[str]") -> str:
    """What this code gives, and how the model's features differ from it."""
    given = f"the {len(FEATURES)} that this code gives"
    lacking = [name for name in FEATURES if name not in features]
    more = [name for name in features if name not in FEATURES]
    if not lacking and not more:
        return f"{given}: the same in another order"
    parts = [f"{', '.join(names)} {what}" for names, what in ((more, "besides"), (lacking, "missing")) if names]
    return f"{given}: {'; '.join(parts)}"


def _metadata(folder: Path) -> "dict[str, Any]":
    try:
        metadata = json.loads((folder / METADATA).read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"the model folder lacks {METADATA}: it was not made by the training job") from error
    except ValueError as error:
        raise ValueError(f"{METADATA} is not JSON ({error})") from error
    if not isinstance(metadata, dict):
        raise ValueError(f"{METADATA} holds {type(metadata).__name__}, not an object")
    return metadata
