"""Processing and training jobs do what they state, or are refused; driven with boto3 alone."""

import json

import pytest
from botocore.exceptions import ClientError
from local_cloud import REGION, Cloud, wait_for
from pipelines import IMAGE, ROLE, shell_step

BUCKET = "jobs-bucket"
OVER = ("Completed", "Failed", "Stopped")


@pytest.fixture(scope="module")
def sagemaker(cloud: Cloud):
    return cloud.client("sagemaker")


@pytest.fixture(scope="module")
def s3(cloud: Cloud):
    client = cloud.client("s3")
    client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    for name in ("a/one.txt", "a/two.txt", "b/three.txt"):
        client.put_object(Bucket=BUCKET, Key=f"data/{name}", Body=name.encode())
    manifest = [{"prefix": f"s3://{BUCKET}/data/"}, "a/two.txt", "b/three.txt"]
    client.put_object(Bucket=BUCKET, Key="wanted.manifest", Body=json.dumps(manifest).encode())
    return client


def channel(mode: str = "File", data_type: str = "ManifestFile", uri: str = "wanted.manifest") -> dict:
    source = {"S3DataType": data_type, "S3Uri": f"s3://{BUCKET}/{uri}"}
    return {"ChannelName": "train", "InputMode": mode, "DataSource": {"S3DataSource": source}}


def training(name: str, command: str, **changes) -> dict:
    return {
        "TrainingJobName": name,
        "RoleArn": ROLE,
        "AlgorithmSpecification": {
            "TrainingImage": IMAGE,
            "TrainingInputMode": "File",
            "ContainerEntrypoint": ["/bin/sh", "-c"],
            "ContainerArguments": [command],
        },
        "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/models"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        **changes,
    }


def trained(sagemaker, **request) -> dict:
    sagemaker.create_training_job(**request)
    name = request["TrainingJobName"]

    def describe():
        job = sagemaker.describe_training_job(TrainingJobName=name)
        return job if job["TrainingJobStatus"] in OVER else None

    return wait_for(describe, name)


def objects(s3, prefix: str) -> dict[str, str]:
    listed = s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])
    return {
        entry["Key"].removeprefix(prefix): s3.get_object(Bucket=BUCKET, Key=entry["Key"])["Body"].read().decode()
        for entry in listed
    }


def test_manifest_fast_file_and_uncompressed_model(sagemaker, s3) -> None:
    copy = "cp -r /opt/ml/input/data/train/. /opt/ml/model && echo log > /opt/ml/output/data/log"
    request = training("manifest", copy, InputDataConfig=[channel("FastFile")])
    request["OutputDataConfig"]["CompressionType"] = "NONE"
    job = trained(sagemaker, **request)
    assert job["TrainingJobStatus"] == "Completed", job
    assert job["ModelArtifacts"]["S3ModelArtifacts"] == f"s3://{BUCKET}/models/manifest/output/model"
    assert objects(s3, "models/manifest/output/model/") == {"a/two.txt": "a/two.txt", "b/three.txt": "b/three.txt"}
    assert objects(s3, "models/manifest/output/data/") == {"log": "log\n"}


def test_checkpoints_are_there_for_the_next_job_however_the_last_ended(sagemaker, s3) -> None:
    count = "cd /opt/ml/checkpoints && echo epoch >> epochs && test $(wc -l < epochs) -ge 2"
    config = {"CheckpointConfig": {"S3Uri": f"s3://{BUCKET}/checkpoints"}}
    assert trained(sagemaker, **training("epoch-1", count, **config))["TrainingJobStatus"] == "Failed"
    assert trained(sagemaker, **training("epoch-2", count, **config))["TrainingJobStatus"] == "Completed"
    assert objects(s3, "checkpoints/") == {"epochs": "epoch\nepoch\n"}


def processing(name: str, command: str, **changes) -> dict:
    return {"ProcessingJobName": name, "RoleArn": ROLE, **shell_step("unused", command)["Arguments"], **changes}


def test_continuous_output_of_a_job_that_fails(sagemaker, s3) -> None:
    def output(name: str, mode: str, **changes) -> dict:
        target = {
            "S3Uri": f"s3://{BUCKET}/kept/{name}",
            "LocalPath": f"/opt/ml/processing/{name}",
            "S3UploadMode": mode,
        }
        return {"OutputName": name, "S3Output": target, **changes}

    outputs = [
        output("all-along", "Continuous"),
        output("at-the-end", "EndOfJob"),
        output("its-own", "Continuous", AppManaged=True),
    ]
    command = "cd /opt/ml/processing; for each in all-along at-the-end its-own; do echo x > $each/file; done; exit 3"
    sagemaker.create_processing_job(**processing("kept", command, ProcessingOutputConfig={"Outputs": outputs}))
    wait_for(
        lambda: sagemaker.describe_processing_job(ProcessingJobName="kept")["ProcessingJobStatus"] == "Failed", "kept"
    )
    assert objects(s3, "kept/") == {"all-along/file": "x\n"}


def test_what_jobs_here_do_not_do_is_refused(sagemaker, s3) -> None:
    pipe = {"S3Uri": f"s3://{BUCKET}/data", "LocalPath": "/opt/ml/processing/x", "S3DataType": "S3Prefix"}
    cases = [
        (
            sagemaker.create_processing_job,
            processing("x", "true", ProcessingInputs=[{"InputName": "i", "S3Input": {**pipe, "S3InputMode": "Pipe"}}]),
            "input i is in Pipe mode",
        ),
        (
            sagemaker.create_processing_job,
            processing("x", "true", ProcessingOutputConfig={"Outputs": [{"OutputName": "o"}]}),
            "output o has no S3Output",
        ),
        (sagemaker.create_training_job, training("x", "true", InputDataConfig=[channel("Pipe")]), "in Pipe mode"),
        (
            sagemaker.create_training_job,
            training("x", "true", InputDataConfig=[channel(data_type="AugmentedManifestFile")]),
            "AugmentedManifestFile",
        ),
    ]
    for call, request, message in cases:
        with pytest.raises(ClientError, match=f"ValidationException.*{message}"):
            call(**request)


def test_what_a_job_states_is_kept(sagemaker) -> None:
    stated = {
        "Environment": {"A": "b"},
        "NetworkConfig": {"EnableNetworkIsolation": True},
        "ExperimentConfig": {"ExperimentName": "e", "TrialName": "t"},
    }
    sagemaker.create_processing_job(**processing("stated", "true", **stated, Tags=[{"Key": "a", "Value": "b"}]))
    job = sagemaker.describe_processing_job(ProcessingJobName="stated")
    assert {name: job[name] for name in stated} == stated
    stated = {
        "Environment": {"A": "b"},
        "VpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]},
        "RetryStrategy": {"MaximumRetryAttempts": 2},
        "EnableManagedSpotTraining": True,
        "StoppingCondition": {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 120},
        "TensorBoardOutputConfig": {"S3OutputPath": f"s3://{BUCKET}/board"},
    }
    request = training("stated", "true", **stated)
    request["ResourceConfig"]["KeepAlivePeriodInSeconds"] = 60
    job = trained(sagemaker, **request)
    assert {name: job[name] for name in stated} == stated
    assert job["ResourceConfig"] == request["ResourceConfig"]
