"""training.py: the training toolkit's contract with a user's script."""

import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
import xgboost
from container_processes import CONTAINERS

SHOW = """
import json, os, sys, pathlib
print("standard output reaches the log")
shown = {k: v for k, v in os.environ.items() if k.startswith("SM_")}
out = {"arguments": sys.argv[1:], "cwd": os.getcwd(), "environment": shown, "path": sys.path}
pathlib.Path(os.environ["SM_OUTPUT_DATA_DIR"], "seen.json").write_text(json.dumps(out))
"""


def prepare(root: Path, hyperparameters: dict[str, Any], channels: tuple[str, ...] = ("train", "validation")) -> None:
    """The configuration that SageMaker leaves; values are JSON strings, as its SDK sends them."""
    config = root / "input" / "config"
    config.mkdir(parents=True)
    (config / "hyperparameters.json").write_text(json.dumps({k: json.dumps(v) for k, v in hyperparameters.items()}))
    (config / "inputdataconfig.json").write_text(json.dumps({name: {"TrainingInputMode": "File"} for name in channels}))
    (config / "resourceconfig.json").write_text(json.dumps({"current_host": "algo-1", "hosts": ["algo-1"]}))
    for name in channels:
        (root / "input" / "data" / name).mkdir(parents=True)


def pack(folder: Path, **files: str) -> Path:
    archive = folder / "sourcedir.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        for name, text in files.items():
            info = tarfile.TarInfo(f"{name}.py")
            info.size = len(text.encode())
            tar.addfile(info, io.BytesIO(text.encode()))
    return archive


def train(root: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, str(CONTAINERS / "training.py"), "--root", str(root)],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **environment},
        check=False,
    )


def failure(root: Path) -> str:
    return (root / "output" / "failure").read_text()


def test_the_script_sees_the_job(tmp_path: Path) -> None:
    root = tmp_path / "ml"
    archive = pack(tmp_path, train=SHOW)
    own = {"max_depth": 5, "eta": 0.1, "name": "a b", "n": 1, "flag": True, "weights": {"b": 2, "a": 1}}
    prepare(root, {**own, "sagemaker_program": "train.py", "sagemaker_submit_directory": str(archive)})
    done = train(root)
    assert done.returncode == 0, done.stderr
    assert "standard output reaches the log" in done.stdout
    seen = json.loads((root / "output" / "data" / "seen.json").read_text())
    assert seen["arguments"] == [
        *("--eta", "0.1", "--flag", "True", "--max_depth", "5"),
        *("-n", "1", "--name", "a b", "--weights", "a=1,b=2"),
    ]
    assert Path(seen["cwd"]) == root / "code"
    assert str(root / "code") in seen["path"]
    variables = seen["environment"]
    expected = {
        "SM_MODEL_DIR": str(root / "model"),
        "SM_OUTPUT_DATA_DIR": str(root / "output" / "data"),
        "SM_CHANNELS": '["train","validation"]',
        "SM_CHANNEL_TRAIN": str(root / "input" / "data" / "train"),
        "SM_CHANNEL_VALIDATION": str(root / "input" / "data" / "validation"),
        "SM_HP_MAX_DEPTH": "5",
        "SM_HP_NAME": "a b",
        "SM_HP_FLAG": "true",
        "SM_HOSTS": '["algo-1"]',
        "SM_CURRENT_HOST": "algo-1",
        "SM_NUM_CPUS": str(os.cpu_count()),
        "SM_NUM_GPUS": "0",
        "SM_USER_ENTRY_POINT": "train.py",
        "SM_MODULE_NAME": "train",
    }
    assert {name: variables.get(name) for name in expected} == expected
    assert json.loads(variables["SM_HPS"]) == own
    assert json.loads(variables["SM_USER_ARGS"]) == seen["arguments"]
    assert json.loads(variables["SM_TRAINING_ENV"])["channel_input_dirs"]["train"] == variables["SM_CHANNEL_TRAIN"]
    assert not (root / "output" / "failure").exists()


def test_a_real_model_is_trained_with_helper_modules(tmp_path: Path) -> None:
    root = tmp_path / "ml"
    script = (
        "import os, numpy as np, xgboost, data, argparse\n"
        "p = argparse.ArgumentParser(); p.add_argument('--rounds', type=int); a = p.parse_args()\n"
        "x, y = data.load(os.environ['SM_CHANNEL_TRAIN'])\n"
        "b = xgboost.train({'objective': 'binary:logistic'}, xgboost.DMatrix(x, y), a.rounds)\n"
        "open(os.path.join(os.environ['SM_MODEL_DIR'], 'xgboost-model'), 'wb').write(b.save_raw('ubj'))\n"
    )
    helper = (
        "import numpy as np, os\n"
        "def load(d):\n"
        "    m = np.loadtxt(os.path.join(d, 'train.csv'), delimiter=',')\n"
        "    return m[:, 1:], m[:, 0]\n"
    )
    archive = pack(tmp_path, train=script, data=helper)
    prepare(root, {"rounds": 3, "sagemaker_program": "train.py", "sagemaker_submit_directory": str(archive)})
    rows = "\n".join(f"{i % 2},{i % 2 + i / 100},{i}" for i in range(60))
    (root / "input" / "data" / "train" / "train.csv").write_text(rows)
    done = train(root)
    assert done.returncode == 0, done.stderr
    booster = xgboost.Booster()
    booster.load_model(root / "model" / "xgboost-model")
    assert booster.num_boosted_rounds() == 3


