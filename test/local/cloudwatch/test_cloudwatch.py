"""The local CloudWatch as boto3 sees it, in each protocol that clients of CloudWatch speak."""

import io
import json
import zipfile
from datetime import UTC, datetime, timedelta

import boto3
import botocore.session
import pytest
from botocore.exceptions import ClientError
from botocore.loaders import Loader
from local_cloud import ACCOUNT, REGION, wait_for

PROTOCOLS = ["smithy-rpc-v2-cbor", "json", "query"]


class OneProtocol(Loader):
    """Models whose services speak one protocol alone."""

    def __init__(self, protocol: str) -> None:
        super().__init__()
        self.protocol = protocol

    def load_service_model(self, service_name, type_name, api_version=None):
        model = super().load_service_model(service_name, type_name, api_version)
        if service_name == "cloudwatch" and type_name == "service-2":
            metadata = {**model["metadata"], "protocol": self.protocol, "protocols": [self.protocol]}
            return {**model, "metadata": metadata}
        return model


def client_of(cloud, protocol: str):
    session = botocore.session.Session()
    session.register_component("data_loader", OneProtocol(protocol))
    return boto3.Session(botocore_session=session).client(
        "cloudwatch",
        region_name=REGION,
        endpoint_url=cloud.url,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


@pytest.fixture(scope="module", params=PROTOCOLS)
def cloudwatch(request, cloud):
    client = client_of(cloud, request.param)
    assert client.meta.service_model.resolved_protocol == request.param
    client.namespace = f"Tests/{request.param}"
    return client


@pytest.fixture(scope="module")
def any_client(cloud):
    return cloud.client("cloudwatch")


def put(client, name: str, *data: dict) -> None:
    client.put_metric_data(Namespace=client.namespace, MetricData=[{"MetricName": name, **datum} for datum in data])


def code_of(call) -> tuple[str, str]:
    with pytest.raises(ClientError) as refused:
        call()
    return refused.value.response["Error"]["Code"], refused.value.response["Error"]["Message"]


def test_what_is_put_comes_back(cloudwatch):
    start = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=10)
    dimensions = [{"Name": "Queue", "Value": "a & b"}]
    put(
        cloudwatch,
        "Depth",
        {"Dimensions": dimensions, "Timestamp": start, "Values": [1.5, 4.0], "Counts": [3.0, 1.0], "Unit": "Count"},
        {"Dimensions": dimensions, "Timestamp": start + timedelta(seconds=30), "Value": 0.5, "Unit": "Count"},
        {
            "Dimensions": dimensions,
            "Timestamp": start + timedelta(minutes=1),
            "StatisticValues": {"SampleCount": 2, "Sum": 10, "Minimum": 4, "Maximum": 6},
            "Unit": "Count",
        },
        {"Timestamp": start, "Value": 1000.0},
    )
    question = {
        "Namespace": cloudwatch.namespace,
        "MetricName": "Depth",
        "StartTime": start,
        "EndTime": start + timedelta(minutes=5),
        "Period": 60,
    }
    points = cloudwatch.get_metric_statistics(
        **question, Dimensions=dimensions, Statistics=["Sum", "Average", "SampleCount", "Minimum", "Maximum"]
    )["Datapoints"]
    assert sorted(points, key=lambda point: point["Timestamp"]) == [
        {
            "Timestamp": start,
            "Unit": "Count",
            "Sum": 9.0,
            "Average": 1.8,
            "SampleCount": 5.0,
            "Minimum": 0.5,
            "Maximum": 4.0,
        },
        {
            "Timestamp": start + timedelta(minutes=1),
            "Unit": "Count",
            "Sum": 10.0,
            "Average": 5.0,
            "SampleCount": 2.0,
            "Minimum": 4.0,
            "Maximum": 6.0,
        },
    ]
    percentiles = cloudwatch.get_metric_statistics(**question, Dimensions=dimensions, ExtendedStatistics=["p90"])
    assert percentiles["Datapoints"][0]["ExtendedStatistics"] == {"p90": 4.0}
    # Without dimensions it is another metric.
    plain = cloudwatch.get_metric_statistics(**question, Statistics=["Sum"])["Datapoints"]
    assert [point["Sum"] for point in plain] == [1000.0]

    listed = cloudwatch.list_metrics(Namespace=cloudwatch.namespace, Dimensions=[{"Name": "Queue"}])["Metrics"]
    assert listed == [{"Namespace": cloudwatch.namespace, "MetricName": "Depth", "Dimensions": dimensions}]


