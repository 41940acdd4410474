"""Pipelines on the local SageMaker, in SageMaker's own definition language, driven with boto3 alone."""

import io
import json
import zipfile

import pytest
from botocore.exceptions import ClientError
from local_cloud import REGION, Cloud, wait_for
from pipelines import IMAGE, ROLE, callback, create, ended, shell_step, start, steps

BUCKET = "pipelines-bucket"

EVALUATE = """
import json, pathlib, sys
target = pathlib.Path(sys.argv[1])
target.mkdir(parents=True, exist_ok=True)
(target / "evaluation.json").write_text(json.dumps({"metrics": {"roc auc": [{"value": float(sys.argv[2])}]}}))
"""
FUNCTION = """
exports.handler = async (event) => {
  if (event.fail) throw new Error("told to fail");
  return { verdict: event.name + "!", count: event.numbers.length, body: event };
};
"""


@pytest.fixture(scope="module")
def function(cloud: Cloud) -> str:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("index.js", FUNCTION)
    created = cloud.client("lambda").create_function(
        FunctionName="decide",
        Runtime="nodejs22.x",
        Role=ROLE,
        Handler="index.handler",
        Code={"ZipFile": buffer.getvalue()},
    )
    return created["FunctionArn"]


@pytest.fixture(scope="module")
def queue(cloud: Cloud) -> str:
    return cloud.client("sqs").create_queue(QueueName="callbacks")["QueueUrl"]


@pytest.fixture(scope="module")
def sagemaker(cloud: Cloud):
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=BUCKET, Key="code/evaluate.py", Body=EVALUATE.encode())
    return cloud.client("sagemaker")


def processing_step(name: str, **changes) -> dict:
    return {
        "Name": name,
        "Type": "Processing",
        "Arguments": {
            "ProcessingResources": {
                "ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5}
            },
            "AppSpecification": {
                "ImageUri": IMAGE,
                "ContainerEntrypoint": ["python3", "/opt/ml/processing/input/code/evaluate.py"],
                "ContainerArguments": [
                    "/opt/ml/processing/evaluation",
                    {"Std:Join": {"On": "", "Values": [{"Get": "Parameters.RocAuc"}]}},
                ],
            },
            "RoleArn": ROLE,
            "ProcessingInputs": [
                {
                    "InputName": "code",
                    "S3Input": {
                        "S3Uri": f"s3://{BUCKET}/code/evaluate.py",
                        "LocalPath": "/opt/ml/processing/input/code",
                        "S3DataType": "S3Prefix",
                        "S3InputMode": "File",
                    },
                }
            ],
            "ProcessingOutputConfig": {
                "Outputs": [
                    {
                        "OutputName": "evaluation",
                        "S3Output": {
                            "S3Uri": {
                                "Std:Join": {
                                    "On": "/",
                                    "Values": [f"s3://{BUCKET}", {"Get": "Execution.PipelineExecutionId"}, "out"],
                                }
                            },
                            "LocalPath": "/opt/ml/processing/evaluation",
                            "S3UploadMode": "EndOfJob",
                        },
                    }
                ]
            },
        },
        "PropertyFiles": [{"PropertyFileName": "Report", "OutputName": "evaluation", "FilePath": "evaluation.json"}],
        **changes,
    }


ROC_AUC = {
    "Std:JsonGet": {
        "PropertyFile": {"Get": "Steps.Evaluate.PropertyFiles.Report"},
        "Path": "metrics['roc auc'][0].value",
    }
}


def definition(function: str, queue: str) -> str:
    accepted = [
        {
            "Name": "Decide",
            "Type": "Lambda",
            "Arguments": {
                "name": {"Get": "Parameters.Name"},
                "numbers": [1, 2],
                "fail": {"Get": "Parameters.FunctionFails"},
                "uri": {"Get": "Steps.Evaluate.ProcessingOutputConfig.Outputs['evaluation'].S3Output.S3Uri"},
            },
            "FunctionArn": function,
            "OutputParameters": [
                {"OutputName": "verdict", "OutputType": "String"},
                {"OutputName": "count", "OutputType": "Integer"},
            ],
        },
        {
            "Name": "Ask",
            "Type": "Callback",
            "Arguments": {
                "verdict": {"Get": "Steps.Decide.OutputParameters['verdict']"},
                "count": {"Get": "Steps.Decide.OutputParameters['count']"},
            },
            "SqsQueueUrl": queue,
            "OutputParameters": [{"OutputName": "answer", "OutputType": "String"}],
        },
        {
            "Name": "CreateModel",
            "Type": "Model",
            "Arguments": {
                "ExecutionRoleArn": ROLE,
                "PrimaryContainer": {
                    "Image": IMAGE,
                    "Environment": {"ANSWER": {"Get": "Steps.Ask.OutputParameters['answer']"}},
                },
            },
        },
    ]
    refused = [
        {
            "Name": "Refused",
            "Type": "Fail",
            "Arguments": {"ErrorMessage": {"Std:Join": {"On": " ", "Values": ["ROC AUC is only", ROC_AUC]}}},
        }
    ]
    gate = {
        "Name": "Gate",
        "Type": "Condition",
        "Arguments": {
            "Conditions": [
                {
                    "Type": "GreaterThanOrEqualTo",
                    "LeftValue": ROC_AUC,
                    "RightValue": {"Get": "Parameters.Threshold"},
                }
            ],
            "IfSteps": accepted,
            "ElseSteps": refused,
        },
    }
    return json.dumps(
        {
            "Version": "2020-12-01",
            "Metadata": {},
            "Parameters": [
                {"Name": "RocAuc", "Type": "Float", "DefaultValue": 0.97},
                {"Name": "Threshold", "Type": "Float", "DefaultValue": 0.9},
                {"Name": "Name", "Type": "String"},
                {"Name": "FunctionFails", "Type": "Boolean", "DefaultValue": False},
            ],
            "PipelineExperimentConfig": {"ExperimentName": {"Get": "Execution.PipelineName"}, "TrialName": "t"},
            "Steps": [processing_step("Evaluate"), gate],
        }
    )


