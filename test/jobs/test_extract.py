"""The job that reads a database, against a real server: MariaDB from Debian's packages, over TLS."""

import csv
import gzip
import json
import os
import random
import struct
import subprocess
import sys
import traceback
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import certifi
import mariadb
import numpy as np
import pytest
from broken_servers import FaultyProxy, PlainServer
from credentials import Credentials, read_credentials
from database import Server, Snapshot, Table
from extract import arguments, main
from extraction_error import ExtractionError
from local_cloud import REGION, Cloud, cloud, tool, wait_for
from transactions import COLUMNS

__all__ = ["cloud"]

ROOT = Path(__file__).parents[2]
USER, PASSWORD = "the_readers_name", "p4ss w0rd's \\ %$"
DATABASE = "credit_fraud"
BIG_ROWS, SMALL_ROWS = 64_000, 8_000

pytestmark = pytest.mark.skipif(mariadb.missing() is not None, reason=str(mariadb.missing()))


def create(name: str, **types: str) -> str:
    """A table with the columns as published, doubles but for those given, and others that nobody asked for."""
    columns = ", ".join(f"`{column}` {types.get(column, 'DOUBLE')}" for column in COLUMNS)
    return f"CREATE TABLE `{name}` (id INT AUTO_INCREMENT PRIMARY KEY, {columns}, note TEXT DEFAULT 'x')"


def insert(running: mariadb.Running, table: str, rows: "list[list]", database: str = DATABASE) -> None:
    names, marks = ", ".join(f"`{column}`" for column in COLUMNS), ", ".join(["%s"] * len(COLUMNS))
    with running.connect(database) as connection, connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO `{table}` ({names}) VALUES ({marks})", rows)  # noqa: S608


