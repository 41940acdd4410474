"""The local server as clients see it: MiniStack and ``local/server/main.ts`` as processes on free ports."""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

ROOT = Path(__file__).parents[3]
REGION = "eu-west-1"
ACCOUNT = "123456789012"
START_SECONDS = 60


def wait_for(condition, what: str, seconds: float = 90):
    """The first true answer of ``condition``, asked until the time is up."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := condition():
            return answer
        time.sleep(0.05)
    raise AssertionError(f"waited {seconds} s in vain for {what}")


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:  # noqa: S310
            return response.status == 200
    except (urllib.error.URLError, OSError):
        return False


class Server:
    """A process that answers HTTP, in a process group of its own."""

    def __init__(self, command: list[str], environment: dict[str, str], log: Path, health: str) -> None:
        self.log = log
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                command, env=environment, cwd=log.parent, stdout=output, stderr=output, start_new_session=True
            )
        wait_for(lambda: answers(health) or self.process.poll() is not None, f"{health}\n{self.text()}", START_SECONDS)
        assert self.process.poll() is None, self.text()

    def text(self) -> str:
        return self.log.read_text()

    def stop(self, number: int = signal.SIGTERM) -> None:
        if self.process.poll() is None:
            os.kill(self.process.pid, number)
        self.process.wait(30)


class Cloud:
    """MiniStack and the local server, and boto3's clients of them."""

    def __init__(self, folder: Path, enforced: bool = False) -> None:
        """``enforced``: roles may do what their policies allow, and no more."""
        self.folder = folder
        self.iam = {"AUTH": "true"} if enforced else {}
        self.aws = f"http://127.0.0.1:{free_port()}"
        self.url = f"http://127.0.0.1:{free_port()}"
        # The interpreter's own folder, not what a link of it points to: there are the packages.
        path = f"{tool('node').parent}:{tool('python').parent}:/usr/bin:/bin"
        self.environment = {"PATH": path, "HOME": str(folder), "TMPDIR": str(folder), "AWS_REGION": REGION}
        self.ministack = Server(
            [str(tool("python")), str(ROOT / "local" / "server" / "run_ministack.py")],
            {
                **self.environment,
                "BIND_HOST": "127.0.0.1",
                "GATEWAY_PORT": self.url.rsplit(":", 1)[1],
                "LISTEN_PORT": self.aws.rsplit(":", 1)[1],
                "MINISTACK_HOST": "127.0.0.1",
                "MINISTACK_ACCOUNT_ID": ACCOUNT,
                "MINISTACK_REGION": REGION,
                "IOT_MTLS_ENABLED": "0",
                "SFTP_ENABLED": "0",
                **self.iam,
            },
            folder / "ministack.log",
            f"{self.aws}/_ministack/health",
        )
        self.start()

    def start(self) -> None:
        self.server = Server(
            [
                str(tool("node")),
                "--import",
                (ROOT / "node_modules/tsx/dist/loader.mjs").as_uri(),
                str(ROOT / "local/server/main.ts"),
            ],
            {
                **self.environment,
                "LOCAL_SERVER_PORT": self.url.rsplit(":", 1)[1],
                "LOCAL_SERVER_STATE_DIR": str(self.folder / "state"),
                "LOCAL_SERVER_PYTHON": str(tool("python")),
                "AWS_ENDPOINT_URL": self.aws,
                "AWS_ACCOUNT_ID": ACCOUNT,
                **self.iam,
            },
            self.folder / "server.log",
            f"{self.url}/_local/health",
        )

    def client(self, service: str, **options):
        return boto3.client(
            service,
            **options,
            region_name=REGION,
            endpoint_url=self.url,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def stop(self) -> None:
        self.server.stop()
        self.ministack.stop()


def tool(name: str) -> Path:
    """``node`` or ``python`` as set-up chose it, else the one on PATH."""
    state = ROOT / ".local" / "setup.json"
    found = json.loads(state.read_text())["tools"][name] if state.exists() else shutil.which(name)
    assert found, f"no {name}: run `npm test`, which sets everything up"
    return Path(found)


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    running = Cloud(tmp_path_factory.mktemp("cloud"))
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture
def events(cloud: Cloud):
    """What EventBridge delivers of SageMaker's events from here on."""
    bus, sqs = cloud.client("events"), cloud.client("sqs")
    url = sqs.create_queue(QueueName="events")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    bus.put_rule(Name="events", EventPattern=json.dumps({"source": ["aws.sagemaker"]}))
    bus.put_targets(Rule="events", Targets=[{"Id": "queue", "Arn": arn}])
    seen: list[dict] = []

    def receive() -> list[dict]:
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        for message in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            seen.append(json.loads(message["Body"]))
        return seen

    yield receive
    bus.remove_targets(Rule="events", Ids=["queue"])
    bus.delete_rule(Name="events")
    sqs.delete_queue(QueueUrl=url)
