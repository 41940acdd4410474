"""How a processing job says why it ends without a result."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

#: SageMaker shows that many characters.
MAX_EXIT_MESSAGE = 1024


def refuse(message: str, message_file: "Path | None") -> NoReturn:
    """Ends the process with 1 and the message on standard error, and leaves it where SageMaker finds its ExitMessage.

    That is ``/opt/ml/output/message``; without a file the message is on standard error alone.
    """
    if message_file is not None:
        message_file.parent.mkdir(parents=True, exist_ok=True)
        message_file.write_text(message[:MAX_EXIT_MESSAGE], encoding="utf-8")
    sys.exit(message)


@contextmanager
def refusing(job: str, message_file: "Path | None", error: "type[Exception]" = ValueError) -> "Iterator[None]":
    """What is raised within as ``error`` ends the job by :func:`refuse`, its name first: the input is to blame."""
    try:
        yield
    except error as reason:
        refuse(f"{job}: {reason}", message_file)
