"""Every job begins here: ``JOB_PROGRAM``, a script beside this one, runs with the packages that it needs.

``JOB_WHEELS`` names the folder of wheels to install from what the container lacks; without it, the container has all.
The program takes this process over: its exit code, its signals and its arguments are those of this one.
"""

import os
import sys
from pathlib import Path

from wheels import WheelError, install_missing


def main() -> None:
    name = os.environ.get("JOB_PROGRAM", "")
    program = Path(__file__).resolve().parent / name
    if not name or not program.is_file():
        sys.exit(f"run_job: JOB_PROGRAM={name!r} names no script in {program.parent if name else program}")
    folder = os.environ.get("JOB_WHEELS")
    try:
        packages = install_missing(Path(folder)) if folder else None
    except WheelError as error:
        sys.exit(f"run_job: {error}")
    if packages is not None:
        before = os.environ.get("PYTHONPATH")
        os.environ["PYTHONPATH"] = os.pathsep.join([str(packages), *([before] if before else [])])
    os.execv(sys.executable, [sys.executable, str(program), *sys.argv[1:]])  # noqa: S606


if __name__ == "__main__":
    main()
