"""The parts of extraction that need no server."""

import gzip
import hashlib
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from parts import PartWriter

ROOT = Path(__file__).parents[2]
LINES = st.lists(st.binary(max_size=20).map(lambda line: line.replace(b"\n", b" ")), max_size=12)


@settings(max_examples=60, deadline=None)
@given(batches=st.lists(LINES, max_size=6), rows_per_part=st.integers(1, 7))
def test_parts_hold_every_line_once_in_order_each_under_the_header(batches: list[list[bytes]], rows_per_part: int):
    lines = [line for batch in batches for line in batch]
    written = []
    for _ in range(2):
        with tempfile.TemporaryDirectory() as folder:
            writer = PartWriter(Path(folder), b"the header", rows_per_part)
            for batch in batches:
                writer.write(batch)
            parts = writer.close()
            files = sorted(Path(folder).iterdir())
            assert [file.name for file in files] == [part.file for part in parts]
            packed = [file.read_bytes() for file in files]
        unpacked = [gzip.decompress(block).split(b"\n") for block in packed]
        assert all(block[0] == b"the header" and block[-1] == b"" for block in unpacked)
        assert [line for block in unpacked for line in block[1:-1]] == lines
        assert [part.rows for part in parts] == [len(block) - 2 for block in unpacked]
        assert all(part.rows == rows_per_part for part in parts[:-1])
        assert [(part.bytes, part.sha256) for part in parts] == [
            (len(block), hashlib.sha256(block).hexdigest()) for block in packed
        ]
        written.append(packed)
    assert written[0] == written[1]
