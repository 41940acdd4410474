"""MiniStack behind the local server, with what an AWS account's own services may do.

``python local/server/run_ministack.py`` takes MiniStack's own arguments and environment, and ``LISTEN_PORT``: the port
it listens on, where that is another than ``GATEWAY_PORT``, which stands in the URLs that it gives.

EventBridge refuses sources that begin with ``aws.`` to everybody; those of the local services, marked in their
``TraceHeader``, go through. Entries that EventBridge would not take are refused as it does, one by one.

S3 encrypts with the account's own key ``aws/s3`` where a request asks for KMS and names no key, and copies what another
account's bucket lets the caller read (``emulator_copies``).

Schedules and rules run tasks of the local ECS, schedules are looked at every second, and their inputs may name the
time and the attempt, as EventBridge Scheduler's do.

API Gateway checks a body by the model of its type alone, an API keeps its security policy, and tells whom IAM refuses
by its own response. Functions reach other servers of this machine by HTTPS where they ask for it.

DynamoDB takes many items at once at less than half of the cost (``emulator_dynamodb``).

With ``AUTH=true`` whoever acts in a role's name may do what its policies allow, and no more (``emulator_iam``).

Athena takes the types of tables of JSON, and the partitions that there are, from Glue's catalog.

Metrics that AWS's services put by themselves go to the local CloudWatch, where a local server answers for AWS.
"""

import json
import logging
import os
import time

import boto3
import emulator_athena
import emulator_copies
import emulator_dynamodb
import emulator_functions
import emulator_gateway
import emulator_iam
import emulator_metrics
import emulator_targets
from ministack import app
from ministack.core.responses import get_account_id, get_region
from ministack.services import cloudwatch, cloudwatch_logs, eventbridge, lambda_svc, s3, scheduler

SERVICE_EVENT_MARK = "Root=local-aws-service"

_put_events = eventbridge._put_events


def put_events(data: dict, allow_aws_source: bool = False):
    """PutEvents: entries that all bear the mark may name any source; malformed entries are not delivered."""
    entries = data.get("Entries") or []
    marked = bool(entries) and all(entry.get("TraceHeader") == SERVICE_EVENT_MARK for entry in entries)
    errors = [entry_error(entry) for entry in entries]
    good = [entry for entry, error in zip(entries, errors, strict=True) if error is None]
    status, headers, body = _put_events({**data, "Entries": good}, allow_aws_source=allow_aws_source or marked)
    if status != 200 or len(good) == len(entries):
        return status, headers, body
    taken = iter(json.loads(body)["Entries"])
    results = [next(taken) if error is None else error for error in errors]
    failed = sum("ErrorCode" in result for result in results)
    return status, headers, json.dumps({"FailedEntryCount": failed, "Entries": results}).encode()


def entry_error(entry: dict) -> dict | None:
    """What EventBridge answers for an entry that it does not take."""
    for name in ("Source", "DetailType", "Detail"):
        if not entry.get(name):
            reason = f"Parameter {name} is not valid. Reason: {name} is a required argument."
            return {"ErrorCode": "InvalidArgument", "ErrorMessage": reason}
    try:
        detail = json.loads(entry["Detail"])
    except ValueError:
        detail = None
    if not isinstance(detail, dict):
        return {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}
    return None


KMS_KEY_HEADER = "x-amz-server-side-encryption-aws-kms-key-id"
_resolve_sse_write_headers = s3._resolve_sse_write_headers


def resolve_sse_write_headers(headers: dict, bucket_name: str):
    """What an object is encrypted with; KMS without a key is the key that AWS keeps for S3 in every account."""
    if headers.get("x-amz-server-side-encryption") == "aws:kms" and not headers.get(KMS_KEY_HEADER):
        headers = {**headers, KMS_KEY_HEADER: f"arn:aws:kms:{get_region()}:{get_account_id()}:alias/aws/s3"}
    return _resolve_sse_write_headers(headers, bucket_name)


emulator_athena.correct()
emulator_dynamodb.quicken()
emulator_functions.correct()
emulator_gateway.correct()
emulator_iam.enforce_and_record()
eventbridge._put_events = put_events
s3._resolve_sse_write_headers = resolve_sse_write_headers
emulator_copies.copy_across_accounts()


