"""How executions of pipelines are tried again, shortened, limited, stopped and resumed; driven with boto3."""

import json
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from local_cloud import Cloud, wait_for
from pipelines import callback, callback_step, create, ended, shell_step, start, status, steps

FLAG = [{"Name": "Flag", "Type": "String"}]


def flagged(name: str, command: str, **changes) -> dict:
    """A shell step whose command knows the parameter ``Flag`` as $FLAG."""
    step = shell_step(name, command, **changes)
    step["Arguments"]["Environment"] = {"FLAG": {"Get": "Parameters.Flag"}}
    return step


@pytest.fixture(scope="module")
def sagemaker(cloud: Cloud):
    return cloud.client("sagemaker")


@pytest.fixture(scope="module")
def queue(cloud: Cloud) -> str:
    return cloud.client("sqs").create_queue(QueueName="run-callbacks")["QueueUrl"]


def job_of(step: dict) -> str:
    return step["Metadata"]["ProcessingJob"]["Arn"]


def test_retry_keeps_what_succeeded_and_happens_once(sagemaker, tmp_path: Path) -> None:
    flag = tmp_path / "mended"
    create(
        sagemaker,
        "resumed",
        shell_step("First", "true"),
        flagged("Second", "test -e $FLAG", DependsOn=["First"]),
        shell_step("Third", "true", DependsOn=["Second"]),
        parameters=FLAG,
    )
    arn = start(sagemaker, "resumed", {"Flag": str(flag)})
    execution, before = ended(sagemaker, arn)
    assert execution["FailureReason"].startswith("Step failure")
    assert [step["StepStatus"] for step in before.values()] == ["Succeeded", "Failed"]
    flag.touch()
    for _ in range(2):
        retried = sagemaker.retry_pipeline_execution(PipelineExecutionArn=arn, ClientRequestToken="r" * 32)
        assert retried["PipelineExecutionArn"] == arn
        execution, after = ended(sagemaker, arn)
        assert execution["PipelineExecutionStatus"] == "Succeeded", after
        assert "FailureReason" not in execution
        assert job_of(after["First"]) == job_of(before["First"])
        assert job_of(after["Second"]) != job_of(before["Second"])
    with pytest.raises(ClientError, match=r"ConflictException.*Succeeded"):
        sagemaker.retry_pipeline_execution(PipelineExecutionArn=arn)
    with pytest.raises(ClientError, match=r"ConflictException.*Succeeded"):
        sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn)


def test_policy_retries_what_a_restart_cut(cloud: Cloud, sagemaker, tmp_path: Path) -> None:
    """A server that ends under a job is an internal error of SageMaker's, which a policy may be for."""
    policy = {"ExceptionType": ["SageMaker.JOB_INTERNAL_ERROR"], "IntervalSeconds": 0, "MaxAttempts": 1}
    create(
        sagemaker,
        "persistent",
        flagged("Job", "test -e $FLAG || exec sleep 600", RetryPolicies=[policy]),
        parameters=FLAG,
    )
    flag = tmp_path / "mended"
    arn = start(sagemaker, "persistent", {"Flag": str(flag)})
    first = wait_for(lambda: steps(sagemaker, arn)["Job"].get("Metadata"), "the job")
    cloud.server.stop()
    flag.touch()
    cloud.start()
    execution, run = ended(sagemaker, arn)
    assert execution["PipelineExecutionStatus"] == "Succeeded", run
    assert run["Job"]["AttemptCount"] == 2
    assert run["Job"]["Metadata"] != first


def test_failures_of_the_users_own_are_not_retried(sagemaker) -> None:
    policy = {"ExceptionType": ["SageMaker.JOB_INTERNAL_ERROR"], "IntervalSeconds": 0, "MaxAttempts": 3}
    _, run = ended(
        sagemaker, start(sagemaker, create(sagemaker, "plain", shell_step("A", "false", RetryPolicies=[policy])))
    )
    assert run["A"]["AttemptCount"] == 1
    assert "exit code: 1" in run["A"]["FailureReason"]


