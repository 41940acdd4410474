"""Variants of an endpoint: weights, instance counts, what an update keeps of them, shadows, serverless."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from endpoints import (
    BUCKET,
    IMAGE,
    ROLE,
    SCRIPT,
    ask,
    delete,
    deploy,
    make_config,
    make_model,
    settled,
    variant,
)
from local_cloud import ACCOUNT, REGION, Cloud, wait_for

ONCE = SCRIPT.replace(
    "def model_fn(model_dir):", 'def model_fn(model_dir):\n    os.mkdir(os.path.join(model_dir, "once"))'
)


def answers(cloud: Cloud, name: str, times: int, **more) -> list[dict]:
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(lambda number: ask(cloud, name, str(number), **more), range(times)))


def labels(cloud: Cloud, name: str, times: int) -> list[str]:
    return [answer["label"] for answer in answers(cloud, name, times)]


def instances(cloud: Cloud, name: str, target: str) -> int:
    """How many processes answer for a variant."""
    return len({answer["pid"] for answer in answers(cloud, name, 40, TargetVariant=target)})


def counts(described: dict) -> dict[str, tuple[int, int, float, float]]:
    return {
        one["VariantName"]: (
            one["CurrentInstanceCount"],
            one["DesiredInstanceCount"],
            one["CurrentWeight"],
            one["DesiredWeight"],
        )
        for one in described["ProductionVariants"]
    }


def test_weights_and_instance_counts(cloud: Cloud, events) -> None:
    sagemaker = cloud.client("sagemaker")
    one, two = make_model(cloud, "variant-one"), make_model(cloud, "variant-two")
    deploy(cloud, "split", variant(one, "one", weight=1), variant(two, "two", weight=3))
    # Six standard deviations either way.
    assert 170 <= labels(cloud, "split", 300).count("variant-two") <= 270
    assert {answer["label"] for answer in answers(cloud, "split", 10, TargetVariant="one")} == {"variant-one"}

    wanted = [
        {"VariantName": "one", "DesiredWeight": 0},
        {"VariantName": "two", "DesiredWeight": 2, "DesiredInstanceCount": 3},
    ]
    sagemaker.update_endpoint_weights_and_capacities(EndpointName="split", DesiredWeightsAndCapacities=wanted)
    described = sagemaker.describe_endpoint(EndpointName="split")
    assert described["EndpointStatus"] == "Updating"
    assert counts(described) == {"one": (1, 1, 1, 0), "two": (1, 3, 3, 2)}
    with pytest.raises(ClientError, match="in-progress"):
        sagemaker.update_endpoint_weights_and_capacities(EndpointName="split", DesiredWeightsAndCapacities=wanted)
    described = settled(cloud, "split")
    assert (described["EndpointStatus"], described["EndpointConfigName"]) == ("InService", "split")
    assert counts(described) == {"one": (1, 1, 0, 0), "two": (3, 3, 2, 2)}
    assert set(labels(cloud, "split", 30)) == {"variant-two"}
    assert instances(cloud, "split", "two") == 3

    def told() -> set[str]:
        return {event["detail"]["EndpointStatus"] for event in events() if event["detail"]["EndpointName"] == "split"}

    wait_for(lambda: {"UPDATING", "IN_SERVICE"} <= told(), "the events of the change")

    # What was scaled stays so when the service starts again, and through an update that is told to retain it.
    cloud.server.stop()
    cloud.start()
    assert instances(cloud, "split", "two") == 3
    variants = (variant(one, "one", instances=2), variant(two, "two"), variant(two, "three"))
    make_config(cloud, "split-2", *variants)
    sagemaker.update_endpoint(
        EndpointName="split",
        EndpointConfigName="split-2",
        RetainAllVariantProperties=True,
        ExcludeRetainedVariantProperties=[{"VariantPropertyType": "DesiredWeight"}],
    )
    assert counts(settled(cloud, "split")) == {"one": (1, 1, 1, 1), "two": (3, 3, 1, 1), "three": (1, 1, 1, 1)}
    assert instances(cloud, "split", "two") == 3

    make_config(cloud, "split-3", *variants)
    sagemaker.update_endpoint(EndpointName="split", EndpointConfigName="split-3")
    assert counts(settled(cloud, "split")) == {"one": (2, 2, 1, 1), "two": (1, 1, 1, 1), "three": (1, 1, 1, 1)}
    wanted = [{"VariantName": "one", "DesiredInstanceCount": 1}]
    sagemaker.update_endpoint_weights_and_capacities(EndpointName="split", DesiredWeightsAndCapacities=wanted)
    assert counts(settled(cloud, "split"))["one"] == (1, 1, 1, 1)
    assert instances(cloud, "split", "one") == 1
    delete(cloud, "split")


def test_an_instance_that_does_not_start_leaves_all_as_it_was(cloud: Cloud) -> None:
    deploy(cloud, "once", variant(make_model(cloud, "once", ONCE)))
    wanted = [{"VariantName": "AllTraffic", "DesiredInstanceCount": 2, "DesiredWeight": 5}]
    cloud.client("sagemaker").update_endpoint_weights_and_capacities(
        EndpointName="once", DesiredWeightsAndCapacities=wanted
    )
    described = settled(cloud, "once")
    assert described["EndpointStatus"] == "InService"
    assert "AllTraffic" in described["FailureReason"]
    assert "FileExistsError" in described["FailureReason"]
    assert counts(described) == {"AllTraffic": (1, 1, 1, 1)}
    assert instances(cloud, "once", "AllTraffic") == 1

    # A failed endpoint can only be deleted.
    cloud.client("sagemaker").create_endpoint(EndpointName="twice", EndpointConfigName="once")
    assert settled(cloud, "twice")["EndpointStatus"] == "InService"
    make_config(cloud, "twice", variant("once", instances=2))
    cloud.client("sagemaker").create_endpoint(EndpointName="never", EndpointConfigName="twice")
    assert settled(cloud, "never")["EndpointStatus"] == "Failed"
    with pytest.raises(ClientError, match="only be deleted"):
        cloud.client("sagemaker").update_endpoint(EndpointName="never", EndpointConfigName="once")
    with pytest.raises(ClientError, match="Endpoint never of account"):
        ask(cloud, "never")
    for name in ("once", "twice", "never"):
        delete(cloud, name)


def test_what_is_refused(cloud: Cloud) -> None:
    sagemaker = cloud.client("sagemaker")
    model = make_model(cloud, "refusing")
    serverless = {
        "VariantName": "AllTraffic",
        "ModelName": model,
        "ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 5},
    }
    described = deploy(cloud, "serverless", serverless)
    [listed] = described["ProductionVariants"]
    assert listed["CurrentServerlessConfig"] == serverless["ServerlessConfig"]
    assert listed["CurrentInstanceCount"] == 0
    assert ask(cloud, "serverless")["label"] == "refusing"

    # One more than MaxConcurrency at once is too many; what was begun is answered.
    def asked(_: int) -> str:
        runtime = cloud.client("sagemaker-runtime", config=Config(retries={"total_max_attempts": 1}))
        try:
            runtime.invoke_endpoint(EndpointName="serverless", Body=b"sleep 0.5", ContentType="text/csv")
        except ClientError as error:
            return f"{error.response['Error']['Code']} {error.response['ResponseMetadata']['HTTPStatusCode']}"
        return "answered"

    with ThreadPoolExecutor(12) as pool:
        outcomes = list(pool.map(asked, range(12)))
    assert set(outcomes) == {"answered", "ThrottlingException 429"}
    assert outcomes.count("answered") >= 5
    with pytest.raises(ClientError, match="not supported for serverless"):
        policy = {"Type": "CANARY", "WaitIntervalInSeconds": 0, "CanarySize": {"Type": "INSTANCE_COUNT", "Value": 1}}
        sagemaker.update_endpoint(
            EndpointName="serverless",
            EndpointConfigName="serverless",
            DeploymentConfig={"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": policy}},
        )

    def refusal(*wanted: dict, endpoint: str = "serverless") -> str:
        with pytest.raises(ClientError) as refused:
            sagemaker.update_endpoint_weights_and_capacities(
                EndpointName=endpoint, DesiredWeightsAndCapacities=list(wanted)
            )
        assert refused.value.response["Error"]["Code"] == "ValidationException"
        return refused.value.response["Error"]["Message"]

    where = 'not present within endpoint configuration "serverless".'
    assert refusal({"VariantName": "x", "DesiredWeight": 1}) == f'The variant name(s) "x" is/are {where}'
    twice = {"VariantName": "AllTraffic", "DesiredWeight": 1}
    assert refusal(twice, twice) == 'The variant name "AllTraffic" was non-unique within the request.'
    assert "serverless" in refusal({"VariantName": "AllTraffic", "DesiredInstanceCount": 2})
    missing = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint/nobody"
    assert refusal(twice, endpoint="nobody") == f'Could not find endpoint "{missing}".'
    assert settled(cloud, "serverless")["EndpointStatus"] == "InService"
    delete(cloud, "serverless")

    def config(message: str, *variants: dict, **more) -> None:
        with pytest.raises(ClientError, match=message):
            make_config(cloud, "refused", *variants, **more)

    plain = variant(model)
    config("must be unique", plain, plain)
    config("Could not find model", variant("nobody"))
    config("InstanceType", {"VariantName": "AllTraffic", "ModelName": model})
    shadows = [variant(model, "shadow")]
    config("ServerlessConfig alone", {**serverless, "InitialInstanceCount": 1})
    config("has one variant", serverless, variant(model, "other"))
    config(
        "not supported for serverless",
        serverless,
        DataCaptureConfig={
            "InitialSamplingPercentage": 100,
            "DestinationS3Uri": f"s3://{BUCKET}/x",
            "CaptureOptions": [{"CaptureMode": "Input"}],
        },
    )
    config("one production variant", plain, variant(model, "other"), ShadowProductionVariants=shadows)
    config("AsyncInferenceConfig", plain, AsyncInferenceConfig={"OutputConfig": {"S3OutputPath": "s3://b/p"}})
    containers = [{"Image": IMAGE}, {"Image": IMAGE}]
    with pytest.raises(ClientError, match="several containers"):
        sagemaker.create_model(ModelName="serial", ExecutionRoleArn=ROLE, Containers=containers)
    many = {"Image": IMAGE, "Mode": "MultiModel", "ModelDataUrl": "s3://b/p/"}
    with pytest.raises(ClientError, match="Multi-model"):
        sagemaker.create_model(ModelName="many", ExecutionRoleArn=ROLE, PrimaryContainer=many)
    described_model = sagemaker.describe_model(ModelName=model)
    assert described_model["PrimaryContainer"]["Mode"] == "SingleModel"
    assert described_model["EnableNetworkIsolation"] is False


def test_a_shadow_gets_copies_and_never_answers(cloud: Cloud) -> None:
    capture = {
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": f"s3://{BUCKET}/shadows",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": {"JsonContentTypes": ["application/json"], "CsvContentTypes": ["text/csv"]},
    }
    model, copy = make_model(cloud, "lit"), make_model(cloud, "shadow")
    more = {"ShadowProductionVariants": [variant(copy, "shadow", weight=1)], "DataCaptureConfig": capture}
    described = deploy(cloud, "shaded", variant(model, "lit", weight=2), **more)
    [shadow] = described["ShadowProductionVariants"]
    assert (shadow["VariantName"], shadow["CurrentInstanceCount"]) == ("shadow", 1)
    assert set(labels(cloud, "shaded", 120)) == {"lit"}
    delete(cloud, "shaded")

    def captured(name: str) -> list[dict]:
        s3 = cloud.client("s3")
        found = s3.list_objects_v2(Bucket=BUCKET, Prefix=f"shadows/shaded/{name}/")["Contents"]
        texts = [s3.get_object(Bucket=BUCKET, Key=one["Key"])["Body"].read().decode() for one in found]
        return [json.loads(line)["captureData"] for text in texts for line in text.splitlines()]

    assert len(captured("lit")) == 120
    copies = captured("shadow")
    assert {json.loads(copy["endpointOutput"]["data"])["label"] for copy in copies} == {"shadow"}
    assert len({copy["endpointInput"]["data"] for copy in copies}) == len(copies)
    # Half of them, six standard deviations either way.
    assert 28 <= len(copies) <= 92

    def shadowed() -> float:
        points = cloud.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/SageMaker",
            MetricName="Invocations",
            Dimensions=[{"Name": "EndpointName", "Value": "shaded"}, {"Name": "VariantName", "Value": "shadow"}],
            StartTime=datetime.now(UTC) - timedelta(minutes=30),
            EndTime=datetime.now(UTC) + timedelta(minutes=1),
            Period=3600,
            Statistics=["Sum"],
        )["Datapoints"]
        return sum(point["Sum"] for point in points)

    wait_for(lambda: shadowed() == len(copies), "the metrics of the shadow")


def test_lists_are_filtered_sorted_and_paged(cloud: Cloud) -> None:
    sagemaker = cloud.client("sagemaker")
    names = [f"listed-{number}" for number in range(3)]
    deploy(cloud, names[0])
    before = sagemaker.describe_endpoint(EndpointName=names[0])["CreationTime"]
    for name in names[1:]:
        sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=names[0])
    for name in names[1:]:
        settled(cloud, name)
    make_model(cloud, "listed-1")
    make_config(cloud, "listed-1", variant("listed-1"))

    def listed(operation: str, key: str, **filters) -> list[str]:
        pages = sagemaker.get_paginator(operation).paginate(**{"NameContains": "listed-", **filters})
        return [one[f"{key}Name"] for page in pages for one in page[f"{key}s"]]

    one_a_page = {"PaginationConfig": {"PageSize": 1}}
    assert listed("list_endpoints", "Endpoint", SortBy="Name", SortOrder="Ascending", **one_a_page) == names
    assert listed("list_endpoints", "Endpoint") == names[::-1]
    assert listed("list_endpoints", "Endpoint", StatusEquals="InService", NameContains="-2") == ["listed-2"]
    assert listed("list_endpoints", "Endpoint", StatusEquals="Failed") == []
    assert listed("list_endpoints", "Endpoint", CreationTimeBefore=before) == ["listed-0"]
    assert listed("list_endpoints", "Endpoint", LastModifiedTimeAfter=datetime.now(UTC)) == []
    assert listed("list_models", "Model", SortOrder="Ascending", **one_a_page) == ["listed-0", "listed-1"]
    assert listed("list_endpoint_configs", "EndpointConfig", SortBy="Name") == ["listed-1", "listed-0"]
    with pytest.raises(ClientError, match="NextToken"):
        sagemaker.list_endpoints(NextToken="forged")
    for name in names:
        delete(cloud, name)
