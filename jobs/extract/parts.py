"""Writes lines of CSV to files of even length, packed, each with the header."""

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

#: Each part is read at once by one worker, and holds as many rows as the published file.
ROWS_PER_PART = 250_000
#: Numbers hardly pack better at higher levels, which take thrice the time.
_LEVEL = 1


@dataclass(frozen=True)
class Part:
    """A file that was written."""

    file: str
    rows: int
    bytes: int
    sha256: str


class PartWriter:
    """Files ``part-00001.csv.gz``, … in a folder. The same lines give the same bytes."""

    def __init__(self, folder: Path, header: bytes, rows_per_part: int = ROWS_PER_PART) -> None:
        self._folder = folder
        self._header = header
        self._rows_per_part = rows_per_part
        self._parts: list[Part] = []
        self._open: _OpenPart | None = None

    def write(self, lines: "list[bytes]") -> None:
        """Adds lines, given without their ends."""
        while lines:
            if self._open is None:
                name = f"part-{len(self._parts) + 1:05}.csv.gz"
                self._open = _OpenPart(self._folder / name, self._header)
            room = self._rows_per_part - self._open.rows
            self._open.write(lines[:room])
            lines = lines[room:]
            if self._open.rows == self._rows_per_part:
                self._finish()

    def close(self) -> "list[Part]":
        """Ends the last part.

        Returns:
            all parts, in order; none where there was no line.
        """
        self._finish()
        return self._parts

    def _finish(self) -> None:
        if self._open is not None:
            self._parts.append(self._open.close())
            self._open = None


class _OpenPart:
    def __init__(self, path: Path, header: bytes) -> None:
        self._path = path
        self._file = _Hashing(path.open("wb"))
        # Without name and time, so that they do not change the bytes.
        self._gzip = gzip.GzipFile(filename="", mode="wb", compresslevel=_LEVEL, fileobj=self._file, mtime=0)
        self._gzip.write(header + b"\n")
        self.rows = 0

    def write(self, lines: "list[bytes]") -> None:
        self._gzip.write(b"\n".join(lines) + b"\n")
        self.rows += len(lines)

    def close(self) -> Part:
        self._gzip.close()
        self._file.close()
        return Part(self._path.name, self.rows, self._path.stat().st_size, self._file.sha256.hexdigest())


class _Hashing:
    """A file that is hashed as it is written."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.sha256 = hashlib.sha256()

    def write(self, block: bytes) -> int:
        self.sha256.update(block)
        return self._file.write(block)

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        self._file.close()
