"""Opens the model that the training job left."""

import json
import tarfile
import tempfile
from pathlib import Path

import xgboost as xgb
from transactions import FEATURES


def load_model(directory: Path) -> tuple[xgb.Booster, dict]:
    """Booster and metadata from ``model.tar.gz`` in ``directory``.

    Raises:
        ValueError: the archive or a part of it is missing or damaged, or the model takes other features.
    """
    archive = directory / "model.tar.gz"
    if not archive.is_file():
        raise ValueError(f"{archive} does not exist: the training job wrote no model")
    with tempfile.TemporaryDirectory() as scratch:
        try:
            with tarfile.open(archive) as tar:
                tar.extractall(scratch, filter="data")
        except (tarfile.TarError, EOFError, OSError) as error:
            raise ValueError(f"{archive} cannot be unpacked ({error}): train again") from error
        model, metadata_file = Path(scratch) / "xgboost-model", Path(scratch) / "metadata" / "model.json"
        missing = [file.name for file in (model, metadata_file) if not file.is_file()]
        if missing:
            raise ValueError(f"{archive} lacks {', '.join(missing)}: it was not made by the training job")
        booster = xgb.Booster()
        try:
            booster.load_model(bytearray(model.read_bytes()))
        except xgb.core.XGBoostError as error:
            reason = str(error).splitlines()[0]
            raise ValueError(f"{archive}: xgboost {xgb.__version__} cannot read the model ({reason})") from error
        metadata = json.loads(metadata_file.read_text())
    if metadata["features"] != FEATURES:
        raise ValueError(f"the model takes {metadata['features']}; the test split has {FEATURES}")
    return booster, metadata
