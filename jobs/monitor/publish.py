"""Sends a monitor's figures to CloudWatch, under the namespaces and dimensions of SageMaker's own monitors."""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from outcome import Metric

NAMESPACES = {
    "data-quality": "aws/sagemaker/Endpoints/data-metrics",
    "model-quality": "aws/sagemaker/Endpoints/model-metrics",
    "model-bias": "aws/sagemaker/Endpoints/bias-metrics",
    "model-explainability": "aws/sagemaker/Endpoints/explainability-metrics",
}
#: CloudWatch takes 1,000 in a request, of 1 MB at most.
BATCH = 250
#: CloudWatch refuses what is two weeks old; a job's clock and way take some of it.
OLDEST = timedelta(days=13, hours=23)
#: What Clarify's monitor publishes in place of infinity, which CloudWatch refuses.
INFINITY = 2.348543e108


def data(metrics: Sequence[Metric], endpoint: str, schedule: str, time: datetime) -> list[dict[str, Any]]:
    """The metrics as CloudWatch's PutMetricData takes them; one without a value is left out."""
    found = []
    for metric in metrics:
        dimensions = {"Endpoint": endpoint, "MonitoringSchedule": schedule, **metric.dimensions}
        datum: dict[str, Any] = {
            "MetricName": metric.name,
            "Timestamp": time,
            "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
        }
        if metric.statistics is not None:
            number, total, least, largest = metric.statistics
            datum["StatisticValues"] = {
                "SampleCount": float(number),
                "Sum": float(total),
                "Minimum": float(least),
                "Maximum": float(largest),
            }
        elif metric.value is not None and not math.isnan(metric.value):
            datum["Value"] = math.copysign(INFINITY, metric.value) if math.isinf(metric.value) else float(metric.value)
        else:
            continue
        found.append(datum)
    return found


def publish(cloudwatch: Any, namespace: str, found: Sequence[dict[str, Any]]) -> None:
    """Sends them with a boto3 client; its retries and errors are those of the client."""
    for first in range(0, len(found), BATCH):
        cloudwatch.put_metric_data(Namespace=namespace, MetricData=found[first : first + BATCH])
