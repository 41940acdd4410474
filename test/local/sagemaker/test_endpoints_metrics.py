"""The metrics that SageMaker sends to CloudWatch of an endpoint's invocations and instances."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError
from endpoints import ask, delete, deploy, make_config, make_model, settled, variant
from local_cloud import Cloud, wait_for


def statistics(cloud: Cloud, metric: str, namespace: str = "AWS/SageMaker", **dimensions: str) -> dict:
    """Sum, sample count and extremes of a metric over the last hour."""
    points = cloud.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=metric,
        Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
        StartTime=datetime.now(UTC) - timedelta(minutes=30),
        EndTime=datetime.now(UTC) + timedelta(minutes=1),
        Period=3600,
        Statistics=["Sum", "SampleCount", "Minimum", "Maximum"],
    )["Datapoints"]
    return {
        "sum": sum(point["Sum"] for point in points),
        "count": sum(point["SampleCount"] for point in points),
        "min": min((point["Minimum"] for point in points), default=None),
        "max": max((point["Maximum"] for point in points), default=None),
        "units": {point["Unit"] for point in points},
    }


def ask_often(cloud: Cloud, name: str, times: int) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: ask(cloud, name, str(number)), range(times)))


def test_metrics_equal_the_requests_made_across_an_update_and_a_restart(cloud: Cloud) -> None:
    model = make_model(cloud, "metered")
    deploy(cloud, "metered", variant(model, instances=2))
    of_variant = {"EndpointName": "metered", "VariantName": "AllTraffic"}
    ask_often(cloud, "metered", 50)
    for body, status in (("refuse", 422), ("fail", 500)):
        with pytest.raises(ClientError) as refused:
            ask(cloud, "metered", body)
        assert refused.value.response["OriginalStatusCode"] == status
    # Refused before any variant was chosen: no variant's metric.
    with pytest.raises(ClientError, match="Variant nobody"):
        ask(cloud, "metered", TargetVariant="nobody")

    def invocations(wanted: int, **more: str) -> dict:
        found = {}

        def arrived() -> bool:
            found.update(statistics(cloud, "Invocations", **of_variant, **more))
            return found["sum"] >= wanted

        wait_for(arrived, f"{wanted} invocations, not {found}")
        return found

    assert invocations(52)["sum"] == 52
    assert statistics(cloud, "InvocationsPerInstance", **of_variant)["sum"] == 26
    # For every request 1 or 0, so that the average is the share of errors.
    for metric, errors in (("Invocation4XXErrors", 1), ("Invocation5XXErrors", 1), ("InvocationModelErrors", 2)):
        found = statistics(cloud, metric, **of_variant)
        assert (found["sum"], found["count"]) == (errors, 52), metric
    model_latency = statistics(cloud, "ModelLatency", **of_variant)
    overhead = statistics(cloud, "OverheadLatency", **of_variant)
    assert (model_latency["count"], model_latency["units"]) == (52, {"Microseconds"})
    assert 100 < model_latency["min"] <= model_latency["max"] < 20e6
    assert 0 < overhead["min"] <= overhead["max"] < 20e6
    assert 1 <= statistics(cloud, "ConcurrentRequestsPerModel", **of_variant)["max"] <= 4

    make_config(cloud, "metered-2", variant(model))
    cloud.client("sagemaker").update_endpoint(EndpointName="metered", EndpointConfigName="metered-2")
    asked = 52
    while cloud.client("sagemaker").describe_endpoint(EndpointName="metered")["EndpointStatus"] == "Updating":
        ask(cloud, "metered")
        asked += 1
    ask_often(cloud, "metered", 5)
    asked += 5
    cloud.server.stop(signal.SIGTERM)
    cloud.start()
    ask(cloud, "metered")
    asked += 1
    assert invocations(asked)["sum"] == asked
    of_configs = [
        statistics(cloud, "Invocations", **of_variant, EndpointConfigName=config)["sum"]
        for config in ("metered", "metered-2")
    ]
    assert sum(of_configs) == asked
    assert of_configs[1] >= 6
    delete(cloud, "metered")


def test_a_slow_model_and_a_busy_instance_show(cloud: Cloud) -> None:
    deploy(cloud, "busy")
    of_variant = {"EndpointName": "busy", "VariantName": "AllTraffic"}
    ask(cloud, "busy", "sleep 1")
    latency = wait_for(
        lambda: (found := statistics(cloud, "ModelLatency", **of_variant))["count"] == 1 and found, "latency", 10
    )
    assert 1e6 <= latency["sum"] < 5e6

    def utilization(metric: str) -> dict | None:
        found = statistics(cloud, metric, "/aws/sagemaker/Endpoints", **of_variant)
        return found if found["count"] > 0 else None

    for metric, most in (
        ("CPUUtilization", 100 * (os.cpu_count() or 1) + 50),
        ("MemoryUtilization", 100),
        ("DiskUtilization", 100),
    ):
        found = wait_for(lambda metric=metric: utilization(metric), metric, 40)
        assert found["units"] == {"Percent"}
        assert 0 <= found["min"] <= found["max"] <= most
    assert utilization("MemoryUtilization")["min"] > 0
    assert settled(cloud, "busy")["EndpointStatus"] == "InService"
    delete(cloud, "busy")
