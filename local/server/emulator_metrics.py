"""What the emulator measures by itself, told to the local CloudWatch, which keeps all metrics.

On AWS Lambda and CloudWatch Logs put metrics on their own: a function's invocations, and metrics that log lines in the
embedded metric format hold. Here both are sent as any client's would be, in the background: measuring never holds up
what is measured.
"""

import json
import logging
import queue
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

logger = logging.getLogger("metrics")

#: CloudWatch's limit for one request.
MAX_DATA = 1000
MAX_VALUES = 100
#: Who the caller is: AWS's own services may use namespaces that begin with ``AWS/``.
SERVICE, CUSTOMER = "local-aws-service", "local"


class MetricSender:
    """Sends metrics to the CloudWatch at ``url`` from a thread of its own."""

    def __init__(self, url: str, region: str) -> None:
        self.url = url
        self.region = region
        self.waiting: queue.SimpleQueue[tuple[str, str, dict]] = queue.SimpleQueue()
        threading.Thread(target=self._run, name="metrics", daemon=True).start()

    def put(self, caller: str, namespace: str, datum: dict) -> None:
        self.waiting.put((caller, namespace, datum))

    def _run(self) -> None:
        while True:
            batches: dict[tuple[str, str], list[dict]] = {}
            caller, namespace, datum = self.waiting.get()
            batches.setdefault((caller, namespace), []).append(datum)
            while not self.waiting.empty() and sum(map(len, batches.values())) < MAX_DATA:
                caller, namespace, datum = self.waiting.get()
                batches.setdefault((caller, namespace), []).append(datum)
            for (caller, namespace), data in batches.items():
                self._send(caller, {"Namespace": namespace, "MetricData": data})

    def _send(self, caller: str, body: dict) -> None:
        scope = f"{caller}/{time.strftime('%Y%m%d', time.gmtime())}/{self.region}/monitoring/aws4_request"
        headers = {
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": "GraniteServiceVersion20100801.PutMetricData",
            "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=local",
        }
        request = urllib.request.Request(self.url, json.dumps(body).encode(), headers)  # noqa: S310
        for attempt in range(5):
            try:
                with urllib.request.urlopen(request, timeout=10):  # noqa: S310
                    return
            except urllib.error.HTTPError as error:
                logger.warning("metrics of %s were refused: %s", body["Namespace"], error.read().decode())
                return
            except OSError:
                time.sleep(0.2 * 2**attempt)
        logger.warning(
            "%d metrics of %s are lost: CloudWatch does not answer", len(body["MetricData"]), body["Namespace"]
        )


def embedded_metrics(message: str, logged_at_ms: int) -> Iterator[tuple[str, dict]]:
    """Namespaces and data of the metrics in a log line in the embedded metric format; none of any other line."""
    if '"_aws"' not in message:
        return
    start = message.find("{")
    try:
        document = json.loads(message[start:])
        metadata = document["_aws"]
        timestamp = metadata.get("Timestamp", logged_at_ms) / 1000
        for directive in metadata["CloudWatchMetrics"]:
            for names in directive.get("Dimensions") or [[]]:
                dimensions = [{"Name": name, "Value": str(document[name])} for name in names]
                for metric in directive["Metrics"]:
                    values = document[metric["Name"]]
                    datum = {
                        "MetricName": metric["Name"],
                        "Dimensions": dimensions,
                        "Timestamp": timestamp,
                        "Unit": metric.get("Unit", "None"),
                        "Values": (values if isinstance(values, list) else [values])[:MAX_VALUES],
                    }
                    yield directive["Namespace"], datum
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        logger.warning("a log line is not in the embedded metric format: %s", error)
