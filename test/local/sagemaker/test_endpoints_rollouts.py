"""Blue/green deployments: how requests move to a new fleet, and back when an alarm goes off."""

import http.client
import json
import signal
import threading
import time
from collections import Counter
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError
from endpoints import SCRIPT, ask, delete, deploy, make_config, make_model, settled, variant
from local_cloud import Cloud, wait_for

BROKEN = SCRIPT.replace("    text = body", '    raise ValueError("broken")\n    text = body')


class Load:
    """Requests that go on all the time, and what became of each: when it was sent, its status, who answered."""

    def __init__(self, cloud: Cloud, endpoint: str) -> None:
        self.cloud, self.endpoint = cloud, endpoint
        self.over = threading.Event()
        self.outcomes: list[tuple[float, int, str]] = []

    def run(self) -> None:
        connection = http.client.HTTPConnection(urlsplit(self.cloud.url).netloc, timeout=60)
        while not self.over.is_set():
            sent = time.monotonic()
            connection.request("POST", f"/endpoints/{self.endpoint}/invocations", b"1,2", {"Content-Type": "text/csv"})
            response = connection.getresponse()
            body = response.read()
            label = json.loads(body)["label"] if response.status == 200 else body.decode()
            self.outcomes.append((sent, response.status, label))
        connection.close()

    def since(self, began: float, until: float = float("inf")) -> list[tuple[float, int, str]]:
        return [one for one in self.outcomes if began <= one[0] < until]


