"""Instances are processes: what happens to them, and to their requests, when something dies."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from endpoints import SCRIPT, ask, delete, deploy, make_config, make_model, settled, variant
from local_cloud import Cloud, wait_for


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """One of its own: what others made has processes too."""
    running = Cloud(tmp_path_factory.mktemp("processes"))
    try:
        yield running
    finally:
        running.stop()


# It loads once there is a file.
SLOW = SCRIPT.replace(
    "def model_fn(model_dir):",
    'def model_fn(model_dir):\n    while not os.path.exists(os.environ["GATE"]):\n        time.sleep(0.05)',
)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1][0] != "Z"
    except FileNotFoundError:
        return False


def pids(cloud: Cloud, name: str, instances: int) -> set[int]:
    """The processes behind an endpoint; they answer in turns when they are asked at once."""
    found: set[int] = set()

    def all_seen() -> bool:
        with ThreadPoolExecutor(4) as pool:
            found.update(answer["pid"] for answer in pool.map(lambda _: ask(cloud, name, "sleep 0.05"), range(4)))
        return len(found) >= instances

    wait_for(all_seen, f"{instances} instances of {name}")
    return found


def test_a_model_server_that_dies_is_replaced(cloud: Cloud) -> None:
    deploy(cloud, "mortal", variant(make_model(cloud, "mortal"), instances=2))
    before = pids(cloud, "mortal", 2)
    with pytest.raises(ClientError) as refused:
        ask(cloud, "mortal", "die")
    response = refused.value.response
    assert (response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]) == ("ModelError", 424)
    assert response["OriginalStatusCode"] == 0
    # The other instance goes on.
    assert ask(cloud, "mortal")["pid"] in before
    wait_for(lambda: len(pids(cloud, "mortal", 2) - before) == 1, "a new instance")

    once = Config(retries={"total_max_attempts": 1})
    runtime = cloud.client("sagemaker-runtime", config=once)
    for pid in pids(cloud, "mortal", 2):
        if alive(pid):
            os.kill(pid, signal.SIGKILL)

    def refusal() -> dict | None:
        try:
            runtime.invoke_endpoint(EndpointName="mortal", Body=b"1", ContentType="text/csv")
        except ClientError as error:
            return error.response
        return None

    gone = wait_for(refusal, "a refusal")
    assert gone["ResponseMetadata"]["HTTPStatusCode"] in (424, 503)
    assert gone["Error"]["Code"] in ("ModelError", "ServiceUnavailable")
    # A client that tries again, as they all do, is answered.
    assert wait_for(lambda: refusal() is None, "the endpoint to answer again")
    assert settled(cloud, "mortal")["EndpointStatus"] == "InService"
    delete(cloud, "mortal")
    assert not [pid for pid in before if alive(pid)]


def test_kill_9_leaves_what_served_serving_and_nobody_behind(cloud: Cloud) -> None:
    sagemaker = cloud.client("sagemaker")
    deploy(cloud, "survivor", variant(make_model(cloud, "survivor"), instances=2))
    gate = cloud.folder / "survivor.gate"
    slow = make_model(cloud, "survivor-slow", SLOW, GATE=str(gate))
    make_config(cloud, "survivor-slow", variant(slow))
    sagemaker.update_endpoint(EndpointName="survivor", EndpointConfigName="survivor-slow")
    sagemaker.create_endpoint(EndpointName="unborn", EndpointConfigName="survivor-slow")
    processes = pids(cloud, "survivor", 2)
    state = f"LOCAL_CLOUD_OWNER={cloud.folder / 'state'}"
    wait_for(lambda: len(marked(state)) == 4, "four model servers")

    cloud.server.stop(signal.SIGKILL)
    orphans = marked(state)
    assert processes <= orphans
    assert len(orphans) == 4
    cloud.start()
    assert not [pid for pid in orphans if alive(pid)]

    described = sagemaker.describe_endpoint(EndpointName="survivor")
    assert (described["EndpointStatus"], described["EndpointConfigName"]) == ("Updating", "survivor")
    assert described["PendingDeploymentSummary"]["EndpointConfigName"] == "survivor-slow"
    assert ask(cloud, "survivor")["label"] == "survivor"
    assert not pids(cloud, "survivor", 2) & processes
    unborn = sagemaker.describe_endpoint(EndpointName="unborn")
    assert unborn["EndpointStatus"] == "Failed"
    delete(cloud, "unborn")

    # An orderly end does not wait for a model that loads. An update goes on all the same.
    sagemaker.create_endpoint(EndpointName="unborn", EndpointConfigName="survivor-slow")
    wait_for(lambda: len(marked(state)) == 4, "four model servers")
    cloud.server.stop(signal.SIGTERM)
    assert not marked(state)
    cloud.start()
    assert ask(cloud, "survivor")["label"] == "survivor"
    assert settled(cloud, "unborn")["EndpointStatus"] == "Failed"
    delete(cloud, "unborn")
    gate.touch()
    described = settled(cloud, "survivor")
    assert (described["EndpointStatus"], described["EndpointConfigName"]) == ("InService", "survivor-slow")
    assert "FailureReason" not in described
    assert ask(cloud, "survivor")["label"] == "survivor-slow"
    delete(cloud, "survivor")
    assert not marked(state)


def marked(variable: str) -> set[int]:
    """Processes with this in their environment."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if variable in (process / "environ").read_text().split("\0"):
                found.add(int(process.name))
        except (FileNotFoundError, PermissionError, ProcessLookupError):
            continue
    return found
