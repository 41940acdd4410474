"""The SageMaker Python SDK reads what our monitors and baselines write, as it reads Model Monitor's own files."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from local_cloud import ROOT, tool
from sagemaker import Session
from sagemaker.model_monitor import Constraints, ConstraintViolations, Statistics

KINDS = ("data-quality", "model-quality", "model-bias", "model-explainability")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("written")
    script = ROOT / "test" / "jobs" / "support" / "write_monitor_files.py"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON"))}
    command = [str(tool("python")), str(script), str(folder)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def session(pointed_at_the_cloud: None) -> Session:
    return Session()


def test_the_sdk_reads_statistics_and_constraints(written: Path, session: Session) -> None:
    for folder in (written / "data-quality", written / "baselines" / "data-quality"):
        text = (folder / "statistics.json").read_text()
        statistics = Statistics.from_string(text, sagemaker_session=session)
        assert statistics.body_dict == json.loads(text)
        assert [feature["name"] for feature in statistics.body_dict["features"]][:2] == ["Time", "V1"]
        constraints = Constraints.from_file_path(str(folder / "constraints.json"), sagemaker_session=session)
        # What the SDK changes is where it looks for it.
        constraints.set_monitoring(False)
        assert constraints.body_dict["monitoring_config"]["evaluate_constraints"] == "Disabled"
        constraints.set_monitoring(False, feature_name="V7")
        changed = next(each for each in constraints.body_dict["features"] if each["name"] == "V7")
        assert changed["monitoring_config_overrides"] == {"evaluate_constraints": "Disabled"}


@pytest.mark.parametrize("kind", KINDS)
def test_the_sdk_reads_violations(written: Path, session: Session, kind: str) -> None:
    text = (written / kind / "constraint_violations.json").read_text()
    violations = ConstraintViolations.from_string(text, sagemaker_session=session)
    assert violations.body_dict["violations"] == json.loads(text)["violations"] != []
