"""What every reader of transactions goes by: which files, what is refused and how, what is told of what was read.

Reading is an engine's, fast, and says of a file only that something is wrong; what and where is then found out by
:mod:`diagnosis`, row by row. So every engine refuses the same files in the same words.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from diagnosis import Violation, diagnose
from transactions import LABEL

#: Problems that are told; of the others the number is given. SageMaker shows 1,024 characters of the message.
MAX_TOLD = 12


class SchemaError(ValueError):
    """The input is not what the schema wants. The message is one readable paragraph."""

    def __init__(self, violations: list[Violation]) -> None:
        self.violations = violations
        told = [
            f"({number}) {violation}" if len(violations) > 1 else str(violation)
            for number, violation in enumerate(violations[:MAX_TOLD], start=1)
        ]
        if len(violations) > MAX_TOLD:
            told.append(f"and {len(violations) - MAX_TOLD} more problems")
        super().__init__(f"The transactions were refused and nothing was written: {'; '.join(told)}.")


@dataclass(frozen=True)
class Source:
    """A file that was read."""

    file: str
    rows: int
    bytes: int
    sha256: str


def transaction_files(directory: Path) -> dict[str, Path]:
    """Every file below ``directory`` by its name in it, in the order of names: CSV, plain or gzip, however it is named.
    Names that begin with . or _ are those of markers (``_SUCCESS``) and are passed over.

    Raises:
        SchemaError: there is none.
    """
    files = sorted(path for path in directory.rglob("*") if path.is_file() and path.name[0] not in "._")
    if not files:
        raise SchemaError(
            [Violation(str(directory), "there is no file", "upload the transactions as CSV, plain or gzip")]
        )
    return {path.relative_to(directory).as_posix(): path for path in files}


def examine(path: Path, name: str, *, was_read: bool) -> list[Violation]:
    """What is wrong with a file that an engine doubts.

    Args:
        was_read: whether the engine took all of it but for blank lines; if not, something is always found.
    """
    found = diagnose(path, name)
    if found or was_read:
        return found
    remedy = "write plain numbers between commas, and quotes around whole values or nowhere"
    return [Violation(name, "cannot be read as CSV", remedy)]


def require_fraud(rows: int, frauds: int, directory: Path) -> None:
    """
    Raises:
        SchemaError: there is no fraud to learn from.
    """
    if frauds == 0:
        problem = f"no fraud: all {rows} rows have {LABEL} 0"
        remedy = "give data in which some transactions are known to be fraud (1)"
        raise SchemaError([Violation(directory.name, problem, remedy)])


def source_of(path: Path, name: str, rows: int) -> Source:
    """What the report says of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return Source(name, rows, path.stat().st_size, digest.hexdigest())
