"""The AWS CLI on the local cloud, with no option that says where that is."""

import json
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from local_cloud import ACCOUNT, REGION, wait_for

ROLE = f"arn:aws:iam::{ACCOUNT}:role/sagemaker"
IMAGE = f"141502667606.dkr.ecr.{REGION}.amazonaws.com/sagemaker-xgboost:3.0-5"
BUCKET = "cli-bucket"
ENDPOINT = "echo"

ECHO = """
def model_fn(model_dir):
    return len
def predict_fn(body, model):
    return model(body)
def input_fn(body, content_type):
    return body
def output_fn(prediction, accept):
    return str(prediction)
"""


class Cli:
    """``aws …`` in a folder of its own, with the variables that `npm run local -- env` prints and nothing else."""

    def __init__(self, folder: Path, variables: dict[str, str]) -> None:
        self.folder = folder
        self.environment = {"HOME": str(folder), "PATH": "/usr/bin:/bin", "AWS_PAGER": "", **variables}

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(Path(sys.executable).parent / "aws"), *arguments]
        return subprocess.run(
            command, env=self.environment, cwd=self.folder, capture_output=True, text=True, check=False
        )

    def __call__(self, *arguments: str):
        """What the command answered, as JSON where it answered."""
        done = self.run(*arguments, "--output", "json") if arguments[0] != "s3" else self.run(*arguments)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if arguments[0] != "s3" and done.stdout.strip() else done.stdout


@pytest.fixture(scope="module")
def aws(variables: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Cli:
    return Cli(tmp_path_factory.mktemp("cli"), variables)


@pytest.fixture(scope="module")
def endpoint(aws: Cli) -> str:
    """A model of nothing but a script, copied to S3 and served, all by the CLI."""
    (aws.folder / "inference.py").write_text(ECHO)
    with tarfile.open(aws.folder / "model.tar.gz", "w:gz") as archive:
        archive.add(aws.folder / "inference.py", "code/inference.py")
    artifact = f"s3://{BUCKET}/models/a b/model.tar.gz"
    aws("s3", "mb", f"s3://{BUCKET}")
    assert "upload: ./model.tar.gz" in aws("s3", "cp", "model.tar.gz", artifact)
    program = "SAGEMAKER_PROGRAM=inference.py,SAGEMAKER_SUBMIT_DIRECTORY=/opt/ml/model/code"
    container = f"Image={IMAGE},ModelDataUrl={artifact},Environment={{{program}}}"
    aws(
        *("sagemaker", "create-model", "--model-name", ENDPOINT),
        *("--execution-role-arn", ROLE, "--primary-container", container),
    )
    variant = f"VariantName=All,ModelName={ENDPOINT},InstanceType=ml.m5.large,InitialInstanceCount=1"
    aws(
        *("sagemaker", "create-endpoint-config", "--endpoint-config-name", ENDPOINT),
        *("--production-variants", variant),
    )
    made = aws(
        *("sagemaker", "create-endpoint", "--endpoint-name", ENDPOINT, "--endpoint-config-name", ENDPOINT),
    )
    assert made["EndpointArn"] == f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint/{ENDPOINT}"

    def settled() -> str | None:
        described = aws("sagemaker", "describe-endpoint", "--endpoint-name", ENDPOINT)
        return None if described["EndpointStatus"] == "Creating" else described["EndpointStatus"]

    assert wait_for(settled, "the endpoint") == "InService"
    return ENDPOINT


def test_objects_go_there_and_back(aws: Cli, endpoint: str) -> None:
    assert aws("s3", "ls", f"s3://{BUCKET}/models/a b/").split()[-1] == "model.tar.gz"
    aws("s3", "cp", f"s3://{BUCKET}/models/a b/model.tar.gz", "back.tar.gz")
    assert (aws.folder / "back.tar.gz").read_bytes() == (aws.folder / "model.tar.gz").read_bytes()


def test_endpoint_is_listed_described_and_invoked(aws: Cli, endpoint: str) -> None:
    asked = ("--name-contains", endpoint, "--status-equals", "InService", "--query", "Endpoints[].EndpointName")
    named = aws("sagemaker", "list-endpoints", *asked)
    assert named == [endpoint]
    [variant] = aws("sagemaker", "describe-endpoint", "--endpoint-name", endpoint)["ProductionVariants"]
    assert (variant["CurrentInstanceCount"], variant["VariantName"]) == (1, "All")
    (aws.folder / "body.txt").write_text("seven b")
    answer = aws(
        *("sagemaker-runtime", "invoke-endpoint", "--endpoint-name", endpoint, "--content-type", "text/plain"),
        *("--body", "fileb://body.txt", "answer.txt"),
    )
    assert answer["InvokedProductionVariant"] == "All"
    assert (aws.folder / "answer.txt").read_text() == "7"


def test_metrics_of_the_endpoint_are_listed(aws: Cli, endpoint: str) -> None:
    asked = ("cloudwatch", "list-metrics", "--namespace", "AWS/SageMaker", "--metric-name", "Invocations")
    wanted = {"Name": "EndpointName", "Value": endpoint}
    wait_for(
        lambda: any(wanted in metric["Dimensions"] for metric in aws(*asked)["Metrics"]), "the endpoint's Invocations"
    )


def test_account_is_told(aws: Cli) -> None:
    assert aws("sts", "get-caller-identity")["Account"] == ACCOUNT


def test_refusals_are_those_of_aws(aws: Cli, endpoint: str) -> None:
    missing = aws.run("sagemaker", "describe-endpoint", "--endpoint-name", "nobody")
    assert missing.returncode in (254, 255)
    assert "An error occurred (ValidationException) when calling the DescribeEndpoint operation" in missing.stderr
    assert 'Could not find endpoint "arn:aws:sagemaker' in missing.stderr
    wrong = aws.run("sagemaker", "describe-endpoint", "--endpoint-name", "not_a_name!")
    assert "failed to satisfy constraint: Member must satisfy regular expression pattern" in wrong.stderr
    unknown = aws.run("sagemaker", "list-clusters")
    assert "UnknownOperationException" in unknown.stderr
    assert "ListClusters: the local sagemaker has no such operation. Clusters and reserved capacity" in unknown.stderr