def test_metric_math(cloudwatch):
    start = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=10)
    for minute, (calls, errors) in enumerate([(10, 1), (20, None), (40, 10)]):
        at = start + timedelta(minutes=minute)
        put(cloudwatch, "Calls", {"Timestamp": at, "Value": calls})
        if errors is not None:
            put(cloudwatch, "Errors", {"Timestamp": at, "Value": errors})

    def metric(identifier: str, name: str) -> dict:
        of = {"Namespace": cloudwatch.namespace, "MetricName": name}
        return {"Id": identifier, "MetricStat": {"Metric": of, "Period": 60, "Stat": "Sum"}, "ReturnData": False}

    answer = cloudwatch.get_metric_data(
        MetricDataQueries=[
            metric("calls", "Calls"),
            metric("errors", "Errors"),
            {"Id": "rate", "Expression": "100 * FILL(errors, 0) / calls", "Label": "Error rate"},
        ],
        StartTime=start,
        EndTime=start + timedelta(minutes=4),
        ScanBy="TimestampAscending",
    )["MetricDataResults"]
    assert [(one["Id"], one["Label"], one["Values"]) for one in answer] == [("rate", "Error rate", [10.0, 0.0, 25.0])]
    assert answer[0]["Timestamps"] == [start + timedelta(minutes=minute) for minute in range(3)]


def test_errors_have_the_names_that_clients_know(cloudwatch):
    assert code_of(lambda: cloudwatch.put_metric_data(Namespace="AWS/SQS", MetricData=[{"MetricName": "a"}])) == (
        "InvalidParameterValue",
        "The value AWS/SQS for parameter Namespace is invalid: namespaces that begin with AWS/ are AWS's own.",
    )
    assert code_of(lambda: cloudwatch.delete_alarms(AlarmNames=["nobody"]))[0] == "ResourceNotFound"
    assert code_of(lambda: cloudwatch.get_dashboard(DashboardName="nobody"))[0] == "ResourceNotFound"
    old = datetime.now(UTC) - timedelta(days=15)
    code, message = code_of(lambda: put(cloudwatch, "Old", {"Value": 1.0, "Timestamp": old}))
    assert (code, "MetricData.member.1.Timestamp" in message) == ("InvalidParameterValue", True)
    code, _ = code_of(lambda: put(cloudwatch, "Twice", {"Value": 1.0, "Values": [2.0]}))
    assert code == "InvalidParameterCombination"
    code, message = code_of(lambda: cloudwatch.list_metrics(Namespace=":AWS"))
    assert "namespace" in message


def test_alarms_come_back_as_they_were_put(cloudwatch):
    name = f"round trip {cloudwatch.namespace}"
    definition = {
        "AlarmName": name,
        "AlarmDescription": "<too> many & more",
        "ActionsEnabled": True,
        "OKActions": [],
        "AlarmActions": [f"arn:aws:sns:{REGION}:{ACCOUNT}:nobody"],
        "InsufficientDataActions": [],
        "MetricName": "Depth",
        "Namespace": cloudwatch.namespace,
        "ExtendedStatistic": "p99",
        "Dimensions": [{"Name": "Queue", "Value": "a & b"}],
        "Period": 60,
        "EvaluationPeriods": 3,
        "DatapointsToAlarm": 2,
        "Threshold": 1.5,
        "ComparisonOperator": "LessThanOrEqualToThreshold",
        "TreatMissingData": "ignore",
    }
    cloudwatch.put_metric_alarm(**definition, Tags=[{"Key": "team", "Value": "fraud"}])
    found = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]
    assert {key: found[key] for key in definition} == definition
    assert found["AlarmArn"] == f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{name}"
    assert isinstance(found["StateUpdatedTimestamp"], datetime)
    tags = cloudwatch.list_tags_for_resource(ResourceARN=found["AlarmArn"])["Tags"]
    assert tags == [{"Key": "team", "Value": "fraud"}]
    of_metric = cloudwatch.describe_alarms_for_metric(
        MetricName="Depth", Namespace=cloudwatch.namespace, Dimensions=definition["Dimensions"]
    )["MetricAlarms"]
    assert [alarm["AlarmName"] for alarm in of_metric] == [name]
    cloudwatch.delete_alarms(AlarmNames=[name])
    assert cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"] == []