@contextmanager
def load(cloud: Cloud, endpoint: str, clients: int = 4):
    running = Load(cloud, endpoint)
    threads = [threading.Thread(target=running.run) for _ in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield running
    finally:
        running.over.set()
        for thread in threads:
            thread.join()


def canary(percent: int, wait: int, *alarms: str, **more) -> dict:
    policy = {
        "TrafficRoutingConfiguration": {
            "Type": "CANARY",
            "WaitIntervalInSeconds": wait,
            "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": percent},
        },
        **more,
    }
    rollback = {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": name} for name in alarms]}} if alarms else {}
    return {"BlueGreenUpdatePolicy": policy, **rollback}


def stage(cloud: Cloud, name: str) -> tuple[str, str, int]:
    """Status and message of the first variant that a deployment brings, and its instances."""
    described = cloud.client("sagemaker").describe_endpoint(EndpointName=name)
    variants = described.get("PendingDeploymentSummary", {}).get("ProductionVariants")
    if not variants:
        return (described["EndpointStatus"], "", 0)
    status = variants[0]["VariantStatus"][0]
    return (status["Status"], status["StatusMessage"], variants[0]["CurrentInstanceCount"])


def baking(cloud: Cloud, name: str, capacity: str) -> None:
    wait_for(lambda: stage(cloud, name)[0] == "Baking" and capacity in stage(cloud, name)[1], f"{capacity} bake")


def error_alarm(cloud: Cloud, name: str, endpoint: str, config: str) -> str:
    """Goes off when the fleet of a config answers with server errors."""
    dimensions = {"EndpointName": endpoint, "VariantName": "AllTraffic", "EndpointConfigName": config}
    cloud.client("cloudwatch").put_metric_alarm(
        AlarmName=name,
        Namespace="AWS/SageMaker",
        MetricName="Invocation5XXErrors",
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        Statistic="Sum",
        Period=10,
        EvaluationPeriods=1,
        Threshold=3,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
    )
    return name


def test_a_canary_gets_its_share_and_then_everything_without_a_failed_request(cloud: Cloud, events) -> None:
    sagemaker = cloud.client("sagemaker")
    deploy(cloud, "rolling", variant(make_model(cloud, "rolling"), instances=2))
    make_config(cloud, "rolling-2", variant(make_model(cloud, "rolling-2"), instances=2))
    with load(cloud, "rolling") as running:
        sagemaker.update_endpoint(
            EndpointName="rolling", EndpointConfigName="rolling-2", DeploymentConfig=canary(20, 4)
        )
        assert stage(cloud, "rolling") == ("Creating", "Launching 1 instance(s).", 0)
        with pytest.raises(ClientError, match="in-progress"):
            sagemaker.update_endpoint(EndpointName="rolling", EndpointConfigName="rolling")
        with pytest.raises(ClientError, match="in-progress"):
            sagemaker.delete_endpoint(EndpointName="rolling")
        baking(cloud, "rolling", "canary")
        began = time.monotonic()
        enabled = "traffic enabled on canary capacity of 1 instance(s)."
        assert stage(cloud, "rolling") == ("Baking", f"Baking for 4 seconds (WaitIntervalInSeconds) with {enabled}", 1)
        described = sagemaker.describe_endpoint(EndpointName="rolling")
        assert (described["EndpointStatus"], described["EndpointConfigName"]) == ("Updating", "rolling")
        assert described["ProductionVariants"][0]["CurrentInstanceCount"] == 2
        wait_for(lambda: stage(cloud, "rolling")[0] != "Baking", "the end of the bake")
        canaries = Counter(label for _, _, label in running.since(began, time.monotonic() - 0.5))
        baking(cloud, "rolling", "full")
        began = time.monotonic()
        assert stage(cloud, "rolling")[2] == 2
        described = settled(cloud, "rolling")
        everything = {label for _, _, label in running.since(began)}
    assert (described["EndpointStatus"], described["EndpointConfigName"]) == ("InService", "rolling-2")
    assert "FailureReason" not in described
    assert "PendingDeploymentSummary" not in described
    assert described["LastDeploymentConfig"] == canary(20, 4)
    assert everything == {"rolling-2"}
    assert {status for _, status, _ in running.outcomes} == {200}
    # Six standard deviations, and the two points that are promised of 5,000 requests.
    total = canaries.total()
    assert total > 100
    assert abs(canaries["rolling-2"] / total - 0.2) < max(0.02, 6 * (0.2 * 0.8 / total) ** 0.5), canaries

    def told() -> list[tuple[str, str, str]]:
        found = []
        for event in events():
            detail = event["detail"]
            if detail.get("EndpointName") != "rolling":
                continue
            variants = detail.get("PendingDeploymentSummary", {}).get("ProductionVariants", [])
            status = variants[0]["VariantStatus"][0]["Status"] if variants else ""
            found.append((event["detail-type"].removeprefix("SageMaker Endpoint "), detail["EndpointStatus"], status))
        return found

    ends = {("State Change", "IN_SERVICE", ""), ("Deployment State Change", "IN_SERVICE", "")}
    deployment = [("Deployment State Change", "UPDATING", one) for one in ("Creating", "ActivatingTraffic", "Baking")]
    wanted = {*ends, *deployment, ("State Change", "CREATING", "Creating"), ("State Change", "UPDATING", "Creating")}
    wait_for(lambda: wanted <= set(told()), "the events of the rollout")
    # A creation has no deployment's events.
    assert not [one for one in told() if one[0].startswith("Deployment") and one[1] == "CREATING"]
    delete(cloud, "rolling")


def test_an_alarm_on_the_new_fleet_alone_rolls_back(cloud: Cloud, events) -> None:
    sagemaker = cloud.client("sagemaker")
    deploy(cloud, "guarded", variant(make_model(cloud, "guarded"), instances=2))
    make_config(cloud, "guarded-2", variant(make_model(cloud, "guarded-2", BROKEN), instances=2))
    alarm = error_alarm(cloud, "guarded-errors", "guarded", "guarded-2")
    with load(cloud, "guarded") as running:
        sagemaker.update_endpoint(
            EndpointName="guarded", EndpointConfigName="guarded-2", DeploymentConfig=canary(10, 120, alarm)
        )
        described = settled(cloud, "guarded")
        back = time.monotonic()
        wait_for(lambda: len(running.since(back)) > 50, "requests after the rollback")
    assert (described["EndpointStatus"], described["EndpointConfigName"]) == ("InService", "guarded")
    assert described["FailureReason"].startswith("The CloudWatch alarm(s) of the deployment tripped: guarded-errors (")
    assert 'rolled back to endpoint configuration "guarded"' in described["FailureReason"]
    assert "PendingDeploymentSummary" not in described
    failed = [one for one in running.outcomes if one[1] != 200]
    assert failed
    assert {status for _, status, _ in failed} == {424}
    # The old fleet's share never failed, and nothing does after the rollback.
    assert {(status, label) for _, status, label in running.since(back)} == {(200, "guarded")}
    first, last = failed[0][0], failed[-1][0]
    share = len(failed) / len(running.since(first, last + 1e-9))
    assert share < 0.1 + 6 * (0.1 * 0.9 / len(running.since(first, last + 1e-9))) ** 0.5
    assert ask(cloud, "guarded")["label"] == "guarded"

    def told() -> set[tuple[str, str]]:
        return {
            (event["detail"]["EndpointStatus"], event["detail"]["EndpointConfigName"])
            for event in events()
            if event["detail"].get("EndpointName") == "guarded" and event["detail"].get("FailureReason")
        }

    wait_for(lambda: told() == {("ROLLING_BACK", "guarded"), ("IN_SERVICE", "guarded")}, "the events of the rollback")

    # An alarm that is on already lets nothing be started.
    cloud.client("cloudwatch").put_metric_alarm(
        **{
            key: value
            for key, value in cloud.client("cloudwatch").describe_alarms(AlarmNames=[alarm])["MetricAlarms"][0].items()
            if key in ("AlarmName", "Namespace", "MetricName", "Dimensions", "Statistic", "Period", "EvaluationPeriods")
        },
        Threshold=-1,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="breaching",
    )
    states = cloud.client("cloudwatch")
    wait_for(
        lambda: states.describe_alarms(AlarmNames=[alarm])["MetricAlarms"][0]["StateValue"] == "ALARM", "the alarm"
    )
    make_config(cloud, "guarded-3", variant("guarded", instances=2))
    sagemaker.update_endpoint(
        EndpointName="guarded", EndpointConfigName="guarded-3", DeploymentConfig=canary(10, 120, alarm)
    )
    described = settled(cloud, "guarded")
    assert described["EndpointConfigName"] == "guarded"
    assert "guarded-errors" in described["FailureReason"]
    with pytest.raises(ClientError, match=r"alarm.*nobody"):
        sagemaker.update_endpoint(
            EndpointName="guarded", EndpointConfigName="guarded-2", DeploymentConfig=canary(10, 1, alarm, "nobody")
        )
    with pytest.raises(ClientError, match="must be less than or equal to 50%"):
        sagemaker.update_endpoint(
            EndpointName="guarded", EndpointConfigName="guarded-2", DeploymentConfig=canary(75, 1)
        )
    assert sagemaker.describe_endpoint(EndpointName="guarded")["EndpointStatus"] == "InService"
    delete(cloud, "guarded")


def test_a_rollout_goes_on_after_kill_9(cloud: Cloud) -> None:
    sagemaker = cloud.client("sagemaker")
    deploy(cloud, "killed", variant(make_model(cloud, "killed"), instances=2))
    make_config(cloud, "killed-2", variant(make_model(cloud, "killed-2"), instances=2))
    alarm = error_alarm(cloud, "killed-errors", "killed", "killed-2")
    sagemaker.update_endpoint(
        EndpointName="killed", EndpointConfigName="killed-2", DeploymentConfig=canary(50, 3, alarm)
    )
    baking(cloud, "killed", "canary")
    cloud.server.stop(signal.SIGKILL)
    cloud.start()
    assert ask(cloud, "killed")["label"] in ("killed", "killed-2")
    assert sagemaker.describe_endpoint(EndpointName="killed")["EndpointStatus"] == "Updating"
    baking(cloud, "killed", "canary")
    assert {ask(cloud, "killed")["label"] for _ in range(60)} == {"killed", "killed-2"}
    described = settled(cloud, "killed")
    assert (described["EndpointStatus"], described["EndpointConfigName"]) == ("InService", "killed-2")
    assert {ask(cloud, "killed")["label"] for _ in range(20)} == {"killed-2"}
    # The deployment's settings are used again where an update says so.
    sagemaker.update_endpoint(EndpointName="killed", EndpointConfigName="killed", RetainDeploymentConfig=True)
    baking(cloud, "killed", "canary")
    cloud.client("cloudwatch").delete_alarms(AlarmNames=[alarm])
    described = settled(cloud, "killed")
    assert described["EndpointConfigName"] == "killed-2"
    assert "killed-errors" in described["FailureReason"]
    delete(cloud, "killed")
