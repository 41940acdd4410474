"""Runs smspark-submit, and has the last word on why the job failed.

``submit.py REASON MESSAGE smspark-submit …``: where a job fails, smspark-submit writes into SageMaker's message file
only that it did. The job writes the reason into another file, REASON, and it is put into MESSAGE afterwards.
"""

import shutil
import signal
import subprocess
import sys
from pathlib import Path


def main(reason: str, message: str, *command: str) -> int:
    """The command's exit code."""
    process = subprocess.Popen(command)
    # SageMaker stops a job by asking its first process to end.
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    code = process.wait()
    if code != 0 and Path(reason).is_file():
        shutil.copyfile(reason, message)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
