"""Runs preprocessing jobs in one session of Spark, as they come: on the Python that set-up installed Spark for.

One JSON list of arguments a line on standard input, one JSON answer a line on standard output: the seconds that it took
and, where the job refused its input, why.
"""

import contextlib
import json
import sys
import time
from pathlib import Path

JOBS = Path(__file__).parents[2] / "jobs"
sys.path[:0] = [str(JOBS / folder) for folder in ("shared", "preprocess")]

from arguments import arguments  # noqa: E402
from preprocess_spark import main, session  # noqa: E402

answers = sys.stdout
with contextlib.redirect_stdout(sys.stderr):
    spark = session()
    for line in sys.stdin:
        began = time.monotonic()
        try:
            main(spark, arguments(None, json.loads(line)))
            refusal = None
        except ValueError as error:
            refusal = f"preprocess: {error}"
        spark.catalog.clearCache()
        print(json.dumps({"seconds": time.monotonic() - began, "refusal": refusal}), file=answers, flush=True)
    spark.stop()
