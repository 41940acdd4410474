"""InvokeEndpoint as boto3 sees it: headers both ways, limits, and every refusal."""

import pytest
from botocore.exceptions import ClientError
from endpoints import ask, delete, deploy, make_config, make_model, settled, variant
from local_cloud import ACCOUNT, REGION, Cloud

LIMIT = 6 * 1024 * 1024
# With Flask a script can answer anything; it is what the frameworks' toolkit runs on.
SCRIPT = """
import flask
def model_fn(model_dir):
    return None
def transform_fn(model, body, content_type, accept):
    if accept == "application/x-custom":
        headers = {"X-Amzn-SageMaker-Custom-Attributes": "threshold=0.5"}
        return flask.Response(str(len(body)), 200, headers, mimetype=accept)
    if accept == "application/x-long":
        return flask.Response("e" * 100_000, 503)
    return flask.Response(status=int(body))
"""


@pytest.fixture(scope="module")
def endpoint(cloud: Cloud):
    deploy(cloud, "Runtime", variant(make_model(cloud, "runtime", SCRIPT)))
    yield "Runtime"
    delete(cloud, "Runtime")


def invoke(cloud: Cloud, body: bytes = b"200", **more) -> dict:
    runtime = cloud.client("sagemaker-runtime")
    return runtime.invoke_endpoint(**{"EndpointName": "Runtime", "Body": body, "ContentType": "text/csv", **more})


def refusal(call, **request) -> dict:
    with pytest.raises(ClientError) as refused:
        call(**request)
    return refused.value.response


def test_headers_both_ways(cloud: Cloud, endpoint: str) -> None:
    answer = invoke(cloud, b"123", Accept="application/x-custom", CustomAttributes="trace=1", InferenceId="i 1")
    assert answer["Body"].read() == b"3"
    assert answer["ContentType"] == "application/x-custom"
    assert answer["CustomAttributes"] == "threshold=0.5"
    assert answer["InvokedProductionVariant"] == "AllTraffic"
    assert answer["ResponseMetadata"]["RequestId"]
    # What a model does not set is not there; another status of success is one.
    empty = invoke(cloud, b"204")
    assert (empty["ResponseMetadata"]["HTTPStatusCode"], empty["Body"].read()) == (204, b"")
    assert "CustomAttributes" not in empty


@pytest.mark.parametrize(("status", "side"), [(400, "client"), (429, "client"), (500, "server"), (503, "server")])
def test_a_models_own_errors(cloud: Cloud, endpoint: str, status: int, side: str) -> None:
    response = refusal(invoke, cloud=cloud, body=str(status).encode())
    assert response["Error"]["Code"] == "ModelError"
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 424
    assert response["OriginalStatusCode"] == status
    assert response["OriginalMessage"] == ""
    group = "/aws/sagemaker/Endpoints/Runtime"
    assert response["LogStreamArn"] == f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}"
    assert response["Error"]["Message"] == (
        f'Received {side} error ({status}) from primary with message "". See https://{REGION}.console.aws.amazon.com/'
        f"cloudwatch/home?region={REGION}#logEventViewer:group={group} in account {ACCOUNT} for more information."
    )


def test_a_long_error_is_cut(cloud: Cloud, endpoint: str) -> None:
    response = refusal(invoke, cloud=cloud, Accept="application/x-long")
    assert response["OriginalStatusCode"] == 503
    assert 1_000 < len(response["OriginalMessage"]) < 100_000


def test_the_limit_of_a_payload(cloud: Cloud, endpoint: str) -> None:
    largest = invoke(cloud, b"1" * LIMIT, Accept="application/x-custom")
    assert largest["Body"].read() == str(LIMIT).encode()
    response = refusal(invoke, cloud=cloud, body=b"1" * (LIMIT + 1))
    assert (response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]) == ("ValidationError", 400)
    assert response["Error"]["Message"] == (
        "1 validation error detected: Value at 'body' failed to satisfy constraint: "
        f"Member must have length less than or equal to {LIMIT}"
    )
    # The connection is as good as before.
    assert invoke(cloud)["Body"].read() == b""


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"TargetVariant": "not a name"}, "at 'targetVariant' failed to satisfy constraint"),
        ({"TargetVariant": "nobody"}, "Variant nobody of endpoint Runtime not found"),
        ({"InferenceId": "i" * 65}, "at 'inferenceId' failed to satisfy constraint: Member must have length less than"),
        ({"CustomAttributes": "c" * 1025}, "at 'customAttributes' failed to satisfy constraint"),
        ({"TargetModel": "model.tar.gz"}, "multi-model"),
        ({"TargetContainerHostname": "second"}, "several containers"),
        ({"InferenceComponentName": "part"}, "inference components"),
        ({"EnableExplanations": "`true`"}, "ExplainerConfig"),
        ({"SessionId": "NEW_SESSION"}, "stateful"),
        ({"EndpointName": "nobody"}, f"Endpoint nobody of account {ACCOUNT} not found."),
        ({"EndpointName": "runtime"}, f"Endpoint runtime of account {ACCOUNT} not found."),
    ],
)
def test_requests_that_are_refused(cloud: Cloud, endpoint: str, request_: dict, message: str) -> None:
    response = refusal(invoke, cloud=cloud, **request_)
    assert (response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]) == ("ValidationError", 400)
    assert message in response["Error"]["Message"]


def test_other_ways_to_invoke_are_refused(cloud: Cloud, endpoint: str) -> None:
    runtime = cloud.client("sagemaker-runtime")
    stream = refusal(runtime.invoke_endpoint_with_response_stream, EndpointName=endpoint, Body=b"1")
    assert (stream["Error"]["Code"], "InvokeEndpoint." in stream["Error"]["Message"]) == ("ValidationError", True)
    later = refusal(runtime.invoke_endpoint_async, EndpointName=endpoint, InputLocation="s3://bucket/key")
    assert "not an asynchronous endpoint" in later["Error"]["Message"]


def test_an_endpoint_that_is_not_in_service_is_not_found(cloud: Cloud) -> None:
    slow = "import time\ndef model_fn(d): time.sleep(2)\ndef transform_fn(*a): return '1'\n"
    make_config(cloud, "to-come", variant(make_model(cloud, "to-come", slow)))
    cloud.client("sagemaker").create_endpoint(EndpointName="to-come", EndpointConfigName="to-come")
    pending = cloud.client("sagemaker").describe_endpoint(EndpointName="to-come")["PendingDeploymentSummary"]
    assert pending["EndpointConfigName"] == "to-come"
    assert pending["ProductionVariants"][0]["VariantStatus"][0]["Status"] == "Creating"
    response = refusal(ask, cloud=cloud, name="to-come")
    assert response["Error"]["Message"] == f"Endpoint to-come of account {ACCOUNT} not found."
    described = settled(cloud, "to-come")
    assert described["EndpointStatus"] == "InService"
    assert "PendingDeploymentSummary" not in described
    assert ask(cloud, "to-come") == 1
    delete(cloud, "to-come")
