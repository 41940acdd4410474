"""The images that the SageMaker Python SDK chooses are those that models run on here, whatever the region."""

import pytest
from botocore.exceptions import ClientError
from local_cloud import ACCOUNT, REGION, Cloud
from sagemaker import image_uris

ROLE = f"arn:aws:iam::{ACCOUNT}:role/sagemaker"
# One of each partition, and some of the first.
REGIONS = ("us-east-1", "eu-west-1", "ap-southeast-4", "me-central-1", "cn-north-1", "us-gov-west-1", "us-iso-east-1")
VERSIONS = [
    *(("xgboost", version) for version in ("1.0-1", "1.2-2", "1.3-1", "1.5-1", "1.7-1", "3.0-5")),
    *(("sklearn", version) for version in ("0.23-1", "1.0-1", "1.2-1", "1.4-2")),
]


@pytest.mark.parametrize(("framework", "version"), VERSIONS)
def test_images_of_the_sdk(cloud: Cloud, framework: str, version: str) -> None:
    sagemaker = cloud.client("sagemaker")
    for region in REGIONS:
        image = image_uris.retrieve(framework, region, version)
        name = f"image-{framework}-{version}-{region}".replace(".", "-")
        sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer={"Image": image})
        assert sagemaker.describe_model(ModelName=name)["PrimaryContainer"]["Image"] == image


@pytest.mark.parametrize(
    "image",
    [
        image_uris.retrieve("pytorch", REGION, "2.3", image_scope="inference", instance_type="ml.m5.large"),
        image_uris.retrieve("linear-learner", REGION),
        f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/own:latest",
        f"141502667606.dkr.ecr.{REGION}.amazonaws.com/sagemaker-xgboost:99.0-1",
        "xgboost",
    ],
)
def test_other_images_are_refused_by_name(cloud: Cloud, image: str) -> None:
    container = {"Image": image}
    with pytest.raises(ClientError) as refused:
        cloud.client("sagemaker").create_model(ModelName="other", ExecutionRoleArn=ROLE, PrimaryContainer=container)
    error = refused.value.response["Error"]
    assert error["Code"] == "ValidationException"
    assert f'"{image}" does not run' in error["Message"]
    assert "sagemaker-xgboost (1.0-1, " in error["Message"]
    assert "sagemaker-scikit-learn (" in error["Message"]
