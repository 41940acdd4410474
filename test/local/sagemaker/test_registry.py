"""The model registry of the local SageMaker, and Search; driven with boto3 alone."""

import datetime
import json

import pytest
from botocore.exceptions import ClientError
from local_cloud import ACCOUNT, REGION, Cloud, wait_for
from pipelines import IMAGE, create, ended, shell_step, start

CONTAINERS = {"Containers": [{"Image": IMAGE}], "SupportedContentTypes": ["text/csv"]}
SOURCE = {"ContentType": "application/json", "S3Uri": "s3://bucket/file.json"}
PAIR = {"Statistics": SOURCE, "Constraints": SOURCE}
METADATA = {
    "ModelPackageDescription": "what it is",
    "InferenceSpecification": CONTAINERS,
    "MetadataProperties": {"CommitId": "abc", "GeneratedBy": "test"},
    "ModelMetrics": {
        "ModelQuality": PAIR,
        "ModelDataQuality": PAIR,
        "Bias": {"Report": SOURCE, "PreTrainingReport": SOURCE, "PostTrainingReport": SOURCE},
        "Explainability": {"Report": SOURCE},
    },
    "DriftCheckBaselines": {
        "Bias": {"ConfigFile": SOURCE, "PreTrainingConstraints": SOURCE, "PostTrainingConstraints": SOURCE},
        "Explainability": {"Constraints": SOURCE, "ConfigFile": SOURCE},
        "ModelQuality": PAIR,
        "ModelDataQuality": PAIR,
    },
    "CustomerMetadataProperties": {"threshold": "0.3", "owner": "team"},
    "Domain": "MACHINE_LEARNING",
    "Task": "CLASSIFICATION",
    "SamplePayloadUrl": "s3://bucket/sample.tar.gz",
    "SkipModelValidation": "All",
    "SourceUri": "s3://bucket/source",
    "ModelCard": {"ModelCardContent": json.dumps({"model_overview": {}}), "ModelCardStatus": "Draft"},
    "ModelLifeCycle": {"Stage": "Development", "StageStatus": "InProgress", "StageDescription": "begun"},
    "AdditionalInferenceSpecifications": [{"Name": "gpu", **CONTAINERS}],
}


@pytest.fixture(scope="module")
def sagemaker(cloud: Cloud):
    client = cloud.client("sagemaker")
    client.create_model_package_group(ModelPackageGroupName="registry", Tags=[{"Key": "team", "Value": "fraud"}])
    return client


@pytest.fixture(scope="module")
def package(sagemaker) -> str:
    return sagemaker.create_model_package(ModelPackageGroupName="registry", **METADATA)["ModelPackageArn"]


def test_package_keeps_all_that_is_known_of_it(sagemaker, package: str) -> None:
    described = sagemaker.describe_model_package(ModelPackageName=package)
    assert {name: described[name] for name in METADATA} == METADATA
    assert described["ModelApprovalStatus"] == "PendingManualApproval"
    assert described["ModelPackageName"] == "registry/1"


def test_update_changes_what_it_names_once(cloud: Cloud, sagemaker, package: str, events) -> None:
    update = {
        "ModelPackageArn": package,
        "ModelApprovalStatus": "Approved",
        "ApprovalDescription": "looks right",
        "CustomerMetadataProperties": {"threshold": "0.4"},
        "CustomerMetadataPropertiesToRemove": ["owner"],
        "AdditionalInferenceSpecificationsToAdd": [{"Name": "cpu", **CONTAINERS}],
        "ModelCard": {"ModelCardStatus": "Approved"},
        "ModelLifeCycle": {"Stage": "Production", "StageStatus": "Approved"},
        "ClientToken": "u" * 36,
    }
    for _ in range(2):
        # A second time, the specification would be there already.
        assert sagemaker.update_model_package(**update)["ModelPackageArn"] == package
    described = sagemaker.describe_model_package(ModelPackageName=package)
    assert described["ModelApprovalStatus"] == "Approved"
    assert described["ApprovalDescription"] == "looks right"
    assert described["CustomerMetadataProperties"] == {"threshold": "0.4"}
    assert [each["Name"] for each in described["AdditionalInferenceSpecifications"]] == ["gpu", "cpu"]
    assert described["ModelCard"] == {**METADATA["ModelCard"], "ModelCardStatus": "Approved"}
    assert described["ModelLifeCycle"] == update["ModelLifeCycle"]
    assert described["ModelMetrics"] == METADATA["ModelMetrics"]
    wait_for(
        lambda: any(
            event["detail-type"] == "SageMaker Model Package State Change"
            and event["detail"]["ModelApprovalStatus"] == "Approved"
            for event in events()
        ),
        "the event",
    )
    del update["ClientToken"]
    with pytest.raises(ClientError, match="two additional inference specifications of the name cpu"):
        sagemaker.update_model_package(**update)


def test_batch_describe(sagemaker, package: str) -> None:
    missing = package.rsplit("/", 1)[0] + "/99"
    answer = sagemaker.batch_describe_model_package(ModelPackageArnList=[package, missing])
    summary = answer["ModelPackageSummaries"][package]
    assert summary["ModelPackageVersion"] == 1
    assert summary["InferenceSpecification"] == CONTAINERS
    assert "does not exist" in answer["BatchDescribeModelPackageErrorMap"][missing]["ErrorResponse"]


