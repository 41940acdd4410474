"""The choice of the golden sample's rows."""

import hashlib
import json

import numpy as np
import pytest
from golden import ROWS, sample, write_golden
from hypothesis import given
from hypothesis import strategies as st
from split_files import Split


@given(st.integers(1, 400), st.integers(1, 400), st.integers(0, 2**32 - 1))
def test_sample_has_all_or_the_wanted_number_of_rows_of_both_classes(frauds: int, others: int, seed: int) -> None:
    draw = np.random.default_rng(seed)
    labels = draw.permutation(np.repeat([1, 0], [frauds, others]))
    scores = draw.random(len(labels)).round(2)
    chosen = sample(labels, scores)
    assert len(chosen) == min(ROWS, len(labels))
    assert (np.diff(chosen) > 0).all()
    assert set(labels[chosen]) == {0, 1}
    assert chosen.tolist() == sample(labels.copy(), scores.copy()).tolist()


def test_sample_takes_frauds_by_half_and_spreads_each_class_over_its_scores() -> None:
    labels = np.repeat([0, 1], [1000, 300])
    scores = np.concatenate([np.linspace(0, 0.9, 1000), np.linspace(0.1, 1, 300)])
    chosen = sample(labels, scores)
    assert labels[chosen].sum() == ROWS // 2
    for label in (0, 1):
        taken, every = scores[chosen][labels[chosen] == label], scores[labels == label]
        assert (taken.min(), taken.max()) == (every.min(), every.max())
        assert np.median(taken) == pytest.approx(np.median(every), abs=0.01)


def test_rows_and_scores_are_written_with_all_digits(tmp_path) -> None:
    (tmp_path / "model.tar.gz").write_bytes(b"an archive")
    draw = np.random.default_rng(5)
    test = Split(features=draw.normal(size=(50, 30)) * 1e3, labels=(np.arange(50) % 7 == 0).astype(np.int8))
    scores = draw.random(50)
    assert write_golden(tmp_path / "golden", tmp_path, test, scores) == 50
    rows = np.loadtxt(tmp_path / "golden" / "rows.csv", delimiter=",")
    assert (rows == test.features).all()
    assert json.loads((tmp_path / "golden" / "golden.json").read_text()) == {
        "formatVersion": 1,
        "archiveSha256": hashlib.sha256(b"an archive").hexdigest(),
        "tolerance": 1e-5,
        "labels": test.labels.tolist(),
        "scores": scores.tolist(),
    }
