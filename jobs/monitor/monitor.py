"""Compares what an endpoint was asked and answered in a period with the baselines of the model that is live.

The environment is that of Model Monitor's contract for containers: ``start_time``, ``end_time``, ``metric_time`` (ISO
8601; a missing end is open, metrics are of now unless told), ``publish_cloudwatch_metrics`` (Enabled or Disabled),
``sagemaker_endpoint_name``, ``sagemaker_monitoring_schedule_name``.

Writes to the output AWS's files of the monitor, ``report.html`` for people, and ``summary.json``::

    {"version": 1, "monitor": "data-quality", "status": "Completed" | "CompletedWithViolations" | "Empty",
     "startTime": "…", "endTime": "…", "rows": 1000, "violations": [{"feature", "metric", "check", "description"}]}

Violations are a success of the job, told in its exit message; what cannot be read is a failure.
"""

import argparse
import importlib
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from outcome import Found
from page import Heading, render
from plots import sections
from publish import NAMESPACES, OLDEST, data, publish
from records import Period
from refusal import MAX_EXIT_MESSAGE, refusing
from trained_model import load_archive

MODULES = {
    "data-quality": "data_quality_monitor",
    "model-quality": "model_quality_monitor",
    "model-bias": "bias_monitor",
    "model-explainability": "explainability_monitor",
}
MONITORS = tuple(MODULES)


def arguments(argv: "list[str] | None", environment: Mapping[str, str] = os.environ) -> argparse.Namespace:
    """What the job is asked for; folders that no argument names are those of Model Monitor's contract."""

    def folder(name: str, variable: str, told: str) -> None:
        default = environment.get(variable)
        parser.add_argument(
            name,
            type=Path,
            default=Path(default) if default else None,
            required=not default,
            help=f"{told}; {variable}",
        )

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--monitor", choices=MONITORS, required=True)
    folder("--captured", "dataset_source", "folder of data capture, searched in all depths")
    parser.add_argument("--ground-truth", type=Path, help="folder of labels; of model quality and bias")
    parser.add_argument("--baseline", type=Path, required=True, help="folder of the package's DriftCheckBaselines")
    parser.add_argument("--model", type=Path, help="folder that holds model.tar.gz; of explainability")
    folder("--output", "output_path", "folder for the results")
    parser.add_argument("--thresholds", type=_object, default={}, help="JSON object of numbers, by metric")
    parser.add_argument("--message-file", type=Path, help="where the exit message is written")
    found = parser.parse_args(argv)
    for name, value in found.thresholds.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            parser.error(f"--thresholds: {name} is {value!r}; a number is wanted")
    if found.monitor == "model-explainability" and found.model is None:
        parser.error("--model is needed: attributions are the model's")
    return found


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"not JSON: {error}") from error
    if not isinstance(found, dict):
        raise argparse.ArgumentTypeError(f"{text!r} is no object")
    return found


def main(options: argparse.Namespace, environment: Mapping[str, str]) -> Found:
    """Runs the job; returns what it found.

    Raises:
        ValueError: an input is not what it must be.
    """
    start, end = _time(environment, "start_time"), _time(environment, "end_time")
    if start is not None and end is not None and not start < end:
        raise ValueError(f"start_time {start.isoformat()} must be before end_time {end.isoformat()}")
    found = _run(options, Period(start, end))
    summary = {
        "version": 1,
        "monitor": options.monitor,
        "status": found.status,
        "startTime": _written(start),
        "endTime": _written(end),
        "rows": found.rows,
        **({} if found.labelled_rows is None else {"labelledRows": found.labelled_rows}),
        "violations": [asdict(each) for each in found.violations],
    }
    for name, document in {**found.documents, "summary.json": summary}.items():
        _write(options.output / name, document)
    heading = Heading(
        options.monitor, environment.get("sagemaker_endpoint_name", ""), summary["startTime"], summary["endTime"]
    )
    report = render(heading, found, sections(options.monitor, found))
    (options.output / "report.html").write_text(report, encoding="utf-8")
    if environment.get("publish_cloudwatch_metrics") == "Enabled" and found.metrics:
        _publish(options.monitor, found, environment)
    return found


def _run(options: argparse.Namespace, period: Period) -> Found:
    """Only what the monitor needs is imported: some libraries take longer than the work on an hour's traffic."""
    captured, baseline, thresholds = options.captured, options.baseline, options.thresholds
    module = importlib.import_module(MODULES[options.monitor])
    if options.monitor == "data-quality":
        return module.monitor(captured, baseline, period, thresholds)
    if options.monitor == "model-explainability":
        model = load_archive(options.model, os.cpu_count() or 1)
        return module.monitor(captured, model, baseline, period, thresholds)
    return module.monitor(captured, options.ground_truth, baseline, period, thresholds)


def _publish(monitor: str, found: Found, environment: Mapping[str, str]) -> None:
    import boto3  # not before it is needed: it takes a while

    now = datetime.now(timezone.utc)
    time = _time(environment, "metric_time") or now
    # Labels may be older than what CloudWatch takes: the figures are then told when they are known.
    time = time if now - time < OLDEST else now
    names = [environment.get(f"sagemaker_{name}", "") for name in ("endpoint_name", "monitoring_schedule_name")]
    if not all(names):
        raise ValueError("metrics need sagemaker_endpoint_name and sagemaker_monitoring_schedule_name")
    # The containers' boto3 does not read AWS_REGION, which is what jobs are given.
    client = boto3.client("cloudwatch", region_name=environment.get("AWS_REGION"))
    publish(client, NAMESPACES[monitor], data(found.metrics, *names, time))


def _time(environment: Mapping[str, str], name: str) -> "datetime | None":
    text = environment.get(name, "")
    if not text:
        return None
    try:
        # Python 3.10 does not know the Z.
        time = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError as error:
        raise ValueError(f"{name} is {text!r}: a time like 2026-11-21T10:00:00Z is wanted") from error
    return time if time.tzinfo else time.replace(tzinfo=timezone.utc)


def _written(time: "datetime | None") -> "str | None":
    return None if time is None else time.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _write(file: Path, document: dict[str, Any]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(document, allow_nan=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    chosen = arguments(None)
    with refusing("monitor", chosen.message_file):
        result = main(chosen, os.environ)
    for violation in result.violations:
        print(f"{violation.check}: {violation.feature}: {violation.description}", flush=True)
    print(result.message, flush=True)
    if chosen.message_file is not None:
        chosen.message_file.parent.mkdir(parents=True, exist_ok=True)
        chosen.message_file.write_text(result.message[:MAX_EXIT_MESSAGE], encoding="utf-8")
    sys.exit(0)