ALARM = {
    "AlarmName": "bad",
    "Namespace": "Tests",
    "MetricName": "m",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 1.0,
    "ComparisonOperator": "GreaterThanThreshold",
}
STAT = {"Metric": {"Namespace": "Tests", "MetricName": "m"}, "Period": 60, "Stat": "Sum"}
WITHOUT_METRIC = {"Namespace": None, "MetricName": None, "Statistic": None, "Period": None}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"Period": 45}, "multiple of 60"),
        ({"EvaluationPeriods": 1441}, "more than a day"),
        ({"DatapointsToAlarm": 2}, "more than the 1"),
        ({"TreatMissingData": "zero"}, "zero"),
        ({"Statistic": None}, "Exactly one of Statistic"),
        ({"Statistic": None, "ExtendedStatistic": "tm90"}, "tm90"),
        ({"Threshold": None}, "Threshold"),
        ({"ComparisonOperator": "GreaterThanUpperThreshold"}, "Anomaly"),
        ({"AlarmActions": ["arn:aws:automate:eu-west-1:ec2:stop"]}, "Invalid alarm action"),
        ({"Metrics": [{"Id": "m1", "MetricStat": STAT}]}, "Exactly one of MetricName"),
        ({**WITHOUT_METRIC, "Metrics": [{"Id": "e1", "Expression": "m1 +", "Period": 60}]}, "can't be read"),
        ({**WITHOUT_METRIC, "Metrics": [{"Id": "m1", "MetricStat": STAT}, {"Id": "m1", "MetricStat": STAT}]}, "unique"),
        ({**WITHOUT_METRIC, "Metrics": [{"Id": "a", "MetricStat": STAT}, {"Id": "b", "MetricStat": STAT}]}, "not 2"),
    ],
)
def test_alarms_that_aws_would_refuse_are_refused(any_client, change, words):
    definition = {key: value for key, value in {**ALARM, **change}.items() if value is not None}
    _, message = code_of(lambda: any_client.put_metric_alarm(**definition))
    assert words in message
    assert any_client.describe_alarms(AlarmNames=["bad"])["MetricAlarms"] == []


@pytest.fixture(scope="module")
def told(cloud):
    """What a topic's subscriber and EventBridge are told of alarms: messages by alarm, in order."""
    sns, sqs, bus = cloud.client("sns"), cloud.client("sqs"), cloud.client("events")
    topic = sns.create_topic(Name="alarms")["TopicArn"]
    urls = {}
    for name in ("alarms-sns", "alarms-events"):
        urls[name] = sqs.create_queue(QueueName=name)["QueueUrl"]
    arns = {
        name: sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        for name, url in urls.items()
    }
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arns["alarms-sns"])
    bus.put_rule(Name="alarms", EventPattern=json.dumps({"source": ["aws.cloudwatch"]}))
    bus.put_targets(Rule="alarms", Targets=[{"Id": "queue", "Arn": arns["alarms-events"]}])
    seen: dict[str, list[dict]] = {name: [] for name in urls}

    def receive(queue: str, alarm: str) -> list[dict]:
        for message in sqs.receive_message(QueueUrl=urls[queue], MaxNumberOfMessages=10).get("Messages", []):
            sqs.delete_message(QueueUrl=urls[queue], ReceiptHandle=message["ReceiptHandle"])
            seen[queue].append(json.loads(message["Body"]))
        if queue == "alarms-events":
            return [event for event in seen[queue] if event["detail"]["alarmName"] == alarm]
        bodies = [{**json.loads(envelope["Message"]), "Subject": envelope["Subject"]} for envelope in seen[queue]]
        return [body for body in bodies if body["AlarmName"] == alarm]

    receive.topic = topic
    yield receive
    bus.remove_targets(Rule="alarms", Ids=["queue"])
    bus.delete_rule(Name="alarms")


def state(client, name: str) -> str:
    found = client.describe_alarms(AlarmNames=[name])
    return (found["MetricAlarms"] + found["CompositeAlarms"])[0]["StateValue"]


def put_alarm(client, name: str, told, **change) -> None:
    actions = {kind: [told.topic] for kind in ("AlarmActions", "OKActions", "InsufficientDataActions")}
    client.put_metric_alarm(**{**ALARM, "AlarmName": name, "MetricName": name, "Period": 10, **actions, **change})


