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
from itertools import pairwise
from pathlib import Path
from typing import Any

import bias
import data_quality
import explainability
import model_quality
from refusal import refusing
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
        "--facet",
        choices=FEATURES,
        default=bias.FACET,
        metavar="FEATURE",
        help="what bias is looked for by; %(default)s",
    )
    parser.add_argument(
        "--facet-bands", type=float, nargs="+", default=[10.0, 100.0], help="values between its bands; %(default)s"
    )
    parser.add_argument("--seed", type=int, default=7, help="of the samples")
    parser.add_argument("--message-file", type=Path, help="where the reason of a refusal is written")
    found = parser.parse_args(argv)
    if not found.legitimate_weight > 0:
        parser.error(f"--legitimate-weight {found.legitimate_weight} must be above 0")
    if not all(low < high for low, high in pairwise(found.facet_bands)):
        parser.error(f"--facet-bands {found.facet_bands} must rise")
    if found.facet == bias.FACET and not found.facet_bands[0] > 0:
        parser.error(f"--facet-bands {found.facet_bands} must be above 0, where amounts begin")
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
    facet = bias.Facet(options.facet, options.facet_bands)
    scores, weights = model.scores(test.features), test.weights(options.legitimate_weight)
    quality = data_quality.statistics(train.features)
    decided = (test.labels, scores, scores >= model.threshold, weights, options.seed)
    write(options.output / "data-quality" / "statistics.json", quality)
    write(options.output / "data-quality" / "constraints.json", data_quality.constraints(quality))
    write(options.output / "model-quality" / "statistics.json", model_quality.statistics(*decided))
    write(options.output / "model-quality" / "constraints.json", model_quality.constraints(*decided))
    write(
        options.output / "bias" / "analysis.json",
        {
            "version": "1.0",
            bias.PRE_SECTION: bias.pre_training(train.features, train.labels, facet),
            bias.POST_SECTION: bias.post_training(test.features, test.labels, scores >= model.threshold, facet),
        },
    )
    write(
        options.output / "explainability" / "analysis.json",
        explainability.analysis(model, test.features, weights, options.seed),
    )
    write(options.output / "analysis_config.json", analysis_config(model.threshold, facet))


def analysis_config(threshold: float, facet: bias.Facet) -> "dict[str, Any]":
    """Clarify's configuration of the analyses."""
    return {
        "version": "1.0",
        "dataset_type": "text/csv",
        "headers": [LABEL, *FEATURES],
        "label": LABEL,
        "label_values_or_threshold": [1],
        "probability_threshold": threshold,
        "facet": [{"name_or_index": facet.name, "value_or_threshold": list(facet.edges)}],
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
    with refusing("baselines", chosen.message_file):
        main(chosen)
