"""The local server is killed with SIGKILL at random moments while it works: nothing is lost, doubled or half done.

``LOCAL_KILLS`` says how often (10), ``LOCAL_KILL_SEED`` repeats a run.
"""

import json
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionError, HTTPClientError
from local_cloud import REGION, Cloud, wait_for
from pipelines import IMAGE, ROLE, callback_step, create, ended, shell_step, steps

KILLS = int(os.environ.get("LOCAL_KILLS", "10"))
SEED = int(os.environ.get("LOCAL_KILL_SEED", str(time.time_ns() % 10**6)))
BUCKET = "durable"
GROUP = "durable"
FILES = ("a.txt", "b.txt", "c.txt")
PIPELINE = "durable"
JOB_OVER = ("Completed", "Failed", "Stopped")
RETRY = {"ExceptionType": ["SageMaker.JOB_INTERNAL_ERROR"], "IntervalSeconds": 0, "MaxAttempts": 20}
CONTAINERS = {"Containers": [{"Image": IMAGE}], "SupportedContentTypes": ["text/csv"]}
WRITE = "cd /opt/ml/processing/output; for file in a b c; do echo whole > $file.txt; sleep 0.03; done"


class Client:
    """boto3 that asks again until somebody answers, with the same words: what a careful caller does."""

    def __init__(self, cloud: Cloud, service: str) -> None:
        self.client = boto3.client(
            service,
            region_name=REGION,
            endpoint_url=cloud.url,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}, read_timeout=20),
        )

    @property
    def exceptions(self):
        return self.client.exceptions

    def __getattr__(self, operation: str):
        call = getattr(self.client, operation)

        def insist(**request):
            deadline = time.monotonic() + 60
            while True:
                try:
                    return call(**request)
                except (ConnectionError, HTTPClientError):
                    pass
                except ClientError as refused:
                    # A server that starts, or one that is cut off from the emulator while it ends.
                    if refused.response["ResponseMetadata"]["HTTPStatusCode"] < 500:
                        raise
                assert time.monotonic() < deadline, f"no answer to {operation}"
                time.sleep(0.02)

        return insist


class Work:
    """What the callers asked for, and were told they have."""

    def __init__(self, cloud: Cloud, queue: str) -> None:
        self.cloud, self.queue = cloud, queue
        self.over = threading.Event()
        self.jobs: list[str] = []
        self.packages: dict[str, str] = {}
        self.executions: dict[str, str] = {}
        self.stopped: set[str] = set()
        self.tokens: dict[str, set[str]] = {}

    def run_jobs(self, choice: random.Random) -> None:
        sagemaker = Client(self.cloud, "sagemaker")
        while not self.over.is_set():
            name = f"durable-{choice.getrandbits(48):x}"
            step = shell_step("unused", WRITE)["Arguments"]
            output = {"S3Uri": f"s3://{BUCKET}/{name}", "LocalPath": "/opt/ml/processing/output"}
            outputs = [{"OutputName": "files", "S3Output": {**output, "S3UploadMode": "EndOfJob"}}]
            try:
                sagemaker.create_processing_job(
                    ProcessingJobName=name,
                    RoleArn=ROLE,
                    ProcessingOutputConfig={"Outputs": outputs},
                    Tags=[{"Key": "name", "Value": name}],
                    **step,
                )
            except ClientError as refused:
                # The first request was carried out; its answer was lost.
                assert refused.response["Error"]["Code"] == "ResourceInUse"
            self.jobs.append(name)
            if choice.random() < 0.2:
                try:
                    sagemaker.stop_processing_job(ProcessingJobName=name)
                except ClientError as refused:
                    assert "is in status" in refused.response["Error"]["Message"]
            self.over.wait(choice.random() * 0.3)

    def register(self, choice: random.Random) -> None:
        sagemaker = Client(self.cloud, "sagemaker")
        while not self.over.is_set():
            token = f"token-{choice.getrandbits(96):024x}"
            made = sagemaker.create_model_package(
                ModelPackageGroupName=GROUP, InferenceSpecification=CONTAINERS, ClientToken=token
            )
            self.packages[token] = made["ModelPackageArn"]
            self.over.wait(choice.random() * 0.1)

    def start_pipelines(self, choice: random.Random) -> None:
        sagemaker = Client(self.cloud, "sagemaker")
        while not self.over.is_set():
            token = f"token-{choice.getrandbits(128):032x}"
            started = sagemaker.start_pipeline_execution(PipelineName=PIPELINE, ClientRequestToken=token)
            arn = self.executions[token] = started["PipelineExecutionArn"]
            if choice.random() < 0.2:
                try:
                    sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn, ClientRequestToken=token)
                    self.stopped.add(arn)
                except ClientError as refused:
                    assert refused.response["Error"]["Code"] == "ConflictException"
            self.over.wait(0.2 + choice.random() * 0.3)

    def answer_callbacks(self, everything_over: threading.Event) -> None:
        sqs, sagemaker = Client(self.cloud, "sqs"), Client(self.cloud, "sagemaker")
        while not everything_over.is_set():
            for message in sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages", []):
                body = json.loads(message["Body"])
                self.tokens.setdefault(body["pipelineExecutionArn"], set()).add(body["token"])
                answer = {"CallbackToken": body["token"], "ClientRequestToken": body["token"] * 4}
                answer["OutputParameters"] = [{"Name": "answer", "Value": "yes"}]
                sagemaker.send_pipeline_execution_step_success(**answer)
                with suppress(sqs.exceptions.ReceiptHandleIsInvalid):
                    # It is gone already, its deletion's answer lost; or it comes again, and so does the same answer.
                    sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
            everything_over.wait(0.05)