def test_an_alarm_is_raised_by_its_metric_alone_and_clears_by_itself(any_client, told):
    dimensions = [{"Name": "Endpoint", "Value": "live"}]
    put_alarm(any_client, "errors", told, Dimensions=dimensions, TreatMissingData="notBreaching")
    wait_for(lambda: state(any_client, "errors") == "OK", "the alarm to be OK")
    other = [{"Name": "Endpoint", "Value": "other"}]
    data = [{"MetricName": "errors", "Dimensions": other, "Value": 5.0}, {"MetricName": "errors", "Value": 5.0}]
    any_client.put_metric_data(Namespace="Tests", MetricData=data)
    # Evaluated after that metric, and with it: a second alarm, on the other dimension, tells when.
    put_alarm(any_client, "others", told, MetricName="errors", Dimensions=other)
    wait_for(lambda: state(any_client, "others") == "ALARM", "the other dimension's alarm")
    assert state(any_client, "errors") == "OK"

    value = [{"MetricName": "errors", "Dimensions": dimensions, "Value": 2.0}]
    any_client.put_metric_data(Namespace="Tests", MetricData=value)
    wait_for(lambda: state(any_client, "errors") == "ALARM", "the alarm")
    # Three periods of ten seconds later nothing of it is left in the evaluation range.
    wait_for(lambda: state(any_client, "errors") == "OK", "the alarm to clear", 45)

    messages = wait_for(lambda: (m := told("alarms-sns", "errors")) and len(m) == 3 and m, "three messages")
    changes = [(message["OldStateValue"], message["NewStateValue"]) for message in messages]
    assert changes == [("INSUFFICIENT_DATA", "OK"), ("OK", "ALARM"), ("ALARM", "OK")]
    raised = messages[1]
    assert raised["Subject"] == 'ALARM: "errors" in EU (Ireland)'
    assert raised["NewStateReason"].startswith("Threshold Crossed: 1 out of the last 1 datapoints [2.0 (") or raised[
        "NewStateReason"
    ].startswith("Threshold Crossed: 1 out of the last 1 datapoint [2.0 (")
    assert raised["Trigger"]["Dimensions"] == [{"value": "live", "name": "Endpoint"}]
    events = wait_for(lambda: (e := told("alarms-events", "errors")) and len(e) == 3 and e, "three events")
    detail = events[1]["detail"]
    assert (detail["previousState"]["value"], detail["state"]["value"]) == ("OK", "ALARM")
    assert events[1]["detail-type"] == "CloudWatch Alarm State Change"
    assert events[1]["resources"] == [f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:errors"]
    stat = detail["configuration"]["metrics"][0]["metricStat"]
    assert stat == {
        "metric": {"namespace": "Tests", "name": "errors", "dimensions": {"Endpoint": "live"}},
        "period": 10,
        "stat": "Sum",
    }
    history = any_client.describe_alarm_history(AlarmName="errors")["AlarmHistoryItems"]
    kinds = [item["HistoryItemType"] for item in reversed(history)]
    assert kinds.count("StateUpdate") == 3
    assert kinds.count("Action") == 3
    assert kinds[0] == "ConfigurationUpdate"


def test_two_of_three_on_metric_math_and_a_composite_of_it(any_client, told):
    def metric(name: str) -> dict:
        of = {"Namespace": "Tests", "MetricName": name}
        return {"Id": name, "MetricStat": {"Metric": of, "Period": 10, "Stat": "Sum"}, "ReturnData": False}

    rate = {"Id": "rate", "Expression": "100 * bad / (bad + good)", "Label": "Bad %"}
    any_client.put_metric_alarm(
        AlarmName="rate",
        Metrics=[metric("bad"), metric("good"), rate],
        EvaluationPeriods=3,
        DatapointsToAlarm=2,
        Threshold=20.0,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        AlarmActions=[told.topic],
    )
    any_client.put_composite_alarm(AlarmName="any of them", AlarmRule="ALARM(rate)", AlarmActions=[told.topic])
    wait_for(lambda: state(any_client, "any of them") == "OK", "the composite to be OK")
    now = datetime.now(UTC)
    for seconds, bad in [(22, 1.0), (12, 50.0)]:
        at = now - timedelta(seconds=seconds)
        data = [
            {"MetricName": "bad", "Value": bad, "Timestamp": at},
            {"MetricName": "good", "Value": 50.0, "Timestamp": at},
        ]
        any_client.put_metric_data(Namespace="Tests", MetricData=data)
    wait_for(lambda: state(any_client, "rate") == "OK", "one of three to be OK")
    data = [{"MetricName": "bad", "Value": 50.0}, {"MetricName": "good", "Value": 50.0}]
    any_client.put_metric_data(Namespace="Tests", MetricData=data)
    wait_for(lambda: state(any_client, "rate") == "ALARM", "two of three")
    wait_for(lambda: state(any_client, "any of them") == "ALARM", "the composite")
    (message,) = wait_for(lambda: told("alarms-sns", "any of them"), "the composite's message")
    assert message["AlarmRule"] == "ALARM(rate)"
    children = any_client.describe_alarms(ChildrenOfAlarmName="any of them")["MetricAlarms"]
    assert [alarm["AlarmName"] for alarm in children] == ["rate"]
    any_client.delete_alarms(AlarmNames=["any of them", "rate"])


def test_a_state_that_was_set_is_told_and_set_right(any_client, told):
    put_alarm(any_client, "set", told, TreatMissingData="notBreaching")
    wait_for(lambda: state(any_client, "set") == "OK", "OK")
    any_client.set_alarm_state(AlarmName="set", StateValue="ALARM", StateReason="a drill")
    wait_for(lambda: state(any_client, "set") == "OK", "the next evaluation")
    wait_for(
        lambda: [m["NewStateValue"] for m in told("alarms-sns", "set")] == ["OK", "ALARM", "OK"], "the messages", 10
    )
    any_client.disable_alarm_actions(AlarmNames=["set"])
    any_client.set_alarm_state(AlarmName="set", StateValue="ALARM", StateReason="a drill")
    wait_for(lambda: len(told("alarms-events", "set")) == 5, "the events, which are told all the same")
    assert len(told("alarms-sns", "set")) == 3


def test_waiting_messages_raise_an_alarm_until_they_are_gone(any_client, cloud, told):
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName="dead-letters")["QueueUrl"]
    put_alarm(
        any_client,
        "dead letters",
        told,
        Namespace="AWS/SQS",
        MetricName="ApproximateNumberOfMessagesVisible",
        Dimensions=[{"Name": "QueueName", "Value": "dead-letters"}],
        Statistic="Maximum",
        Threshold=0.0,
        TreatMissingData="notBreaching",
    )
    sqs.send_message(QueueUrl=url, MessageBody="lost")
    wait_for(lambda: state(any_client, "dead letters") == "ALARM", "the alarm")
    sqs.purge_queue(QueueUrl=url)
    wait_for(lambda: state(any_client, "dead letters") == "OK", "the alarm to clear")
    sqs.delete_queue(QueueUrl=url)


