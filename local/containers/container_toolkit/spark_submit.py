"""``smspark-submit`` as SageMaker's Spark processing container has it, on one machine.

The contract is that of aws/sagemaker-spark-container: options, folders in the place of lists of files, the user's
configuration at ``/opt/ml/processing/input/conf/configuration.json``, the message of a failure, workers that wait for
the first host. There the hosts are a YARN cluster; here the first host's process runs Spark, with one executor process
for each host where there are several, and all of them work on the first host's folders.

A container's ``/opt/ml`` is the working directory.
"""

import argparse
import fcntl
import json
import os
import shlex
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
#: Where a container's user puts Spark's settings, below /opt/ml.
CONFIGURATION = Path("processing/input/conf/configuration.json")
MESSAGE = Path("output/message")
MAX_MESSAGE = 1024
#: Of the machine's memory, what all of Spark's processes together may take for their heaps.
MEMORY_SHARE = 0.5
#: Options that take a folder for the files in it.
FILE_OPTIONS = ("jars", "py_files", "files")


class AlgorithmError(Exception):
    """Ends the container with a message that SageMaker shows."""

    def __init__(self, message: str, caused_by: Exception, exit_code: int = 1) -> None:
        cause = type(caused_by).__name__
        super().__init__(f"Algorithm Error: (caused by {cause}): {message}: {caused_by}"[:MAX_MESSAGE].strip())
        self.exit_code = exit_code


@dataclass(frozen=True)
class Hosts:
    """The instances of the job."""

    current: str
    all: list[str]

    @property
    def primary(self) -> str:
        return sorted(self.all)[0]


def main(argv: list[str]) -> int:
    """Runs the container's command; its exit code."""
    try:
        hosts = read_hosts(Path("config/resourceconfig.json"))
        if hosts.current != hosts.primary:
            wait_for_primary()
            return 0
        with primary_is_up():
            run(argv, hosts)
        return 0
    except AlgorithmError as error:
        MESSAGE.parent.mkdir(parents=True, exist_ok=True)
        MESSAGE.write_text(str(error), encoding="utf-8")
        print(error, file=sys.stderr, flush=True)
        return error.exit_code


def read_hosts(path: Path) -> Hosts:
    """The hosts that SageMaker names; one where there is no such file, as in a container that is tried out by hand."""
    if not path.is_file():
        return Hosts("algo-1", ["algo-1"])
    config = json.loads(path.read_text(encoding="utf-8"))
    return Hosts(config["current_host"], config["hosts"])


# The hosts of a job stand in one folder. The first one's process holds a lock on a file there as long as it lives.
_STATUS = Path("../spark-status")
_POLL_SECONDS = 0.2


class primary_is_up:
    """Tells the other hosts that the first is up, and, however it ends, that it is down."""

    def __enter__(self) -> None:
        self.file = _STATUS.open("w")
        fcntl.flock(self.file, fcntl.LOCK_EX)
        self.file.write("up")
        self.file.flush()

    def __exit__(self, *_: object) -> None:
        self.file.close()


def wait_for_primary() -> None:
    """Returns when the first host has been up and is down."""
    while not _STATUS.is_file() or _STATUS.read_text() != "up":
        time.sleep(_POLL_SECONDS)
    with _STATUS.open() as file:
        fcntl.flock(file, fcntl.LOCK_SH)


def run(argv: list[str], hosts: Hosts) -> None:
    """
    Raises:
        AlgorithmError: the options are wrong, Spark is not installed, or it failed.
    """
    options, app = parse(argv)
    tools = read_tools()
    command = [str(Path(tools["spark"]).parent / "spark-submit"), *settings(hosts), *submit_options(options), *app]
    home = Path(tools["spark"]).parents[1]
    pyspark = next(home.glob("lib/python3*/site-packages/pyspark"))
    environment = {
        **os.environ,
        "JAVA_HOME": tools["java"],
        "SPARK_HOME": str(pyspark),
        "PYSPARK_PYTHON": tools["spark"],
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_LOCAL_DIRS": str(Path("tmp/spark").absolute()),
    }
    print("running spark submit command:", shlex.join(command), flush=True)
    done = subprocess.run(command, env=environment, check=False)
    if done.returncode != 0:
        cause = subprocess.CalledProcessError(done.returncode, shlex.join(command))
        raise AlgorithmError("spark failed with a non-zero exit code", cause, abs(done.returncode))