def test_cache(sagemaker, tmp_path: Path) -> None:
    def definition(expiry: str, instance_type: str = "ml.m5.large") -> str:
        cached = flagged("Cached", "echo once >> $FLAG", CacheConfig={"Enabled": True, "ExpireAfter": expiry})
        cached["Arguments"]["ProcessingResources"]["ClusterConfig"]["InstanceType"] = instance_type
        after = {
            "Name": "After",
            "Type": "Fail",
            "Arguments": {"ErrorMessage": {"Get": "Steps.Cached.ProcessingJobName"}},
        }
        return json.dumps({"Version": "2020-12-01", "Parameters": FLAG, "Steps": [cached, after]})

    def run(text: str, flag: Path) -> dict[str, dict]:
        sagemaker.update_pipeline(PipelineName="cached", PipelineDefinition=text)
        arns.append(start(sagemaker, "cached", {"Flag": str(flag)}))
        return ended(sagemaker, arns[-1])[1]

    arns: list[str] = []
    flag, other = tmp_path / "runs", tmp_path / "other-runs"
    create(sagemaker, "cached", shell_step("Nothing", "true"))
    first = run(definition("PT1H"), flag)
    [source] = arns
    assert "CacheHitResult" not in first["Cached"]
    # Instances are no part of the key; environment is. The second hit, too, comes from the run that did the work.
    for _ in range(2):
        hit = run(definition("30dT5h", "ml.m5.xlarge"), flag)
        assert hit["Cached"]["CacheHitResult"] == {"SourcePipelineExecutionArn": source}
        assert job_of(hit["Cached"]) == job_of(first["Cached"])
        assert hit["After"]["FailureReason"] == first["After"]["FailureReason"]
    assert flag.read_text() == "once\n"
    assert "CacheHitResult" not in run(definition("PT1H"), other)["Cached"]
    assert "CacheHitResult" not in run(definition("PT0S"), flag)["Cached"], "expired"
    assert flag.read_text() == "once\nonce\n"


def test_no_more_steps_at_a_time_than_allowed(sagemaker, tmp_path: Path) -> None:
    """Each step fails when another one runs: alone, as the pipeline says, they pass; unlimited, they do not."""
    alone = "mkdir $FLAG && sleep 0.3 && rmdir $FLAG"
    branches = [flagged(name, alone) for name in "ABC"]
    create(sagemaker, "narrow", *branches, parameters=FLAG, ParallelismConfiguration={"MaxParallelExecutionSteps": 1})
    arn = start(sagemaker, "narrow", {"Flag": str(tmp_path / "one")})
    execution, run = ended(sagemaker, arn)
    assert execution["PipelineExecutionStatus"] == "Succeeded", run
    assert execution["ParallelismConfiguration"] == {"MaxParallelExecutionSteps": 1}
    wide = {"MaxParallelExecutionSteps": 3}
    arn = start(sagemaker, "narrow", {"Flag": str(tmp_path / "two")}, ParallelismConfiguration=wide)
    assert len(steps(sagemaker, arn)) == 3
    assert ended(sagemaker, arn)[0]["PipelineExecutionStatus"] == "Failed"


def test_stop_tells_the_callback_and_waits_for_its_answer(cloud: Cloud, sagemaker, queue: str) -> None:
    create(sagemaker, "asking", callback_step("Ask", queue), shell_step("Beside", "exec sleep 600"))
    arn = start(sagemaker, "asking")
    asked = callback(cloud, queue, lambda body: body["pipelineExecutionArn"] == arn)
    for _ in range(2):
        sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn, ClientRequestToken="s" * 32)
    told = callback(cloud, queue, lambda body: body["pipelineExecutionArn"] == arn)
    assert told == {**asked, "status": "Stopping"}
    wait_for(lambda: steps(sagemaker, arn)["Beside"]["StepStatus"] == "Stopped", "the job's end")
    assert status(sagemaker, arn) == "Stopping"
    assert steps(sagemaker, arn)["Ask"]["StepStatus"] == "Stopping"
    with pytest.raises(ClientError, match=r"ConflictException.*stop arn:"):
        sagemaker.delete_pipeline(PipelineName="asking")
    answer = {"CallbackToken": asked["token"], "FailureReason": "cleaned up", "ClientRequestToken": "c" * 32}
    sagemaker.send_pipeline_execution_step_failure(**answer)
    execution, run = ended(sagemaker, arn)
    assert execution["PipelineExecutionStatus"] == "Stopped"
    assert run["Ask"]["StepStatus"] == "Stopped"
    assert not cloud.client("sqs").receive_message(QueueUrl=queue).get("Messages"), "told once"

    cloud.server.stop()
    cloud.start()
    assert sagemaker.send_pipeline_execution_step_failure(**answer)["PipelineExecutionArn"] == arn
    with pytest.raises(ClientError, match="Stopped"):
        sagemaker.send_pipeline_execution_step_failure(CallbackToken=asked["token"])
    stopped = sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn, ClientRequestToken="s" * 32)
    assert stopped["PipelineExecutionArn"] == arn


