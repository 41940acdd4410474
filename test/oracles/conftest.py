"""Other people's clients of AWS: the SageMaker Python SDK, the AWS CLI. They run on a Python of their own."""

import json
import logging
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from local_cloud import ACCOUNT, REGION, ROOT, Cloud, cloud, tool

__all__ = ["cloud"]

# What this machine says of AWS is not for the clients under test; some of them read it when they are imported.
for name in [name for name in os.environ if name.startswith("AWS_")]:
    del os.environ[name]

# The SDK says at every import that there is a later major version, which makes pipelines in another way.
os.environ["SAGEMAKER_SUPPRESS_V2_WARNING"] = "1"

#: The SDK asks for the account's id, which is in the default bucket's name, at an address of its own making, which no
#: variable changes. A file of defaults, which a variable does name, spares it the question, and us its telemetry.
SDK_DEFAULTS = f"""
SchemaVersion: "1.0"
SageMaker:
  PythonSDK:
    Modules:
      TelemetryOptOut: true
      Session:
        DefaultS3Bucket: sagemaker-{REGION}-{ACCOUNT}
"""


def pytest_configure(config: pytest.Config) -> None:
    # Other people's code: what it warns of is not ours to mend.
    for warning in ("DeprecationWarning", "FutureWarning", "UserWarning"):
        config.addinivalue_line("filterwarnings", f"ignore::{warning}")
    for name in ("sagemaker", "botocore"):
        logging.getLogger(name).setLevel(logging.ERROR)


@pytest.fixture(scope="session")
def printed() -> Callable[[str], Any]:
    """What a TypeScript program of this folder, by its name, prints as JSON: our side of a comparison."""

    def by(program: str) -> Any:
        printing = subprocess.run(
            [str(tool("node")), "--import", "tsx", f"test/oracles/{program}"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert printing.returncode == 0, printing.stderr
        return json.loads(printing.stdout)

    return by


@pytest.fixture(scope="session")
def variables(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """All that a client is told of the local cloud: what ``npm run local -- env`` prints."""
    defaults = tmp_path_factory.mktemp("sdk") / "config.yaml"
    defaults.write_text(SDK_DEFAULTS)
    return {
        "AWS_ENDPOINT_URL": cloud.url,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_EC2_METADATA_DISABLED": "true",
        "SAGEMAKER_USER_CONFIG_OVERRIDE": str(defaults),
    }


@pytest.fixture(scope="session")
def pointed_at_the_cloud(variables: dict[str, str]) -> Iterator[None]:
    """This process's own environment, for clients that run in it."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="session")
def project() -> Path:
    """A small project as a user of the SDK has it: scripts, and no word of where they run."""
    return Path(__file__).parent / "project"
