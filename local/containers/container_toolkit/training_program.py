"""Runs the user's training program."""

import os
import shlex
import signal
import subprocess
import sys
import threading
from collections import deque

from .requirements import RequirementsError, install_requirements
from .training_environment import arguments, environment
from .training_job import TrainingJob

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
#: How many lines of the program's standard error a failure carries.
_TAIL_LINES = 40


class ProgramError(Exception):
    """A program that ended with another code than 0; ``code`` is 128 + signal where a signal ended it."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


def run_program(job: TrainingJob) -> None:
    """Runs ``python <program> --hyperparameter value …`` in the code folder until it ends.

    Standard output and error are passed through. Signals that this process gets are passed on.

    Raises:
        ProgramError: the program failed; with its exit code, its last words and its command.
    """
    variables = os.environ | environment(job)
    try:
        packages = install_requirements(job.code, job.root / "packages")
    except RequirementsError as error:
        raise ProgramError(str(error), 1) from error
    path = [job.code, *([packages] if packages else []), *_inherited_path()]
    variables["PYTHONPATH"] = os.pathsep.join(map(str, path))
    variables["PYTHONUNBUFFERED"] = "1"
    command = _command(job.program, arguments(job.hyperparameters))
    child = subprocess.Popen(command, cwd=job.code, env=variables, stderr=subprocess.PIPE, text=True, errors="replace")
    before = {number: signal.signal(number, lambda got, _: child.send_signal(got)) for number in _SIGNALS}
    try:
        tail = _copy_errors(child)
        code = child.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if code != 0:
        code = 128 - code if code < 0 else code
        words = "".join(tail).strip()
        raise ProgramError(
            f'ExecuteUserScriptError:\nExitCode {code}\nErrorMessage "{words}"\nCommand "{shlex.join(command)}"', code
        )


def _command(program: str, args: list[str]) -> list[str]:
    if program.endswith(".py"):
        return [sys.executable, program, *args]
    if program.endswith(".sh"):
        return ["/bin/sh", "-c", f"./{shlex.join([program, *args])}"]
    return [sys.executable, "-m", program, *args]


def _inherited_path() -> list[str]:
    return [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]


def _copy_errors(child: "subprocess.Popen[str]") -> "deque[str]":
    """Passes standard error through, and keeps its end."""
    tail: deque[str] = deque(maxlen=_TAIL_LINES)
    stream = child.stderr
    if stream is None:
        raise RuntimeError("the program was started without a pipe for its standard error")

    def copy() -> None:
        for line in stream:
            sys.stderr.write(line)
            sys.stderr.flush()
            tail.append(line)

    reader = threading.Thread(target=copy, daemon=True)
    reader.start()
    child.wait()
    # A grandchild may hold the pipe open for longer than the program lives.
    reader.join(timeout=2)
    return tail
