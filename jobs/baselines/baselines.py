"""Writes what the live model will be held against: baselines of data quality, model quality, bias and explainability.

Files have the formats of SageMaker's Model Monitor and Clarify, so that theirs and other readers understand them::

    data-quality/{statistics,constraints}.json     features of the training split
    model-quality/{statistics,constraints}.json    decisions on the test split
    bias/analysis.json                             labels of the training split, decisions on the test split
    explainability/analysis.json                   attributions on the test split
    analysis_config.json                           how the last two were made
"""

import argparse
import json
import os
from pathlib import Path
from typing import Any

import bias
import data_quality
import explainability
import model_quality
from refusal import refuse
from split_files import read_split
from trained_model import load_archive
from transactions import FEATURES, LABEL


def arguments(argv: "list[str] | None") -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="folder that holds model.tar.gz")
    parser.add_argument("--train", type=Path, required=True, help="folder of the training split")
    parser.add_argument("--test", type=Path, required=True, help="folder of the test split")
    parser.add_argument("--output", type=Path, required=True, help="folder for the baselines")
    parser.add_argument(
        "--legitimate-weight", type=float, default=1.0, help="transactions that a legitimate row stands for"
    )
    parser.add_argument(
        "--amount-bands", type=float, nargs="+", default=[10.0, 100.0], help="amounts between the bands; %(default)s"
    )
    parser.add_argument("--seed", type=int, default=7, help="of the samples")
    parser.add_argument("--message-file", type=Path, help="where the reason of a refusal is written")
    found = parser.parse_args(argv)
    if not found.legitimate_weight > 0:
        parser.error(f"--legitimate-weight {found.legitimate_weight} must be above 0")
    if not all(low < high for low, high in zip([0.0, *found.amount_bands], found.amount_bands, strict=False)):
        parser.error(f"--amount-bands {found.amount_bands} must rise from above 0")
    return found


def main(options: argparse.Namespace) -> None:
    """Runs the job.

    Raises:
        ValueError: model or splits are not what they must be.
    """
    model = load_archive(options.model, os.cpu_count() or 1)
    train, test = read_split(options.train), read_split(options.test)
    for name, split in (("train", train), ("test", test)):
        frauds = int(split.labels.sum())
        if not 0 < frauds < len(split.labels):
            raise ValueError(f"the {name} split holds {frauds} frauds among {len(split.labels)} rows: both are needed")
    scores, weights = model.scores(test.features), test.weights(options.legitimate_weight)
    quality = data_quality.statistics(train.features)
    decisions, limits = model_quality.baseline(test.labels, scores, weights, model.threshold, options.seed)
    write(options.output / "data-quality" / "statistics.json", quality)
    write(options.output / "data-quality" / "constraints.json", data_quality.constraints(quality))
    write(options.output / "model-quality" / "statistics.json", decisions)
    write(options.output / "model-quality" / "constraints.json", limits)
    write(
        options.output / "bias" / "analysis.json",
        bias.analysis(train, test, scores >= model.threshold, options.amount_bands),
    )
    write(
        options.output / "explainability" / "analysis.json",
        explainability.analysis(model, test, weights, options.seed),
    )
    write(options.output / "analysis_config.json", analysis_config(model.threshold, options.amount_bands))


def analysis_config(threshold: float, edges: "list[float]") -> "dict[str, Any]":
    """Clarify's configuration of the analyses."""
    return {
        "version": "1.0",
        "dataset_type": "text/csv",
        "headers": [LABEL, *FEATURES],
        "label": LABEL,
        "label_values_or_threshold": [1],
        "probability_threshold": threshold,
        "facet": [{"name_or_index": bias.FACET, "value_or_threshold": edges}],
        "group_variable": bias.GROUP,
        "methods": {
            "pre_training_bias": {"methods": bias.PRE_TRAINING},
            "post_training_bias": {"methods": bias.POST_TRAINING},
            "shap": {"agg_method": "mean_abs", "use_logit": True, "num_samples": explainability.MAX_ROWS},
        },
    }


def write(file: Path, content: "dict[str, Any]") -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content, allow_nan=False) + "\n", encoding="utf-8")
    print(f"{file.parent.name}/{file.name}: {file.stat().st_size} bytes", flush=True)


if __name__ == "__main__":
    chosen = arguments(None)
    try:
        main(chosen)
    except ValueError as error:
        refuse(f"baselines: {error}", chosen.message_file)
