"""Drives the local SageMaker with boto3 alone, as any client that knows nothing of this project would."""

import io
import json
import tarfile
import time

import pytest
from botocore.exceptions import ClientError, ParamValidationError
from local_cloud import ACCOUNT, REGION, Cloud, wait_for

ROLE = f"arn:aws:iam::{ACCOUNT}:role/sagemaker"
IMAGE = f"141502667606.dkr.ecr.{REGION}.amazonaws.com/sagemaker-xgboost:3.0-5"
BUCKET = "clients-bucket"

# A model that is the mean of the training data: real enough to be trained, stored, loaded and asked.
TRAIN = """
import csv, json, os, pathlib, shutil, sys
import helper
if os.environ.get("BREAK"):
    raise ValueError("told to break")
files = pathlib.Path(os.environ["SM_CHANNEL_TRAIN"]).rglob("*.csv")
rows = [float(value) for file in files for row in csv.reader(file.open()) for value in row]
scale = float(dict(zip(sys.argv[1::2], sys.argv[2::2]))["--scale"])
mean = helper.mean(rows) * scale
print(f"validation:mean={mean:.4f};", flush=True)
model = pathlib.Path(os.environ["SM_MODEL_DIR"])
(model / "mean.json").write_text(json.dumps(mean))
(model / "code").mkdir()
shutil.copy("inference.py", model / "code" / "inference.py")
"""
HELPER = "def mean(values):\n    return sum(values) / len(values)\n"
INFERENCE = """
import json, os, pathlib
def model_fn(model_dir):
    return json.loads((pathlib.Path(model_dir) / "mean.json").read_text())
def input_fn(body, content_type):
    return float(body)
def predict_fn(value, mean):
    return {"above": value > mean, "mean": mean, "label": os.environ.get("LABEL")}
def output_fn(prediction, accept):
    return json.dumps(prediction)
"""

NAMES = """
import json, os, pathlib, sys
source, target = map(pathlib.Path, sys.argv[1:])
names = sorted(path.name for path in source.iterdir())
(target / "sub").mkdir(parents=True)
(target / "sub" / "names.json").write_text(json.dumps([names, os.environ["KIND"]]))
pathlib.Path(os.environ["MESSAGE"]).write_text("all is well")
"""


@pytest.fixture(scope="module")
def sagemaker(cloud: Cloud):
    return cloud.client("sagemaker")


@pytest.fixture(scope="module")
def s3(cloud: Cloud):
    client = cloud.client("s3")
    client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    client.put_object(Bucket=BUCKET, Key="it's raw/a b/one.csv", Body=b"1\n2\n")
    client.put_object(Bucket=BUCKET, Key="it's raw/a b/two.csv", Body=b"6\n")
    client.put_object(Bucket=BUCKET, Key="code/names.py", Body=NAMES.encode())
    files = {"train.py": TRAIN, "helper.py": HELPER, "inference.py": INFERENCE}
    client.put_object(Bucket=BUCKET, Key="code/source.tar.gz", Body=archive(files))
    return client


def archive(files: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text.encode())
            tar.addfile(info, io.BytesIO(text.encode()))
    return buffer.getvalue()


def training_request(name: str, **changes) -> dict:
    return {
        "TrainingJobName": name,
        "AlgorithmSpecification": {
            "TrainingImage": IMAGE,
            "TrainingInputMode": "File",
            "MetricDefinitions": [{"Name": "validation:mean", "Regex": r"validation:mean=([0-9\.]+);"}],
        },
        "RoleArn": ROLE,
        "HyperParameters": {
            "sagemaker_program": '"train.py"',
            "sagemaker_submit_directory": json.dumps(f"s3://{BUCKET}/code/source.tar.gz"),
            "scale": "2",
        },
        "InputDataConfig": [
            {
                "ChannelName": "train",
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/it's raw/a b/"}},
            }
        ],
        "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/models"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        **changes,
    }