def test_selected_steps_take_the_rest_from_an_earlier_execution(sagemaker) -> None:
    first = shell_step("First", "true")
    second = {"Name": "Second", "Type": "Fail", "Arguments": {"ErrorMessage": {"Get": "Steps.First.ProcessingJobName"}}}
    create(sagemaker, "selective", first, second, shell_step("Third", "true"))
    source = start(sagemaker, "selective")
    _, before = ended(sagemaker, source)
    config = {"SourcePipelineExecutionArn": source, "SelectedSteps": [{"StepName": "Second"}]}
    arn = start(sagemaker, "selective", SelectiveExecutionConfig=config)
    execution, run = ended(sagemaker, arn)
    assert execution["SelectiveExecutionConfig"] == config
    assert list(run) == ["First", "Second"]
    assert run["First"]["SelectiveExecutionResult"] == {"SourcePipelineExecutionArn": source}
    assert run["Second"]["FailureReason"] == before["Second"]["FailureReason"]
    for wrong, message in [
        ({"SelectedSteps": [{"StepName": "Second"}]}, "need First"),
        ({"SelectedSteps": [{"StepName": "Fourth"}]}, "no step Fourth"),
    ]:
        with pytest.raises(ClientError, match=message):
            start(sagemaker, "selective", SelectiveExecutionConfig=wrong)


def test_execution_can_be_described_anew(sagemaker) -> None:
    arn = start(sagemaker, create(sagemaker, "renamed", shell_step("A", "true")))
    sagemaker.update_pipeline_execution(
        PipelineExecutionArn=arn, PipelineExecutionDescription="why", PipelineExecutionDisplayName="monday"
    )
    execution, _ = ended(sagemaker, arn)
    assert execution["PipelineExecutionDescription"] == "why"
    assert execution["PipelineExecutionDisplayName"] == "monday"
    sagemaker.delete_pipeline(PipelineName="renamed")
    with pytest.raises(ClientError, match="ResourceNotFound"):
        sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)


def test_create_is_idempotent_by_token_alone(sagemaker) -> None:
    create(sagemaker, "once", shell_step("A", "true"), ClientRequestToken="p" * 32)
    create(sagemaker, "once", shell_step("A", "true"), ClientRequestToken="p" * 32)
    with pytest.raises(ClientError, match="must be unique"):
        create(sagemaker, "once", shell_step("A", "true"), ClientRequestToken="q" * 32)
    sagemaker.delete_pipeline(PipelineName="once")
    create(sagemaker, "once", shell_step("A", "true"), ClientRequestToken="p" * 32)
    assert sagemaker.describe_pipeline(PipelineName="once")["PipelineStatus"] == "Active"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"CacheConfig": {"Enabled": True}}, "ExpireAfter"),
        ({"CacheConfig": {"Enabled": True, "ExpireAfter": "a week"}}, "ISO 8601"),
        ({"RetryPolicies": [{"ExceptionType": ["Step.ANY"]}]}, "Step.ANY"),
        ({"RetryPolicies": [{"ExceptionType": ["Step.THROTTLING"], "MaxAttempts": 21}]}, "from 0 to 20"),
        (
            {"RetryPolicies": [{"ExceptionType": ["Step.THROTTLING"], "MaxAttempts": 1, "ExpireAfterMin": 1}]},
            "both MaxAttempts and ExpireAfterMin",
        ),
    ],
)
def test_settings_of_steps_are_checked(sagemaker, changes: dict, message: str) -> None:
    with pytest.raises(ClientError, match=f"ValidationException.*step A: .*{message}"):
        create(sagemaker, "wrong", shell_step("A", "true", **changes))
