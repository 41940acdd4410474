"""Scores the test split with the new model and the champion, and writes ``evaluation.json``: what the gate goes by.

Beside it, ``golden/`` is what the deployed model is held against before it gets traffic.
"""

import argparse
import json
import os
from pathlib import Path

import numpy as np
from champion import load_champion
from curves import calibration_error, confusion_matrix, cost, curves
from golden import write_golden
from metrics import Judged, Scored, evaluate
from mlflow_run import ExecutionRun
from refusal import refusing
from split_files import read_split
from trained_model import TrainedModel, load_archive


def arguments(argv: "list[str] | None") -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="folder that holds model.tar.gz")
    parser.add_argument("--test", type=Path, required=True, help="folder of the test split")
    parser.add_argument("--champion", type=Path, help="folder of champion.json and, if there is one, its model.tar.gz")
    parser.add_argument("--output", type=Path, required=True, help="folder for evaluation.json and golden/")
    parser.add_argument(
        "--legitimate-weight", type=float, default=1.0, help="transactions that a legitimate row stands for"
    )
    parser.add_argument("--bootstrap-samples", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=7, help="of the bootstrap")
    parser.add_argument("--message-file", type=Path, help="where the reason of a refusal is written")
    found = parser.parse_args(argv)
    if not found.legitimate_weight > 0:
        parser.error(f"--legitimate-weight {found.legitimate_weight} must be above 0")
    if found.bootstrap_samples < 1:
        parser.error(f"--bootstrap-samples {found.bootstrap_samples} must be at least 1")
    return found


def main(options: argparse.Namespace) -> None:
    """Runs the job.

    Raises:
        ValueError: model or test split are not what they must be.
    """
    threads = os.cpu_count() or 1
    model = load_archive(options.model, threads)
    champion = load_champion(options.champion, threads)
    test = read_split(options.test)

    weights = test.weights(options.legitimate_weight)

    def judge(each: TrainedModel, scores: np.ndarray) -> Judged:
        return Judged(Scored.of(scores, test.labels, test.amounts, weights), each.threshold)

    scores = model.scores(test.features)
    judged = [judge(model, scores)]
    if champion.model is not None:
        judged.append(judge(champion.model, champion.model.scores(test.features)))
    evaluated = evaluate(judged, options.bootstrap_samples, options.seed)
    scored, threshold = judged[0].scored, model.threshold
    report = {
        "schemaVersion": 2,
        "algorithm": model.algorithm,
        "threshold": threshold,
        "rows": {
            "test": len(test.labels),
            "frauds": int(test.labels.sum()),
            "legitimateWeight": options.legitimate_weight,
        },
        "metrics": evaluated[0].with_intervals(),
        "cost": cost(scored, threshold, model.metadata["falsePositiveCost"]),
        "confusionMatrix": confusion_matrix(scored, threshold),
        "calibrationError": calibration_error(scored),
        "curves": curves(scored),
        "champion": champion.describe(),
    }
    if champion.model is not None:
        # Each decides by its own threshold; alarms cost what they cost now.
        total = cost(judged[1].scored, champion.model.threshold, model.metadata["falsePositiveCost"])["total"]
        report["champion"] |= {
            "algorithm": champion.model.algorithm,
            "threshold": champion.model.threshold,
            "metrics": evaluated[1].with_intervals(),
            "costTotal": total,
            "difference": evaluated[0].minus(evaluated[1]),
        }
    options.output.mkdir(parents=True, exist_ok=True)
    golden_rows = write_golden(options.output / "golden", options.model, test, scores)
    (options.output / "evaluation.json").write_text(json.dumps(report, allow_nan=False) + "\n")
    for name, metric in report["metrics"].items():
        print(f"{name}={metric['value']:.6f} [{metric['interval'][0]:.4f}, {metric['interval'][1]:.4f}]", flush=True)
    print(f"champion: {champion.detail}", flush=True)
    print(f"golden sample: {golden_rows} rows", flush=True)
    ExecutionRun.open().log(parameters=rows_for_mlflow(report), metrics=metrics_for_mlflow(report))


def rows_for_mlflow(report: dict) -> dict[str, float]:
    """What the test metrics of the MLflow run were measured on."""
    rows = report["rows"]
    return {"test_rows": rows["test"], "test_frauds": rows["frauds"]}


def metrics_for_mlflow(report: dict) -> dict[str, float]:
    """The report's figures by their names in MLflow: ends of intervals are ``_low`` and ``_high``."""
    figures = {f"test_{name}": metric for name, metric in report["metrics"].items()}
    difference = report["champion"].get("difference", {}).get("auprc")
    if difference is not None:
        figures["test_auprc_over_champion"] = difference
    found = {"test_cost": report["cost"]["total"], "test_calibration_error": report["calibrationError"]["expected"]}
    for name, figure in figures.items():
        low, high = figure["interval"]
        found |= {name: figure["value"], f"{name}_low": low, f"{name}_high": high}
    return found


if __name__ == "__main__":
    chosen = arguments(None)
    with refusing("evaluate", chosen.message_file):
        main(chosen)