@pytest.fixture(scope="module")
def pipeline(sagemaker, function: str, queue: str) -> str:
    text = definition(function, queue)
    sagemaker.create_pipeline(PipelineName="gated", PipelineDefinition=text, RoleArn=ROLE)
    assert sagemaker.describe_pipeline(PipelineName="gated")["PipelineDefinition"] == text
    return "gated"


def test_accepted_run(cloud: Cloud, sagemaker, pipeline: str, queue: str, events) -> None:
    arn = start(sagemaker, pipeline, {"Name": "it"})
    message = callback(cloud, queue, lambda body: body["pipelineExecutionArn"] == arn)
    assert message["arguments"] == {"verdict": "it!", "count": 2}
    assert message["status"] == "Executing"
    assert steps(sagemaker, arn)["Ask"]["StepStatus"] == "Executing"
    assert "CreateModel" not in steps(sagemaker, arn)
    sagemaker.send_pipeline_execution_step_success(
        CallbackToken=message["token"], OutputParameters=[{"Name": "answer", "Value": "42"}]
    )
    execution, run = ended(sagemaker, arn)
    assert execution["PipelineExecutionStatus"] == "Succeeded", run
    assert list(run) == ["Evaluate", "Gate", "Decide", "Ask", "CreateModel"]
    assert {step["StepStatus"] for step in run.values()} == {"Succeeded"}
    assert run["Gate"]["Metadata"]["Condition"]["Outcome"] == "True"
    outputs = run["Decide"]["Metadata"]["Lambda"]["OutputParameters"]
    assert {"Name": "verdict", "Value": "it!"} in outputs
    job = run["Evaluate"]["Metadata"]["ProcessingJob"]["Arn"].rsplit("/", 1)[1]
    assert job.startswith(f"pipelines-{arn.rsplit('/', 1)[1]}-Evaluate-")
    model = run["CreateModel"]["Metadata"]["Model"]["Arn"].rsplit("/", 1)[1]
    assert sagemaker.describe_model(ModelName=model)["PrimaryContainer"]["Environment"] == {"ANSWER": "42"}
    with pytest.raises(ClientError, match="Succeeded"):
        sagemaker.send_pipeline_execution_step_success(CallbackToken=message["token"], OutputParameters=[])

    def told(kind: str, **detail: str) -> bool:
        return any(
            event["detail-type"] == kind
            and detail.items() <= event["detail"].items()
            and event["source"] == "aws.sagemaker"
            for event in events()
        )

    execution_change = "SageMaker Model Building Pipeline Execution Status Change"
    step_change = "SageMaker Model Building Pipeline Execution Step Status Change"
    wait_for(lambda: told(execution_change, pipelineExecutionArn=arn, currentPipelineExecutionStatus="Succeeded"), "it")
    assert told(step_change, pipelineExecutionArn=arn, stepName="Gate", currentStepStatus="Succeeded")
    assert told("SageMaker Processing Job State Change", ProcessingJobName=job, ProcessingJobStatus="Completed")


def test_refused_run(sagemaker, pipeline: str) -> None:
    execution, run = ended(sagemaker, start(sagemaker, pipeline, {"Name": "it", "RocAuc": "0.5"}))
    assert execution["PipelineExecutionStatus"] == "Failed"
    assert list(run) == ["Evaluate", "Gate", "Refused"]
    assert run["Gate"]["Metadata"]["Condition"]["Outcome"] == "False"
    assert run["Refused"]["FailureReason"] == "ROC AUC is only 0.5"
    assert run["Refused"]["Metadata"]["Fail"]["ErrorMessage"] == "ROC AUC is only 0.5"


