"""Every file of a monitor is one of AWS's, by its documentation; the summary and the page are ours."""

import json
from pathlib import Path

import aws_documents as aws
import pytest
import write_monitor_files
from aws_documents import Document
from test_monitor_report import parse

CONSTRAINTS = {"constraints.json": aws.Constraints, "constraint_violations.json": aws.Violations}
FILES = {
    "data-quality": {"statistics.json": aws.Statistics, **CONSTRAINTS},
    "model-quality": {
        "statistics.json": aws.ModelQualityStatistics,
        "constraints.json": aws.ModelQualityConstraints,
        "constraint_violations.json": aws.ModelQualityViolations,
    },
    "model-bias": {"analysis.json": aws.BiasAnalysis, "constraint_violations.json": aws.BiasViolations},
    "model-explainability": {
        "analysis.json": aws.ExplainabilityAnalysis,
        "constraint_violations.json": aws.AttributionViolations,
    },
}
BASELINES = {
    "data-quality/statistics.json": aws.Statistics,
    "data-quality/constraints.json": aws.Constraints,
    "model-quality/statistics.json": aws.ModelQualityStatistics,
    "model-quality/constraints.json": aws.ModelQualityConstraints,
    "bias/analysis.json": aws.BiasAnalysis,
    "explainability/analysis.json": aws.ExplainabilityAnalysis,
}


@pytest.fixture(scope="module")
def written(tmp_path_factory, live) -> Path:
    folder = tmp_path_factory.mktemp("written")
    write_monitor_files.write(folder, live)
    return folder


def check(file: Path, schema: type[Document]) -> None:
    # As JSON has it: no NaN, no infinity.
    schema.model_validate_json(file.read_text(encoding="utf-8"))


@pytest.mark.parametrize("kind", FILES)
def test_a_monitors_files_are_aws(written, kind):
    assert {file.name for file in (written / kind).iterdir()} == {*FILES[kind], "summary.json", "report.html"}
    for name, schema in FILES[kind].items():
        check(written / kind / name, schema)
    told = json.loads((written / kind / "constraint_violations.json").read_text())["violations"]
    assert told, "a drifted period without a violation shows nothing"


@pytest.mark.parametrize("name", BASELINES)
def test_a_baseline_is_aws(live, name):
    check(live.baseline / name, BASELINES[name])


@pytest.mark.parametrize("kind", FILES)
def test_summary_and_page_tell_the_same_violations(written, kind):
    summary = json.loads((written / kind / "summary.json").read_text())
    told = json.loads((written / kind / "constraint_violations.json").read_text())["violations"]
    assert (summary["version"], summary["monitor"], summary["status"]) == (1, kind, "CompletedWithViolations")
    assert [each["description"] for each in summary["violations"]] == [each["description"] for each in told]
    assert summary["rows"] == write_monitor_files.ROWS
    assert ("labelledRows" in summary) == (kind in ("model-quality", "model-bias"))
    page = (written / kind / "report.html").read_text()
    assert parse(page).seen.count("svg") >= 1
    assert f"{len(told)} violation" in page