def rows_of(count: int) -> "list[list[float]]":
    """Rows that are all different, every fiftieth a fraud."""
    return [
        [number, *[number + part / 64 for part in range(28)], 9.99, int(number % 50 == 0)] for number in range(count)
    ]


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Iterator[mariadb.Running]:
    with mariadb.mariadb(tmp_path_factory.mktemp("mariadb")) as running:
        names = ", ".join(f"`{column}`" for column in COLUMNS)
        account = f"'{USER}'@'%'"
        with running.connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {DATABASE}")
            cursor.execute("CREATE DATABASE hidden")
            cursor.execute(f"CREATE USER {account.replace('%', '%%')} IDENTIFIED BY %s REQUIRE SSL", (PASSWORD,))
            cursor.execute(f"GRANT SELECT ON {DATABASE}.* TO {account}")
            cursor.execute(f"GRANT SELECT ON absent.* TO {account}")
        running.execute(
            create("transactions"),
            create("empty"),
            create("with_gap"),
            create("big"),
            create("words", V1="VARCHAR(20)", Amount="DATETIME"),
            "CREATE TABLE narrow (`Time` DOUBLE, V1 DOUBLE)",
            f"CREATE VIEW a_view AS SELECT {names} FROM transactions WHERE Class = 1",  # noqa: S608
            database=DATABASE,
        )
        insert(running, "transactions", rows_of(500))
        insert(running, "with_gap", [*rows_of(30), [1, None, *[0] * 29]])
        insert(running, "big", rows_of(SMALL_ROWS // 8))
        copy = f"INSERT INTO big ({names}) SELECT {names} FROM big"  # noqa: S608
        running.execute(*[copy] * 3, "CREATE TABLE small AS SELECT * FROM big", *[copy] * 3, database=DATABASE)
        yield running


@pytest.fixture(scope="module")
def secrets(cloud: Cloud) -> dict[str, str]:
    """ARNs of secrets by what is in them."""
    contents = {
        "right": json.dumps({"username": USER, "password": PASSWORD, "engine": "mysql"}),
        "wrong password": json.dumps({"username": USER, "password": "xx" + PASSWORD}),
        "no JSON": f"{USER}:{PASSWORD}",
        "no password": json.dumps({"username": USER, "pass": PASSWORD}),
    }
    client = cloud.client("secretsmanager")
    return {
        name: client.create_secret(Name=f"extract/{name.replace(' ', '-')}", SecretString=content)["ARN"]
        for name, content in contents.items()
    }


@pytest.fixture
def aws(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment(cloud).items():
        monkeypatch.setenv(name, value)


def environment(cloud: Cloud) -> dict[str, str]:
    return {"AWS_ENDPOINT_URL": cloud.url, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


def options(db: mariadb.Running, secret: str, output: Path, **changes: "str | int | Path") -> list[str]:
    given = {
        "host": mariadb.HOST,
        "port": db.port,
        "database": DATABASE,
        "table": "transactions",
        "secret-arn": secret,
        "ca-bundle": db.bundle,
        "output": output,
        "attempts": 1,
        "retry-seconds": 0.05,
        **{name.replace("_", "-"): value for name, value in changes.items()},
    }
    return [word for name, value in given.items() for word in (f"--{name}", str(value))]


def read(output: Path) -> "list[list[str]]":
    """All rows, under the header that each file has."""
    rows = []
    for file in sorted((output / "rows").iterdir()):
        with gzip.open(file, "rt", newline="") as text:
            header, *more = csv.reader(text)
        assert header == COLUMNS
        rows += more
    return rows


def assert_no_leak(text: str) -> None:
    assert PASSWORD not in text
    assert USER not in text


@pytest.mark.usefixtures("aws")
def test_reads_every_row_of_the_table(db: mariadb.Running, secrets: dict, tmp_path: Path) -> None:
    main(arguments(options(db, secrets["right"], tmp_path)))
    assert sorted([float(value) for value in row] for row in read(tmp_path)) == sorted(rows_of(500))
    report = json.loads((tmp_path / "report/extract.json").read_text())
    assert (report["rows"], report["database"], report["table"]) == (500, DATABASE, "transactions")
    assert report["columns"] == dict.fromkeys(COLUMNS, "double")
    assert [part["rows"] for part in report["parts"]] == [500]


@pytest.mark.usefixtures("aws")
def test_reads_a_view(db: mariadb.Running, secrets: dict, tmp_path: Path) -> None:
    main(arguments(options(db, secrets["right"], tmp_path, table="a_view")))
    assert [row[-1] for row in read(tmp_path)] == ["1"] * 10


@pytest.mark.usefixtures("aws")
def test_numbers_arrive_as_they_are_stored(db: mariadb.Running, secrets: dict, tmp_path: Path) -> None:
    chance = random.Random(7)
    doubles = [0.1 + 0.2, 5e-324, 1.7976931348623157e308, -2.2250738585072014e-308, 1e22, 123456789.123456789]
    while len(doubles) < 400:
        (value,) = struct.unpack("<d", chance.randbytes(8))
        if np.isfinite(value):
            doubles.append(value)
    exact = "-12345678901234567890.0123456789"
    rows = [
        [2**60 + 1, value, float(np.float32(chance.gauss(0, 1e6))), exact, 200, *[0] * 24, 1.5, 1] for value in doubles
    ]
    types = {"Time": "BIGINT", "V2": "FLOAT", "V3": "DECIMAL(30,10)", "V4": "TINYINT UNSIGNED", "Class": "BIT(1)"}
    db.execute(create("types", **types), database=DATABASE)
    insert(db, "types", rows)
    main(arguments(options(db, secrets["right"], tmp_path, table="types")))
    found = read(tmp_path)
    assert [float(row[1]) for row in found] == doubles
    assert [np.float32(row[2]) for row in found] == [np.float32(row[2]) for row in rows]
    assert {(row[0], Decimal(row[3]), row[4], row[-1]) for row in found} == {
        (str(2**60 + 1), Decimal(exact), "200", "1")
    }


REFUSALS: "list[tuple[str, str, dict, str, str]]" = [
    ("wrong password", "access-denied", {}, "wrong password", "secret"),
    ("no such database", "database-missing", {"database": "absent"}, "right", "source.database"),
    ("a database of others", "access-denied", {"database": "hidden"}, "right", "grant"),
    ("no such table", "table-missing", {"table": "nothing"}, "right", "credit_fraud.nothing"),
    ("missing columns", "column-missing", {"table": "narrow"}, "right", "V2, V3"),
    ("columns of text", "wrong-type", {"table": "words"}, "right", "V1 (varchar), Amount (datetime)"),
    ("missing values", "values-missing", {"table": "with_gap"}, "right", "NULL"),
    ("no rows", "no-rows", {"table": "empty"}, "right", "credit_fraud.empty"),
    ("a closed port", "host-unreachable", {"port": 1}, "right", "127.0.0.1:1"),
    ("an unknown host", "host-unreachable", {"host": "db.invalid"}, "right", "source.host"),
    ("a certificate for another host", "tls-refused", {"host": "localhost"}, "right", "source.host"),
    ("roots that do not vouch", "tls-refused", {"ca_bundle": certifi.where()}, "right", "source.caBundleKey"),
    ("no roots", "ca-bundle-unreadable", {"ca_bundle": "/nowhere/roots.pem"}, "right", "roots.pem"),
    ("a file that is no certificate", "ca-bundle-unreadable", {"ca_bundle": __file__}, "right", "PEM"),
    ("no JSON in the secret", "secret-unreadable", {}, "no JSON", "JSON"),
    ("no password in the secret", "secret-unreadable", {}, "no password", "username"),
    ("no such secret", "secret-unreadable", {}, "none", "ResourceNotFoundException"),
]


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize(
    ("reason", "changes", "secret", "says"), [case[1:] for case in REFUSALS], ids=[c[0] for c in REFUSALS]
)
def test_says_why_not(
    db: mariadb.Running, secrets: dict, tmp_path: Path, reason: str, changes: dict, secret: str, says: str
) -> None:
    arn = secrets.get(secret, f"arn:aws:secretsmanager:{REGION}:123456789012:secret:none-AbCdEf")
    with pytest.raises(ExtractionError) as caught:
        main(arguments(options(db, arn, tmp_path, **changes)))
    assert caught.value.reason.value == reason
    assert str(caught.value).startswith(f"{reason}: ")
    assert says in str(caught.value)
    assert_no_leak("".join(traceback.format_exception(caught.value)))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("aws")
def test_tells_a_server_without_tls_nothing(db: mariadb.Running, secrets: dict, tmp_path: Path) -> None:
    with PlainServer() as server:
        with pytest.raises(ExtractionError, match=r"^tls-refused: "):
            main(arguments(options(db, secrets["right"], tmp_path, port=server.port)))
        assert server.done.wait(10)
    assert server.connections == 1
    assert server.heard == b""


@pytest.mark.usefixtures("aws")
def test_starts_again_where_the_connection_breaks(
    db: mariadb.Running, secrets: dict, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    # Once before the greeting is over, once among the rows.
    with FaultyProxy(db.port, breaks=[10, 1_000_000]) as proxy:
        main(arguments(options(db, secrets["right"], tmp_path, table="small", port=proxy.port, attempts=4)))
    assert proxy.connections == 3
    assert len(read(tmp_path)) == SMALL_ROWS
    failed = [json.loads(line)["failed"] for line in capsys.readouterr().out.splitlines()[:-1]]
    assert [each.split(":")[0] for each in failed] == ["connection-lost"] * 2


@pytest.mark.usefixtures("aws")
def test_gives_up_after_its_attempts_and_leaves_nothing(db: mariadb.Running, secrets: dict, tmp_path: Path) -> None:
    with FaultyProxy(db.port, breaks=[1_000_000] * 9) as proxy:
        with pytest.raises(ExtractionError, match=r"^connection-lost: "):
            main(arguments(options(db, secrets["right"], tmp_path, table="small", port=proxy.port, attempts=2)))
        assert proxy.connections == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("aws")
def test_reads_one_moment_whatever_others_write(db: mariadb.Running, secrets: dict) -> None:
    db.execute("CREATE TABLE busy AS SELECT * FROM small", database=DATABASE)
    server = Server(mariadb.HOST, db.port, db.bundle)
    snapshot = Snapshot(server, Table(DATABASE, "busy"), read_credentials(secrets["right"]))
    try:
        db.execute("DELETE FROM busy WHERE Class = 1", database=DATABASE)
        batches = snapshot.rows()
        count, frauds = 0, 0
        for batch in batches:
            if count == 0:
                db.execute("DELETE FROM busy", database=DATABASE)
                insert(db, "busy", rows_of(7))
            count += len(batch)
            frauds += sum(line.endswith(b",1") for line in batch)
    finally:
        snapshot.close()
    assert (count, frauds) == (SMALL_ROWS, SMALL_ROWS // 50)


@pytest.mark.usefixtures("aws")
def test_leaves_the_server_at_once_when_nobody_wants_more(db: mariadb.Running, secrets: dict) -> None:
    snapshot = Snapshot(
        Server(mariadb.HOST, db.port, db.bundle), Table(DATABASE, "big"), read_credentials(secrets["right"])
    )
    rows = snapshot.rows()
    next(rows)
    assert connected(db) == 1
    rows.close()
    wait_for(lambda: connected(db) == 0, "the server to see that its reader is gone")
    snapshot.close()


def connected(db: mariadb.Running) -> int:
    with db.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE USER = %s", (USER,))
        return cursor.fetchone()[0]


PEAK = """
import re, runpy, sys
script, *sys.argv[1:] = sys.argv[1:]
try:
    runpy.run_path(script, run_name="__main__")
finally:
    print(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1])
"""


def run_job(cloud: Cloud, words: list[str], *python: str) -> "subprocess.CompletedProcess[str]":
    folders = os.pathsep.join(str(ROOT / "jobs" / folder) for folder in ("extract", "shared"))
    return subprocess.run(
        [sys.executable, *python, str(ROOT / "jobs/extract/extract.py"), *words],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": folders, **environment(cloud)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of memory is read from Linux's /proc")
def test_needs_no_more_memory_for_more_rows(cloud: Cloud, db: mariadb.Running, secrets: dict, tmp_path: Path) -> None:
    peaks = {}
    for table, rows in (("small", SMALL_ROWS), ("big", BIG_ROWS)):
        done = run_job(cloud, options(db, secrets["right"], tmp_path / table, table=table), "-c", PEAK)
        assert done.returncode == 0, done.stderr
        assert json.loads((tmp_path / table / "report/extract.json").read_text())["rows"] == rows
        peaks[table] = int(done.stdout.splitlines()[-1]) / 1024
    # The rows more are 20 MB of text.
    assert peaks["big"] < peaks["small"] + 4, peaks


def test_the_job_ends_with_one_paragraph_and_no_secret(
    cloud: Cloud, db: mariadb.Running, secrets: dict, tmp_path: Path
) -> None:
    message = tmp_path / "message"
    words = options(db, secrets["wrong password"], tmp_path / "output", message_file=message)
    done = run_job(cloud, words)
    assert done.returncode == 1
    assert message.read_text() == done.stderr.strip()
    assert done.stderr.startswith("extract: access-denied: ")
    assert "Traceback" not in done.stderr
    assert_no_leak(done.stdout + done.stderr)


def test_credentials_do_not_show() -> None:
    assert_no_leak(repr(Credentials(USER, PASSWORD)) + str(Credentials(USER, PASSWORD)))


def test_the_pipeline_trains_on_the_tables_rows(
    cloud: Cloud, db: mariadb.Running, secrets: dict, tmp_path: Path
) -> None:
    """The definition as it is compiled, up to the three data sets, which are those of the same rows in files."""
    rows = tmp_path / "rows.csv"
    generate = [sys.executable, str(ROOT / "local/data/generate.py"), "--out", str(rows), "--rows", "4000"]
    subprocess.run(generate, check=True, capture_output=True)
    db.execute(create("generated"), database=DATABASE)
    insert(db, "generated", list(csv.reader(rows.open()))[1:])

    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.upload_file(str(db.bundle), "bucket", "fraud/tls/roots.pem")
    for letter, job in (("a", "preprocess"), ("d", "extract")):
        for folder in (job, "shared"):
            for file in (ROOT / "jobs" / folder).iterdir():
                if file.is_file():
                    s3.upload_file(str(file), "bucket", f"fraud/scripts/{letter}/{file.name}")
    # The same rows as a folder: one part plain, the other packed.
    header, *lines = rows.read_text().splitlines(keepends=True)
    s3.put_object(Bucket="bucket", Key="fraud/raw/parts/")
    s3.put_object(Bucket="bucket", Key="fraud/raw/parts/a.csv", Body="".join([header, *lines[:1500]]))
    packed = gzip.compress("".join([header, *lines[1500:]]).encode())
    s3.put_object(Bucket="bucket", Key="fraud/raw/parts/b.csv.gz", Body=packed)

    found = {}
    definitions = compiled()
    for name in ("fraud, from a database", "fraud, deployed at once"):
        definition = definitions[name]
        definition["Steps"] = definition["Steps"][: 2 if name == "fraud, from a database" else 1]
        for step in definition["Steps"]:
            words = step["Arguments"]["AppSpecification"]["ContainerArguments"]
            for option, value in (
                ("--host", mariadb.HOST),
                ("--port", str(db.port)),
                ("--table", "generated"),
                ("--secret-arn", secrets["right"]),
            ):
                if option in words:
                    words[words.index(option) + 1] = value
        run = f"run-{len(found)}"
        raw = {"RawDataUri": "s3://bucket/fraud/raw/parts/"} if found else {}
        steps = executed(cloud, run, definition, {"ExecutionId": run, **raw})
        assert [step["StepStatus"] for step in steps] == ["Succeeded"] * len(definition["Steps"]), steps
        found[name] = {
            split: s3.get_object(Bucket="bucket", Key=f"fraud/{run}/processed/{split}/{split}.csv")["Body"].read()
            for split in ("train", "validation", "test")
        }
    from_table, from_file = (
        {
            split: sorted(tuple(map(float, line.split(b","))) for line in text.splitlines())
            for split, text in each.items()
        }
        for each in found.values()
    )
    assert from_table == from_file
    report = json.loads(s3.get_object(Bucket="bucket", Key="fraud/run-0/extracted/report/extract.json")["Body"].read())
    assert report["rows"] == 4000
    assert_no_leak(everything_said(cloud))


def compiled() -> dict[str, dict]:
    """The pipelines of the oracles' tests, as our compiler writes them."""
    command = [str(tool("node")), "--import", "tsx", "test/oracles/print-definitions.ts"]
    printed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return json.loads(printed.stdout)


def executed(cloud: Cloud, name: str, definition: dict, parameters: dict[str, str]) -> list[dict]:
    """The steps of an execution, in the order of their start, once it has ended."""
    sagemaker = cloud.client("sagemaker")
    role = "arn:aws:iam::123456789012:role/sagemaker"
    sagemaker.create_pipeline(
        PipelineName=name, PipelineDefinition=json.dumps(definition), RoleArn=role, ClientRequestToken="t" * 32
    )
    arn = sagemaker.start_pipeline_execution(
        PipelineName=name, PipelineParameters=[{"Name": key, "Value": value} for key, value in parameters.items()]
    )["PipelineExecutionArn"]

    def status() -> str:
        return sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)["PipelineExecutionStatus"]

    wait_for(lambda: status() != "Executing", f"{name} to end")
    steps = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn)["PipelineExecutionSteps"]
    return sorted(steps, key=lambda step: step["StartTime"])


def everything_said(cloud: Cloud) -> str:
    """All that the jobs logged, and all that is kept of them."""
    logs, sagemaker = cloud.client("logs"), cloud.client("sagemaker")
    group = "/aws/sagemaker/ProcessingJobs"
    streams = logs.describe_log_streams(logGroupName=group)["logStreams"]
    assert streams
    said = [
        event["message"]
        for stream in streams
        for event in logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"])["events"]
    ]
    jobs = sagemaker.list_processing_jobs()["ProcessingJobSummaries"]
    kept = [sagemaker.describe_processing_job(ProcessingJobName=job["ProcessingJobName"]) for job in jobs]
    return "\n".join([*said, json.dumps(kept, default=str)])
