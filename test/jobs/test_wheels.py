"""Jobs get what their containers lack: from wheels, by hash, without an index, and only where it is missing."""

import base64
import hashlib
import importlib
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import wheels

ROOT = Path(__file__).parents[2]
SHARED = ROOT / "jobs" / "shared"
LOCKS = sorted((ROOT / "jobs" / "wheels").glob("*/*.lock"))
PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)
named = pytest.mark.parametrize("lock", LOCKS, ids=[f"{lock.parent.name}-{lock.stem}" for lock in LOCKS])


def make_wheel(folder: Path, name: str, version: str, tag: str = "py3-none-any") -> str:
    """A wheel of one module that says its version; its line in a lock."""
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": f"VERSION = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: {tag}\n",
    }
    record = [
        f"{path},sha256={base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b'=').decode()},{len(text)}"
        for path, text in files.items()
    ]
    file = folder / f"{name}-{version}-{tag}.whl"
    with zipfile.ZipFile(file, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
        archive.writestr(f"{info}/RECORD", "\n".join([*record, f"{info}/RECORD,,"]) + "\n")
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    return f"{name}=={version} \\\n    --hash=sha256:{'0' * 64} \\\n    --hash=sha256:{digest}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "wheels"
    made.mkdir()
    return made


def run_job(code: Path, program: str | None, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
    """As a container starts it: the starter beside the program."""
    code.mkdir(exist_ok=True)
    for name in ("run_job.py", "wheels.py"):
        shutil.copyfile(SHARED / name, code / name)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("JOB_")}
    chosen = {} if program is None else {"JOB_PROGRAM": program}
    return subprocess.run(
        [sys.executable, code / "run_job.py", *arguments],
        env={**kept, **chosen, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_program_imports_what_its_container_lacks(tmp_path, folder):
    (folder / "requirements.lock").write_text(make_wheel(folder, "lacking_one", "1.5") + "# a comment\n")
    code = tmp_path / "code"
    code.mkdir()
    (code / "job.py").write_text(
        "import os, sys, lacking_one\nprint(lacking_one.VERSION, sys.argv[1:], os.getpid())\nsys.exit(7)\n"
    )
    # Neither an index nor a target that somebody has set is asked.
    own = {"PIP_INDEX_URL": "http://127.0.0.1:1/simple", "PIP_TARGET": str(tmp_path / "elsewhere")}
    done = run_job(code, "job.py", "--eta", "0.1", JOB_WHEELS=str(folder), TMPDIR=str(tmp_path), **own)
    assert done.returncode == 7, done.stderr
    assert done.stdout.startswith("1.5 ['--eta', '0.1'] ")
    assert f"installed from {folder}: lacking_one==1.5" in done.stderr
    assert not (tmp_path / "elsewhere").exists()


def test_nothing_is_installed_where_nothing_is_missing(folder, capsys):
    version = importlib.metadata.version("numpy")
    (folder / "requirements.lock").write_text(f"numpy=={version} \\\n    --hash=sha256:{'0' * 64}\n")
    assert wheels.install_missing(folder) is None
    assert capsys.readouterr().err == ""


def test_a_job_without_wheels_just_runs(tmp_path):
    code = tmp_path / "code"
    code.mkdir()
    (code / "job.py").write_text("import sys\nprint(sys.argv[1:], sys.path[0])\n")
    done = run_job(code, "job.py", "a b")
    assert (done.returncode, done.stdout) == (0, f"['a b'] {code}\n")


@pytest.mark.parametrize("program", [None, "", "absent.py"])
def test_a_program_that_is_not_there_is_named(tmp_path, program):
    done = run_job(tmp_path / "code", program)
    assert done.returncode == 1
    assert f"JOB_PROGRAM={program or ''!r} names no script" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("fault", ["changed", "absent", "of another platform", "unpinned", "no lock"])
def test_wheels_that_cannot_be_installed_end_the_job_with_the_reason(tmp_path, folder, fault):
    tag = "py3-none-win_amd64" if fault == "of another platform" else "py3-none-any"
    line = make_wheel(folder, "lacking_two", "2.0", tag)
    wheel = next(folder.glob("*.whl"))
    if fault == "changed":
        wheel.write_bytes(wheel.read_bytes() + b"\0")
    if fault == "absent":
        wheel.unlink()
    if fault != "no lock":
        (folder / "requirements.lock").write_text("lacking_two>=2\n" if fault == "unpinned" else line)
    code = tmp_path / "code"
    code.mkdir()
    (code / "job.py").write_text("print('ran')\n")
    done = run_job(code, "job.py", JOB_WHEELS=str(folder), TMPDIR=str(tmp_path))
    assert (done.returncode, done.stdout) == (1, "")
    assert "Traceback" not in done.stderr
    says = {"unpinned": "'lacking_two>=2' does not pin a version", "no lock": "holds no requirements.lock"}
    assert says.get(fault, f"cannot install lacking_two==2.0 from {folder} into Python") in done.stderr


def container_of(lock: Path) -> dict:
    return json.loads((lock.parent / "container.json").read_text())


def uv(*arguments: object) -> subprocess.CompletedProcess:
    program = Path(sys.executable).parent / "uv"
    return subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, timeout=300, check=False)


@named
def test_each_lock_is_what_its_container_needs(lock: Path, tmp_path: Path):
    """On every Python that the container has had, beside the packages that it holds, on its platform."""
    container = container_of(lock)
    held = {name: version for name, version in container["packages"].items() if version is not None}
    constraints = tmp_path / "held.txt"
    constraints.write_text("".join(f"{name}=={version}\n" for name, version in held.items()))
    for python in container["pythons"]:
        # The lock's versions as they stand, with all that they ask for.
        wanted = tmp_path / f"{python}.in"
        wanted.write_text("".join(f"{name}=={version}\n" for name, version in PINNED.findall(lock.read_text())))
        options = ["--quiet", "--no-header", "--no-annotate", "--only-binary", ":all:", "--python-version", python]
        options += ["--python-platform", f"x86_64-manylinux_{container['glibc'].replace('.', '_')}"]
        options += ["--constraint", constraints, "--override", ROOT / "tools" / "python" / "overrides.txt"]
        options += [part for name in container["packages"] for part in ("--no-emit-package", name)]
        done = uv("pip", "compile", *options, wanted)
        if re.search(r"[Cc]onnect|dns|network|timed out|error sending request", done.stderr):
            pytest.skip(f"PyPI is out of reach: {done.stderr.strip().splitlines()[-1]}")
        assert done.returncode == 0, done.stderr
        assert dict(PINNED.findall(done.stdout)) == dict(PINNED.findall(lock.read_text())), python


@named
def test_jobs_run_here_with_the_versions_that_they_have_there(lock: Path):
    for name, version in PINNED.findall(lock.read_text()):
        assert importlib.metadata.version(name) == version


@named
def test_the_downloaded_wheels_are_those_of_the_lock(lock: Path):
    """As set-up leaves them for the launcher: files of every pin and of nothing else, by their hashes."""
    folder = ROOT / ".local" / "wheels" / lock.parent.name / lock.stem
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there: set-up has not downloaded it")
    assert (folder / "requirements.lock").read_text() == lock.read_text()
    hashes = set(re.findall(r"--hash=sha256:([0-9a-f]{64})", lock.read_text()))
    files = sorted(folder.glob("*.whl"))
    assert {re.sub(r"[-_.]+", "-", file.name.split("-")[0]).lower() for file in files} == {
        re.sub(r"[-_.]+", "-", name).lower() for name, _ in PINNED.findall(lock.read_text())
    }
    for file in files:
        assert hashlib.sha256(file.read_bytes()).hexdigest() in hashes, file.name


def test_the_wheels_of_a_model_serve_it(tmp_path, monkeypatch):
    """A model that was trained with wheels brings them, and what is missing is imported from there."""
    import inference

    model = tmp_path / "model"
    (model / "code" / "wheels").mkdir(parents=True)
    line = make_wheel(model / "code" / "wheels", "lacking_three", "3.1")
    (model / "code" / "wheels" / "requirements.lock").write_text(line)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))

    def load_folder(*_: object, **__: object) -> None:
        raise RuntimeError(importlib.import_module("lacking_three").VERSION)

    monkeypatch.setattr(inference, "load_folder", load_folder)
    with pytest.raises(RuntimeError, match=r"3\.1"):
        inference.model_fn(str(model))
    del sys.modules["lacking_three"]
