"""Endpoints for tests: a model that does what its requests say, deployed with boto3."""

import io
import json
import tarfile

from botocore.exceptions import ClientError
from local_cloud import ACCOUNT, REGION, Cloud, wait_for

ROLE = f"arn:aws:iam::{ACCOUNT}:role/sagemaker"
IMAGE = f"141502667606.dkr.ecr.{REGION}.amazonaws.com/sagemaker-xgboost:3.0-5"
BUCKET = "endpoints-bucket"

SCRIPT = """
import json, os, time
def model_fn(model_dir):
    return os.environ.get("LABEL")
def transform_fn(label, body, content_type, accept):
    text = body if isinstance(body, str) else body.decode("utf-8", "replace")
    if text == "refuse":
        from flask import Response
        return Response("not valid", 422)
    if text == "fail":
        raise ValueError("broken")
    if text == "die":
        os._exit(3)
    if text.startswith("sleep "):
        time.sleep(float(text.split()[1]))
    return json.dumps({"label": label, "pid": os.getpid(), "got": text[:100]}), "application/json"
"""


def archive(files: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text.encode())
            tar.addfile(info, io.BytesIO(text.encode()))
    return buffer.getvalue()


def bucket(cloud: Cloud):
    """A client of S3, whose bucket for endpoints is there."""
    s3 = cloud.client("s3")
    try:
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    except ClientError as error:
        if error.response["Error"]["Code"] != "BucketAlreadyOwnedByYou":
            raise
    return s3


def make_model(cloud: Cloud, name: str, script: str = SCRIPT, **environment: str) -> str:
    """A model whose answers carry its name as their label."""
    key = f"models/{name}.tar.gz"
    bucket(cloud).put_object(Bucket=BUCKET, Key=key, Body=archive({"code/inference.py": script}))
    container = {
        "Image": IMAGE,
        "ModelDataUrl": f"s3://{BUCKET}/{key}",
        "Environment": {
            "SAGEMAKER_PROGRAM": "inference.py",
            "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
            "LABEL": name,
            **environment,
        },
    }
    cloud.client("sagemaker").create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer=container)
    return name


def variant(model: str, name: str = "AllTraffic", instances: int = 1, weight: float = 1) -> dict:
    return {
        "VariantName": name,
        "ModelName": model,
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": instances,
        "InitialVariantWeight": weight,
    }


def make_config(cloud: Cloud, name: str, *variants: dict, **more) -> str:
    sagemaker = cloud.client("sagemaker")
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=list(variants), **more)
    return name


def settled(cloud: Cloud, name: str) -> dict:
    """The endpoint's description once nothing is under way."""

    def describe():
        described = cloud.client("sagemaker").describe_endpoint(EndpointName=name)
        return described if described["EndpointStatus"] in ("InService", "Failed") else None

    return wait_for(describe, f"endpoint {name}")


def deploy(cloud: Cloud, name: str, *variants: dict, **more) -> dict:
    """An endpoint in service, on a config of its own name."""
    make_config(cloud, name, *(variants or (variant(make_model(cloud, name)),)), **more)
    cloud.client("sagemaker").create_endpoint(EndpointName=name, EndpointConfigName=name)
    described = settled(cloud, name)
    assert described["EndpointStatus"] == "InService", described.get("FailureReason")
    return described


def delete(cloud: Cloud, name: str) -> None:
    """Deletes the endpoint, and waits until it is gone."""
    sagemaker = cloud.client("sagemaker")
    sagemaker.delete_endpoint(EndpointName=name)
    sagemaker.get_waiter("endpoint_deleted").wait(EndpointName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})


def ask(cloud: Cloud, name: str, body: bytes | str = "1,2", **more) -> dict:
    """What the model of an endpoint answers."""
    request = {"EndpointName": name, "Body": body, "ContentType": "text/csv", **more}
    return json.loads(cloud.client("sagemaker-runtime").invoke_endpoint(**request)["Body"].read())
