"""The parts of extraction that need no server."""

import gzip
import hashlib
import re
import ssl
import tempfile
from datetime import datetime, timedelta, timezone
from pathlib import Path

from cryptography import x509
from extract import RDS_ROOTS
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


def test_the_roots_are_those_of_rds_in_the_regions_that_sagemaker_is_in() -> None:
    certificates = x509.load_pem_x509_certificates(RDS_ROOTS.read_bytes())
    assert ssl.create_default_context(cafile=str(RDS_ROOTS)).cert_store_stats()["x509_ca"] == len(certificates)
    kinds: dict[str, set[str]] = {}
    for certificate in certificates:
        certificate.verify_directly_issued_by(certificate)
        assert certificate.not_valid_after_utc > datetime.now(timezone.utc) + timedelta(days=3650)
        name = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value
        found = re.fullmatch(r"Amazon RDS (\S+) Root CA (RSA2048|RSA4096|ECC384) G1", str(name))
        assert found, name
        kinds.setdefault(found[1], set()).add(found[2])
    assert set(map(frozenset, kinds.values())) == {frozenset({"RSA2048", "RSA4096", "ECC384"})}
    table = (ROOT / "pipeline/images.ts").read_text()
    regions = set(re.findall(r'^  "([a-z]{2}(?:-[a-z]+)+-\d)": "\d{12}"', table, re.MULTILINE))
    # China's and the government's have bundles of their own.
    ours = {region for region in regions if not re.match(r"cn-|us-gov-|us-iso", region)}
    assert ours - kinds.keys() <= {"ca-west-1"}
