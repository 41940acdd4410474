"""The Spark container's command: its options, its settings, its hosts, and what it leaves when it fails."""

import itertools
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / "local/containers"))

from container_toolkit import spark_submit  # noqa: E402
from container_toolkit.spark_submit import AlgorithmError, Hosts, mebibytes, parse, settings, submit_options  # noqa: E402


@pytest.fixture
def opt_ml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The first host's /opt/ml, which a container works in."""
    folder = tmp_path / "algo-1"
    (folder / "config").mkdir(parents=True)
    monkeypatch.chdir(folder)
    return folder


def configure(opt_ml: Path, **properties: str) -> None:
    file = opt_ml / spark_submit.CONFIGURATION
    file.parent.mkdir(parents=True)
    yarn = {"Classification": "yarn-site", "Properties": {"yarn.nodemanager.resource.memory-mb": "1"}}
    file.write_text(json.dumps([yarn, {"Classification": "spark-defaults", "Properties": properties}]))


def confs(words: list[str]) -> dict[str, str]:
    return dict(word.split("=", 1) for before, word in itertools.pairwise(words) if before == "--conf")


def test_options_are_the_containers_and_folders_become_their_files(tmp_path: Path) -> None:
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_text("")
    (tmp_path / "inner").mkdir()
    options, app = parse(["--py-files", str(tmp_path), "-v", "/app.py", "--input", "x", "-v"])
    assert app == ["/app.py", "--input", "x", "-v"]
    assert submit_options(options) == ["--py-files", f"{tmp_path}/a.py,{tmp_path}/b.py", "--verbose"]


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        ([], "missing parameter: app"),
        (["--conf", "a=b", "app.py"], "unrecognized arguments: --conf"),
        (["--py-files", "here", "app.py"], "must be an absolute path"),
        (["--py-files", "/nowhere/to/be", "app.py"], "does not exist"),
    ],
)
def test_a_failure_leaves_its_reason_where_sagemaker_looks(opt_ml: Path, argv: list[str], says: str) -> None:
    assert spark_submit.main(argv) == 1
    message = (opt_ml / "output/message").read_text()
    assert message.startswith("Algorithm Error: (caused by ValueError)")
    assert says in message


def test_settings_are_the_users_within_what_the_machine_has(opt_ml: Path) -> None:
    asked = {"spark.executor.memory": "900g", "spark.driver.memory": "512m", "spark.executor.cores": "5000"}
    configure(opt_ml, **asked, **{"spark.sql.shuffle.partitions": "7"})
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    one = settings(Hosts("algo-1", ["algo-1"]))
    assert one[:2] == ["--master", f"local[{os.cpu_count()}]"]
    assert confs(one)["spark.sql.shuffle.partitions"] == "7"
    assert mebibytes(confs(one)["spark.driver.memory"]) <= physical / 2
    several = settings(Hosts("algo-1", ["algo-1", "algo-2", "algo-3"]))
    executor = mebibytes(confs(several)["spark.executor.memory"])
    assert several[1] == f"local-cluster[3,{os.cpu_count()},{executor}]"
    assert confs(several)["spark.executor.instances"] == "3"
    assert 3 * executor + mebibytes(confs(several)["spark.driver.memory"]) <= physical / 2


@pytest.mark.parametrize(
    ("text", "number"), [("4096m", 4096), ("4g", 4096), ("2GiB", 2048), ("512", 512), ("2048k", 2)]
)
def test_memory_is_written_as_spark_writes_it(text: str, number: int) -> None:
    assert mebibytes(text) == number


def test_the_other_hosts_wait_for_the_first(opt_ml: Path, tmp_path: Path) -> None:
    (opt_ml / "config/resourceconfig.json").write_text(
        json.dumps({"current_host": "algo-2", "hosts": ["algo-1", "algo-2"]})
    )
    other = threading.Thread(target=spark_submit.main, args=([],))
    other.start()
    with spark_submit.primary_is_up():
        other.join(0.6)
        assert other.is_alive()
    other.join(10)
    assert not other.is_alive()
    assert not (opt_ml / "output").exists()


def test_without_spark_it_says_how_to_get_it(opt_ml: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spark_submit, "ROOT", tmp_path)
    with pytest.raises(AlgorithmError, match="--with-spark"):
        spark_submit.read_tools()


@pytest.mark.parametrize(
    ("code", "reason", "message"), [(3, "bad row", "bad row"), (3, None, "generic"), (0, "x", "generic")]
)
def test_the_jobs_reason_takes_the_place_of_the_containers(
    tmp_path: Path, code: int, reason: "str | None", message: str
) -> None:
    if reason:
        (tmp_path / "reason").write_text(reason)
    container = f"import sys; open({str(tmp_path / 'message')!r}, 'w').write('generic'); sys.exit({code})"
    submit = [
        sys.executable,
        str(ROOT / "jobs/preprocess/submit.py"),
        str(tmp_path / "reason"),
        str(tmp_path / "message"),
    ]
    done = subprocess.run([*submit, sys.executable, "-c", container], check=False)
    assert done.returncode == code
    assert (tmp_path / "message").read_text() == message
