"""Figures reach CloudWatch whole, as it takes them."""

import json
import math
from datetime import datetime, timedelta, timezone
from pathlib import Path

import boto3
import data_quality
import monitor
import numpy as np
import publish
import pytest
from botocore.stub import ANY, Stubber
from captures import capture_rows
from hypothesis import given
from hypothesis import strategies as st
from outcome import Metric
from transactions import FEATURES

NOW = datetime.now(timezone.utc)
ENVIRONMENT = {
    "publish_cloudwatch_metrics": "Enabled",
    "sagemaker_endpoint_name": "fraud-prod",
    "sagemaker_monitoring_schedule_name": "fraud-prod-data-quality",
    "AWS_REGION": "eu-central-1",
}


def client():
    return boto3.client("cloudwatch", region_name="eu-central-1", aws_access_key_id="x", aws_secret_access_key="x")


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True) | st.none(), max_size=600))
def test_every_figure_is_sent_once_and_none_that_is_no_figure(values):
    """Through botocore's own validation of the request."""
    metrics = [Metric(f"m{index}", value, dimensions={"Facet": "Amount"}) for index, value in enumerate(values)]
    found = publish.data(metrics, "fraud", "schedule", NOW)
    wanted = {f"m{index}": value for index, value in enumerate(values) if value is not None and not math.isnan(value)}
    cloudwatch = client()
    with Stubber(cloudwatch) as stub:
        for _ in range(math.ceil(len(found) / publish.BATCH)):
            stub.add_response("put_metric_data", {}, {"Namespace": "aws/x", "MetricData": ANY})
        publish.publish(cloudwatch, "aws/x", found)
        stub.assert_no_pending_responses()
    assert {each["MetricName"]: each["Value"] for each in found} == {
        name: math.copysign(2.348543e108, value) if math.isinf(value) else value for name, value in wanted.items()
    }
    for each in found:
        assert [part["Name"] for part in each["Dimensions"]] == ["Endpoint", "MonitoringSchedule", "Facet"]


class Recorder:
    """Stands for the client, and keeps what it is told."""

    def __init__(self) -> None:
        self.calls: list[dict] = []

    def put_metric_data(self, **call: object) -> None:
        self.calls.append(call)


def run(folder: Path, monkeypatch: pytest.MonkeyPatch, **environment: str) -> list[dict]:
    table = np.random.default_rng(1).normal(size=(400, len(FEATURES)))
    statistics = data_quality.statistics(table)
    (folder / "statistics.json").write_text(json.dumps(statistics))
    (folder / "constraints.json").write_text(json.dumps(data_quality.constraints(statistics)))
    recorder = Recorder()
    monkeypatch.setattr(boto3, "client", lambda service, region_name: recorder)
    places = [part for name in ("captured", "output") for part in (f"--{name}", str(folder / name))]
    capture_rows(folder / "captured", table)
    options = monitor.arguments(["--monitor", "data-quality", "--baseline", str(folder), *places])
    monitor.main(options, {**ENVIRONMENT, **environment})
    return recorder.calls


def test_a_job_sends_its_figures_in_its_namespace_at_its_time(tmp_path, monkeypatch):
    hour = NOW.replace(minute=0, second=0, microsecond=0) - timedelta(days=1)
    calls = run(tmp_path, monkeypatch, metric_time=hour.strftime("%Y-%m-%dT%H:%M:%SZ"))
    assert {call["Namespace"] for call in calls} == {"aws/sagemaker/Endpoints/data-metrics"}
    data = [each for call in calls for each in call["MetricData"]]
    assert {each["Timestamp"] for each in data} == {hour}
    assert {each["MetricName"] for each in data} >= {
        "feature_data_V1",
        "feature_non_null_V1",
        "feature_baseline_drift_V1",
    }
    assert data[0]["Dimensions"] == [
        {"Name": "Endpoint", "Value": "fraud-prod"},
        {"Name": "MonitoringSchedule", "Value": "fraud-prod-data-quality"},
    ]


def test_what_cloudwatch_would_refuse_as_too_old_is_told_now(tmp_path, monkeypatch):
    calls = run(tmp_path, monkeypatch, metric_time="2025-01-01T00:00:00Z")
    assert {each["Timestamp"] >= NOW for call in calls for each in call["MetricData"]} == {True}


def test_folders_are_those_of_model_monitors_contract_unless_told():
    contract = {"dataset_source": "/data", "output_path": "/results"}
    command = ["--monitor", "data-quality", "--baseline", "/baseline"]
    found = monitor.arguments(command, contract)
    assert (found.captured, found.output) == (Path("/data"), Path("/results"))
    assert monitor.arguments([*command, "--captured", "/own"], contract).captured == Path("/own")
    with pytest.raises(SystemExit):
        monitor.arguments(command, {"output_path": "/results"})


def test_nothing_is_sent_where_nothing_is_to_be(tmp_path, monkeypatch):
    assert run(tmp_path, monkeypatch, publish_cloudwatch_metrics="Disabled") == []


def test_figures_of_nobody_are_refused(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="metrics need sagemaker_endpoint_name"):
        run(tmp_path, monkeypatch, sagemaker_endpoint_name="")