def ended_job(sagemaker, name: str) -> dict:
    def describe():
        job = sagemaker.describe_training_job(TrainingJobName=name)
        return job if job["TrainingJobStatus"] != "InProgress" else None

    return wait_for(describe, f"training job {name}")


@pytest.fixture(scope="module")
def trained(sagemaker, s3) -> dict:
    request = training_request("mean-1", Tags=[{"Key": "team", "Value": "fraud"}])
    assert sagemaker.create_training_job(**request)["TrainingJobArn"].endswith(":training-job/mean-1")
    job = ended_job(sagemaker, "mean-1")
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    return job


def test_training_job_in_script_mode(cloud: Cloud, sagemaker, s3, trained: dict) -> None:
    assert trained["ModelArtifacts"]["S3ModelArtifacts"] == f"s3://{BUCKET}/models/mean-1/output/model.tar.gz"
    body = s3.get_object(Bucket=BUCKET, Key="models/mean-1/output/model.tar.gz")["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(body)) as tar:
        assert json.load(tar.extractfile("mean.json")) == 6.0  # type: ignore[arg-type]
    [metric] = trained["FinalMetricDataList"]
    assert (metric["MetricName"], metric["Value"]) == ("validation:mean", 6.0)
    phases = [transition["Status"] for transition in trained["SecondaryStatusTransitions"]]
    assert phases == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    assert trained["TrainingEndTime"] >= trained["TrainingStartTime"] >= trained["CreationTime"]
    tags = sagemaker.list_tags(ResourceArn=trained["TrainingJobArn"])["Tags"]
    assert tags == [{"Key": "team", "Value": "fraud"}]

    logs = cloud.client("logs")
    [stream] = logs.describe_log_streams(
        logGroupName="/aws/sagemaker/TrainingJobs", logStreamNamePrefix="mean-1/algo-1-"
    )["logStreams"]
    events = logs.get_log_events(logGroupName="/aws/sagemaker/TrainingJobs", logStreamName=stream["logStreamName"])
    assert any("validation:mean=6.0000;" in event["message"] for event in events["events"])


def test_failed_training_job_says_why(sagemaker, s3) -> None:
    sagemaker.create_training_job(**training_request("broken", Environment={"BREAK": "1"}))
    job = ended_job(sagemaker, "broken")
    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Failed"
    assert job["FailureReason"].startswith("AlgorithmError")
    assert "told to break" in job["FailureReason"]


def test_training_job_without_input_fails(sagemaker, s3) -> None:
    request = training_request("no-input")
    request["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"] = f"s3://{BUCKET}/nothing/here"
    sagemaker.create_training_job(**request)
    assert "No S3 objects found" in ended_job(sagemaker, "no-input")["FailureReason"]


def test_stopped_and_overdue_training_jobs(sagemaker, s3) -> None:
    sleeper = {"TrainingImage": IMAGE, "TrainingInputMode": "File", "ContainerEntrypoint": ["sleep", "600"]}
    sagemaker.create_training_job(**training_request("slow", AlgorithmSpecification=sleeper))
    overdue = training_request("overdue", AlgorithmSpecification=sleeper, StoppingCondition={"MaxRuntimeInSeconds": 1})
    sagemaker.create_training_job(**overdue)
    wait_for(
        lambda: sagemaker.describe_training_job(TrainingJobName="slow")["SecondaryStatus"] == "Training",
        "slow to train",
    )
    sagemaker.stop_training_job(TrainingJobName="slow")
    status = wait_for(
        lambda: (job := ended_job(sagemaker, "slow"))["TrainingJobStatus"] != "Stopping" and job, "slow to be stopped"
    )
    assert (status["TrainingJobStatus"], status["SecondaryStatus"]) == ("Stopped", "Stopped")
    assert ended_job(sagemaker, "overdue")["SecondaryStatus"] == "MaxRuntimeExceeded"
    with pytest.raises(ClientError, match="Stopped"):
        sagemaker.stop_training_job(TrainingJobName="slow")


def test_processing_job(sagemaker, s3) -> None:
    folder = "/opt/ml/processing"
    sagemaker.create_processing_job(
        ProcessingJobName="names",
        RoleArn=ROLE,
        AppSpecification={
            "ImageUri": IMAGE,
            "ContainerEntrypoint": ["python3", f"{folder}/input/code/names.py"],
            "ContainerArguments": [f"{folder}/in", f"{folder}/out"],
        },
        Environment={"KIND": "test", "MESSAGE": "/opt/ml/output/message"},
        ProcessingInputs=[
            {
                "InputName": "code",
                "S3Input": {
                    "S3Uri": f"s3://{BUCKET}/code/names.py",
                    "LocalPath": f"{folder}/input/code",
                    "S3DataType": "S3Prefix",
                    "S3InputMode": "File",
                },
            },
            {
                "InputName": "in",
                "S3Input": {
                    "S3Uri": f"s3://{BUCKET}/it's raw",
                    "LocalPath": f"{folder}/in",
                    "S3DataType": "S3Prefix",
                    "S3InputMode": "File",
                },
            },
        ],
        ProcessingOutputConfig={
            "Outputs": [
                {
                    "OutputName": "out",
                    "S3Output": {
                        "S3Uri": f"s3://{BUCKET}/processed",
                        "LocalPath": f"{folder}/out",
                        "S3UploadMode": "EndOfJob",
                    },
                }
            ]
        },
        ProcessingResources={"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 5}},
    )

    def describe():
        job = sagemaker.describe_processing_job(ProcessingJobName="names")
        return job if job["ProcessingJobStatus"] != "InProgress" else None

    job = wait_for(describe, "the processing job")
    assert job["ProcessingJobStatus"] == "Completed", job
    assert job["ExitMessage"] == "all is well"
    text = s3.get_object(Bucket=BUCKET, Key="processed/sub/names.json")["Body"].read()
    assert json.loads(text) == [["a b"], "test"]


@pytest.fixture(scope="module")
def endpoint(sagemaker, trained: dict) -> str:
    serve(sagemaker, "good", trained["ModelArtifacts"]["S3ModelArtifacts"], instances=2)
    sagemaker.create_endpoint(EndpointName="mean", EndpointConfigName="good")
    described = settled(sagemaker)
    assert described["EndpointStatus"] == "InService", described.get("FailureReason")
    return "mean"


def serve(sagemaker, name: str, artifact: str, instances: int = 1, **environment: str) -> None:
    container = {
        "Image": IMAGE,
        "ModelDataUrl": artifact,
        "Environment": {
            "SAGEMAKER_PROGRAM": "inference.py",
            "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
            "LABEL": name,
            **environment,
        },
    }
    sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer=container)
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": name,
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": instances,
    }
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])


