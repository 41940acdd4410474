"""A model with its baselines, and rows that neither has seen: what live traffic is drawn from."""

import hashlib
import importlib.util
import json
import os
import sys
import tarfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import baselines
import numpy as np
import pandas as pd
import xgboost as xgb
from captures import csv_line, json_body, record, write_records
from trained_model import TrainedModel, load_archive
from transactions import COLUMNS, FEATURES, LABEL
from xgboost_model import FILE, XGBoostModel

ROOT = Path(__file__).resolve().parents[3]
SAMPLE = Path(os.environ.get("FRAUD_SHARED_DATA", ROOT.parent / "shared" / "data")) / "ulb_sample.csv.gz"
GENERATED_ROWS = 30_000
#: Shares of the rows that the model learns from, and that tell its threshold and its baselines; the rest is held out.
TRAIN, TEST = 0.4, 0.25
THRESHOLD = 0.3
SEED = 7


@dataclass(frozen=True)
class Window:
    """Traffic of a period as arrays: rows × 30 features, labels, and what the model says of them."""

    features: np.ndarray
    labels: np.ndarray
    scores: np.ndarray


@dataclass(frozen=True)
class Monitored:
    folder: Path
    #: Rows × 30, and their labels.
    held_out: np.ndarray
    labels: np.ndarray

    @property
    def baseline(self) -> Path:
        return self.folder / "baselines"

    @cached_property
    def model(self) -> TrainedModel:
        return load_archive(self.folder / "model", 1)

    @cached_property
    def scores(self) -> np.ndarray:
        return self.model.scores(self.held_out)

    def window(self, generator: np.random.Generator, rows: int) -> Window:
        """Rows that are drawn once each."""
        places = generator.choice(len(self.labels), rows, replace=False)
        return Window(self.held_out[places], self.labels[places], self.scores[places])


def transactions() -> pd.DataFrame:
    """The real rows where they are, else the stand-in."""
    if SAMPLE.is_file():
        return pd.read_csv(SAMPLE)
    spec = importlib.util.spec_from_file_location("transaction_generator", ROOT / "local" / "data" / "generate.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    drawn = module.generate(GENERATED_ROWS, SEED)
    columns = [drawn.times, *drawn.components.T, drawn.amounts, drawn.frauds]
    return pd.DataFrame(dict(zip(COLUMNS, columns, strict=True))).astype(np.float64)


def make(folder: Path) -> Monitored:
    """Trains a model, and makes its baselines with the job."""
    table = transactions().sample(frac=1, random_state=SEED)[[LABEL, *FEATURES]].to_numpy(np.float64)
    first, second = int(TRAIN * len(table)), int((TRAIN + TEST) * len(table))
    train, test, held_out = table[:first], table[first:second], table[second:]
    for name, split in (("train", train), ("test", test)):
        (folder / name).mkdir()
        pd.DataFrame(split).to_csv(folder / name / "split.csv", header=False, index=False)
    _train(folder / "model", train)
    places = [part for name in ("model", "train", "test") for part in (f"--{name}", str(folder / name))]
    baselines.main(baselines.arguments([*places, "--output", str(folder / "baselines")]))
    return Monitored(folder, np.ascontiguousarray(held_out[:, 1:]), held_out[:, 0].astype(np.int8))


def _train(folder: Path, rows: np.ndarray) -> None:
    matrix = xgb.DMatrix(rows[:, 1:].astype(np.float32), label=rows[:, 0], feature_names=FEATURES)
    parameters = {"objective": "binary:logistic", "max_depth": 4, "eta": 0.1, "nthread": 2, "seed": SEED}
    content = XGBoostModel(xgb.train(parameters, matrix, 60)).save()
    unpacked = folder / "unpacked"
    (unpacked / "metadata").mkdir(parents=True)
    (unpacked / FILE).write_bytes(content)
    metadata = {
        "algorithm": "xgboost",
        "features": FEATURES,
        "threshold": THRESHOLD,
        "falsePositiveCost": 5.0,
        "modelSha256": hashlib.sha256(content).hexdigest(),
    }
    (unpacked / "metadata" / "model.json").write_text(json.dumps(metadata))
    with tarfile.open(folder / "model.tar.gz", "w:gz") as tar:
        tar.add(unpacked, ".")


def capture(folder: Path, window: Window) -> tuple[Path, Path]:
    """The window as captured invocations, one for each row, and its labels as merged ground truth."""
    answers = [
        json.dumps({"predictions": [{"score": float(score)}], "model": {"threshold": THRESHOLD}})
        for score in window.scores
    ]
    records = [
        record(f"event-{index}", json_body([csv_line(row)]), answer, encoding="JSON", content_type="application/json")
        for index, (row, answer) in enumerate(zip(window.features.tolist(), answers, strict=True))
    ]
    captured = write_records(folder / "captured", records)
    return captured, write_labels(folder / "labels", dict(enumerate(window.labels.tolist())))


def write_labels(folder: Path, labels: "dict[int | str, int | str]", encoding: str = "JSON") -> Path:
    """Ground truth of events, as ``merged/yyyy/mm/dd/hh`` holds it; a number stands for ``event-<number>``."""
    data = '{{"instances":[{{"label":{}}}]}}' if encoding == "JSON" else "{}"
    hour = folder / "2026" / "11" / "21" / "11"
    hour.mkdir(parents=True, exist_ok=True)
    lines = [
        json.dumps(
            {
                "groundTruthData": {"data": data.format(label), "encoding": encoding},
                "eventMetadata": {"eventId": f"event-{event}" if isinstance(event, int) else event},
                "eventVersion": "0",
            }
        )
        for event, label in labels.items()
    ]
    (hour / "labels.jsonl").write_text("".join(f"{line}\n" for line in lines))
    return folder
