"""Transform jobs on the local SageMaker, driven with boto3 alone."""

import gzip
import io
import json
import tarfile

import pytest
from botocore.exceptions import ClientError
from local_cloud import REGION, Cloud, wait_for
from pipelines import IMAGE, ROLE, create, ended, start

BUCKET = "transform-bucket"
INFERENCE = """
import os
def model_fn(model_dir):
    return os.environ.get("SCALE", "1")
def input_fn(body, content_type):
    text = body if isinstance(body, str) else body.decode()
    if "sleep" in text:
        import time
        time.sleep(600)
    return [sum(map(float, line.split(","))) for line in text.splitlines()]
def predict_fn(rows, scale):
    return [row * float(scale) for row in rows]
def output_fn(rows, accept):
    records = "" if os.environ["SAGEMAKER_BATCH_STRATEGY"] == "MULTI_RECORD" else "single "
    return "\\n".join(f"{records}{row:g}" for row in rows)
"""


@pytest.fixture(scope="module")
def sagemaker(cloud: Cloud):
    client = cloud.client("sagemaker")
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        info = tarfile.TarInfo("code/inference.py")
        info.size = len(INFERENCE)
        archive.addfile(info, io.BytesIO(INFERENCE.encode()))
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=BUCKET, Key="model.tar.gz", Body=buffer.getvalue())
    client.create_model(
        ModelName="sums",
        ExecutionRoleArn=ROLE,
        PrimaryContainer={
            "Image": IMAGE,
            "ModelDataUrl": f"s3://{BUCKET}/model.tar.gz",
            "Environment": {
                "SAGEMAKER_PROGRAM": "inference.py",
                "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
            },
        },
    )
    return client


@pytest.fixture(scope="module")
def s3(cloud: Cloud, sagemaker):
    return cloud.client("s3")


