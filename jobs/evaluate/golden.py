"""The golden sample: rows of the test split and what the model gave for them offline.

Before a model that was made of the archive gets traffic, it is asked about the same rows as SageMaker runs it. One
whose scores differ is not the one that was evaluated.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
from split_files import Split
from trained_model import ARCHIVE

#: Of ``golden.json``.
FORMAT_VERSION = 1
#: Rows at most; all of the test split where it has no more.
ROWS = 200
#: Absolute. Differences up to this much come from how floats are written and added up.
TOLERANCE = 1e-5

_CHUNK = 1 << 20


def sample(labels: np.ndarray, scores: np.ndarray, rows: int = ROWS) -> np.ndarray:
    """Places of at most ``rows`` rows, rising: of both classes, spread over all scores. The same for the same input.

    Half are frauds if there are as many; of each class they are taken evenly by rank of score, the lowest and the
    highest included.
    """
    if len(labels) <= rows:
        return np.arange(len(labels))
    frauds, others = np.flatnonzero(labels == 1), np.flatnonzero(labels != 1)
    few = min(len(frauds), rows // 2)
    of_frauds, of_others = (few, rows - few) if len(others) >= rows - few else (rows - len(others), len(others))
    return np.sort(np.concatenate([_spread(frauds, scores, of_frauds), _spread(others, scores, of_others)]))


def _spread(places: np.ndarray, scores: np.ndarray, count: int) -> np.ndarray:
    ranked = places[np.argsort(scores[places], kind="stable")]
    if count == 1:
        return ranked[-1:]
    return ranked[np.round(np.linspace(0, len(ranked) - 1, count)).astype(int)]


def write_golden(folder: Path, archive_folder: Path, test: Split, scores: np.ndarray) -> int:
    """Writes ``rows.csv``, 30 numbers a row without header, and ``golden.json``.

    Args:
        folder: made if it is not there.
        archive_folder: holds the ``model.tar.gz`` that was evaluated.
        scores: the model's probability for each row of ``test``.

    Returns:
        how many rows there are.
    """
    chosen = sample(test.labels, scores)
    folder.mkdir(parents=True, exist_ok=True)
    # All digits: the row is the same number for number when it is read again.
    lines = (",".join(map(repr, row)) for row in test.features[chosen].tolist())
    (folder / "rows.csv").write_text("".join(f"{line}\n" for line in lines))
    document = {
        "formatVersion": FORMAT_VERSION,
        "archiveSha256": _sha256(archive_folder / ARCHIVE),
        "tolerance": TOLERANCE,
        "labels": test.labels[chosen].tolist(),
        "scores": scores[chosen].tolist(),
    }
    (folder / "golden.json").write_text(json.dumps(document, allow_nan=False) + "\n")
    return len(chosen)


def _sha256(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as content:
        while chunk := content.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