FUNCTION = """
exports.handler = async (event) => {
  console.log(JSON.stringify({
    _aws: { Timestamp: Date.now(), CloudWatchMetrics: [
      { Namespace: "Tests/Embedded", Dimensions: [["Model"]], Metrics: [{ Name: "Score", Unit: "None" }] }] },
    Model: "fraud", Score: [0.25, 0.75],
  }));
  if (event.fail) throw new Error("no");
};
"""


def make_function(cloud, name: str, program: str) -> str:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("index.js", program)
    return cloud.client("lambda").create_function(
        FunctionName=name,
        Runtime="nodejs22.x",
        Role=f"arn:aws:iam::{ACCOUNT}:role/none",
        Handler="index.handler",
        Code={"ZipFile": packed.getvalue()},
    )["FunctionArn"]


def test_an_alarm_calls_a_function(any_client, cloud, told):
    arn = make_function(cloud, "called", "exports.handler = async (e) => console.log('got ' + JSON.stringify(e));")
    put_alarm(any_client, "calls", told, AlarmActions=[arn], TreatMissingData="ignore")
    any_client.set_alarm_state(AlarmName="calls", StateValue="ALARM", StateReason="a drill")
    logs = cloud.client("logs")

    def lines() -> list[str]:
        try:
            events = logs.filter_log_events(logGroupName="/aws/lambda/called")["events"]
        except logs.exceptions.ResourceNotFoundException:
            return []
        return [event["message"] for event in events if "got " in event["message"]]

    (line,) = wait_for(lines, "the function's log")
    event = json.loads(line[line.index("{") :])
    assert event["alarmArn"] == f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:calls"
    assert event["alarmData"]["state"]["value"] == "ALARM"
    actions = any_client.describe_alarm_history(AlarmName="calls", HistoryItemType="Action")["AlarmHistoryItems"]
    assert [item["HistorySummary"] for item in actions] == [f"Successfully executed action {arn}"]