def request(name: str, source: str, split: str = "Line", **changes) -> dict:
    """A job on what is at ``source``, whose results go to ``out/<name>``."""
    data = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/{source}"}}
    return {
        "TransformJobName": name,
        "ModelName": "sums",
        "TransformInput": {"DataSource": data, "ContentType": "text/csv", "SplitType": split},
        "TransformOutput": {"S3OutputPath": f"s3://{BUCKET}/out/{name}", "AssembleWith": "Line"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        **changes,
    }


def over(sagemaker, name: str) -> dict:
    def describe():
        job = sagemaker.describe_transform_job(TransformJobName=name)
        return job if job["TransformJobStatus"] in ("Completed", "Failed", "Stopped") else None

    return wait_for(describe, name)


def results(s3, name: str) -> dict[str, str]:
    listed = s3.list_objects_v2(Bucket=BUCKET, Prefix=f"out/{name}/").get("Contents", [])
    return {
        entry["Key"].removeprefix(f"out/{name}/"): s3.get_object(Bucket=BUCKET, Key=entry["Key"])["Body"]
        .read()
        .decode()
        for entry in listed
    }


def test_every_object_becomes_one(cloud: Cloud, sagemaker, s3, events) -> None:
    s3.put_object(Bucket=BUCKET, Key="in/day 1/a.csv", Body=b"1,2\n3,4\n")
    s3.put_object(Bucket=BUCKET, Key="in/b.csv", Body=b"5,6")
    job = request("whole", "in/", Environment={"SCALE": "10"}, Tags=[{"Key": "a", "Value": "b"}])
    job["TransformResources"]["InstanceCount"] = 2
    arn = sagemaker.create_transform_job(**job)["TransformJobArn"]
    described = over(sagemaker, "whole")
    assert described["TransformJobStatus"] == "Completed", described
    assert described["TransformStartTime"] <= described["TransformEndTime"]
    assert {**job, **described} == {**described, "Tags": job["Tags"]}
    assert results(s3, "whole") == {"day 1/a.csv.out": "30\n70\n", "b.csv.out": "110\n"}
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == job["Tags"]
    listed = sagemaker.list_transform_jobs(NameContains="whol", StatusEquals="Completed")["TransformJobSummaries"]
    assert [summary["TransformJobArn"] for summary in listed] == [arn]
    logs = cloud.client("logs").describe_log_streams(logGroupName="/aws/sagemaker/TransformJobs")["logStreams"]
    assert any(stream["logStreamName"].startswith("whole/algo-1-") for stream in logs)
    wait_for(
        lambda: any(
            event["detail-type"] == "SageMaker Transform Job State Change"
            and event["detail"]["TransformJobStatus"] == "Completed"
            for event in events()
        ),
        "the event",
    )
    with pytest.raises(ClientError, match="ResourceInUse"):
        sagemaker.create_transform_job(**job)
    with pytest.raises(ClientError, match="is in status Completed"):
        sagemaker.stop_transform_job(TransformJobName="whole")


def test_results_are_joined_with_what_they_are_of(sagemaker, s3) -> None:
    s3.put_object(Bucket=BUCKET, Key="joined/x.csv.gz", Body=gzip.compress(b"id-1,1,2\nid-2,3,4\n"))
    processing = {"InputFilter": "$[1:]", "OutputFilter": "$[0,-1]", "JoinSource": "Input"}
    job = request("joined", "joined/x.csv.gz", DataProcessing=processing, BatchStrategy="SingleRecord")
    job["TransformInput"]["CompressionType"] = "Gzip"
    job["MaxConcurrentTransforms"] = 2
    sagemaker.create_transform_job(**job)
    assert over(sagemaker, "joined")["TransformJobStatus"] == "Completed"
    assert results(s3, "joined") == {"x.csv.gz.out": "id-1,single 3\nid-2,single 7\n"}


def test_object_that_fails_fails_the_job_and_leaves_the_others(cloud: Cloud, sagemaker, s3) -> None:
    s3.put_object(Bucket=BUCKET, Key="mixed/bad.csv", Body=b"1\nnot a number\n")
    s3.put_object(Bucket=BUCKET, Key="mixed/good.csv", Body=b"1\n2\n")
    manifest = [{"prefix": f"s3://{BUCKET}/mixed/"}, "bad.csv", "good.csv"]
    s3.put_object(Bucket=BUCKET, Key="mixed.manifest", Body=json.dumps(manifest).encode())
    job = request("mixed", "mixed.manifest")
    job["TransformInput"]["DataSource"]["S3DataSource"]["S3DataType"] = "ManifestFile"
    sagemaker.create_transform_job(**job, ModelClientConfig={"InvocationsMaxRetries": 1})
    described = over(sagemaker, "mixed")
    assert described["TransformJobStatus"] == "Failed"
    assert described["FailureReason"] == "AlgorithmError: See job logs for more information"
    assert results(s3, "mixed") == {"good.csv.out": "1\n2\n"}
    group = "/aws/sagemaker/TransformJobs"
    events = cloud.client("logs").filter_log_events(logGroupName=group, logStreamNamePrefix="mixed/")["events"]
    assert any(f"{BUCKET}/mixed/bad.csv: AlgorithmError: 500" in event["message"] for event in events)


def test_stopped_job(sagemaker, s3) -> None:
    s3.put_object(Bucket=BUCKET, Key="slow.csv", Body=b"sleep\n")
    sagemaker.create_transform_job(**request("slow", "slow.csv"))
    sagemaker.stop_transform_job(TransformJobName="slow")
    assert over(sagemaker, "slow")["TransformJobStatus"] == "Stopped"
    assert results(s3, "slow") == {}


def test_pipeline_step(sagemaker, s3) -> None:
    s3.put_object(Bucket=BUCKET, Key="step.csv", Body=b"1\n")
    arguments = request("unused", "step.csv")
    del arguments["TransformJobName"]
    step = {"Name": "Score", "Type": "Transform", "Arguments": arguments}
    step["CacheConfig"] = {"Enabled": True, "ExpireAfter": "P1D"}
    name = create(sagemaker, "scoring", step)
    _, run = ended(sagemaker, start(sagemaker, name))
    job = run["Score"]["Metadata"]["TransformJob"]["Arn"].rsplit("/", 1)[1]
    assert sagemaker.describe_transform_job(TransformJobName=job)["TransformJobStatus"] == "Completed"
    assert results(s3, "unused") == {"step.csv.out": "1\n"}
    _, again = ended(sagemaker, start(sagemaker, name))
    assert again["Score"]["CacheHitResult"]
    assert again["Score"]["Metadata"] == run["Score"]["Metadata"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ModelName": "nobody"}, "Could not find model"),
        ({"MaxPayloadInMB": 60, "MaxConcurrentTransforms": 2}, "exceeds 100 MB"),
        ({"DataProcessing": {"InputFilter": "$..x"}}, "JSONPath"),
        ({"BatchStrategy": "Both"}, "enum value set"),
    ],
)
def test_bad_requests(sagemaker, changes: dict, message: str) -> None:
    with pytest.raises(ClientError, match=f"ValidationException.*{message}"):
        sagemaker.create_transform_job(**request("bad", "in/", **changes))
