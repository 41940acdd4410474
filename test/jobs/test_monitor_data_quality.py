"""Data quality of captured requests: what is read, what is found, and what is not."""

import json
import os
import subprocess
import sys
from pathlib import Path

import data_quality
import data_quality_monitor
import distances
import monitor
import numpy as np
import pytest
from captures import END, HOUR, START, capture_rows, csv_line, json_body, record, write_records
from hypothesis import given, settings
from hypothesis import strategies as st
from records import Period
from scipy.stats import ks_2samp
from transactions import FEATURES

GENERATOR = np.random.default_rng(11)
ENVIRONMENT = {"start_time": START, "end_time": END}


def transactions(count: int, generator: np.random.Generator = GENERATOR) -> np.ndarray:
    table = generator.normal(size=(count, len(FEATURES)))
    table[:, 0] = np.sort(generator.integers(0, 172_800, count))
    table[:, -1] = generator.exponential(60, count).round(2)
    return table


@pytest.fixture(scope="module")
def baseline(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("baseline")
    write_baseline(folder, data_quality.statistics(transactions(6_000)))
    return folder


def write_baseline(folder: Path, statistics: dict) -> None:
    (folder / "statistics.json").write_text(json.dumps(statistics))
    (folder / "constraints.json").write_text(json.dumps(data_quality.constraints(statistics)))


def run(captured: Path, baseline: Path, *more: str, **environment: str) -> dict:
    """The job's summary; its files lie beside the captures."""
    places = ["--captured", str(captured), "--baseline", str(baseline), "--output", str(captured / "out")]
    options = monitor.arguments(["--monitor", "data-quality", *places, *more])
    monitor.main(options, {**ENVIRONMENT, **environment})
    return document(captured, "summary.json")


def document(captured: Path, name: str) -> dict:
    return json.loads((captured / "out" / name).read_text())


def found(summary: dict) -> set[tuple[str, str]]:
    return {(each["feature"], each["check"]) for each in summary["violations"]}


def test_rows_like_the_baselines_violate_nothing(tmp_path, baseline):
    rows = transactions(500)
    summary = run(capture_rows(tmp_path, rows), baseline)
    assert summary == {
        **{"version": 1, "monitor": "data-quality", "status": "Completed", "startTime": START, "endTime": END},
        **{"rows": 500, "violations": []},
    }
    assert document(tmp_path, "constraint_violations.json") == {"violations": []}
    statistics = document(tmp_path, "statistics.json")
    assert statistics["dataset"] == {"item_count": 500}
    for feature, column in zip(statistics["features"], rows.T, strict=True):
        told = feature["numerical_statistics"]
        assert told["mean"] == pytest.approx(column.mean())
        assert told["std_dev"] == pytest.approx(column.std())
        assert (told["min"], told["max"]) == (column.min(), column.max())
        assert told["common"] == {"num_present": 500, "num_missing": 0}
    assert [each["completeness"] for each in document(tmp_path, "constraints.json")["features"]] == [1.0] * 30


def as_json(rows: np.ndarray, form: str) -> list[str]:
    named = [dict(zip(FEATURES, row.tolist(), strict=True)) for row in rows]
    plain = [row.tolist() for row in rows]
    bodies = {
        "list": plain,
        "lists": [[row] for row in plain],
        "object": named,
        "instances": [{"instances": [{"features": row}]} for row in plain],
        "named instances": [{"instances": [row]} for row in named],
    }
    return [json.dumps(body) for body in bodies[form]]


@pytest.mark.parametrize(
    "form",
    [
        "platform",
        "platform, several",
        "several",
        "crlf",
        "base64",
        "list",
        "lists",
        "object",
        "instances",
        "named instances",
        "lines",
        "files",
    ],
)
def test_every_form_of_a_request_gives_the_same_statistics(tmp_path, baseline, form):
    rows = transactions(90, np.random.default_rng(5))
    plain = run(capture_rows(tmp_path / "plain", rows), baseline)
    lines = [csv_line(row) for row in rows]
    in_json = {"encoding": "JSON", "content_type": "application/json"}
    if form in ("several", "crlf"):
        end = "\r\n" if form == "crlf" else "\n"
        bodies = [end.join(lines[first : first + 7]) + end for first in range(0, 90, 7)]
        records = [record(f"e{index}", body) for index, body in enumerate(bodies)]
    elif form in ("base64", "files"):
        encoding = "BASE64" if form == "base64" else "CSV"
        records = [
            record(f"e{index}", line, encoding=encoding, content_type="Text/CSV; charset=utf-8")
            for index, line in enumerate(lines)
        ]
        # One among them as text.
        records[3] = record("e3", lines[3])
    elif form.startswith("platform"):
        size = 7 if "several" in form else 1
        bodies = [json_body(lines[first : first + size]) for first in range(0, 90, size)]
        # One among them with blanks.
        bodies[2] = bodies[2].replace(",", ", ")
        records = [record(f"e{index}", body, **in_json) for index, body in enumerate(bodies)]
    elif form == "lines":
        body = "\n".join(as_json(rows, "object"))
        records = [record("e", body, encoding="BASE64", content_type="application/jsonlines")]
    else:
        records = [record(f"e{index}", body, **in_json) for index, body in enumerate(as_json(rows, form))]
    summary = run(write_records(tmp_path / "other", records, files=5 if form == "files" else 1), baseline)
    assert summary == plain
    for one, other in zip(
        document(tmp_path / "plain", "statistics.json")["features"],
        document(tmp_path / "other", "statistics.json")["features"],
        strict=True,
    ):
        first, second = one["numerical_statistics"], other["numerical_statistics"]
        assert first["common"] == second["common"]
        for name in ("mean", "sum", "std_dev", "min", "max"):
            assert first[name] == pytest.approx(second[name]), one["name"]


def shifted(rows: np.ndarray) -> list[list]:
    rows[:, FEATURES.index("V7")] += 1
    return rows.tolist()


def without_some(rows: np.ndarray) -> list[list]:
    return [[None if name == "V3" and number % 20 == 0 else value for name, value in zip(FEATURES, row, strict=True)]
            for number, row in enumerate(rows.tolist())]  # fmt: skip


def with_text(rows: np.ndarray) -> list[list]:
    table = rows.tolist()
    table[7][FEATURES.index("Amount")] = "12 EUR"
    return table


def with_fractions(rows: np.ndarray) -> list[list]:
    rows[:, 0] += 0.5
    return rows.tolist()


def dropped(rows: np.ndarray) -> list[list]:
    return np.delete(rows, FEATURES.index("V28"), axis=1).tolist()


def longer(rows: np.ndarray) -> list[list]:
    return [[*row, 1.0] for row in rows.tolist()]


@pytest.mark.parametrize("count", [300, 1000])
@pytest.mark.parametrize(
    "change, violation",
    [
        (shifted, ("V7", "baseline_drift_check")),
        (without_some, ("V3", "completeness_check")),
        (with_text, ("Amount", "data_type_check")),
        (with_fractions, ("Time", "data_type_check")),
        (dropped, ("Missing columns", "missing_column_check")),
        (longer, ("Extra columns", "extra_column_check")),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_each_change_of_the_requests_is_found(tmp_path, baseline, change, violation, count):
    summary = run(capture_rows(tmp_path, change(transactions(count))), baseline)
    assert summary["status"] == "CompletedWithViolations"
    assert summary["rows"] == count
    others = found(summary) - {violation}
    assert violation in found(summary)
    # What a dropped column leaves: the last one is short, and Amount stands where V28 was.
    assert others <= (
        {("Amount", "completeness_check"), ("V28", "baseline_drift_check")} if change is dropped else set()
    )
    told = document(tmp_path, "constraint_violations.json")["violations"]
    assert {(each["feature_name"], each["constraint_check_type"]) for each in told} == found(summary)


def test_named_columns_that_come_and_go_are_named(tmp_path, baseline):
    rows = [{**dict(zip(FEATURES, row.tolist(), strict=True)), "Merchant": "x"} for row in transactions(300)]
    for row in rows:
        del row["V9"]
    options = {"encoding": "JSON", "content_type": "application/json"}
    records = [record(f"e{index}", json.dumps(row), **options) for index, row in enumerate(rows)]
    wanted = {("V9", "missing_column_check"), ("V9", "completeness_check"), ("Merchant", "extra_column_check")}
    assert found(run(write_records(tmp_path, records), baseline)) == wanted


CATEGORIES = ["chip", 'web, "secure"', "two\nlines"]


def categories(count: int, shares: tuple[float, ...], generator: np.random.Generator) -> list[str]:
    return generator.choice([*CATEGORIES, "phone"][: len(shares)], count, p=shares).tolist()


@pytest.fixture(scope="module")
def with_categories(tmp_path_factory) -> Path:
    """A baseline of a number and a category."""
    generator = np.random.default_rng(3)
    number, text = data_quality.NumericColumn("Amount"), data_quality.TextColumn("Entry mode")
    number.add(generator.exponential(60, 5_000))
    values = categories(5_000, (0.6, 0.3, 0.1), generator)
    text.add({value: values.count(value) for value in CATEGORIES}, 0)
    folder = tmp_path_factory.mktemp("categories")
    write_baseline(folder, data_quality.document([number, text], 5_000))
    return folder


@pytest.mark.parametrize(
    "shares, checks",
    [
        ((0.6, 0.3, 0.1), set()),
        ((0.55, 0.3, 0.1, 0.05), {"categorical_values_check"}),
        ((0.1, 0.3, 0.6), {"baseline_drift_check"}),
    ],
)
def test_categories_are_held_to_their_domain_and_their_shares(tmp_path, with_categories, shares, checks):
    generator = np.random.default_rng(4)
    quoted = ['"' + value.replace('"', '""') + '"' for value in categories(400, shares, generator)]
    rows = [[amount, value] for amount, value in zip(generator.exponential(60, 400), quoted, strict=True)]
    bodies = [csv_line(row) for row in rows]
    records = [record(f"e{index}", "\n".join(bodies[index : index + 4])) for index in range(0, 400, 4)]
    summary = run(write_records(tmp_path, records), with_categories)
    assert summary["rows"] == 400
    assert found(summary) == {("Entry mode", check) for check in checks}


def test_only_the_period_counts(tmp_path, baseline):
    rows = transactions(4)
    times = (f"{HOUR}:00:00Z", f"{HOUR}:59:59Z", "2026-11-21T12:00:00Z", "2026-11-21T10:59:59Z")
    records = [record(time, csv_line(row), time=time) for time, row in zip(times, rows, strict=True)]
    assert run(write_records(tmp_path, records), baseline)["rows"] == 2
    assert run(tmp_path, baseline, end_time="")["rows"] == 3
    assert run(tmp_path, baseline, start_time="2026-11-21T12:59:59+01:00")["rows"] == 1


@pytest.mark.parametrize("folder", ["absent", "empty", "outside"])
def test_a_period_without_requests_says_so_and_violates_nothing(tmp_path, baseline, folder):
    captured = tmp_path / folder
    if folder == "empty":
        write_records(captured, [])
    if folder == "outside":
        capture_rows(captured, transactions(3), time="2026-11-21T12:00:00Z")
    summary = run(captured, baseline)
    assert (summary["status"], summary["rows"], summary["violations"]) == ("Empty", 0, [])
    assert document(captured, "constraint_violations.json") == {"violations": []}


def test_thresholds_of_the_configuration_replace_the_baselines(tmp_path, baseline):
    captured = capture_rows(tmp_path, shifted(transactions(600)))
    assert found(run(captured, baseline)) == {("V7", "baseline_drift_check")}
    assert not found(run(captured, baseline, "--thresholds", '{"comparison_threshold": 0.9}'))
    with pytest.raises(ValueError, match="'comparison' is none of datatype_check_threshold, "):
        run(captured, baseline, "--thresholds", '{"comparison": 0.9}')


@pytest.mark.parametrize("name", ["monitoringConfigOverrides", "monitoring_config_overrides"])
def test_a_feature_that_is_not_to_be_judged_is_not(tmp_path, baseline, name):
    captured = capture_rows(tmp_path / "captured", shifted(transactions(600)))
    for file in baseline.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    limits = json.loads((baseline / "constraints.json").read_text())
    next(each for each in limits["features"] if each["name"] == "V7")[name] = {"evaluate_constraints": "Disabled"}
    (tmp_path / "constraints.json").write_text(json.dumps(limits))
    assert not found(run(captured, tmp_path))


GOOD = json.dumps(record("good", csv_line(transactions(1)[0])))


@pytest.mark.parametrize(
    "line, reason",
    [
        ("{", "line 2: not a JSON document"),
        ("[]", "line 2: not an object"),
        ('{"captureData": 4}', "line 2: captureData is not an object"),
        ('{"captureData": {}, "eventMetadata": {"eventId": "x"}}', "line 2: eventMetadata.inferenceTime is no text"),
        (json.dumps(record("x", "", encoding="JSON")), "event x: the input is not JSON"),
        (json.dumps(record("x", "7", encoding="JSON")), "event x: the input is neither a list of values nor an object"),
        (
            json.dumps(record("x", "1", encoding="BASE64", content_type="image/png")),
            "event x: the input is 'image/png'",
        ),
        (json.dumps({**record("x", ""), "captureData": {}}), "event x has no input"),
    ],
)
def test_a_capture_that_cannot_be_read_fails_the_job_with_the_reason(tmp_path, baseline, line, reason):
    file = write_records(tmp_path, []) / "AllTraffic/2026/11/21/11/00-00-000-0.jsonl"
    file.write_text(f"{GOOD}\n{line}\n{GOOD}")
    with pytest.raises(ValueError, match=reason):
        run(tmp_path, baseline)


@pytest.mark.parametrize("content", [None, "{", "[]", '{"features": {}}', '{"features": []}'])
def test_a_baseline_that_is_none_is_refused_by_name(tmp_path, content):
    if content is not None:
        (tmp_path / "constraints.json").write_text(content)
    with pytest.raises(ValueError, match=r"constraints\.json"):
        run(capture_rows(tmp_path / "captured", transactions(1)), tmp_path)


def test_the_job_ends_with_a_message_and_the_code_that_sagemaker_expects(tmp_path, baseline):
    root = Path(__file__).parents[2] / "jobs"
    path = os.pathsep.join(str(root / name) for name in ("shared", "monitor"))
    captured, message = capture_rows(tmp_path / "captured", shifted(transactions(400))), tmp_path / "output" / "message"
    command = [sys.executable, str(root / "monitor" / "monitor.py"), "--monitor", "data-quality"]
    command += ["--captured", str(captured), "--output", str(tmp_path / "out"), "--message-file", str(message)]
    environment = {**os.environ, "PYTHONPATH": path, **ENVIRONMENT}
    good, bad = (
        subprocess.run(
            [*command, "--baseline", str(folder)],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        ).returncode
        or message.read_text()
        for folder in (baseline, tmp_path / "none")
    )
    assert good == "CompletedWithViolations: Job completed successfully with 1 violation."
    assert bad == 1
    assert message.read_text().startswith("monitor: the baseline lacks constraints.json")


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 4_000), st.integers(1, 4_000), st.floats(0, 2), st.integers(0, 2**31), st.booleans())
def test_the_distance_is_that_of_a_brute_force_computation(rows, others, shift, seed, ties):
    generator = np.random.default_rng(seed)
    values = [generator.normal(size=rows), generator.normal(shift, size=others)]
    if ties:
        values = [each.round(0) for each in values]
    sketches = []
    for each in values:
        column = data_quality.NumericColumn("V1")
        column.add(each)
        sketches.append(column.statistics()["numerical_statistics"]["distribution"]["kll"]["sketch"])
    kept = [
        np.concatenate([np.repeat(items, 2**level) for level, items in enumerate(each["data"])]) for each in sketches
    ]
    brute = max(abs((kept[0] <= place).mean() - (kept[1] <= place).mean()) for place in np.concatenate(kept))
    distance = distances.simple(*map(distances.from_sketch, sketches))
    assert distance == pytest.approx(brute, abs=1e-12)
    # The sketches are as good as the values themselves, but for their own error.
    assert distance == pytest.approx(ks_2samp(*values, method="asymp").statistic, abs=0.01)
    corrected = max(0, brute - 1.8 * np.sqrt(1 / rows + 1 / others))
    assert distances.robust(distance, rows, others) == pytest.approx(corrected, abs=1e-12)


@given(st.dictionaries(st.sampled_from("abcd"), st.integers(1, 50), min_size=1), st.data())
def test_the_distance_of_categories_is_the_largest_difference_of_a_share(one, data):
    other = data.draw(st.dictionaries(st.sampled_from("bcde"), st.integers(1, 50), min_size=1))
    values = [[value for value, count in each.items() for _ in range(count)] for each in (one, other)]
    brute = max(abs(values[0].count(c) / len(values[0]) - values[1].count(c) / len(values[1])) for c in "abcde")
    assert distances.categorical(one, other) == pytest.approx(brute)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 400), min_size=1, max_size=6), st.integers(0, 2**31))
