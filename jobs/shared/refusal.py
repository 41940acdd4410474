"""How a processing job says why it ends without a result."""

import sys
from pathlib import Path
from typing import NoReturn

#: SageMaker shows that many characters.
MAX_EXIT_MESSAGE = 1024


def refuse(message: str, output: Path) -> NoReturn:
    """Ends the process with 1 and the message on standard error, and leaves it where SageMaker finds its ExitMessage.

    That is ``/opt/ml/output/message``, seen from ``output``, a folder below ``/opt/ml/processing``; elsewhere than in
    a job no file is written.
    """
    processing = next((parent for parent in output.absolute().parents if parent.name == "processing"), None)
    if processing and (processing.parent / "output").is_dir():
        (processing.parent / "output" / "message").write_text(message[:MAX_EXIT_MESSAGE], encoding="utf-8")
    sys.exit(message)