@pytest.fixture(scope="module")
def work(cloud: Cloud, watch) -> Iterator[Work]:
    """The work done, the server killed meanwhile again and again, and at last everything over."""
    print(f"seed {SEED}")
    choice = random.Random(SEED)
    cloud.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    queue = cloud.client("sqs").create_queue(QueueName="durable-callbacks")["QueueUrl"]
    sagemaker = cloud.client("sagemaker")
    sagemaker.create_model_package_group(ModelPackageGroupName=GROUP)
    register = {
        "Name": "Register",
        "Type": "RegisterModel",
        "DependsOn": ["Ask"],
        "Arguments": {"ModelPackageGroupName": GROUP, "InferenceSpecification": CONTAINERS},
    }
    create(
        sagemaker,
        PIPELINE,
        shell_step("Job", "sleep 0.1", RetryPolicies=[RETRY]),
        callback_step("Ask", queue, DependsOn=["Job"]),
        register,
    )
    work = Work(cloud, queue)
    everything_over = threading.Event()
    with ThreadPoolExecutor() as pool:
        answering = pool.submit(work.answer_callbacks, everything_over)
        callers = [
            pool.submit(call, random.Random(choice.random()))
            for call in (work.run_jobs, work.register, work.start_pipelines)
        ]
        try:
            for _ in range(KILLS):
                work.over.wait(0.1 + choice.random() * 0.7)
                cloud.server.stop(signal.SIGKILL)
                cloud.start()
        finally:
            work.over.set()
            for caller in callers:
                caller.result(90)
            for arn in work.executions.values():
                if answering.done():
                    answering.result()
                ended(sagemaker, arn)
            for name in work.jobs:
                wait_for(partial(job_is_over, sagemaker, name), name)
            everything_over.set()
            answering.result(30)
    yield work
    sagemaker.delete_pipeline(PipelineName=PIPELINE)


def job_is_over(sagemaker, name: str) -> bool:
    return sagemaker.describe_processing_job(ProcessingJobName=name)["ProcessingJobStatus"] in JOB_OVER


def jobs_named(sagemaker, text: str) -> list[dict]:
    pages = sagemaker.get_paginator("list_processing_jobs").paginate(NameContains=text)
    return [job for page in pages for job in page["ProcessingJobSummaries"]]


def test_a_completed_job_has_all_its_outputs_and_one_that_was_cut_has_failed(cloud: Cloud, work: Work) -> None:
    sagemaker, s3 = cloud.client("sagemaker"), cloud.client("s3")
    outcomes: Counter[str] = Counter()
    assert len(jobs_named(sagemaker, "durable-")) == len(work.jobs)
    for name in work.jobs:
        job = sagemaker.describe_processing_job(ProcessingJobName=name)
        outcomes[job["ProcessingJobStatus"]] += 1
        if job["ProcessingJobStatus"] == "Completed":
            for file in FILES:
                body = s3.get_object(Bucket=BUCKET, Key=f"{name}/{file}")["Body"].read()
                assert body == b"whole\n", f"{name}/{file}"
        elif job["ProcessingJobStatus"] == "Failed":
            assert job["FailureReason"].startswith("InternalServerError"), job
        tags = sagemaker.list_tags(ResourceArn=job["ProcessingJobArn"])["Tags"]
        assert tags == [{"Key": "name", "Value": name}]
    assert outcomes["Completed"] and outcomes["Failed"], f"the kills met no job: {outcomes}"