def test_group_policies(sagemaker) -> None:
    group = {"ModelPackageGroupName": "registry"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": []})
    with pytest.raises(ClientError, match=r"ValidationException.*policy"):
        sagemaker.get_model_package_group_policy(**group)
    arn = sagemaker.put_model_package_group_policy(**group, ResourcePolicy=policy)["ModelPackageGroupArn"]
    assert arn == f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package-group/registry"
    assert sagemaker.get_model_package_group_policy(**group)["ResourcePolicy"] == policy
    assert "policy" not in sagemaker.describe_model_package_group(**group)
    with pytest.raises(ClientError, match="not JSON"):
        sagemaker.put_model_package_group_policy(**group, ResourcePolicy="{")
    sagemaker.delete_model_package_group_policy(**group)
    with pytest.raises(ClientError, match="policy"):
        sagemaker.delete_model_package_group_policy(**group)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"Tags": [{"Key": "a", "Value": "b"}]}, "those of its model package group"),
        ({"ModelCard": {"ModelCardContent": "{", "ModelCardStatus": "Draft"}}, "ModelCardContent is not JSON"),
        ({"AdditionalInferenceSpecifications": [{"Name": "a", **CONTAINERS}] * 2}, "two additional"),
        ({"ModelPackageName": "both"}, "not both or neither"),
    ],
)
def test_bad_packages(sagemaker, changes: dict, message: str) -> None:
    with pytest.raises(ClientError, match=f"ValidationException.*{message}"):
        sagemaker.create_model_package(ModelPackageGroupName="registry", InferenceSpecification=CONTAINERS, **changes)


def test_search(sagemaker, package: str) -> None:
    def found(resource: str, *filters: tuple, **more) -> list[dict]:
        expression = {"Filters": [dict(zip(("Name", "Operator", "Value"), each, strict=False)) for each in filters]}
        answer = sagemaker.search(Resource=resource, SearchExpression=expression, **more)
        assert answer["TotalHits"] == {"Value": len(answer["Results"]), "Relation": "EqualTo"}
        return [record[resource] for record in answer["Results"]]

    [record] = found(
        "ModelPackage",
        ("ModelPackageGroupName", "Equals", "registry"),
        ("CustomerMetadataProperties.threshold", "GreaterThan", "0.1"),
        ("CreationTime", "GreaterThan", "2020-01-01T00:00:00"),
        ("InferenceSpecification.Containers.Image", "Contains", "sagemaker-scikit-learn"),
        ("ApprovalDescription", "Exists"),
    )
    assert record["ModelPackageArn"] == package
    assert record["CreationTime"] < datetime.datetime.now(datetime.UTC)
    of_group = ("ModelPackageGroupName", "Equals", "registry")
    assert not found("ModelPackage", of_group, ("ModelPackageVersion", "GreaterThan", "1"))
    [group] = found("ModelPackageGroup", ("Tags.team", "In", "risk,fraud"))
    assert group["Tags"] == [{"Key": "team", "Value": "fraud"}]

    execution = start(sagemaker, create(sagemaker, "sought", shell_step("A", "true")))
    ended(sagemaker, execution)
    [run] = found("PipelineExecution", ("PipelineExecutionArn", "Equals", execution))
    assert run["PipelineExecutionStatus"] == "Succeeded"
    assert [each["PipelineName"] for each in found("Pipeline", ("PipelineName", "Equals", "sought"))] == ["sought"]
    for resource, name, message in [
        ("ModelPackage", "Colour", "Unknown property name: Colour"),
        ("FeatureGroup", "FeatureGroupName", "does not search for FeatureGroup"),
    ]:
        with pytest.raises(ClientError, match=message):
            found(resource, (name, "Equals", "x"))


def test_search_is_paged_and_sorted(sagemaker) -> None:
    for name in ("b", "c", "a"):
        sagemaker.create_model_package_group(ModelPackageGroupName=f"sorted-{name}")
    request = {
        "Resource": "ModelPackageGroup",
        "SearchExpression": {
            "Filters": [{"Name": "ModelPackageGroupName", "Operator": "Contains", "Value": "sorted-"}]
        },
        "SortBy": "ModelPackageGroupName",
        "SortOrder": "Ascending",
    }
    pages = sagemaker.get_paginator("search").paginate(**request, PaginationConfig={"PageSize": 2})
    names = [record["ModelPackageGroup"]["ModelPackageGroupName"] for page in pages for record in page["Results"]]
    assert names == ["sorted-a", "sorted-b", "sorted-c"]


def test_deleted_job_is_forgotten_and_its_result_no_longer_reused(sagemaker) -> None:
    step = shell_step("Cached", "true", CacheConfig={"Enabled": True, "ExpireAfter": "P1D"})
    create(sagemaker, "forgetful", step)
    _, first = ended(sagemaker, start(sagemaker, "forgetful"))
    job = first["Cached"]["Metadata"]["ProcessingJob"]["Arn"].rsplit("/", 1)[1]
    sagemaker.delete_processing_job(ProcessingJobName=job)
    with pytest.raises(ClientError, match="Could not find"):
        sagemaker.describe_processing_job(ProcessingJobName=job)
    with pytest.raises(ClientError, match="ResourceNotFound"):
        sagemaker.delete_processing_job(ProcessingJobName=job)
    _, second = ended(sagemaker, start(sagemaker, "forgetful"))
    assert "CacheHitResult" not in second["Cached"]
    _, third = ended(sagemaker, start(sagemaker, "forgetful"))
    assert third["Cached"]["CacheHitResult"]