def test_function_that_fails_fails_its_step(sagemaker, pipeline: str) -> None:
    execution, run = ended(sagemaker, start(sagemaker, pipeline, {"Name": "it", "FunctionFails": "true"}))
    assert execution["PipelineExecutionStatus"] == "Failed"
    assert run["Decide"]["StepStatus"] == "Failed"
    assert "told to fail" in run["Decide"]["FailureReason"]
    assert "Ask" not in run


def test_callback_that_fails_survives_a_restart_first(cloud: Cloud, sagemaker, pipeline: str, queue: str) -> None:
    arn = start(sagemaker, pipeline, {"Name": "it"})
    message = callback(cloud, queue, lambda body: body["pipelineExecutionArn"] == arn)
    cloud.server.stop()
    cloud.start()
    assert steps(sagemaker, arn)["Ask"]["StepStatus"] == "Executing"
    sagemaker.send_pipeline_execution_step_failure(CallbackToken=message["token"], FailureReason="rolled back")
    execution, run = ended(sagemaker, arn)
    assert execution["PipelineExecutionStatus"] == "Failed"
    assert run["Ask"]["FailureReason"] == "rolled back"


def test_restart_fails_the_step_that_ran(cloud: Cloud, sagemaker) -> None:
    arn = start_sleeper(sagemaker, "cut")
    cloud.server.stop()
    cloud.start()
    execution, run = ended(sagemaker, arn)
    assert execution["PipelineExecutionStatus"] == "Failed"
    assert "InternalServerError" in run["Sleep"]["FailureReason"]


def test_stopped_run(sagemaker) -> None:
    arn = start_sleeper(sagemaker, "stopped")
    sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn)
    execution, run = ended(sagemaker, arn)
    assert execution["PipelineExecutionStatus"] == "Stopped"
    assert run["Sleep"]["StepStatus"] == "Stopped"
    job = run["Sleep"]["Metadata"]["ProcessingJob"]["Arn"].rsplit("/", 1)[1]
    assert sagemaker.describe_processing_job(ProcessingJobName=job)["ProcessingJobStatus"] == "Stopped"


def start_sleeper(sagemaker, name: str) -> str:
    arn = start(sagemaker, create(sagemaker, name, shell_step("Sleep", "exec sleep 600")))
    wait_for(lambda: steps(sagemaker, arn)["Sleep"].get("Metadata", {}).get("ProcessingJob"), "the job")
    return arn


def test_start_is_idempotent_and_checks_parameters(sagemaker, pipeline: str) -> None:
    request = {
        "PipelineName": pipeline,
        "ClientRequestToken": "t" * 32,
        "PipelineParameters": [{"Name": "Name", "Value": "x"}, {"Name": "RocAuc", "Value": "0.1"}],
    }
    first = sagemaker.start_pipeline_execution(**request)["PipelineExecutionArn"]
    assert sagemaker.start_pipeline_execution(**request)["PipelineExecutionArn"] == first
    listed = sagemaker.list_pipeline_executions(PipelineName=pipeline)["PipelineExecutionSummaries"]
    assert [execution["PipelineExecutionArn"] for execution in listed].count(first) == 1
    given = sagemaker.list_pipeline_parameters_for_execution(PipelineExecutionArn=first)["PipelineParameters"]
    assert given == [{"Name": "Name", "Value": "x"}, {"Name": "RocAuc", "Value": "0.1"}]
    described = sagemaker.describe_pipeline_definition_for_execution(PipelineExecutionArn=first)
    assert json.loads(described["PipelineDefinition"])["Version"] == "2020-12-01"
    ended(sagemaker, first)

    wrong = [{"Name": "Nmae", "Value": "x"}, {"Name": "RocAuc", "Value": "high"}]
    with pytest.raises(ClientError) as refused:
        sagemaker.start_pipeline_execution(PipelineName=pipeline, PipelineParameters=wrong)
    message = refused.value.response["Error"]["Message"]
    assert all(part in message for part in ("[Nmae] is not declared", "[Name] has no default", '[RocAuc] = "high"'))


def test_definitions_are_checked(sagemaker) -> None:
    broken = json.dumps(
        {
            "Version": "2020-12-01",
            "Steps": [
                {"Name": "A", "Type": "Lambda", "FunctionArn": "f", "Arguments": {"x": {"Get": "Parameters.Nope"}}},
                {"Name": "A", "Type": "Fail", "Arguments": {"ErrorMessage": {"Get": "Steps.B.X"}}},
                {"Name": "C", "Type": "Quantum"},
            ],
        }
    )
    with pytest.raises(ClientError) as refused:
        sagemaker.create_pipeline(PipelineName="broken", PipelineDefinition=broken, RoleArn=ROLE)
    message = refused.value.response["Error"]["Message"]
    for problem in ("A is used more than once", "refers to step B", "step C"):
        assert problem in message
