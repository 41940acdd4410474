"""What local/README.md tells users of any SageMaker project to type: typed as it stands, with their clients."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from local_cloud import ROOT, tool

HEADING = "## Your own SageMaker project on it"
LOCAL = ["npm", "run", "--silent", "local", "--"]


def commands() -> str:
    section = (ROOT / "local" / "README.md").read_text().split(HEADING, 1)[1]
    block = re.search(r"```sh\n(.*?)```", section, re.DOTALL)
    assert block
    return block.group(1)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A user's: their Python with their clients first, and no word of AWS."""
    path = [str(Path(sys.executable).parent), str(tool("node").parent), os.environ["PATH"]]
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SAGEMAKER_", "npm_"))}
    return {**ours, "PATH": ":".join(path), "AWS_PAGER": "", "SAGEMAKER_SUPPRESS_V2_WARNING": "1"}


def test_commands_do_as_they_say(environment: dict[str, str]) -> None:
    def run(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    if json.loads(run(*LOCAL, "status", "--json").stdout)["up"]:
        pytest.skip("a local cloud is up in this checkout: it is not this test's to end")
    try:
        done = run("bash", "-euo", "pipefail", "-c", commands())
    finally:
        run(*LOCAL, "down")
    assert done.returncode == 0, done.stdout + done.stderr
    scores = [float(score) for score in re.findall(r"answers \[\['([\d.]+)'\], \['([\d.]+)'\]\]", done.stdout)[0]]
    assert scores[0] > 0.9 > 0.1 > scores[1]
    assert '"EndpointStatus": "InService"' in done.stdout
    assert "example/rows.csv" in done.stdout
    assert f'answers "{scores[0]:.3f}\\n{scores[1]:.3f}"' in done.stdout
    assert "The local cloud is down." in done.stdout
