"""The local ECS as boto3 sees it: task definitions, and tasks whose containers are processes."""

import json
import urllib.error
import urllib.request

import boto3
import pytest
from botocore.credentials import ContainerProvider
from botocore.exceptions import ClientError
from local_cloud import ACCOUNT, wait_for

NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-0a1b2c3d"]}}


@pytest.fixture(scope="module")
def ecs(cloud):
    client = cloud.client("ecs")
    client.create_cluster(clusterName="tests")
    return client


def register(ecs, family: str, *containers: dict, **more) -> str:
    definitions = [{"image": "launcher:1", "essential": True, **container} for container in containers]
    answer = ecs.register_task_definition(
        family=family,
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        containerDefinitions=definitions,
        **more,
    )
    return answer["taskDefinition"]["taskDefinitionArn"]


def run(ecs, family: str, **more) -> dict:
    return ecs.run_task(cluster="tests", taskDefinition=family, networkConfiguration=NETWORK, **more)["tasks"][0]


def describe(ecs, arn: str) -> dict:
    return ecs.describe_tasks(cluster="tests", tasks=[arn])["tasks"][0]


def stopped(ecs, arn: str) -> dict:
    return wait_for(lambda: (t := describe(ecs, arn))["lastStatus"] == "STOPPED" and t, f"{arn} to stop")


def node(program: str, name: str = "main", **more) -> dict:
    return {"name": name, "command": ["node", "-e", program], **more}


@pytest.fixture
def task_events(cloud):
    """The task events that EventBridge delivers from here on, by task and in the order of their versions."""
    bus, sqs = cloud.client("events"), cloud.client("sqs")
    url = sqs.create_queue(QueueName="task-events")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    bus.put_rule(Name="task-events", EventPattern=json.dumps({"source": ["aws.ecs"]}))
    bus.put_targets(Rule="task-events", Targets=[{"Id": "queue", "Arn": arn}])
    seen: list[dict] = []

    def of(task_arn: str) -> list[dict]:
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        for message in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            seen.append(json.loads(message["Body"]))
        mine = [event for event in seen if event["detail"]["taskArn"] == task_arn]
        return sorted(mine, key=lambda event: event["detail"]["version"])

    yield of
    bus.remove_targets(Rule="task-events", Ids=["queue"])
    bus.delete_rule(Name="task-events")
    sqs.delete_queue(QueueUrl=url)


def test_a_task_tells_of_each_of_its_states_once(ecs, task_events):
    register(ecs, "events", node("process.exit(3)"))
    arn = run(ecs, "events")["taskArn"]
    task = stopped(ecs, arn)
    assert (task["stopCode"], task["containers"][0]["exitCode"]) == ("EssentialContainerExited", 3)
    told = wait_for(
        lambda: (e := task_events(arn)) and e[-1]["detail"]["lastStatus"] == "STOPPED" and e, "the last event"
    )
    assert [event["detail"]["version"] for event in told] == list(range(1, task["version"] + 1))
    statuses = [event["detail"]["lastStatus"] for event in told]
    assert list(dict.fromkeys(statuses)) == ["PROVISIONING", "PENDING", "RUNNING", "STOPPED"]
    assert {event["detail-type"] for event in told} == {"ECS Task State Change"}
    last = told[-1]["detail"]
    assert last["stoppedReason"] == "Essential container in task exited"
    assert last["stoppedAt"].endswith("Z")


@pytest.fixture(scope="module")
def log_configuration(cloud) -> dict:
    cloud.client("logs").create_log_group(logGroupName="/ecs/tests")
    options = {"awslogs-group": "/ecs/tests", "awslogs-region": "eu-west-1", "awslogs-stream-prefix": "run"}
    return {"logConfiguration": {"logDriver": "awslogs", "options": options}}


def logged(cloud, arn: str) -> list[str]:
    stream = f"run/main/{arn.rsplit('/', 1)[1]}"
    try:
        events = cloud.client("logs").get_log_events(logGroupName="/ecs/tests", logStreamName=stream)["events"]
    except cloud.client("logs").exceptions.ResourceNotFoundException:
        return []
    return [event["message"] for event in events]


