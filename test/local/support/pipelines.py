"""Parts of pipeline definitions, and what a client asks of their executions."""

import json
from collections.abc import Callable

from local_cloud import ACCOUNT, REGION, Cloud, wait_for

ROLE = f"arn:aws:iam::{ACCOUNT}:role/sagemaker"
IMAGE = f"141502667606.dkr.ecr.{REGION}.amazonaws.com/sagemaker-scikit-learn:1.4-2"
OVER = ("Succeeded", "Failed", "Stopped")


def shell_step(name: str, command: str, **changes) -> dict:
    """A Processing step that runs a shell command."""
    return {
        "Name": name,
        "Type": "Processing",
        "Arguments": {
            "ProcessingResources": {
                "ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5}
            },
            "AppSpecification": {"ImageUri": IMAGE, "ContainerEntrypoint": ["/bin/sh", "-c", command]},
        },
        **changes,
    }


def callback_step(name: str, queue: str, **changes) -> dict:
    return {
        "Name": name,
        "Type": "Callback",
        "Arguments": {},
        "SqsQueueUrl": queue,
        "OutputParameters": [{"OutputName": "answer", "OutputType": "String"}],
        **changes,
    }


def create(sagemaker, name: str, *steps: dict, parameters: list[dict] | None = None, **settings) -> str:
    text = json.dumps({"Version": "2020-12-01", "Parameters": parameters or [], "Steps": steps})
    sagemaker.create_pipeline(PipelineName=name, PipelineDefinition=text, RoleArn=ROLE, **settings)
    return name


def start(sagemaker, pipeline: str, values: dict[str, str] | None = None, **settings) -> str:
    parameters = [{"Name": name, "Value": value} for name, value in (values or {}).items()]
    started = sagemaker.start_pipeline_execution(PipelineName=pipeline, PipelineParameters=parameters, **settings)
    return started["PipelineExecutionArn"]


def steps(sagemaker, arn: str) -> dict[str, dict]:
    """The steps of an execution by name, in the order of their start."""
    listed = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn, SortOrder="Ascending", MaxResults=100)
    return {step["StepName"]: step for step in listed["PipelineExecutionSteps"]}


def status(sagemaker, arn: str) -> str:
    return sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)["PipelineExecutionStatus"]


def ended(sagemaker, arn: str) -> tuple[dict, dict[str, dict]]:
    """An execution and its steps, once it is over."""

    def describe():
        execution = sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
        return execution if execution["PipelineExecutionStatus"] in OVER else None

    return wait_for(describe, f"execution {arn}"), steps(sagemaker, arn)


def callback(cloud: Cloud, queue: str, wanted: Callable[[dict], bool]) -> dict:
    """The first message of a callback's queue that is wanted; those before it are thrown away."""
    sqs = cloud.client("sqs")

    def receive():
        for message in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            body = json.loads(message["Body"])
            if wanted(body):
                return body
        return None

    return wait_for(receive, "the callback's message")
