"""Tasks that EventBridge Scheduler and rules run."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from local_cloud import ACCOUNT, REGION, wait_for

CLUSTER = f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/scheduled"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/scheduler"


@pytest.fixture(scope="module")
def ecs(cloud):
    client = cloud.client("ecs")
    client.create_cluster(clusterName="scheduled")
    for revision in (1, 2):
        program = f"process.exit({revision})"
        client.register_task_definition(
            family="scheduled",
            networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            cpu="256",
            memory="512",
            containerDefinitions=[{"name": "main", "image": "launcher:1", "command": ["node", "-e", program]}],
        )
    return client


def ecs_parameters(family: str) -> dict:
    return {
        "TaskDefinitionArn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/{family}",
        "LaunchType": "FARGATE",
        "NetworkConfiguration": {"awsvpcConfiguration": {"Subnets": ["subnet-0a1b2c3d"]}},
    }


def soon() -> str:
    return f"at({(datetime.now(UTC) + timedelta(seconds=1)):%Y-%m-%dT%H:%M:%S})"


def stopped_tasks(ecs, started_by: str) -> list[dict]:
    arns = ecs.list_tasks(cluster="scheduled", desiredStatus="STOPPED")["taskArns"]
    tasks = ecs.describe_tasks(cluster="scheduled", tasks=arns)["tasks"] if arns else []
    return [task for task in tasks if task["lastStatus"] == "STOPPED" and task.get("startedBy") == started_by]


def test_a_schedule_runs_the_newest_revision_once(ecs, cloud):
    scheduler = cloud.client("scheduler")
    scheduler.create_schedule(
        Name="once",
        ScheduleExpression=soon(),
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": CLUSTER, "RoleArn": ROLE, "EcsParameters": ecs_parameters("scheduled")},
    )
    (task,) = wait_for(lambda: stopped_tasks(ecs, "chronos-schedule/once"), "the task")
    assert task["containers"][0]["exitCode"] == 2
    assert task["taskDefinitionArn"].endswith("task-definition/scheduled:2")
    scheduler.delete_schedule(Name="once")


def test_a_launch_that_fails_for_good_goes_to_the_dead_letters(ecs, cloud):
    sqs, scheduler = cloud.client("sqs"), cloud.client("scheduler")
    url = sqs.create_queue(QueueName="failed-launches")["QueueUrl"]
    scheduler.create_schedule(
        Name="hopeless",
        ScheduleExpression=soon(),
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={
            "Arn": CLUSTER,
            "RoleArn": ROLE,
            "EcsParameters": ecs_parameters("nobody"),
            "DeadLetterConfig": {"Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:failed-launches"},
        },
    )

    def received() -> list[dict]:
        return sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"]).get("Messages", [])

    (message,) = wait_for(received, "the dead letter")
    assert json.loads(message["Body"])["taskDefinition"].endswith("task-definition/nobody")
    assert message["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "ClientException"
    scheduler.delete_schedule(Name="hopeless")


def test_a_rule_runs_a_task_for_an_event(ecs, cloud):
    bus = cloud.client("events")
    bus.put_rule(Name="run", EventPattern=json.dumps({"source": ["tests"]}))
    target = {"Id": "task", "Arn": CLUSTER, "RoleArn": ROLE, "EcsParameters": ecs_parameters("scheduled")}
    overrides = {"containerOverrides": [{"name": "main", "command": ["node", "-e", "process.exit(9)"]}]}
    bus.put_targets(Rule="run", Targets=[{**target, "Input": json.dumps(overrides)}])
    bus.put_events(Entries=[{"Source": "tests", "DetailType": "go", "Detail": "{}"}])
    (task,) = wait_for(lambda: stopped_tasks(ecs, "events-rule/run"), "the task")
    assert task["containers"][0]["exitCode"] == 9
    bus.remove_targets(Rule="run", Ids=["task"])
    bus.delete_rule(Name="run")