def settled(sagemaker) -> dict:
    def describe():
        described = sagemaker.describe_endpoint(EndpointName="mean")
        return described if described["EndpointStatus"] in ("InService", "Failed") else None

    return wait_for(describe, "the endpoint")


def ask(runtime, value: str = "7", **more):
    answer = runtime.invoke_endpoint(EndpointName="mean", Body=value.encode(), ContentType="text/plain", **more)
    return answer, json.loads(answer["Body"].read())


def test_endpoint_answers(cloud: Cloud, sagemaker, endpoint: str) -> None:
    runtime = cloud.client("sagemaker-runtime")
    answer, prediction = ask(runtime, InferenceId="abc")
    assert prediction == {"above": True, "mean": 6.0, "label": "good"}
    assert answer["InvokedProductionVariant"] == "AllTraffic"
    [variant] = sagemaker.describe_endpoint(EndpointName=endpoint)["ProductionVariants"]
    assert variant["CurrentInstanceCount"] == 2

    with pytest.raises(ClientError) as refused:
        ask(runtime, "not a number")
    response = refused.value.response
    assert response["Error"]["Code"] == "ModelError"
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 424
    assert response["OriginalStatusCode"] == 500
    with pytest.raises(ClientError, match="not found") as unknown:
        runtime.invoke_endpoint(EndpointName="nobody", Body=b"1")
    assert unknown.value.response["Error"]["Code"] == "ValidationError"
    with pytest.raises(ClientError) as large:
        runtime.invoke_endpoint(EndpointName=endpoint, Body=b"1" * (6 * 1024 * 1024 + 1))
    assert large.value.response["Error"]["Code"] == "ValidationError"
    assert ask(runtime)[1]["above"] is True


