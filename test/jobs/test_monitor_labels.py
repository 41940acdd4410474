"""Labels meet the rows that they belong to: each once, none lost, whatever comes late, twice or not at all."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from captures import csv_line, record, write_records
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from labelled import Labelled, read_labelled
from monitored import write_labels
from records import Period
from transactions import FEATURES


def row(number: float) -> str:
    return csv_line([number] * len(FEATURES))


def read(captured: Path, labels: "Path | None") -> Labelled:
    return read_labelled(captured, labels, Period(), FEATURES, 0.5)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(1, 4), min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_every_label_finds_its_row(tmp_path_factory, sizes, random):
    """Requests of one and of several rows, some sent twice; labels of some rows, and of rows that nobody captured."""
    folder = tmp_path_factory.mktemp("labels")
    records, truth, expected = [], {}, {}
    number = 0
    for request, size in enumerate(sizes):
        numbers = list(range(number, number + size))
        number += size
        answer = json.dumps({"predictions": [{"score": each / 100} for each in numbers]})
        sent = record(f"e{request}", "\n".join(map(row, numbers)), answer, inference_id=f"request-{request}")
        records += [sent] * random.choice([1, 1, 2])
        for place, each in enumerate(numbers):
            if random.random() < 0.6:
                name = f"request-{request}" if size == 1 else f"request-{request}#{place}"
                truth[name] = expected[each] = random.choice([0, 1])
    truth["nobody's"] = 1
    random.shuffle(records)
    found = read(write_records(folder / "captured", records, files=2), write_labels(folder / "labels", truth))
    assert found.captured == sum(len(each["captureData"]["endpointInput"]["data"].split("\n")) for each in records)
    assert len(found.labels) == len(expected)
    assert dict(zip(found.features[:, 0].tolist(), found.labels.tolist(), strict=True)) == expected
    assert found.scores == pytest.approx(found.features[:, 0] / 100)
    assert found.flagged.tolist() == (found.scores >= 0.5).tolist()


def test_the_last_label_of_a_row_counts(tmp_path):
    captured = write_records(tmp_path / "captured", [record("event-0", row(1))])
    labels = write_labels(tmp_path / "labels", {0: 0})
    later = labels / "2026" / "11" / "21" / "12"
    later.mkdir()
    early = (labels / "2026/11/21/11/labels.jsonl").read_text()
    (later / "labels.jsonl").write_text(early.replace('label\\":0', 'label\\":1', 1))
    assert read(captured, labels).labels.tolist() == [1]


def test_the_answering_model_decides_by_its_own_threshold(tmp_path):
    answers = [json.dumps({"predictions": [{"score": 0.4}], "model": {"threshold": each}}) for each in (0.3, 0.45)]
    records = [record(f"event-{index}", row(index), answer) for index, answer in enumerate(answers)]
    captured = write_records(tmp_path / "captured", records)
    assert read(captured, write_labels(tmp_path / "labels", {0: 1, 1: 1})).flagged.tolist() == [True, False]


@pytest.mark.parametrize(
    "answer, form",
    [
        ("0.25\n0.75\n", "text/csv"),
        ("0.25,0\n0.75,1", "text/csv"),
        ('{"predictions": [{"score": 0.25}, {"score": 0.75}]}', "application/json"),
        ('{"predictions": [0.25, 0.75]}', "application/json"),
        ('{"probabilities": [[0.25], [0.75]]}', "application/json"),
        ('{"probabilities": [[0.75, 0.25], [0.25, 0.75]]}', "application/json"),
        ("[0.25, 0.75]", "application/json"),
    ],
)
def test_answers_of_sagemakers_containers_are_understood(tmp_path, answer, form):
    sent = record("event-0", f"{row(1)}\n{row(2)}", answer)
    sent["captureData"]["endpointOutput"] |= {
        "observedContentType": form,
        "encoding": "CSV" if "csv" in form else "JSON",
    }
    captured = write_records(tmp_path / "captured", [sent])
    labels = write_labels(tmp_path / "labels", {"event-0#0": 0, "event-0#1": 1})
    assert sorted(read(captured, labels).scores.tolist()) == [0.25, 0.75]


@pytest.mark.parametrize("encoding", ["JSON", "CSV"])
def test_labels_are_read_in_either_encoding(tmp_path, encoding):
    captured = write_records(tmp_path / "captured", [record(f"event-{index}", row(index)) for index in range(3)])
    labels = write_labels(tmp_path / "labels", {0: 1, 1: 0, 2: "1.0"}, encoding)
    assert read(captured, labels).labels.tolist() == [1, 0, 1]


@pytest.mark.parametrize("encoding", ["JSON", "CSV"])
@pytest.mark.parametrize("label", ["2", "", "yes", "0.5", "nan", '0},{"label":1'])
def test_a_label_that_is_none_is_refused(tmp_path, label, encoding):
    labels = write_labels(tmp_path / "labels", {"event-0": label}, encoding)
    told = rf"labels.jsonl: event 'event-0' is labelled '.*{re.escape(label)}.*': 0 or 1 is wanted"
    with pytest.raises(ValueError, match=told):
        read(write_records(tmp_path / "captured", [record("event-0", row(1))]), labels)


@pytest.mark.parametrize(
    "answer, reason",
    [
        (None, "event event-0 has no score: data capture must hold Output"),
        ('{"predictions": []}', "has no score"),
        ('{"predictions": [{"score": 1.5}]}', "row 0 is 1.5: a probability is wanted"),
        ('{"predictions": [{}]}', "row 0 is None"),
        ("{}", "neither predictions nor probabilities"),
        ("<html>", "the answer is not JSON"),
    ],
)
def test_an_answer_without_a_score_is_refused(tmp_path, answer, reason):
    captured = write_records(tmp_path / "captured", [record("event-0", row(1), answer)])
    with pytest.raises(ValueError, match=reason):
        read(captured, write_labels(tmp_path / "labels", {0: 1}))


@pytest.mark.parametrize("labels", [None, {}, {"other": 1}])
def test_no_label_is_no_row(tmp_path, labels):
    captured = write_records(tmp_path / "captured", [record("event-0", row(1))])
    found = read(captured, None if labels is None else write_labels(tmp_path / "labels", labels))
    assert (found.captured, found.features.shape, found.labels.tolist()) == (1, (0, 30), [])
    assert np.asarray(found.flagged).dtype == bool
