"""Targets of EventBridge rules and of schedules that the emulator does not reach: services that run beside it.

As on AWS, a launch that fails is tried again as long as the retry policy says, and then goes to the dead-letter
queue with the reason in the message's attributes.
"""

import json
import logging
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime

logger = logging.getLogger("targets")

#: EventBridge's own, where a target has no retry policy.
DEFAULT_ATTEMPTS, DEFAULT_AGE_SECONDS = 185, 86_400
#: Seconds until the second try; each further one waits twice as long, up to a minute.
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 1.0, 60.0
#: Errors that another try would only repeat.
PERMANENT = {
    "AccessDeniedException",
    "ClientException",
    "ClusterNotFoundException",
    "InvalidParameterException",
    "PipelineNotFoundException",
    "ValidationException",
}


def with_context(target: dict, event: dict, schedule: dict) -> dict:
    """The target with its input's context attributes filled in, as EventBridge Scheduler does."""
    if not target.get("Input"):
        return target
    fired = datetime.fromtimestamp(event["Time"], tz=UTC)
    attributes = {
        "scheduled-time": f"{fired.replace(second=0):%Y-%m-%dT%H:%M:%SZ}",
        "schedule-arn": schedule.get("Arn", ""),
        "execution-id": event["EventId"],
        "attempt-number": "1",
    }
    text = target["Input"]
    for name, value in attributes.items():
        text = text.replace(f"<aws.scheduler.{name}>", value)
    return {**target, "Input": text}


def is_task(target: dict) -> bool:
    """Whether a target is a task of ECS: EventBridge and Scheduler name it by its cluster."""
    return ":ecs:" in target.get("Arn", "") and "EcsParameters" in target


def is_pipeline(target: dict) -> bool:
    """Whether a target is a pipeline of CodePipeline."""
    return ":codepipeline:" in target.get("Arn", "")


def start_pipeline(target: dict, payload: str) -> dict:
    """The StartPipelineExecution request that a target stands for: what it is to be started with is in its input."""
    given = json.loads(payload)
    members = ("variables", "clientRequestToken", "sourceRevisions")
    return {"name": target["Arn"].rpartition(":")[2], **{name: given[name] for name in members if name in given}}


def run_task(target: dict, started_by: str) -> dict:
    """The RunTask request that a target stands for."""
    given = target["EcsParameters"]
    network = (given.get("NetworkConfiguration") or {}).get("awsvpcConfiguration")
    request = {
        "cluster": target["Arn"],
        "taskDefinition": given["TaskDefinitionArn"],
        "count": given.get("TaskCount", 1),
        "startedBy": started_by[:128],
        "launchType": given.get("LaunchType"),
        "platformVersion": given.get("PlatformVersion"),
        "group": given.get("Group"),
        "propagateTags": given.get("PropagateTags"),
        "enableExecuteCommand": given.get("EnableExecuteCommand"),
        "networkConfiguration": network
        and {
            "awsvpcConfiguration": {
                "subnets": network["Subnets"],
                "securityGroups": network.get("SecurityGroups", []),
                "assignPublicIp": network.get("AssignPublicIp", "DISABLED"),
            }
        },
        "overrides": json.loads(target["Input"]) if target.get("Input") else None,
    }
    return {name: value for name, value in request.items() if value is not None}


class Targets:
    """Makes the requests that are due, each in a thread of its own, at the services of ``url``."""

    def __init__(
        self,
        url: str,
        to_queue: Callable[[str, str, dict], None],
        signed: Callable[[str | None, str], dict[str, str]],
    ) -> None:
        """``to_queue`` takes a queue's ARN, a body and attributes; ``signed`` gives the headers of a role's session."""
        self.url = url
        self.to_queue = to_queue
        self.signed = signed

    def run_task(self, target: dict, started_by: str) -> None:
        self._start(target, "AmazonEC2ContainerServiceV20141113.RunTask", run_task(target, started_by), started_by)

    def start_pipeline(self, target: dict, payload: str, started_by: str) -> None:
        operation = "CodePipeline_20150709.StartPipelineExecution"
        self._start(target, operation, start_pipeline(target, payload), started_by)

    def _start(self, target: dict, operation: str, request: dict, started_by: str) -> None:
        arguments = (target, operation, request, started_by)
        threading.Thread(target=self._run, args=arguments, name="target", daemon=True).start()

    def _run(self, target: dict, operation: str, request: dict, started_by: str) -> None:
        policy = target.get("RetryPolicy") or {}
        attempts = policy.get("MaximumRetryAttempts", DEFAULT_ATTEMPTS)
        until = time.monotonic() + policy.get("MaximumEventAgeInSeconds", DEFAULT_AGE_SECONDS)
        wait = FIRST_WAIT_SECONDS
        for attempt in range(attempts + 1):
            code, reason = self._try(operation, request, self.signed(target.get("RoleArn"), "target"))
            if code is None:
                return
            if code in PERMANENT or attempt == attempts or time.monotonic() + wait > until:
                break
            time.sleep(wait)
            wait = min(2 * wait, LONGEST_WAIT_SECONDS)
        logger.warning("%s: %s failed: %s: %s", started_by, operation, code, reason)
        if queue := (target.get("DeadLetterConfig") or {}).get("Arn"):
            attributes = {"ERROR_CODE": code, "ERROR_MESSAGE": reason, "TARGET_ARN": target["Arn"]}
            self.to_queue(queue, json.dumps(request), attributes)

    def _try(self, operation: str, request: dict, signed: dict[str, str]) -> tuple[str | None, str]:
        headers = {**signed, "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": operation}
        body = json.dumps(request).encode()
        try:
            with urllib.request.urlopen(  # noqa: S310
                urllib.request.Request(self.url, body, headers),  # noqa: S310
                timeout=30,
            ) as response:
                failures = json.load(response).get("failures") or []
        except urllib.error.HTTPError as error:
            answer = json.loads(error.read() or b"{}")
            return answer.get("__type", "InternalFailure"), answer.get("message", str(error))
        except OSError as error:
            return "ServiceUnavailable", str(error)
        return (failures[0].get("reason", "failure"), json.dumps(failures)) if failures else (None, "")