def test_update_to_a_model_that_cannot_load_keeps_the_old_one(cloud: Cloud, sagemaker, s3, endpoint: str) -> None:
    runtime = cloud.client("sagemaker-runtime")
    s3.put_object(Bucket=BUCKET, Key="models/bad.tar.gz", Body=archive({"code/inference.py": INFERENCE}))
    serve(sagemaker, "bad", f"s3://{BUCKET}/models/bad.tar.gz")
    sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName="bad")
    with pytest.raises(ClientError, match="in-progress"):
        sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName="bad")
    described = settled(sagemaker)
    assert (described["EndpointStatus"], described["EndpointConfigName"]) == ("InService", "good")
    assert "ping health check" in described["FailureReason"]
    assert ask(runtime)[1]["label"] == "good"


def test_update_switches_without_a_failed_request(
    cloud: Cloud, sagemaker, trained: dict, endpoint: str, events
) -> None:
    runtime = cloud.client("sagemaker-runtime")
    serve(sagemaker, "better", trained["ModelArtifacts"]["S3ModelArtifacts"])
    sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName="better")
    labels = []
    deadline = time.monotonic() + 60
    while labels[-1:] != ["better"] and time.monotonic() < deadline:
        labels.append(ask(runtime)[1]["label"])
    assert labels[0] == "good"
    assert labels[-1] == "better"
    described = settled(sagemaker)
    assert described["EndpointConfigName"] == "better"
    assert "FailureReason" not in described

    def told(status: str, config: str) -> set[str]:
        wanted = {"EndpointName": endpoint, "EndpointStatus": status, "EndpointConfigName": config}
        return {event["detail-type"] for event in events() if wanted.items() <= event["detail"].items()}

    both = {"SageMaker Endpoint State Change", "SageMaker Endpoint Deployment State Change"}
    wait_for(lambda: told("IN_SERVICE", "better") == both, "the events of the update")
    assert told("UPDATING", "good") == both


def test_restart_keeps_endpoints_and_fails_running_jobs(cloud: Cloud, sagemaker, s3, endpoint: str) -> None:
    sleeper = {"TrainingImage": IMAGE, "TrainingInputMode": "File", "ContainerEntrypoint": ["sleep", "600"]}
    sagemaker.create_training_job(**training_request("cut-short", AlgorithmSpecification=sleeper))
    wait_for(
        lambda: sagemaker.describe_training_job(TrainingJobName="cut-short")["SecondaryStatus"] == "Training",
        "it to train",
    )
    label = ask(cloud.client("sagemaker-runtime"))[1]["label"]
    cloud.server.stop()
    cloud.start()
    job = sagemaker.describe_training_job(TrainingJobName="cut-short")
    assert job["TrainingJobStatus"] == "Failed"
    assert "ended while the job ran" in job["FailureReason"]
    assert ask(cloud.client("sagemaker-runtime"))[1]["label"] == label


