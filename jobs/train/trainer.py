"""What training is whatever the algorithm: options, splits, threshold, metadata, the model's folder.

Reads the channels ``train`` and ``validation`` (label-first CSV). Writes to the model folder the algorithm's own file,
``metadata/model.json``, ``metadata/history.json`` (validation metrics by iteration) and ``code/`` (the serving script,
what it imports, and the wheels of what the container lacks). An algorithm chooses its number of trees by early stopping
on average precision; the decision threshold is chosen here by cost. Both on validation: neither ever sees the test
split.
"""

import argparse
import hashlib
import json
import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlflow_run import ExecutionRun
from split_files import Split, read_split
from threshold import cheapest_threshold
from trained_model import METADATA, MODULES, Predictor, TrainedModel
from transactions import FEATURES

#: What the endpoint needs beside the model and the module that asks it.
SERVING_CODE = ["inference.py", "trained_model.py", "transactions.py", "wheels.py"]
#: Least value of what every algorithm takes.
LEAST = {"legitimate_weight": 1e-6, "false_positive_cost": 0}


@dataclass(frozen=True)
class Fitted:
    """What an algorithm makes of the splits."""

    #: Ends with the best iteration.
    predictor: Predictor
    #: Validation's ``auc`` and ``aucpr`` (average precision), weighted, by iteration; also of those that were cut off.
    history: "dict[str, list[float]]"
    #: Of the iterations, counted from 0.
    best_iteration: int

    @property
    def metrics(self) -> "dict[str, float]":
        return {name: values[self.best_iteration] for name, values in self.history.items()}


@dataclass(frozen=True)
class Algorithm:
    """How one algorithm is trained."""

    #: As ``metadata/model.json`` and the configuration name it.
    name: str
    #: Its file at the root of the model's folder.
    model_file: str
    library_version: str
    #: Every hyperparameter with its default, whose type it has. ``models/`` has the same.
    hyperparameters: "Mapping[str, int | float]"
    #: Those that must be at least 1.
    counts: "Sequence[str]"
    fit: "Callable[[Split, Split, argparse.Namespace], Fitted]"