def test_a_package_is_made_once_for_each_token(cloud: Cloud, work: Work) -> None:
    sagemaker = cloud.client("sagemaker")
    pages = sagemaker.get_paginator("list_model_packages").paginate(ModelPackageGroupName=GROUP)
    versions = sorted(
        (package["ModelPackageVersion"], package["ModelPackageArn"])
        for page in pages
        for package in page["ModelPackageSummaryList"]
    )
    registered = [
        step["Metadata"]["RegisterModel"]["Arn"]
        for arn in work.executions.values()
        if (step := steps(sagemaker, arn).get("Register"))
    ]
    assert [version for version, _ in versions] == list(range(1, len(versions) + 1))
    assert sorted(arn for _, arn in versions) == sorted([*work.packages.values(), *registered])


def test_a_step_that_succeeded_ran_once_and_a_callback_stayed_answerable(cloud: Cloud, work: Work) -> None:
    sagemaker = cloud.client("sagemaker")
    pages = sagemaker.get_paginator("list_pipeline_executions").paginate(PipelineName=PIPELINE)
    listed = [execution["PipelineExecutionArn"] for page in pages for execution in page["PipelineExecutionSummaries"]]
    assert sorted(listed) == sorted(work.executions.values())
    for arn in listed:
        execution, run = ended(sagemaker, arn)
        wanted = "Stopped" if arn in work.stopped else "Succeeded"
        assert execution["PipelineExecutionStatus"] == wanted, (execution, run)
        jobs = jobs_named(sagemaker, arn.rsplit("/", 1)[1])
        assert len(jobs) == run["Job"]["AttemptCount"] if "Job" in run else not jobs, run
        completed = [job for job in jobs if job["ProcessingJobStatus"] == "Completed"]
        assert len(completed) == ("Job" in run and run["Job"]["StepStatus"] == "Succeeded")
        assert len(work.tokens.get(arn, ())) == ("Ask" in run), "one token, however often it was sent"
        if wanted == "Succeeded":
            assert [step["StepStatus"] for step in run.values()] == ["Succeeded"] * 3


def test_every_end_was_told(cloud: Cloud, watch, work: Work) -> None:
    sagemaker = cloud.client("sagemaker")
    wanted = {(arn, ended(sagemaker, arn)[0]["PipelineExecutionStatus"]) for arn in work.executions.values()}
    for name in ("durable-", *(arn.rsplit("/", 1)[1] for arn in work.executions.values())):
        wanted.update((job["ProcessingJobArn"], job["ProcessingJobStatus"]) for job in jobs_named(sagemaker, name))

    def told() -> set[tuple[str, str]]:
        seen = set()
        for event in watch():
            detail = event["detail"]
            if "stepName" in detail:
                continue
            if "pipelineExecutionArn" in detail:
                seen.add((detail["pipelineExecutionArn"], detail["currentPipelineExecutionStatus"]))
            elif "ProcessingJobArn" in detail:
                seen.add((detail["ProcessingJobArn"], detail["ProcessingJobStatus"]))
        return seen

    wait_for(lambda: wanted <= told(), "every final state's event")


@pytest.fixture(scope="module")
def watch(cloud: Cloud):
    """Every event of SageMaker since before the work began."""
    bus, sqs = cloud.client("events"), cloud.client("sqs")
    url = sqs.create_queue(QueueName="durable-events")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    bus.put_rule(Name="durable", EventPattern=json.dumps({"source": ["aws.sagemaker"]}))
    bus.put_targets(Rule="durable", Targets=[{"Id": "queue", "Arn": arn}])
    seen: list[dict] = []

    def receive() -> list[dict]:
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            for message in messages:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                seen.append(json.loads(message["Body"]))
        return seen

    yield receive
    bus.remove_targets(Rule="durable", Ids=["queue"])
    bus.delete_rule(Name="durable")
    sqs.delete_queue(QueueUrl=url)