def test_pieces_of_a_column_give_the_statistics_of_the_whole(pieces, seed):
    generator = np.random.default_rng(seed)
    parts = [generator.normal(1e6, 1, size=size).astype(float) for size in pieces]
    for part in parts:
        part[part > 1e6 + 1.5] = np.nan
    whole, split = data_quality.NumericColumn("V1"), data_quality.NumericColumn("V1")
    whole.add(np.concatenate(parts))
    for part in parts:
        split.add(part)
    one, other = (each.statistics()["numerical_statistics"] for each in (whole, split))
    assert one["common"] == other["common"]
    if "mean" in one:
        values = np.concatenate(parts)
        assert other["std_dev"] == pytest.approx(float(np.nanstd(values)), rel=1e-9, abs=1e-9)
        assert other["mean"] == pytest.approx(float(np.nanmean(values)), rel=1e-14)
        assert sum(bucket["count"] for bucket in other["distribution"]["kll"]["buckets"]) == np.isfinite(values).sum()


def test_figures_go_to_cloudwatch_under_the_names_of_the_managed_monitor(tmp_path, baseline):
    rows = transactions(300)
    result = data_quality_monitor.monitor(capture_rows(tmp_path, rows), baseline, Period(), {})
    figures = {metric.name: metric for metric in result.metrics}
    amounts = rows[:, -1]
    assert figures["feature_data_Amount"].statistics == pytest.approx(
        (300, amounts.sum(), amounts.min(), amounts.max())
    )
    assert figures["feature_non_null_V1"].value == 1
    assert 0 <= figures["feature_baseline_drift_V1"].value <= 0.1
    # A clock is not compared.
    assert "feature_baseline_drift_Time" not in figures
