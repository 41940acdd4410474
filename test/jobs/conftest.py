"""The jobs' modules are imported by plain name, as in a container, where a job's folder and the shared one are one."""

import os
import sys
from pathlib import Path

import pytest

# Threads of the training libraries that wait for each other must not spin: these tests share two cores with others.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

JOBS = Path(__file__).parents[2] / "jobs"
for folder in ("shared", "preprocess", "train", "evaluate", "baselines", "serve", "extract", "monitor"):
    sys.path.insert(0, str(JOBS / folder))
sys.path.insert(0, str(Path(__file__).parent / "support"))


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory):
    """A model with its baselines, and rows that neither saw; see ``monitored``."""
    import monitored

    return monitored.make(tmp_path_factory.mktemp("live"))
