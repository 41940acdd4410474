"""The execution's run in MLflow, as jobs tell it: over MLflow's REST API on SageMaker, signed with SigV4.

Needs what every container of SageMaker has (botocore), and neither MLflow's package nor a way to the internet. A job
goes by its environment: ``MLFLOW_ARN`` (the app or tracking server), ``MLFLOW_EXPERIMENT_NAME`` and ``EXECUTION_ID``;
without them nothing is told. The address is ``https://<region of the ARN>.experiments.sagemaker.aws``, or what
``AWS_ENDPOINT_URL_SAGEMAKER_MLFLOW`` says, as for every SDK of AWS.
"""

import hashlib
import json
import math
import os
import random
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.session import get_session

#: Tag by which every step of the pipeline finds the run.
EXECUTION_TAG = "execution_id"
VARIABLES = ("MLFLOW_ARN", "MLFLOW_EXPERIMENT_NAME", "EXECUTION_ID")

_SERVICE = "sagemaker-mlflow"
_ATTEMPTS = 4
_TIMEOUT_SECONDS = 20
# MLflow takes 1,000 things a call, of them 100 parameters.
_MAX_METRICS, _MAX_PARAMETERS = 1000, 100
#: Points of a curve that are told; of a longer one evenly spread ones, and the last.
MAX_CURVE_POINTS = 200


