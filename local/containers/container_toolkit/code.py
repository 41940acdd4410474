"""Brings user code to where a container runs it from."""

import shutil
import tarfile
import tempfile
from pathlib import Path
from urllib.parse import urlparse


class CodeError(Exception):
    """User code that cannot be had: says which, where from and what to do."""


def place_code(source: str, target: Path) -> Path:
    """Puts the user code named by ``source`` into ``target`` and returns ``target``.

    ``source`` is an ``s3://`` address of a gzipped tar archive, or a local path (``file://`` allowed) of such an
    archive or of a folder. S3 is reached through boto3, so its endpoint and region come from the environment.

    Raises:
        CodeError: nothing is there, it is not an archive, or a member would land outside ``target``.
    """
    target.mkdir(parents=True, exist_ok=True)
    if source.startswith("s3://"):
        with tempfile.TemporaryDirectory() as folder:
            archive = Path(folder) / "source.tar.gz"
            _download(source, archive)
            _extract(archive, target, source)
        return target
    path = Path(source.removeprefix("file://"))
    if path.is_dir():
        if path.resolve() != target.resolve():
            shutil.copytree(path, target, dirs_exist_ok=True)
    elif path.is_file():
        _extract(path, target, source)
    else:
        raise CodeError(f"the user code {source!r} does not exist: give an s3:// address, an archive or a folder")
    return target


def _download(source: str, archive: Path) -> None:
    # boto3 takes a third of a second to import: only where it is needed.
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    address = urlparse(source, allow_fragments=False)
    try:
        boto3.client("s3").download_file(address.netloc, address.path.lstrip("/"), str(archive))
    except (BotoCoreError, ClientError) as error:
        raise CodeError(f"cannot download the user code {source!r}: {error}") from error


def _extract(archive: Path, target: Path, source: str) -> None:
    try:
        with tarfile.open(archive, "r:*") as tar:
            # The filter refuses absolute paths, parent folders, outward links and devices.
            tar.extractall(target, filter="data")
    except tarfile.FilterError as error:
        raise CodeError(f"the archive {source!r} is refused, a member would land outside: {error}") from error
    except (tarfile.TarError, EOFError, OSError) as error:
        raise CodeError(f"the user code {source!r} is not a readable tar.gz archive: {error}") from error