def send_metrics_to(url: str) -> None:
    """Hands what the emulator's functions and logs measure to the CloudWatch at ``url``."""
    sender = emulator_metrics.MetricSender(url, os.environ.get("MINISTACK_REGION", "us-east-1"))
    fan_out = cloudwatch_logs._fanout_to_subscription_filters
    execute_function = lambda_svc._execute_function

    def record_metric(namespace, metric_name, value, unit="None", dimensions=None):
        named = [{"Name": name, "Value": str(value)} for name, value in (dimensions or {}).items()]
        datum = {"MetricName": metric_name, "Dimensions": named, "Timestamp": time.time(), "Unit": unit, "Value": value}
        sender.put(emulator_metrics.SERVICE, namespace, datum)

    def fan_out_and_measure(group_name, stream_name, events):
        for event in events:
            logged_at = event.get("timestamp", int(time.time() * 1000))
            for namespace, datum in emulator_metrics.embedded_metrics(event.get("message", ""), logged_at):
                sender.put(emulator_metrics.CUSTOMER, namespace, datum)
        return fan_out(group_name, stream_name, events)

    def execute_and_measure(func: dict, event: dict) -> dict:
        """Every call of a function, whoever makes it; a throttled one is no invocation."""
        started = time.monotonic()
        result = execute_function(func, event)
        milliseconds = (time.monotonic() - started) * 1000
        throttled, failed = bool(result.get("throttle")), bool(result.get("error"))
        counts = {"Throttles": throttled} if throttled else {"Invocations": True, "Errors": failed, "Throttles": False}
        dimensions = {"FunctionName": (func.get("config") or func).get("FunctionName", "unknown")}
        for metric_name, count in counts.items():
            record_metric("AWS/Lambda", metric_name, int(count), "Count", dimensions)
        if not throttled:
            record_metric("AWS/Lambda", "Duration", milliseconds, "Milliseconds", dimensions)
        return result

    cloudwatch.record_metric = record_metric
    lambda_svc._execute_function = execute_and_measure
    lambda_svc._emit_lambda_metrics = lambda *_, **__: None  # it measures calls through Invoke alone
    cloudwatch_logs._fanout_to_subscription_filters = fan_out_and_measure


def reach_targets_at(url: str) -> None:
    """Lets schedules and rules run tasks and pipelines of the services at ``url``."""
    invoke_target = eventbridge._invoke_target

    def to_queue(arn: str, body: str, attributes: dict) -> None:
        sqs = boto3.client("sqs", endpoint_url=url, region_name=os.environ["MINISTACK_REGION"], **CREDENTIALS)
        queue_url = sqs.get_queue_url(QueueName=arn.rsplit(":", 1)[1])["QueueUrl"]
        named = {name: {"DataType": "String", "StringValue": value or "-"} for name, value in attributes.items()}
        sqs.send_message(QueueUrl=queue_url, MessageBody=body, MessageAttributes=named)

    targets = emulator_targets.Targets(url, to_queue, emulator_iam.signed)

    def input_of(target, event, rule, view) -> str:
        view = view or eventbridge._pattern_event_view(event)
        if transformer := target.get("InputTransformer"):
            return eventbridge._apply_input_transformer(transformer, rule, view)
        return target.get("Input") or json.dumps(view.event_with_detail())

    def invoke_or_run(target, event, rule, view=None):
        if event.get("Source") == "aws.scheduler":
            target = emulator_targets.with_context(target, event, rule)
        kind = "chronos-schedule" if event.get("Source") == "aws.scheduler" else "events-rule"
        started_by = f"{kind}/{rule.get('Name', '')}"
        if emulator_targets.is_task(target):
            targets.run_task(target, started_by)
        elif emulator_targets.is_pipeline(target):
            targets.start_pipeline(target, input_of(target, event, rule, view), started_by)
        elif refused := emulator_iam.target_refusal(target, rule.get("Name", "rule")):
            logging.getLogger("iam").error("%s was not delivered: %s", rule.get("Name"), refused)
        else:
            invoke_target(target, event, rule, view)

    eventbridge._invoke_target = invoke_or_run
    scheduler._SCHEDULE_TICK_INTERVAL = 1


CREDENTIALS = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}

if listen_port := os.environ.get("LISTEN_PORT"):
    app._resolve_port = lambda: listen_port
    # Two ports: the public one is the local server's, which has a CloudWatch and an ECS.
    public = f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}/"
    send_metrics_to(public)
    reach_targets_at(public)

if __name__ == "__main__":
    app.main()
