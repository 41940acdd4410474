"""Data capture: what an endpoint writes to S3, as Model Monitor would read it."""

import base64
import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError
from endpoints import BUCKET, ask, bucket, delete, deploy, make_config, make_model, settled, variant
from local_cloud import Cloud, wait_for

KEY = re.compile(r"(?P<hour>\d{4}/\d\d/\d\d/\d\d)/\d\d-\d\d-\d{3}-[0-9a-f-]{36}\.jsonl")


def capture(prefix: str, percentage: int = 100, modes: tuple[str, ...] = ("Input", "Output"), **more) -> dict:
    return {
        "EnableCapture": True,
        "InitialSamplingPercentage": percentage,
        "DestinationS3Uri": f"s3://{BUCKET}/{prefix}",
        "CaptureOptions": [{"CaptureMode": mode} for mode in modes],
        **more,
    }


def captured(cloud: Cloud, prefix: str) -> list[dict]:
    """Every record under a prefix, in the order of the files."""
    s3 = cloud.client("s3")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=f"{prefix}/")
    keys = [found["Key"] for page in pages for found in page.get("Contents", [])]
    texts = [s3.get_object(Bucket=BUCKET, Key=key)["Body"].read().decode() for key in sorted(keys)]
    assert all(text.endswith("\n") for text in texts)
    return [json.loads(line) for text in texts for line in text.splitlines()]


def test_every_successful_invocation_is_captured_once(cloud: Cloud) -> None:
    types = {"CsvContentTypes": ["text/csv"], "JsonContentTypes": ["application/json"]}
    config = capture("all", CaptureContentTypeHeader=types, KmsKeyId="alias/capture")
    described = deploy(cloud, "capture-all", variant(make_model(cloud, "capture-all")), DataCaptureConfig=config)
    assert described["DataCaptureConfig"] == {
        "EnableCapture": True,
        "CaptureStatus": "Started",
        "CurrentSamplingPercentage": 100,
        "DestinationS3Uri": f"s3://{BUCKET}/all",
        "KmsKeyId": "alias/capture",
    }
    before = datetime.now(UTC) - timedelta(seconds=1)
    for number in range(30):
        ask(cloud, "capture-all", f"{number},'a\n", InferenceId=f"id-{number}", CustomAttributes="trace=1")
    for body in ("refuse", "fail"):
        with pytest.raises(ClientError):
            ask(cloud, "capture-all", body)
    ask(cloud, "capture-all", b"\xff\x00", ContentType="application/x-npy")
    # The interval, not the end of the endpoint, writes them.
    records = wait_for(lambda: len(found := captured(cloud, "all")) == 31 and found, "31 captures")
    by_id = {record["eventMetadata"].get("inferenceId"): record for record in records}
    assert set(by_id) == {None, *(f"id-{number}" for number in range(30))}

    record = by_id["id-7"]
    assert record["eventVersion"] == "0"
    assert record["captureData"]["endpointInput"] == {
        "observedContentType": "text/csv",
        "mode": "INPUT",
        "data": "7,'a\n",
        "encoding": "CSV",
    }
    output = record["captureData"]["endpointOutput"]
    assert (output["observedContentType"], output["mode"], output["encoding"]) == ("application/json", "OUTPUT", "JSON")
    assert json.loads(output["data"])["got"] == "7,'a\n"
    assert record["eventMetadata"]["customAttributes"] == ["trace=1"]
    time = datetime.strptime(record["eventMetadata"]["inferenceTime"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert before <= time <= datetime.now(UTC)
    assert len({record["eventMetadata"]["eventId"] for record in records}) == 31

    raw = by_id[None]["captureData"]["endpointInput"]
    assert raw["encoding"] == "BASE64"
    assert base64.b64decode(raw["data"]) == b"\xff\x00"

    listed = bucket(cloud).list_objects_v2(Bucket=BUCKET, Prefix="all/")["Contents"]
    for found in listed:
        name = KEY.fullmatch(found["Key"].removeprefix("all/capture-all/AllTraffic/"))
        assert name, found["Key"]
        assert name["hour"] in {moment.strftime("%Y/%m/%d/%H") for moment in (before, datetime.now(UTC))}
    delete(cloud, "capture-all")


def test_what_was_captured_is_written_when_the_endpoint_changes_or_ends(cloud: Cloud) -> None:
    model = make_model(cloud, "capture-ends")
    config = capture("input", modes=("Input",))
    deploy(cloud, "capture-ends", variant(model), DataCaptureConfig=config)
    ask(cloud, "capture-ends")
    make_config(cloud, "capture-off", variant(model), DataCaptureConfig={**config, "EnableCapture": False})
    cloud.client("sagemaker").update_endpoint(EndpointName="capture-ends", EndpointConfigName="capture-off")
    assert settled(cloud, "capture-ends")["DataCaptureConfig"]["CaptureStatus"] == "Stopped"
    [record] = wait_for(lambda: captured(cloud, "input"), "the capture before the update", 4)
    assert set(record["captureData"]) == {"endpointInput"}
    # No content type is named, so all is base64.
    assert base64.b64decode(record["captureData"]["endpointInput"]["data"]) == b"1,2"
    ask(cloud, "capture-ends")

    make_config(cloud, "capture-output", variant(model), DataCaptureConfig=capture("output", modes=("Output",)))
    cloud.client("sagemaker").update_endpoint(EndpointName="capture-ends", EndpointConfigName="capture-output")
    settled(cloud, "capture-ends")
    ask(cloud, "capture-ends")
    cloud.server.stop()
    cloud.start()
    assert settled(cloud, "capture-ends")["EndpointStatus"] == "InService"
    ask(cloud, "capture-ends")
    delete(cloud, "capture-ends")
    # One before the server's end, one before the endpoint's.
    records = captured(cloud, "output")
    assert [set(record["captureData"]) for record in records] == [{"endpointOutput"}] * 2
    assert len(captured(cloud, "input")) == 1


def test_a_destination_that_takes_nothing_stops_the_capture_and_nothing_else(cloud: Cloud) -> None:
    config = {**capture("x"), "DestinationS3Uri": "s3://capture-bucket-to-come/x"}
    deploy(cloud, "capture-nowhere", variant(make_model(cloud, "capture-nowhere")), DataCaptureConfig=config)
    ask(cloud, "capture-nowhere")
    sagemaker = cloud.client("sagemaker")

    def status(wanted: str):
        described = sagemaker.describe_endpoint(EndpointName="capture-nowhere")
        return described["DataCaptureConfig"]["CaptureStatus"] == wanted

    wait_for(lambda: status("Stopped"), "the capture to stop")
    assert ask(cloud, "capture-nowhere")["label"] == "capture-nowhere"
    s3 = cloud.client("s3")
    location = {"LocationConstraint": "eu-west-1"}
    s3.create_bucket(Bucket="capture-bucket-to-come", CreateBucketConfiguration=location)
    wait_for(lambda: status("Started"), "the capture to start again")
    found = s3.list_objects_v2(Bucket="capture-bucket-to-come")["Contents"]
    lines = [s3.get_object(Bucket="capture-bucket-to-come", Key=one["Key"])["Body"].read() for one in found]
    assert sum(text.count(b"\n") for text in lines) == 2
    delete(cloud, "capture-nowhere")


def test_a_destination_outside_s3_is_refused(cloud: Cloud) -> None:
    model = make_model(cloud, "capture-refused")
    config = {**capture("x"), "DestinationS3Uri": "https://bucket/x"}
    with pytest.raises(ClientError, match="not an S3 URI"):
        make_config(cloud, "capture-refused", variant(model), DataCaptureConfig=config)
