"""Monitoring schedules and the definitions of their jobs in the local SageMaker; driven with boto3 alone."""

import pytest
from botocore.exceptions import ClientError
from endpoints import IMAGE, ROLE
from local_cloud import ACCOUNT, REGION, Cloud, wait_for

ENDPOINT = "monitored"
ANALYZER = f"468650794304.dkr.ecr.{REGION}.amazonaws.com/sagemaker-model-monitor-analyzer"
CONFIG_URI = "s3://bucket/analysis_config.json"
APPLICATIONS = {
    "DataQuality": {"ImageUri": ANALYZER},
    "ModelQuality": {"ImageUri": ANALYZER, "ProblemType": "BinaryClassification"},
    "ModelBias": {"ImageUri": ANALYZER, "ConfigUri": CONFIG_URI},
    "ModelExplainability": {"ImageUri": ANALYZER, "ConfigUri": CONFIG_URI},
}
ARNS = {
    "DataQuality": "data-quality-job-definition",
    "ModelQuality": "model-quality-job-definition",
    "ModelBias": "model-bias-job-definition",
    "ModelExplainability": "model-explainability-job-definition",
}
KINDS = tuple(APPLICATIONS)


@pytest.fixture(scope="module")
def sagemaker(cloud: Cloud):
    """A client, in an account with an endpoint: whether it serves does not matter to who only keeps records."""
    client = cloud.client("sagemaker")
    client.create_model(ModelName=ENDPOINT, ExecutionRoleArn=ROLE, PrimaryContainer={"Image": IMAGE})
    variant = {"VariantName": "main", "ModelName": ENDPOINT, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    client.create_endpoint_config(EndpointConfigName=ENDPOINT, ProductionVariants=[variant])
    client.create_endpoint(EndpointName=ENDPOINT, EndpointConfigName=ENDPOINT)
    return client


def definition(kind: str, name: str, **changed) -> dict:
    job_input = {"EndpointInput": {"EndpointName": ENDPOINT, "LocalPath": "/opt/ml/processing/input/endpoint"}}
    if kind in ("ModelQuality", "ModelBias"):
        job_input["GroundTruthS3Input"] = {"S3Uri": "s3://bucket/labels"}
    output = {"S3Uri": "s3://bucket/out", "LocalPath": "/opt/ml/processing/output", "S3UploadMode": "EndOfJob"}
    cluster = {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 20}
    return {
        "JobDefinitionName": name,
        f"{kind}AppSpecification": APPLICATIONS[kind],
        f"{kind}JobInput": job_input,
        f"{kind}JobOutputConfig": {"MonitoringOutputs": [{"S3Output": output}]},
        "JobResources": {"ClusterConfig": cluster},
        "RoleArn": ROLE,
        "StoppingCondition": {"MaxRuntimeInSeconds": 1800},
        **changed,
    }


def call(client, operation: str, **request) -> dict:
    return client._make_api_call(operation, request)


def config(definition_name: str, kind: str = "DataQuality", expression: str = "cron(0 * ? * * *)") -> dict:
    return {
        "ScheduleConfig": {"ScheduleExpression": expression},
        "MonitoringJobDefinitionName": definition_name,
        "MonitoringType": kind,
    }


def status(client, name: str) -> str:
    return client.describe_monitoring_schedule(MonitoringScheduleName=name)["MonitoringScheduleStatus"]


def settled(client, name: str, wanted: str) -> None:
    wait_for(lambda: status(client, name) == wanted, f"{name} to be {wanted}")


@pytest.mark.parametrize("kind", KINDS)
def test_a_definition_is_kept_as_it_was_given(sagemaker, kind: str) -> None:
    wanted = definition(kind, f"kept-{kind}")
    arn = call(sagemaker, f"Create{kind}JobDefinition", **wanted, Tags=[{"Key": "team", "Value": "fraud"}])[
        "JobDefinitionArn"
    ]
    assert arn == f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:{ARNS[kind]}/kept-{kind.lower()}"
    described = call(sagemaker, f"Describe{kind}JobDefinition", JobDefinitionName=f"kept-{kind}")
    endpoint = described[f"{kind}JobInput"]["EndpointInput"]
    # AWS's model names these as what is taken where they are left out.
    assert endpoint.pop("S3InputMode") == "File"
    assert endpoint.pop("S3DataDistributionType") == "FullyReplicated"
    assert {name: described[name] for name in wanted} == wanted
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "fraud"}]
    with pytest.raises(ClientError, match="ResourceInUse"):
        call(sagemaker, f"Create{kind}JobDefinition", **wanted)
    found = call(sagemaker, f"List{kind}JobDefinitions", EndpointName=ENDPOINT)["JobDefinitionSummaries"]
    assert [each["MonitoringJobDefinitionArn"] for each in found] == [arn]
    assert call(sagemaker, f"List{kind}JobDefinitions", EndpointName="another")["JobDefinitionSummaries"] == []
    call(sagemaker, f"Delete{kind}JobDefinition", JobDefinitionName=f"kept-{kind}")
    for operation in ("Describe", "Delete"):
        with pytest.raises(ClientError, match="ResourceNotFound"):
            call(sagemaker, f"{operation}{kind}JobDefinition", JobDefinitionName=f"kept-{kind}")