def test_functions_are_measured_and_what_they_print_in_the_embedded_format(any_client, cloud):
    arn = make_function(cloud, "measured", FUNCTION)
    functions = cloud.client("lambda")
    functions.invoke(FunctionName="measured", Payload=b"{}")
    functions.invoke(FunctionName="measured", Payload=b'{"fail": true}')
    # Called by a service, not by Invoke.
    sns = cloud.client("sns")
    topic = sns.create_topic(Name="measured")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=arn)
    sns.publish(TopicArn=topic, Message="hello")
    now = datetime.now(UTC)

    def total(namespace: str, name: str, dimension: dict, statistic: str = "Sum") -> float:
        points = any_client.get_metric_statistics(
            Namespace=namespace,
            MetricName=name,
            Dimensions=[dimension],
            StartTime=now - timedelta(minutes=5),
            EndTime=now + timedelta(minutes=5),
            Period=60,
            Statistics=[statistic],
        )["Datapoints"]
        return sum(point[statistic] for point in points)

    function = {"Name": "FunctionName", "Value": "measured"}
    wait_for(lambda: total("AWS/Lambda", "Invocations", function) == 3, "three invocations")
    assert total("AWS/Lambda", "Errors", function) == 1
    model = {"Name": "Model", "Value": "fraud"}
    wait_for(lambda: total("Tests/Embedded", "Score", model, "SampleCount") == 6, "the printed metrics")
    assert total("Tests/Embedded", "Score", model) == 3.0


def test_alarms_metrics_and_what_is_untold_survive_a_kill(any_client, cloud, told):
    put_alarm(any_client, "survivor", told, Period=60, TreatMissingData="missing")
    any_client.put_metric_data(Namespace="Tests", MetricData=[{"MetricName": "survivor", "Value": 9.0}])
    wait_for(lambda: state(any_client, "survivor") == "ALARM", "the alarm")
    cloud.server.stop(9)
    cloud.start()
    found = any_client.describe_alarms(AlarmNames=["survivor"])["MetricAlarms"][0]
    assert found["StateValue"] == "ALARM"
    wait_for(lambda: told("alarms-sns", "survivor"), "the message")
    # It neither fires again nor forgets its metric.
    any_client.set_alarm_state(AlarmName="survivor", StateValue="OK", StateReason="a drill")
    wait_for(lambda: state(any_client, "survivor") == "ALARM", "the metric to count still")

    def changes() -> "list[str]":
        # The kill may fall between a message's sending and the note of it: then that very message comes again.
        distinct = {json.dumps(message): message["NewStateValue"] for message in told("alarms-sns", "survivor")}
        return list(distinct.values())

    wait_for(lambda: changes() == ["ALARM", "OK", "ALARM"], "the messages")


def test_dashboards_are_kept_and_checked(any_client):
    body = json.dumps({"widgets": [{"type": "metric", "properties": {"metrics": [["Tests", "m"]]}}]})
    any_client.put_dashboard(DashboardName="fraud", DashboardBody=body)
    assert any_client.get_dashboard(DashboardName="fraud")["DashboardBody"] == body
    assert [entry["DashboardName"] for entry in any_client.list_dashboards()["DashboardEntries"]] == ["fraud"]
    code, _ = code_of(lambda: any_client.put_dashboard(DashboardName="bad", DashboardBody="{}"))
    assert code == "InvalidParameterInput"
    any_client.delete_dashboards(DashboardNames=["fraud"])
    assert any_client.list_dashboards()["DashboardEntries"] == []


def test_alarms_are_paged_in_order(any_client):
    names = sorted(f"page-{index}" for index in range(7))
    for name in names:
        any_client.put_metric_alarm(**{**ALARM, "AlarmName": name})
    pages = any_client.get_paginator("describe_alarms").paginate(
        AlarmNamePrefix="page-", PaginationConfig={"PageSize": 3}
    )
    assert [[alarm["AlarmName"] for alarm in page["MetricAlarms"]] for page in pages] == [
        names[:3],
        names[3:6],
        names[6:],
    ]
    any_client.delete_alarms(AlarmNames=names)