def test_containers_get_their_environment_and_no_other(ecs, cloud, log_configuration):
    program = "console.log(JSON.stringify(process.env))"
    container = node(program, environment=[{"name": "GIVEN", "value": "a"}, {"name": "CHANGED", "value": "a"}])
    register(ecs, "environment", {**container, **log_configuration})
    changed = [{"name": "main", "environment": [{"name": "CHANGED", "value": "b"}]}]
    arn = run(ecs, "environment", overrides={"containerOverrides": changed})["taskArn"]
    stopped(ecs, arn)
    environment = json.loads(logged(cloud, arn)[0])
    assert (environment["GIVEN"], environment["CHANGED"]) == ("a", "b")
    assert environment["AWS_ENDPOINT_URL"] == cloud.url
    of_image = {"PATH", "HOME", "TMPDIR", "NODE_ENV"}
    of_fargate = {"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_EXECUTION_ENV"}
    of_the_cloud = {"AWS_ENDPOINT_URL", "AWS_EC2_METADATA_DISABLED", "LOCAL_CLOUD_OWNER"}
    assert set(environment) == {"GIVEN", "CHANGED"} | of_image | of_fargate | of_the_cloud
    assert environment["PATH"] == "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def trust(service: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_containers_get_their_roles_credentials_as_on_fargate_while_the_task_runs(ecs, cloud, log_configuration):
    role = cloud.client("iam").create_role(
        RoleName="of-tasks", AssumeRolePolicyDocument=trust("ecs-tasks.amazonaws.com")
    )
    program = "console.log(JSON.stringify(process.env)); setInterval(() => undefined, 1000)"
    register(ecs, "credentials", {**node(program), **log_configuration}, taskRoleArn=role["Role"]["Arn"])
    arn = run(ecs, "credentials")["taskArn"]
    (line, *_) = wait_for(lambda: logged(cloud, arn), "the environment")
    environment = json.loads(line)
    assert not {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"} & set(environment)

    # botocore's own provider of containers' credentials.
    provider = ContainerProvider(environ=environment)
    credentials = provider.load().get_frozen_credentials()
    sts = boto3.client(
        "sts",
        region_name="eu-west-1",
        endpoint_url=cloud.url,
        aws_access_key_id=credentials.access_key,
        aws_secret_access_key=credentials.secret_key,
        aws_session_token=credentials.token,
    )
    assert sts.get_caller_identity()["Arn"].endswith(f":assumed-role/of-tasks/{arn.rsplit('/', 1)[1]}")

    url = environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"]
    assert status(url, "another") == 401
    ecs.stop_task(cluster="tests", task=arn)
    stopped(ecs, arn)
    assert status(url, environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"]) == 404


def status(url: str, token: str) -> int:
    request = urllib.request.Request(url, headers={"Authorization": token})  # noqa: S310
    try:
        with urllib.request.urlopen(request) as response:  # noqa: S310
            return response.status
    except urllib.error.HTTPError as error:
        return error.code


@pytest.mark.parametrize("role", ["nobody", "of-lambda"])
def test_a_role_that_ecs_cannot_assume_is_refused(ecs, cloud, role):
    if role == "of-lambda":
        cloud.client("iam").create_role(RoleName=role, AssumeRolePolicyDocument=trust("lambda.amazonaws.com"))
    register(ecs, f"role-{role}", node("0"), taskRoleArn=f"arn:aws:iam::{ACCOUNT}:role/{role}")
    with pytest.raises(ClientError) as refused:
        run(ecs, f"role-{role}")
    assert refused.value.response["Error"]["Code"] == "ClientException"
    assert "unable to assume the role" in refused.value.response["Error"]["Message"]


@pytest.mark.parametrize(("read_only", "code"), [(True, 3), (False, 0)])
def test_a_read_only_root_file_system_takes_nothing(ecs, read_only, code):
    write = "require('fs').writeFileSync(require('os').tmpdir() + '/a', '')"
    program = f"try {{ {write} }} catch (error) {{ process.exit(error.code === 'ERR_ACCESS_DENIED' ? 3 : 4) }}"
    family = f"read-only-{read_only}"
    register(ecs, family, node(program, readonlyRootFilesystem=read_only))
    assert stopped(ecs, run(ecs, family)["taskArn"])["containers"][0]["exitCode"] == code


def test_the_end_of_an_essential_container_is_the_end_of_all(ecs):
    forever = "setInterval(() => undefined, 1000)"
    register(ecs, "pair", node("process.exit(0)"), node(forever, "sidecar", essential=False))
    task = stopped(ecs, run(ecs, "pair")["taskArn"])
    assert {c["name"]: c["exitCode"] for c in task["containers"]} == {"main": 0, "sidecar": 143}

    register(ecs, "helper", node("process.exit(0)", "helper", essential=False), node(forever))
    arn = run(ecs, "helper")["taskArn"]
    wait_for(lambda: "exitCode" in describe(ecs, arn)["containers"][0], "the helper to end")
    assert describe(ecs, arn)["lastStatus"] == "RUNNING"
    answer = ecs.stop_task(cluster="tests", task=arn, reason="enough")["task"]
    assert answer["desiredStatus"] == "STOPPED"
    task = stopped(ecs, arn)
    assert (task["stopCode"], task["stoppedReason"]) == ("UserInitiated", "enough")


def test_what_ignores_sigterm_is_killed_after_its_stop_timeout(ecs):
    stubborn = "process.on('SIGTERM', () => undefined); console.log('up'); setInterval(() => undefined, 1000)"
    register(ecs, "stubborn", node(stubborn, stopTimeout=2))
    arn = run(ecs, "stubborn")["taskArn"]
    wait_for(lambda: describe(ecs, arn)["lastStatus"] == "RUNNING", "the task to run")
    ecs.stop_task(cluster="tests", task=arn)
    assert stopped(ecs, arn)["containers"][0]["exitCode"] in (137, 143)


def test_a_client_token_starts_its_tasks_once(ecs):
    register(ecs, "once", node("process.exit(0)"))
    first = run(ecs, "once", clientToken="token-1")
    again = run(ecs, "once", clientToken="token-1")
    assert again["taskArn"] == first["taskArn"]
    with pytest.raises(ClientError) as refused:
        run(ecs, "once", clientToken="token-1", startedBy="another")
    assert refused.value.response["Error"]["Code"] == "ConflictException"
    stopped(ecs, first["taskArn"])


def test_lists_page_through_everything_once(ecs):
    for _ in range(7):
        register(ecs, "paged", node("0"))
    pages = ecs.get_paginator("list_task_definitions")
    for sort in ("ASC", "DESC"):
        found = [
            arn.rsplit(":", 1)[1]
            for page in pages.paginate(familyPrefix="paged", sort=sort, PaginationConfig={"PageSize": 3})
            for arn in page["taskDefinitionArns"]
        ]
        assert found == [str(n) for n in (range(1, 8) if sort == "ASC" else range(7, 0, -1))]
    answer = ecs.run_task(
        cluster="tests", taskDefinition="paged", count=5, startedBy="me", networkConfiguration=NETWORK
    )
    arns = {task["taskArn"] for task in answer["tasks"]}
    assert len(arns) == 5
    for arn in arns:
        stopped(ecs, arn)
    listed = [
        arn
        for page in ecs.get_paginator("list_tasks").paginate(
            cluster="tests", desiredStatus="STOPPED", startedBy="me", PaginationConfig={"PageSize": 2}
        )
        for arn in page["taskArns"]
    ]
    assert sorted(listed) == sorted(arns)


@pytest.mark.parametrize(
    ("request_", "code", "says"),
    [
        ({"taskDefinition": "nobody"}, "ClientException", "nobody"),
        ({"taskDefinition": "ok", "cluster": "nowhere"}, "ClusterNotFoundException", "nowhere"),
        ({"taskDefinition": "ok", "networkConfiguration": None}, "InvalidParameterException", "awsvpc"),
        ({"taskDefinition": "ok", "count": 11}, "InvalidParameterException", "11"),
        (
            {"taskDefinition": "ok", "overrides": {"containerOverrides": [{"name": "other"}]}},
            "InvalidParameterException",
            "other",
        ),
    ],
)
def test_what_cannot_run_is_refused(ecs, request_, code, says):
    register(ecs, "ok", node("0"))
    request = {"cluster": "tests", "networkConfiguration": NETWORK, **request_}
    with pytest.raises(ClientError) as refused:
        ecs.run_task(**{name: value for name, value in request.items() if value is not None})
    assert refused.value.response["Error"]["Code"] == code
    assert says in refused.value.response["Error"]["Message"]


def test_a_task_with_secrets_says_why_it_does_not_start(ecs):
    secret = {"name": "PASSWORD", "valueFrom": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:s-abcdef"}
    register(ecs, "secret", node("0", secrets=[secret]), executionRoleArn="arn:aws:iam::123456789012:role/r")
    task = stopped(ecs, run(ecs, "secret")["taskArn"])
    assert task["stopCode"] == "TaskFailedToStart"
    assert "PASSWORD" in task["stoppedReason"]


def test_a_task_whose_server_was_killed_is_stopped_and_says_so(ecs, cloud):
    register(ecs, "orphan", node("setInterval(() => undefined, 1000)"))
    arn = run(ecs, "orphan")["taskArn"]
    wait_for(lambda: describe(ecs, arn)["lastStatus"] == "RUNNING", "the task to run")
    cloud.server.stop()
    cloud.start()
    task = describe(ecs, arn)
    assert (task["lastStatus"], task["stopCode"]) == ("STOPPED", "TerminationNotice")