def arguments(algorithm: Algorithm, argv: "list[str] | None") -> argparse.Namespace:
    """The options; ends the process with a message that names all that is wrong with them."""
    parser = argparse.ArgumentParser(description=f"Trains {algorithm.name} on label-first CSV.")
    for name, default in algorithm.hyperparameters.items():
        parser.add_argument(f"--{name}", type=type(default), default=default)
    parser.add_argument("--legitimate_weight", type=float, default=1.0)
    parser.add_argument("--false_positive_cost", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--train", type=Path, default=os.environ.get("SM_CHANNEL_TRAIN"))
    parser.add_argument("--validation", type=Path, default=os.environ.get("SM_CHANNEL_VALIDATION"))
    parser.add_argument("--model_dir", type=Path, default=os.environ.get("SM_MODEL_DIR"))
    found = parser.parse_args(argv)
    problems = [
        f"--{name} is neither given nor set by SageMaker's environment"
        for name in ("train", "validation", "model_dir")
        if getattr(found, name) is None
    ]
    problems += [
        f"--{name} {getattr(found, name)} must be at least {least}"
        for name, least in {**dict.fromkeys(algorithm.counts, 1), **LEAST}.items()
        if not getattr(found, name) >= least
    ]
    if problems:
        parser.error("; ".join(problems))
    return found


def train(algorithm: Algorithm, argv: "list[str] | None" = None) -> None:
    """Runs the job.

    Raises:
        ValueError: a split is not what it must be.
    """
    options = arguments(algorithm, argv)
    run = ExecutionRun.open()
    try:
        run.log(parameters=parameters(algorithm, options))
        metrics, history = fit(algorithm, options)
        run.log(
            metrics=metrics,
            curves={f"validation_{name}_by_iteration": values for name, values in history.items()},
        )
    except BaseException:
        run.fail()
        raise


def parameters(algorithm: Algorithm, options: argparse.Namespace) -> "dict[str, object]":
    """What the MLflow run was trained with."""
    names = [*algorithm.hyperparameters, "legitimate_weight", "false_positive_cost", "seed"]
    chosen = {name: getattr(options, name) for name in names}
    return {"algorithm": algorithm.name, "algorithm_version": algorithm.library_version, **chosen}


def fit(algorithm: Algorithm, options: argparse.Namespace) -> "tuple[dict[str, float | int], dict[str, list[float]]]":
    """Fits and writes the model; validation metrics and their history."""
    splits = {name: read_split(getattr(options, name)) for name in ("train", "validation")}
    for name, split in splits.items():
        frauds = int(split.labels.sum())
        if not 0 < frauds < len(split.labels):
            raise ValueError(f"the {name} split holds {frauds} frauds among {len(split.labels)} rows: both are needed")
        print(f"{name}: {len(split.labels)} rows, {frauds} frauds", flush=True)
    fitted = algorithm.fit(splits["train"], splits["validation"], options)
    metadata = describe(algorithm, fitted, splits["validation"], options)
    write_model(algorithm, fitted, metadata, options.model_dir)
    # One a line: SageMaker's metric definitions look for them.
    for name, value in fitted.metrics.items():
        print(f"validation-{name}={value:.6f}")
    trees, threshold = fitted.best_iteration + 1, metadata["threshold"]
    print(f"trees={trees} threshold={threshold:.6f}", flush=True)
    metrics = {f"validation_{name}": value for name, value in fitted.metrics.items()}
    return {**metrics, "trees": trees, "threshold": threshold}, fitted.history


def describe(algorithm: Algorithm, fitted: Fitted, validation: Split, options: argparse.Namespace) -> "dict[str, Any]":
    """What stands in ``metadata/model.json``, but for the hash of the model's file."""
    threshold = cheapest_threshold(
        # The scores that the endpoint would give.
        TrainedModel(fitted.predictor, {}).scores(validation.features),
        validation.labels,
        validation.amounts,
        validation.weights(options.legitimate_weight),
        options.false_positive_cost,
    )
    rows = {"rows": len(validation.labels), "frauds": int(validation.labels.sum())}
    return {
        "algorithm": algorithm.name,
        "algorithmVersion": algorithm.library_version,
        "threshold": threshold,
        "falsePositiveCost": options.false_positive_cost,
        "legitimateWeight": options.legitimate_weight,
        "features": FEATURES,
        "bestIteration": fitted.best_iteration,
        "hyperparameters": {name: getattr(options, name) for name in algorithm.hyperparameters},
        "seed": options.seed,
        "validation": {**rows, **fitted.metrics},
    }


def write_model(algorithm: Algorithm, fitted: Fitted, metadata: "dict[str, Any]", model_dir: Path) -> None:
    content = fitted.predictor.save()
    metadata = {**metadata, "modelSha256": hashlib.sha256(content).hexdigest()}
    code, described = model_dir / "code", model_dir / METADATA.parent
    for folder in (code, described):
        folder.mkdir(parents=True, exist_ok=True)
    (model_dir / algorithm.model_file).write_bytes(content)
    (model_dir / METADATA).write_text(json.dumps(metadata, indent=2, sort_keys=True) + "\n")
    (described / "history.json").write_text(json.dumps(fitted.history) + "\n")
    here = Path(__file__).resolve().parent
    for name in [*SERVING_CODE, f"{MODULES[algorithm.name]}.py"]:
        shutil.copyfile(here / name, code / name)
    # The endpoint's container is this one, and lacks the same.
    wheels = os.environ.get("JOB_WHEELS")
    if wheels:
        shutil.copytree(wheels, code / "wheels", dirs_exist_ok=True)


def main(algorithm: Algorithm) -> None:
    """Runs the job as a program: what is wrong with the data ends it with 1 and one paragraph, without a trace."""
    try:
        train(algorithm)
    except ValueError as error:
        sys.exit(f"train: {error}")