def parse(argv: list[str]) -> tuple[argparse.Namespace, list[str]]:
    """The options before the application, and the application with its arguments."""

    class Parser(argparse.ArgumentParser):
        def error(self, message: str) -> None:
            raise AlgorithmError("Couldn't parse input.", ValueError(message))

    parser = Parser("smspark-submit", add_help=False, allow_abbrev=False)
    parser.add_argument("--class")
    for name in ("--jars", "--py-files", "--files", "--spark-event-logs-s3-uri", "--local-spark-event-logs-dir"):
        parser.add_argument(name)
    parser.add_argument("-v", "--verbose", action="store_true")
    parser.add_argument("app", nargs=argparse.REMAINDER)
    options = parser.parse_args(argv)
    if not options.app:
        parser.error("missing parameter: app")
    return options, options.app


def submit_options(options: argparse.Namespace) -> list[str]:
    """The options as spark-submit takes them."""
    given = []
    if getattr(options, "class"):
        given += ["--class", getattr(options, "class")]
    for name in FILE_OPTIONS:
        value = getattr(options, name)
        if value:
            given += [
                f"--{name.replace('_', '-')}",
                ",".join(each for path in value.split(",") for each in files(path)),
            ]
    if options.local_spark_event_logs_dir:
        Path(options.local_spark_event_logs_dir).mkdir(parents=True, exist_ok=True)
        given += ["--conf", "spark.eventLog.enabled=true"]
        given += ["--conf", f"spark.eventLog.dir=file://{options.local_spark_event_logs_dir}"]
    return [*given, *(["--verbose"] if options.verbose else [])]


def files(path: str) -> list[str]:
    """A file, or those that a folder holds."""
    place = Path(path)
    problem = None
    if not place.is_absolute():
        problem = f"file path {path} must be an absolute path to a file or directory"
    elif not place.exists():
        problem = f"file path {path} does not exist"
    found = [path] if problem or place.is_file() else sorted(str(each) for each in place.iterdir() if each.is_file())
    if problem or not found:
        raise AlgorithmError("error preparing for spark submit", ValueError(problem or f"Found zero files in {path}"))
    return found


def settings(hosts: Hosts) -> list[str]:
    """Where Spark runs, and how: what the user configured, within what this machine has."""
    properties = spark_defaults(CONFIGURATION)
    cores = min(int(properties.get("spark.executor.cores", os.cpu_count() or 1)), os.cpu_count() or 1)
    executor = mebibytes(properties.get("spark.executor.memory", "2g"))
    driver = mebibytes(properties.get("spark.driver.memory", "1g"))
    most = int(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**20 * MEMORY_SHARE)
    if len(hosts.all) == 1:
        # One process is driver and executor: it starts in half of the time.
        master, properties["spark.driver.memory"] = f"local[{cores}]", f"{min(executor + driver, most)}m"
    else:
        executor = min(executor, (most - min(driver, most // 2)) // len(hosts.all))
        properties["spark.executor.memory"] = f"{executor}m"
        properties["spark.driver.memory"] = f"{min(driver, most // 2)}m"
        properties["spark.executor.cores"] = str(cores)
        properties["spark.executor.instances"] = str(len(hosts.all))
        master = f"local-cluster[{len(hosts.all)},{cores},{executor}]"
    properties["spark.ui.enabled"] = "false"
    return ["--master", master, *(part for item in sorted(properties.items()) for part in ("--conf", "=".join(item)))]


def spark_defaults(path: Path) -> dict[str, str]:
    """The properties of spark-defaults in a configuration of EMR's form; the others are of the cluster's programs."""
    if not path.is_file():
        return {}
    configuration = json.loads(path.read_text(encoding="utf-8"))
    parts = configuration if isinstance(configuration, list) else [configuration]
    return {
        name: str(value)
        for part in parts
        if part["Classification"] == "spark-defaults"
        for name, value in part["Properties"].items()
    }


def mebibytes(text: str) -> int:
    """Memory as Spark writes it (``4096m``, ``4g``; a bare number is MiB)."""
    units = {"k": 1 / 1024, "m": 1, "g": 1024, "t": 1024**2}
    value = text.strip().lower().removesuffix("b").removesuffix("i")
    return int(float(value[:-1]) * units[value[-1]]) if value[-1] in units else int(value)


def read_tools() -> dict[str, str]:
    """What set-up installed. Read when it is needed: Spark may have come after the cloud was started."""
    state = ROOT / ".local" / "setup.json"
    tools = json.loads(state.read_text(encoding="utf-8"))["tools"] if state.is_file() else {}
    if "spark" not in tools:
        remedy = "install it with `node tools/run.mjs --with-spark local/cli.ts status`"
        raise AlgorithmError("this machine has no Spark", FileNotFoundError(remedy))
    return tools
