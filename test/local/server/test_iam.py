"""Roles may do what their policies allow, and no more: in the emulator and in the services written here, by boto3."""

import json
import urllib.error
import urllib.request

import boto3
import pytest
from botocore.exceptions import ClientError
from local_cloud import ACCOUNT, REGION, Cloud, wait_for

ROLE = f"arn:aws:iam::{ACCOUNT}:role/worker"
IMAGE = f"123456789012.dkr.ecr.{REGION}.amazonaws.com/sagemaker-xgboost:3.0-5"


@pytest.fixture(scope="module")
def enforced(tmp_path_factory):
    running = Cloud(tmp_path_factory.mktemp("enforced"), enforced=True)
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}],
    }
    running.client("iam").create_role(RoleName="worker", AssumeRolePolicyDocument=json.dumps(trust))
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture
def worker(enforced):
    """Gives the role a policy, or several, and answers with clients of it."""
    iam = enforced.client("iam")
    credentials = enforced.client("sts").assume_role(RoleArn=ROLE, RoleSessionName="test")["Credentials"]

    def client(service: str):
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=enforced.url,
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials["SessionToken"],
        )

    def allow(*statements: dict):
        policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **each} for each in statements]}
        iam.put_role_policy(RoleName="worker", PolicyName="own", PolicyDocument=json.dumps(policy))
        return client

    yield allow
    iam.delete_role_policy(RoleName="worker", PolicyName="own")


def sagemaker(kind: str) -> str:
    return f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:{kind}"


def denied(call) -> str:
    with pytest.raises(ClientError) as raised:
        call()
    assert raised.value.response["Error"]["Code"].startswith("AccessDenied"), raised.value
    return raised.value.response["Error"]["Message"]


def test_each_statement_is_needed_for_what_it_allows(enforced, worker):
    model = {"ModelName": "m", "PrimaryContainer": {"Image": IMAGE}, "ExecutionRoleArn": ROLE}
    creating = {"Action": "sagemaker:CreateModel", "Resource": sagemaker("model/*")}
    passing = {
        "Action": "iam:PassRole",
        "Resource": ROLE,
        "Condition": {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
    }
    tagging = {"Action": "sagemaker:AddTags", "Resource": sagemaker("model/m")}
    all_three = {"sagemaker:CreateModel": creating, "iam:PassRole": passing, "sagemaker:AddTags": tagging}
    for action in all_three:
        client = worker(*(each for name, each in all_three.items() if name != action))("sagemaker")
        request = {**model, "Tags": [{"Key": "a", "Value": "b"}]}
        message = denied(lambda client=client, request=request: client.create_model(**request))
        assert f"is not authorized to perform: {action} on resource: " in message
        assert ":assumed-role/worker/test " in message
    client = worker(*all_three.values())("sagemaker")
    wait_for(lambda: created(client, request), "the model to be allowed", 30)
    assert denied(lambda: client.describe_model(ModelName="m"))
    with urllib.request.urlopen(f"{enforced.url}/_local/iam/calls") as answer:  # noqa: S310
        calls = json.load(answer)["calls"]
    allowed = {call["action"]: call["allowedBy"] for call in calls if call["decision"] == "Allow"}
    assert allowed["sagemaker:CreateModel"] == ["own#0"]
    assert allowed["iam:PassRole"] == ["own#1"]


def created(client, request: dict) -> bool:
    try:
        client.create_model(**request)
    except ClientError as error:
        if error.response["Error"]["Code"] != "AccessDeniedException":
            raise
        return False
    return True


def test_names_resources_conditions_and_denials_are_looked_at(enforced, worker):
    alarm = {"AlarmName": "mine-a", "Namespace": "Own/metrics", "MetricName": "m", "Period": 60, "Statistic": "Sum"}
    comparison = {"EvaluationPeriods": 1, "Threshold": 1, "ComparisonOperator": "GreaterThanThreshold"}
    enforced.client("cloudwatch").put_metric_alarm(**alarm, **comparison)
    metrics = {
        "Action": "cloudwatch:PutMetricData",
        "Resource": "*",
        "Condition": {"StringLike": {"cloudwatch:namespace": ["Own/*"]}},
    }
    client = worker(
        metrics,
        {"Action": "cloudwatch:DeleteAlarms", "Resource": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:mine-*"},
        {"Effect": "Deny", "Action": "cloudwatch:DeleteAlarms", "Resource": "*:alarm:mine-kept"},
    )("cloudwatch")
    datum = [{"MetricName": "m", "Value": 1.0}]
    client.put_metric_data(Namespace="Own/metrics", MetricData=datum)
    assert "PutMetricData" in denied(lambda: client.put_metric_data(Namespace="Theirs", MetricData=datum))
    client.delete_alarms(AlarmNames=["mine-a"])
    assert "alarm:yours" in denied(lambda: client.delete_alarms(AlarmNames=["mine-a", "yours"]))
    assert "explicit deny" in denied(lambda: client.delete_alarms(AlarmNames=["mine-kept"]))


def test_a_key_that_encrypts_what_is_read_must_be_allowed(enforced, worker):
    key = enforced.client("kms").create_key()["KeyMetadata"]["Arn"]
    s3 = enforced.client("s3")
    s3.create_bucket(Bucket="locked", CreateBucketConfiguration={"LocationConstraint": REGION})
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    rules = {"Rules": [{"ApplyServerSideEncryptionByDefault": default}]}
    s3.put_bucket_encryption(Bucket="locked", ServerSideEncryptionConfiguration=rules)
    s3.put_object(Bucket="locked", Key="k", Body=b"secret")
    reading = {"Action": "s3:GetObject", "Resource": "arn:aws:s3:::locked/*"}
    assert denied(lambda: worker(reading)("s3").get_object(Bucket="locked", Key="k"))
    client = worker(reading, {"Action": "kms:Decrypt", "Resource": key})("s3")
    assert client.get_object(Bucket="locked", Key="k")["Body"].read() == b"secret"


def test_a_request_that_is_not_signed_is_refused(enforced):
    headers = {"X-Amz-Target": "SageMaker.ListModels", "Content-Type": "application/x-amz-json-1.1"}
    request = urllib.request.Request(enforced.url, b"{}", headers)  # noqa: S310
    with pytest.raises(urllib.error.HTTPError) as raised:
        urllib.request.urlopen(request)  # noqa: S310
    assert raised.value.code == 403
    assert json.load(raised.value)["__type"] == "MissingAuthenticationToken"
