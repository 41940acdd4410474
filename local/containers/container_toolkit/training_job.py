"""The configuration that SageMaker leaves in ``input/config`` for a training job."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_PREFIX = "sagemaker_"


class ConfigurationError(Exception):
    """A configuration file that is missing or unreadable, or a required hyperparameter that is not there."""


@dataclass(frozen=True)
class TrainingJob:
    """A training job as its container sees it. All folders are below ``root``, which is ``/opt/ml`` on AWS."""

    root: Path
    #: The user's own, decoded from JSON where they are JSON.
    hyperparameters: dict[str, Any]
    #: Those that begin with ``sagemaker_``: how to run, not what to train.
    settings: dict[str, Any]
    channels: dict[str, Any]
    resources: dict[str, Any]

    @property
    def code(self) -> Path:
        return self.root / "code"

    @property
    def model(self) -> Path:
        return self.root / "model"

    @property
    def output(self) -> Path:
        return self.root / "output"

    @property
    def program(self) -> str:
        """The user's entry point, relative to the code folder."""
        program = self.settings.get("sagemaker_program")
        if not program:
            raise ConfigurationError(
                "the hyperparameter sagemaker_program is missing: give the entry point in script mode "
                "(training with a built-in algorithm is not supported)"
            )
        return str(program)

    @property
    def submit_directory(self) -> str:
        """Where the user's code comes from; without it, what already lies in the code folder."""
        return under_root(str(self.settings.get("sagemaker_submit_directory", self.code)), self.root)


def under_root(path: str, root: Path, original: str = "/opt/ml") -> str:
    """``path`` with the folder that containers know it by replaced by the one that stands for it here."""
    if path == original or path.startswith(f"{original}/"):
        return str(root) + path[len(original) :]
    return path


def read_training_job(root: Path) -> TrainingJob:
    """Reads hyperparameters.json, inputdataconfig.json and resourceconfig.json.

    Raises:
        ConfigurationError: naming every file that is missing or is not a JSON object.
    """
    problems: list[str] = []
    hyperparameters = {
        name: _decoded(value) for name, value in _read_object(root, "hyperparameters.json", problems).items()
    }
    channels = _read_object(root, "inputdataconfig.json", problems)
    resources = _read_object(root, "resourceconfig.json", problems)
    if problems:
        raise ConfigurationError("; ".join(problems))
    return TrainingJob(
        root=root,
        hyperparameters={name: value for name, value in hyperparameters.items() if not name.startswith(_PREFIX)},
        settings={name: value for name, value in hyperparameters.items() if name.startswith(_PREFIX)},
        channels=channels,
        resources=resources,
    )


def _read_object(root: Path, name: str, problems: list[str]) -> dict[str, Any]:
    path = root / "input" / "config" / name
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        problems.append(f"cannot read {path}: {error}")
        return {}
    if not isinstance(content, dict):
        problems.append(f"{path} holds {type(content).__name__}, not an object")
        return {}
    return content


def _decoded(value: Any) -> Any:
    """The SDK sends every hyperparameter as a JSON string; other clients send plain text."""
    try:
        return json.loads(value)
    except (ValueError, TypeError):
        return value