@pytest.mark.parametrize(
    ("script", "code", "reason"),
    [
        ("raise ValueError('no fraud in the data')\n", 1, "ValueError: no fraud in the data"),
        ("import sys; print('too few rows', file=sys.stderr); sys.exit(42)\n", 42, "too few rows"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)\n", 137, "ExitCode 137"),
    ],
)
def test_a_failing_script(tmp_path: Path, script: str, code: int, reason: str) -> None:
    root = tmp_path / "ml"
    archive = pack(tmp_path, train=script)
    prepare(root, {"sagemaker_program": "train.py", "sagemaker_submit_directory": str(archive)})
    done = train(root)
    assert done.returncode == code
    assert reason in failure(root)
    assert failure(root).startswith("ExecuteUserScriptError:")
    assert "train.py" in failure(root)


def test_no_program_is_a_clear_failure(tmp_path: Path) -> None:
    prepare(tmp_path, {"max_depth": 3})
    done = train(tmp_path)
    assert done.returncode == 1
    assert "sagemaker_program is missing" in failure(tmp_path)
    assert "built-in algorithm is not supported" in failure(tmp_path)


def test_every_missing_configuration_file_is_named(tmp_path: Path) -> None:
    assert train(tmp_path).returncode == 1
    for name in ("hyperparameters.json", "inputdataconfig.json", "resourceconfig.json"):
        assert name in failure(tmp_path)


def test_code_that_is_not_there(tmp_path: Path) -> None:
    prepare(tmp_path, {"sagemaker_program": "train.py", "sagemaker_submit_directory": str(tmp_path / "absent.tar.gz")})
    assert train(tmp_path).returncode == 1
    assert "absent.tar.gz" in failure(tmp_path)


def test_a_program_that_the_code_lacks(tmp_path: Path) -> None:
    root = tmp_path / "ml"
    archive = pack(tmp_path, other=SHOW)
    prepare(root, {"sagemaker_program": "train.py", "sagemaker_submit_directory": str(archive)})
    assert train(root).returncode == 1
    assert "'train.py' is not in the user code" in failure(root)


def test_an_archive_cannot_write_outside_its_folder(tmp_path: Path) -> None:
    root = tmp_path / "ml"
    archive = tmp_path / "evil.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        info = tarfile.TarInfo("../../escaped.py")
        info.size = 1
        tar.addfile(info, io.BytesIO(b"1"))
    prepare(root, {"sagemaker_program": "train.py", "sagemaker_submit_directory": str(archive)})
    assert train(root).returncode == 1
    assert "refused" in failure(root)
    assert not list(tmp_path.rglob("escaped.py"))


def test_requirements_are_installed_for_the_job_alone(tmp_path: Path) -> None:
    root = tmp_path / "ml"
    wheel = tmp_path / "greeting_of_a_job-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as packed:
        packed.writestr("greeting_of_a_job.py", "TEXT = 'hello'\n")
        packed.writestr(
            "greeting_of_a_job-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: greeting-of-a-job\nVersion: 1.0\n"
        )
        packed.writestr(
            "greeting_of_a_job-1.0.dist-info/WHEEL",
            "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        packed.writestr("greeting_of_a_job-1.0.dist-info/RECORD", "")
    code = tmp_path / "source"
    code.mkdir()
    (code / "train.py").write_text("import greeting_of_a_job; print(greeting_of_a_job.TEXT)\n")
    (code / "requirements.txt").write_text(f"{wheel}\n")
    prepare(root, {"sagemaker_program": "train.py", "sagemaker_submit_directory": str(code)})
    done = train(root, PIP_NO_INDEX="1")
    assert done.returncode == 0, done.stderr
    assert "hello" in done.stdout
    probe = [sys.executable, "-c", "import greeting_of_a_job"]
    assert subprocess.run(probe, capture_output=True, check=False).returncode != 0


def test_signals_reach_the_script(tmp_path: Path) -> None:
    root = tmp_path / "ml"
    script = (
        "import signal, sys\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))\n"
        "print('ready', flush=True)\n"
        "signal.pause()\n"
    )
    archive = pack(tmp_path, train=script)
    prepare(root, {"sagemaker_program": "train.py", "sagemaker_submit_directory": str(archive)})
    command = [sys.executable, str(CONTAINERS / "training.py"), "--root", str(root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 7