def test_model_packages(sagemaker, trained: dict) -> None:
    group = sagemaker.create_model_package_group(ModelPackageGroupName="fraud")["ModelPackageGroupArn"]
    arns = []
    for number in range(3):
        created = sagemaker.create_model_package(
            ModelPackageGroupName="fraud",
            ModelPackageDescription=f"number {number}",
            InferenceSpecification={
                "Containers": [{"Image": IMAGE, "ModelDataUrl": trained["ModelArtifacts"]["S3ModelArtifacts"]}],
                "SupportedContentTypes": ["text/csv"],
                "SupportedResponseMIMETypes": ["text/csv"],
            },
            CustomerMetadataProperties={"threshold": "0.3"},
            ModelMetrics={
                "ModelQuality": {"Statistics": {"ContentType": "application/json", "S3Uri": f"s3://{BUCKET}/e.json"}}
            },
        )
        arns.append(created["ModelPackageArn"])
    assert [arn.rsplit("/", 1)[1] for arn in arns] == ["1", "2", "3"]
    first = sagemaker.list_model_packages(ModelPackageGroupName=group, MaxResults=2, SortOrder="Ascending")
    rest = sagemaker.list_model_packages(
        ModelPackageGroupName=group, MaxResults=2, SortOrder="Ascending", NextToken=first["NextToken"]
    )
    assert "NextToken" not in rest
    listed = first["ModelPackageSummaryList"] + rest["ModelPackageSummaryList"]
    assert [package["ModelPackageArn"] for package in listed] == arns

    described = sagemaker.describe_model_package(ModelPackageName=arns[0])
    assert described["ModelApprovalStatus"] == "PendingManualApproval"
    assert described["CustomerMetadataProperties"] == {"threshold": "0.3"}
    model = {"ModelName": "packaged", "ExecutionRoleArn": ROLE, "Containers": [{"ModelPackageName": arns[0]}]}
    with pytest.raises(ClientError, match="PendingManualApproval"):
        sagemaker.create_model(**model)
    sagemaker.update_model_package(ModelPackageArn=arns[0], ModelApprovalStatus="Approved", ApprovalDescription="fine")
    sagemaker.create_model(**model)
    approved = sagemaker.list_model_packages(ModelPackageGroupName="fraud", ModelApprovalStatus="Approved")
    assert len(approved["ModelPackageSummaryList"]) == 1
    with pytest.raises(ClientError, match="3 model packages"):
        sagemaker.delete_model_package_group(ModelPackageGroupName="fraud")


def test_mlflow_app(sagemaker) -> None:
    arn = sagemaker.create_mlflow_app(Name="tracking", ArtifactStoreUri=f"s3://{BUCKET}/mlflow", RoleArn=ROLE)["Arn"]
    assert f":sagemaker:{REGION}:{ACCOUNT}:mlflow-app/app-" in arn
    assert sagemaker.describe_mlflow_app(Arn=arn)["Status"] == "Created"
    assert [app["Name"] for app in sagemaker.list_mlflow_apps()["Summaries"]] == ["tracking"]
    sagemaker.delete_mlflow_app(Arn=arn)
    with pytest.raises(ClientError) as gone:
        sagemaker.describe_mlflow_app(Arn=arn)
    assert gone.value.response["Error"]["Code"] == "ResourceNotFound"


def test_errors_are_those_of_aws(sagemaker, s3, trained: dict) -> None:
    def code(call, **request) -> tuple[str, str]:
        with pytest.raises(ClientError) as refused:
            call(**request)
        return refused.value.response["Error"]["Code"], refused.value.response["Error"]["Message"]

    assert code(sagemaker.create_training_job, **training_request("mean-1"))[0] == "ResourceInUse"
    assert code(sagemaker.describe_model, ModelName="nobody") == (
        "ValidationException",
        f'Could not find model "arn:aws:sagemaker:{REGION}:{ACCOUNT}:model/nobody".',
    )
    assert code(sagemaker.describe_pipeline, PipelineName="nobody")[0] == "ResourceNotFound"
    name, message = code(sagemaker.describe_model, ModelName="not_a_name!")
    assert name == "ValidationException"
    assert message.startswith("1 validation error detected: Value 'not_a_name!' at 'modelName' failed to satisfy")
    wrong = training_request("wrong")
    wrong["ResourceConfig"]["InstanceType"] = "ml.m5.huge"
    wrong["StoppingCondition"]["MaxRuntimeInSeconds"] = 0
    with pytest.raises((ClientError, ParamValidationError)) as refused:
        sagemaker.create_training_job(**wrong)
    assert "MaxRuntimeInSeconds" in str(refused.value)
    assert code(sagemaker.create_project, ProjectName="p")[0] == "UnknownOperationException"
    assert "CreateProject" in code(sagemaker.create_project, ProjectName="p")[1]
