"""The packages that a source folder asks for."""

import subprocess
import sys
from pathlib import Path


class RequirementsError(Exception):
    """Packages that cannot be installed: says what pip says."""


def install_requirements(code: Path, packages: Path) -> Path | None:
    """Installs the requirements.txt of ``code``, if there is one, into ``packages`` alone, and returns that folder.

    Raises:
        RequirementsError: pip failed.
    """
    requirements = code / "requirements.txt"
    if not requirements.is_file():
        return None
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["--target", str(packages), "--requirement", str(requirements)]
    done = subprocess.run(command, cwd=code, stderr=subprocess.PIPE, text=True, errors="replace", check=False)
    sys.stderr.write(done.stderr)
    if done.returncode != 0:
        raise RequirementsError(
            f'InstallRequirementsError:\nExitCode {done.returncode}\nErrorMessage "{done.stderr.strip()}"'
        )
    return packages
