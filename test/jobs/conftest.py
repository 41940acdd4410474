"""The jobs' modules are imported by plain name, as in a container, where a job's folder and the shared one are one."""

import sys
from pathlib import Path

JOBS = Path(__file__).parents[2] / "jobs"
for folder in ("shared", "preprocess", "train", "evaluate", "serve"):
    sys.path.insert(0, str(JOBS / folder))