def test_a_definition_looks_at_an_endpoint_that_there_is(sagemaker) -> None:
    elsewhere = {"EndpointInput": {"EndpointName": "nowhere", "LocalPath": "/opt/ml/processing/input"}}
    with pytest.raises(ClientError, match=r"ValidationException.*Could not find endpoint"):
        call(
            sagemaker,
            "CreateDataQualityJobDefinition",
            **definition("DataQuality", "lost", DataQualityJobInput=elsewhere),
        )
    with pytest.raises(ClientError, match=r"ValidationException.*Exactly one of EndpointInput"):
        call(sagemaker, "CreateDataQualityJobDefinition", **definition("DataQuality", "lost", DataQualityJobInput={}))


def test_a_schedule_is_pending_after_each_change_and_then_as_it_was_wanted(sagemaker) -> None:
    for name in ("first", "second"):
        call(sagemaker, "CreateDataQualityJobDefinition", **definition("DataQuality", name))
    created = sagemaker.create_monitoring_schedule(
        MonitoringScheduleName="hourly", MonitoringScheduleConfig=config("first"), Tags=[{"Key": "a", "Value": "b"}]
    )
    assert created["MonitoringScheduleArn"] == f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:monitoring-schedule/hourly"
    assert status(sagemaker, "hourly") == "Pending"
    for operation in ("Delete", "Stop", "Start"):
        with pytest.raises(ClientError, match=r"ValidationException.*Monitoring schedule in status Pending"):
            call(sagemaker, f"{operation}MonitoringSchedule", MonitoringScheduleName="hourly")
    settled(sagemaker, "hourly", "Scheduled")

    daily = config("second", expression="cron(0 3 ? * * *)")
    sagemaker.update_monitoring_schedule(MonitoringScheduleName="hourly", MonitoringScheduleConfig=daily)
    assert status(sagemaker, "hourly") == "Pending"
    settled(sagemaker, "hourly", "Scheduled")
    described = sagemaker.describe_monitoring_schedule(MonitoringScheduleName="hourly")
    assert (described["MonitoringScheduleConfig"], described["EndpointName"]) == (daily, ENDPOINT)
    assert described["MonitoringType"] == "DataQuality"

    def listed(**filters) -> list[str]:
        found = sagemaker.list_monitoring_schedules(**filters)["MonitoringScheduleSummaries"]
        return [each["MonitoringScheduleName"] for each in found]

    assert listed(EndpointName=ENDPOINT) == listed(MonitoringJobDefinitionName="second") == ["hourly"]
    assert listed(MonitoringTypeEquals="DataQuality", StatusEquals="Scheduled") == ["hourly"]
    assert listed(EndpointName="another") == listed(MonitoringTypeEquals="ModelBias") == []
    assert sagemaker.list_monitoring_executions(MonitoringScheduleName="hourly")["MonitoringExecutionSummaries"] == []

    sagemaker.stop_monitoring_schedule(MonitoringScheduleName="hourly")
    settled(sagemaker, "hourly", "Stopped")
    sagemaker.delete_monitoring_schedule(MonitoringScheduleName="hourly")
    wait_for(lambda: listed(EndpointName=ENDPOINT) == [], "the schedule to go")
    with pytest.raises(ClientError, match="ResourceNotFound"):
        status(sagemaker, "hourly")


@pytest.mark.parametrize(
    "wanted, words",
    [
        (config("none"), "ResourceNotFound"),
        ({**config("none"), "MonitoringJobDefinitionName": None}, "Exactly one of MonitoringJobDefinition"),
        (config("none", expression="cron(0 0/25 ? * * *)"), "is none of"),
        (config("none", expression="cron(5 * ? * * *)"), "is none of"),
        (config("none", expression="NOW"), "executes no schedule"),
    ],
)
def test_a_schedule_that_could_not_run_is_refused(sagemaker, wanted: dict, words: str) -> None:
    given = {name: value for name, value in wanted.items() if value is not None}
    with pytest.raises(ClientError, match=words):
        sagemaker.create_monitoring_schedule(MonitoringScheduleName="refused", MonitoringScheduleConfig=given)


def test_schedules_and_definitions_survive_a_restart(cloud: Cloud, sagemaker) -> None:
    call(sagemaker, "CreateDataQualityJobDefinition", **definition("DataQuality", "lasting"))
    sagemaker.create_monitoring_schedule(MonitoringScheduleName="lasting", MonitoringScheduleConfig=config("lasting"))
    cloud.server.stop()
    cloud.start()
    settled(sagemaker, "lasting", "Scheduled")
    assert call(sagemaker, "DescribeDataQualityJobDefinition", JobDefinitionName="lasting")["RoleArn"] == ROLE