class MlflowError(Exception):
    """MLflow refused a call, or did not answer. ``code`` is its own, such as ``RESOURCE_DOES_NOT_EXIST``."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class Mlflow:
    """The calls that jobs make.

    Raises:
        MlflowError: by every method, where MLflow refuses or does not answer four times.
    """

    def __init__(self, arn: str) -> None:
        self._arn = arn
        self._region = arn.split(":")[3]
        own = f"https://{self._region}.experiments.sagemaker.aws"
        self._endpoint = os.environ.get("AWS_ENDPOINT_URL_SAGEMAKER_MLFLOW", own).rstrip("/")

    def ensure_experiment(self, name: str) -> str:
        """The experiment's id; it is made if it is not there."""
        query = {"experiment_name": name}
        try:
            return self._get("experiments/get-by-name", query)["experiment"]["experiment_id"]
        except MlflowError as error:
            if error.code != "RESOURCE_DOES_NOT_EXIST":
                raise
        try:
            return self._post("experiments/create", {"name": name})["experiment_id"]
        except MlflowError as error:
            if error.code != "RESOURCE_ALREADY_EXISTS":
                raise
        return self._get("experiments/get-by-name", query)["experiment"]["experiment_id"]

    def ensure_run(self, experiment_id: str, execution_id: str) -> str:
        """The id of the execution's run; it is made if it is not there, and runs from now on in any case."""
        wanted = {"experiment_ids": [experiment_id], "max_results": 1}
        found = self._post("runs/search", {**wanted, "filter": f"tags.{EXECUTION_TAG} = '{execution_id}'"}).get("runs")
        if found:
            run_id = found[0]["info"]["run_id"]
            self.update(run_id, "RUNNING")
            return run_id
        run = {
            "experiment_id": experiment_id,
            "run_name": execution_id,
            "start_time": _now(),
            "tags": _pairs({EXECUTION_TAG: execution_id}),
        }
        # Nobody knows whether a call without an answer made a run: a second one might make another.
        return self._post("runs/create", run, repeatable=False)["run"]["info"]["run_id"]

    def log(self, run_id: str, **things: "Sequence[dict[str, Any]]") -> None:
        """``metrics``, ``params`` or ``tags`` as the API wants them; as many as one call takes."""
        self._post("runs/log-batch", {"run_id": run_id, **things})

    def update(self, run_id: str, status: str) -> None:
        ended = {} if status == "RUNNING" else {"end_time": _now()}
        self._post("runs/update", {"run_id": run_id, "status": status, **ended})

    def _get(self, path: str, query: "Mapping[str, str]") -> "dict[str, Any]":
        return self._call("GET", f"{path}?{urlencode(query)}", None, True)

    def _post(self, path: str, body: "dict[str, Any]", repeatable: bool = True) -> "dict[str, Any]":
        return self._call("POST", path, json.dumps(body).encode(), repeatable)

    def _call(self, method: str, path: str, body: "bytes | None", repeatable: bool) -> "dict[str, Any]":
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                with urlopen(self._signed(method, path, body), timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310
                    return json.load(answer)
            except HTTPError as error:
                failure = _refusal(path, error)
                again = error.code == 429 or (error.code >= 500 and repeatable)
            except (URLError, OSError, ValueError) as error:
                failure = MlflowError(f"MLflow at {self._endpoint} did not answer {path}: {error}")
                again = repeatable
            if not again or attempt == _ATTEMPTS:
                raise failure
            time.sleep(random.random() * 0.2 * 2**attempt)  # noqa: S311
        raise AssertionError("every attempt returns or raises")

    def _signed(self, method: str, path: str, body: "bytes | None") -> Request:
        headers = {
            "Content-Type": "application/json",
            "X-Amz-Content-SHA256": hashlib.sha256(body or b"").hexdigest(),
            "x-mlflow-sm-tracking-server-arn": self._arn,
        }
        request = AWSRequest(method, f"{self._endpoint}/api/2.0/mlflow/{path}", headers, body)
        credentials = get_session().get_credentials()
        if credentials is None:
            raise MlflowError("MLflow cannot be asked without AWS credentials")
        SigV4Auth(credentials.get_frozen_credentials(), _SERVICE, self._region).add_auth(request)
        return Request(request.url, data=body, headers=dict(request.headers.items()), method=method)  # noqa: S310


class ExecutionRun:
    """What a job tells of the execution. It never fails a job: what MLflow does not take is printed, and left out."""

    def __init__(self, mlflow: "Mlflow | None", run_id: str = "") -> None:
        self._mlflow = mlflow
        self._run_id = run_id

    @staticmethod
    def open() -> "ExecutionRun":
        """The run of this execution; it is made if no step has made it."""
        arn, experiment, execution_id = (os.environ.get(name, "") for name in VARIABLES)
        if not (arn and experiment and execution_id):
            return ExecutionRun(None)
        mlflow = Mlflow(arn)
        try:
            return ExecutionRun(mlflow, mlflow.ensure_run(mlflow.ensure_experiment(experiment), execution_id))
        except MlflowError as error:
            _print_left_out(error)
            return ExecutionRun(None)

    def log(
        self,
        parameters: "Mapping[str, object] | None" = None,
        metrics: "Mapping[str, float] | None" = None,
        curves: "Mapping[str, Sequence[float]] | None" = None,
        tags: "Mapping[str, str] | None" = None,
    ) -> None:
        """Adds to the run. ``curves`` are metrics by step, from step 0; figures that are not finite are left out."""
        timestamp = _now()
        points = [(name, 0, value) for name, value in (metrics or {}).items()]
        for name, values in (curves or {}).items():
            points += [(name, step, values[step]) for step in _spread(len(values))]
        found = [
            {"key": name, "value": float(value), "timestamp": timestamp, "step": step}
            for name, step, value in points
            if math.isfinite(value)
        ]
        for some in _parts(found, _MAX_METRICS):
            self._tell(metrics=some)
        for some in _parts(_pairs(parameters or {}), _MAX_PARAMETERS):
            self._tell(params=some)
        for some in _parts(_pairs(tags or {}), _MAX_PARAMETERS):
            self._tell(tags=some)

    def fail(self) -> None:
        """The execution ends here, with a failure."""
        if self._mlflow is not None:
            try:
                self._mlflow.update(self._run_id, "FAILED")
            except MlflowError as error:
                _print_left_out(error)

    def _tell(self, **things: "Sequence[dict[str, Any]]") -> None:
        if self._mlflow is not None:
            try:
                self._mlflow.log(self._run_id, **things)
            except MlflowError as error:
                _print_left_out(error)


def _print_left_out(error: MlflowError) -> None:
    print(f"left out of MLflow: {error}", file=sys.stderr, flush=True)


def _refusal(path: str, error: HTTPError) -> MlflowError:
    text = error.read().decode("utf-8", errors="replace")
    try:
        answer = json.loads(text)
        code, message = str(answer["error_code"]), str(answer.get("message", ""))
    except (ValueError, TypeError, KeyError):
        # A proxy's page, not MLflow's answer: its beginning says most.
        code, message = "", text[:200]
    return MlflowError(f"MLflow answered {path} with {error.code} {code}: {message}", code)


def _pairs(record: "Mapping[str, object]") -> "list[dict[str, str]]":
    return [{"key": key, "value": str(value)} for key, value in record.items()]


def _parts(things: "Sequence[dict[str, Any]]", size: int) -> "Iterator[Sequence[dict[str, Any]]]":
    for start in range(0, len(things), size):
        yield things[start : start + size]


def _spread(count: int) -> "Iterable[int]":
    if count <= MAX_CURVE_POINTS:
        return range(count)
    return sorted({round(place * (count - 1) / (MAX_CURVE_POINTS - 1)) for place in range(MAX_CURVE_POINTS)})


def _now() -> int:
    return int(time.time() * 1000)
