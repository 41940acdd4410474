"""Every list operation of the local SageMaker, with every filter and order that its model has."""

import datetime

import pytest
from botocore.exceptions import ClientError
from local_cloud import Cloud
from pipelines import IMAGE, create, ended, shell_step, start

LISTS = {
    "ListDataQualityJobDefinitions": {},
    "ListEndpointConfigs": {},
    "ListEndpoints": {},
    "ListMlflowApps": {},
    "ListModelBiasJobDefinitions": {},
    "ListModelExplainabilityJobDefinitions": {},
    "ListModelPackageGroups": {},
    "ListModelPackages": {"ModelPackageGroupName": "listed"},
    "ListModelQualityJobDefinitions": {},
    "ListModels": {},
    "ListMonitoringExecutions": {},
    "ListMonitoringSchedules": {},
    "ListPipelineExecutions": {"PipelineName": "listed"},
    "ListPipelineExecutionSteps": {},
    "ListPipelines": {},
    "ListProcessingJobs": {},
    "ListTrainingJobs": {},
    "ListTransformJobs": {},
}
CONTAINERS = {"Containers": [{"Image": IMAGE}], "SupportedContentTypes": ["text/csv"]}


@pytest.fixture(scope="module")
def sagemaker(cloud: Cloud):
    client = cloud.client("sagemaker")
    client.create_model_package_group(ModelPackageGroupName="listed")
    for _ in range(3):
        register(client)
    create(client, "listed", shell_step("A", "true"), shell_step("B", "true"))
    LISTS["ListPipelineExecutionSteps"]["PipelineExecutionArn"] = start(client, "listed")
    ended(client, LISTS["ListPipelineExecutionSteps"]["PipelineExecutionArn"])
    return client


def register(sagemaker) -> None:
    sagemaker.create_model_package(ModelPackageGroupName="listed", InferenceSpecification=CONTAINERS)


def call(sagemaker, operation: str, **request) -> list[dict]:
    answer = sagemaker._make_api_call(operation, {"MaxResults": 100, **LISTS[operation], **request})
    [summaries] = [value for value in answer.values() if isinstance(value, list)]
    return summaries


@pytest.mark.parametrize("operation", LISTS)
def test_every_filter_and_order_is_known(sagemaker, operation: str) -> None:
    members = sagemaker.meta.service_model.operation_model(operation).input_shape.members
    everything = call(sagemaker, operation)
    year = datetime.timedelta(days=365)
    now = datetime.datetime.now(datetime.UTC)
    for name, shape in members.items():
        if name in LISTS[operation]:
            continue
        if values := getattr(shape, "enum", None):
            found = [call(sagemaker, operation, **{name: value}) for value in values]
            if name == "SortOrder":
                ascending, descending = ([list(item.values()) for item in each] for each in found)
                assert ascending == descending[::-1]
        elif shape.type_name == "timestamp":
            later, earlier = (call(sagemaker, operation, **{name: now + side * year}) for side in (1, -1))
            assert (later, earlier) == (([], everything) if name.endswith("After") else (everything, []))
        elif name in ("NameContains", "PipelineNamePrefix"):
            assert call(sagemaker, operation, **{name: "no-such-name"}) == []


def test_pages_stay_right_while_packages_are_registered(sagemaker) -> None:
    def page(**request) -> tuple[list[int], str | None]:
        answer = sagemaker.list_model_packages(ModelPackageGroupName="listed", MaxResults=2, **request)
        packages = answer["ModelPackageSummaryList"]
        return [package["ModelPackageVersion"] for package in packages], answer.get("NextToken")

    first, token = page()
    assert first == [3, 2]
    register(sagemaker)
    assert page(NextToken=token) == ([1], None)
    for request in ({"NextToken": "foreign"}, {"NextToken": token, "SortOrder": "Ascending"}):
        with pytest.raises(ClientError, match=r"ValidationException.*NextToken"):
            page(**request)
    with pytest.raises(ClientError, match=r"ValidationException.*NextToken"):
        sagemaker.list_models(NextToken=token)
