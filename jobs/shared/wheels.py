"""Gives a program the packages that its container lacks, from wheels that came with it; no index is asked.

A folder of wheels holds a lock, ``requirements.lock``, in pip's format with hashes, and a wheel for each line of it.
"""

import importlib.metadata
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

LOCK = "requirements.lock"
#: Name and version at the beginning of a line of the lock; the hashes follow on indented lines.
_PINNED = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]+)")
#: The last words of pip that an error carries, in characters.
_TAIL = 1500


class WheelError(Exception):
    """Packages that cannot be installed: says which, from where and why."""


def install_missing(folder: Path) -> "Path | None":
    """Installs what the lock in ``folder`` pins and this Python does not have in that version.

    Into a folder of its own, made for this process: neither the container's packages nor other processes' are touched.

    Returns:
        the folder to import from, or None where nothing is missing.

    Raises:
        WheelError: there is no lock, or a wheel is missing, damaged or not for this Python.
    """
    missing = [line for name, version, line in _pinned(folder) if _installed(name) != version]
    if not missing:
        return None
    names = ", ".join(line.split(" ", 1)[0] for line in missing)
    target = Path(tempfile.mkdtemp(prefix="wheels-"))
    wanted = target / LOCK
    wanted.write_text("\n".join(missing) + "\n", encoding="utf-8")
    # Isolated: the container's settings of pip, such as an index, a target or a user folder, are not ours.
    command = [sys.executable, "-m", "pip", "--isolated", "--disable-pip-version-check", "--quiet", "install"]
    command += ["--no-index", "--find-links", str(folder), "--only-binary", ":all:", "--no-deps", "--require-hashes"]
    command += ["--no-cache-dir", "--no-compile", "--target", str(target / "packages"), "--requirement", str(wanted)]
    # A target that pip's own settings name would be taken, isolated or not.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode != 0:
        reason = (done.stderr or done.stdout).strip()[-_TAIL:]
        python = ".".join(map(str, sys.version_info[:3]))
        raise WheelError(f"cannot install {names} from {folder} into Python {python}: {reason}")
    print(f"installed from {folder}: {names}", file=sys.stderr, flush=True)
    return target / "packages"


def _pinned(folder: Path) -> "list[tuple[str, str, str]]":
    """Name, version and whole text (with hashes) of every line of the lock."""
    try:
        text = (folder / LOCK).read_text(encoding="utf-8")
    except OSError as error:
        raise WheelError(f"{folder} holds no {LOCK}: it is not a folder of wheels ({error})") from error
    found = []
    for line in re.sub(r"\\\n\s*", "", text).splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        match = _PINNED.match(line)
        if match is None:
            raise WheelError(f"{folder / LOCK}: {line.split(' --hash')[0]!r} does not pin a version")
        found.append((match[1], match[2], line))
    return found


def _installed(name: str) -> "str | None":
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None
