"""A model server as SageMaker's framework containers have it: ``/ping`` and ``/invocations``.

``python serve.py --port N --model-dir DIR --framework NAME``, where DIR stands for ``/opt/ml/model`` and NAME is that
of an image's repository. With ``SAGEMAKER_PROGRAM`` the user's script serves, from ``SAGEMAKER_SUBMIT_DIRECTORY`` (an
``s3://`` archive, an archive or a folder; ``/opt/ml/model`` means DIR) or else from ``DIR/code``; what its
``requirements.txt`` names is installed for this server alone. Without it, DIR holds an XGBoost model.
``SAGEMAKER_CONTAINER_LOG_LEVEL`` is a number of Python's logging. Answers only once the model is loaded; ends with 1
and a reason when it cannot be.
"""

import argparse
import logging
import os
import signal
import sys
import tempfile
import threading
from pathlib import Path

# Before anything loads a numeric library: threads cost more than they bring for a few rows.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

from container_toolkit.answer import Model, ModelLoadError  # noqa: E402
from container_toolkit.code import CodeError, place_code  # noqa: E402
from container_toolkit.frameworks import FRAMEWORKS, Defaults  # noqa: E402
from container_toolkit.http_server import serve  # noqa: E402
from container_toolkit.requirements import RequirementsError, install_requirements  # noqa: E402
from container_toolkit.training_job import under_root  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(description="serve a model as SageMaker's framework containers do")
    parser.add_argument("--port", type=int, required=True, metavar="N", help="port on 127.0.0.1; 0 picks a free one")
    parser.add_argument("--model-dir", type=Path, required=True, metavar="DIR", help="stands for /opt/ml/model")
    parser.add_argument(
        "--framework", choices=FRAMEWORKS, default="sagemaker-xgboost", help="whose image it stands for"
    )
    options = parser.parse_args()
    level = os.environ.get("SAGEMAKER_CONTAINER_LOG_LEVEL", "")
    logging.basicConfig(
        level=int(level) if level.isdecimal() else logging.INFO,
        stream=sys.stderr,
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
    )
    with tempfile.TemporaryDirectory(prefix="model-code-") as scratch:
        try:
            model = _load(options.model_dir.resolve(), Path(scratch), FRAMEWORKS[options.framework])
        except (ModelLoadError, CodeError, RequirementsError, OSError) as error:
            print(f"cannot load the model: {error}", file=sys.stderr)
            return 1
        try:
            server = serve(model, options.port)
        except OSError as error:
            print(f"cannot listen on 127.0.0.1:{options.port}: {error}", file=sys.stderr)
            return 1
        for number in (signal.SIGTERM, signal.SIGINT):
            # shutdown() waits for the loop that this thread runs.
            signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
        print(f"serving on 127.0.0.1:{server.server_address[1]}", flush=True)
        with server:
            server.serve_forever(poll_interval=0.1)
    return 0


def _load(model_dir: Path, scratch: Path, framework: Defaults) -> Model:
    if not model_dir.is_dir():
        raise ModelLoadError(f"the model folder {model_dir} does not exist")
    program = os.environ.get("SAGEMAKER_PROGRAM")
    if not program and framework.script_needed:
        raise ModelLoadError("this framework's image serves a model with a script alone: set SAGEMAKER_PROGRAM")
    if not program:
        from container_toolkit.xgboost_model import load_xgboost_model

        return load_xgboost_model(model_dir)
    from container_toolkit.script_model import load_script_model

    submitted = under_root(
        os.environ.get("SAGEMAKER_SUBMIT_DIRECTORY", "/opt/ml/model/code"), model_dir, original="/opt/ml/model"
    )
    code = Path(submitted.removeprefix("file://"))
    if not code.is_dir():
        code = place_code(submitted, scratch / "code")
    if packages := install_requirements(code, scratch / "packages"):
        sys.path.insert(0, str(packages))
    return load_script_model(program, code, model_dir, framework)


if __name__ == "__main__":
    sys.exit(main())
