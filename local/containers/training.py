"""Runs a training job's user code as SageMaker's training toolkit does inside framework containers.

``python training.py --root DIR``, where DIR stands for ``/opt/ml``. The configuration comes from
``DIR/input/config``; the code named by ``sagemaker_submit_directory`` is placed in ``DIR/code`` and run. Ends with the
program's exit code; on failure the reason stands in ``DIR/output/failure``.
"""

import argparse
import sys
from pathlib import Path

from container_toolkit.code import CodeError, place_code
from container_toolkit.training_job import ConfigurationError, read_training_job
from container_toolkit.training_program import ProgramError, run_program


def main() -> int:
    parser = argparse.ArgumentParser(description="run a SageMaker training job's user code")
    parser.add_argument("--root", type=Path, required=True, metavar="DIR", help="the folder that stands for /opt/ml")
    root = parser.parse_args().root.resolve()
    try:
        job = read_training_job(root)
        program = job.program
        place_code(job.submit_directory, job.code)
        if program.endswith((".py", ".sh")) and not (job.code / program).is_file():
            raise CodeError(f"sagemaker_program {program!r} is not in the user code {job.submit_directory!r}")
        for folder in (job.model, job.output / "data", job.output / "intermediate"):
            folder.mkdir(parents=True, exist_ok=True)
        run_program(job)
    except ProgramError as error:
        return _failed(root, str(error), error.code)
    except (ConfigurationError, CodeError) as error:
        return _failed(root, f"{type(error).__name__}: {error}", 1)
    return 0


def _failed(root: Path, reason: str, code: int) -> int:
    print(reason, file=sys.stderr)
    failure = root / "output" / "failure"
    failure.parent.mkdir(parents=True, exist_ok=True)
    failure.write_text(reason, encoding="utf-8")
    return code


if __name__ == "__main__":
    sys.exit(main())
