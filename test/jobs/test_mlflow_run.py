"""What jobs tell MLflow, read back with MLflow's own client from a real server; and what happens where none answers."""

import os
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.request import urlopen

import mlflow_run
import pytest
from mlflow import MlflowClient
from mlflow_run import MAX_CURVE_POINTS, ExecutionRun

ARN = "arn:aws:sagemaker:eu-west-1:123456789012:mlflow-app/app-TEST"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder, port = tmp_path_factory.mktemp("mlflow"), free_port()
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    store = ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--default-artifact-root", str(folder)]
    environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen([*command, *store], env=environment, stdout=output, stderr=output, cwd=folder)
    url, until = f"http://127.0.0.1:{port}", time.monotonic() + 90
    try:
        while not answers(f"{url}/health"):
            assert process.poll() is None and time.monotonic() < until, log.read_text()
            time.sleep(0.2)
        yield url
    finally:
        process.terminate()
        process.wait(20)


def answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=2):  # noqa: S310
            return True
    except OSError:
        return False


@pytest.fixture
def environment(monkeypatch):
    def use(url: str, execution_id: str) -> None:
        monkeypatch.setenv("MLFLOW_ARN", ARN)
        monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", 'it\'s "fraud" & more')
        monkeypatch.setenv("EXECUTION_ID", execution_id)
        monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER_MLFLOW", url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")

    return use


def runs(url: str) -> list:
    client = MlflowClient(url)
    experiments = [each.experiment_id for each in client.search_experiments()]
    return client.search_runs(experiments)


def test_jobs_of_an_execution_share_one_run_and_others_have_their_own(server, environment):
    environment(server, "run-1")
    train = ExecutionRun.open()
    long = [step / 1000 for step in range(1_000)]
    train.log(
        parameters={"max_depth": 5, **{f"more_{number}": number for number in range(150)}},
        metrics={"validation_aucpr": 0.8, "nothing": float("nan")},
        curves={"validation_aucpr_by_tree": long, "short": [0.5, 0.6]},
        tags={"algorithm": "xgboost"},
    )
    ExecutionRun.open().log(metrics={"test_auprc": 0.75})
    environment(server, "run-2")
    ExecutionRun.open().log(metrics={"test_auprc": 0.1})

    one, other = sorted(runs(server), key=lambda run: run.info.run_name)
    assert (one.info.run_name, one.info.status, other.info.run_name) == ("run-1", "RUNNING", "run-2")
    assert one.data.params["max_depth"] == "5"
    assert len(one.data.params) == 151
    assert one.data.metrics["validation_aucpr"] == 0.8
    assert one.data.metrics["test_auprc"] == 0.75
    assert "nothing" not in one.data.metrics
    assert one.data.tags.items() >= {"execution_id": "run-1", "algorithm": "xgboost"}.items()
    history = MlflowClient(server).get_metric_history(one.info.run_id, "validation_aucpr_by_tree")
    assert len(history) == MAX_CURVE_POINTS
    assert {point.step: point.value for point in history}.items() <= dict(enumerate(long)).items()
    assert {point.step for point in history} >= {0, 999}


def test_a_job_that_is_tried_again_goes_on_with_the_run_that_failed(server, environment):
    environment(server, "run-again")
    first = ExecutionRun.open()
    first.log(parameters={"eta": 0.1})
    first.fail()
    [failed] = [run for run in runs(server) if run.info.run_name == "run-again"]
    assert failed.info.status == "FAILED"
    ExecutionRun.open().log(parameters={"eta": 0.1}, metrics={"auc": 0.9})
    [again] = [run for run in runs(server) if run.info.run_name == "run-again"]
    assert (again.info.run_id, again.info.status) == (failed.info.run_id, "RUNNING")
    assert again.data.metrics == {"auc": 0.9}


def test_what_mlflow_refuses_is_printed_and_left_out(server, environment, capsys):
    environment(server, "run-refused")
    run = ExecutionRun.open()
    run.log(parameters={"eta": 0.1})
    run.log(parameters={"eta": 0.2}, metrics={"auc": 0.9})
    assert (
        "left out of MLflow: MLflow answered runs/log-batch with 400 INVALID_PARAMETER_VALUE" in capsys.readouterr().err
    )
    [found] = [each for each in runs(server) if each.info.run_name == "run-refused"]
    assert found.data.params == {"eta": "0.1"}
    assert found.data.metrics == {"auc": 0.9}


def test_without_mlflow_in_the_environment_nothing_is_told(monkeypatch, capsys):
    for name in mlflow_run.VARIABLES:
        monkeypatch.delenv(name, raising=False)
    run = ExecutionRun.open()
    run.log(metrics={"auc": 0.9})
    run.fail()
    assert capsys.readouterr().err == ""


@pytest.fixture
def failing():
    """A server that is out of order, and the requests that reached it."""
    requests: list[tuple[str, dict]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            requests.append((self.path, dict(self.headers)))
            self.send_error(503)

        def log_message(self, *_: object) -> None:
            return

    out_of_order = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=out_of_order.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{out_of_order.server_port}", requests
    out_of_order.shutdown()
    thread.join()
    out_of_order.server_close()


def test_a_server_out_of_order_is_asked_again_then_left_alone(failing, environment, capsys):
    url, requests = failing
    environment(url, "run-lost")
    run = ExecutionRun.open()
    asked = len(requests)
    run.log(metrics={"auc": 0.9})
    run.fail()
    assert (asked, len(requests)) == (4, 4)
    assert "left out of MLflow: MLflow answered experiments/get-by-name" in capsys.readouterr().err


def test_requests_are_signed_for_mlflow_on_sagemaker(failing, environment):
    url, requests = failing
    environment(url, "run-signed")
    ExecutionRun.open()
    headers = {name.lower(): value for name, value in requests[0][1].items()}
    assert headers["x-mlflow-sm-tracking-server-arn"] == ARN
    assert "/eu-west-1/sagemaker-mlflow/aws4_request" in headers["authorization"]
    signed = headers["authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
    assert {"host", "x-amz-content-sha256", "x-amz-date", "x-mlflow-sm-tracking-server-arn"} <= set(signed)


def test_a_server_that_is_not_there_costs_no_job(environment, monkeypatch, capsys):
    monkeypatch.setattr(mlflow_run.time, "sleep", lambda _: None)
    environment(f"http://127.0.0.1:{free_port()}", "run-alone")
    ExecutionRun.open().log(metrics={"auc": 0.9})
    assert "did not answer experiments/get-by-name" in capsys.readouterr().err
