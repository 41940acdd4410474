"""A model of either algorithm, kept and loaded again, answers as before; what is no model is refused by name."""

import hashlib
import json
import tarfile
from pathlib import Path

import lightgbm as lgb
import lightgbm_model
import numpy as np
import pytest
import trained_model
import xgboost as xgb
import xgboost_model
from transactions import FEATURES

METADATA = {"features": FEATURES, "threshold": 0.25, "falsePositiveCost": 5.0}


def rows(count: int = 400) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(3)
    features = generator.normal(size=(count, len(FEATURES))).astype(np.float32)
    return features, (features[:, 1] + generator.normal(size=count) > 1).astype(np.int8)


def trained(algorithm: str) -> trained_model.Predictor:
    features, labels = rows()
    if algorithm == "xgboost":
        matrix = xgb.DMatrix(features, label=labels, feature_names=FEATURES)
        return xgboost_model.XGBoostModel(xgb.train({"objective": "binary:logistic", "nthread": 1}, matrix, 12))
    data = lgb.Dataset(features, label=labels, feature_name=FEATURES)
    parameters = {"objective": "binary", "verbosity": -1, "num_threads": 1}
    return lightgbm_model.LightGBMModel(lgb.train(parameters, data, 12), threads=1)


def write(folder: Path, algorithm: str, /, **changes: object) -> Path:
    module = {"xgboost": xgboost_model, "lgbm": lightgbm_model}[algorithm]
    (folder / "metadata").mkdir(parents=True)
    content = trained(algorithm).save()
    sha256 = hashlib.sha256(content).hexdigest()
    metadata = {**METADATA, "algorithm": algorithm, "modelSha256": sha256, **changes}
    (folder / "metadata" / "model.json").write_text(json.dumps(metadata))
    (folder / module.FILE).write_bytes(content)
    return folder


def archived(folder: Path) -> Path:
    target = folder.parent / f"{folder.name}-archive"
    target.mkdir()
    with tarfile.open(target / "model.tar.gz", "w:gz") as tar:
        tar.add(folder, ".")
    return target


both = pytest.mark.parametrize("algorithm", ["xgboost", "lgbm"])


@both
def test_what_is_loaded_scores_as_what_was_trained(tmp_path, algorithm):
    folder = write(tmp_path / "model", algorithm)
    features, _ = rows()
    wanted = trained(algorithm).scores(features)
    assert wanted.dtype == np.float64
    assert 0 < wanted.min() < wanted.max() < 1
    for model in (trained_model.load_folder(folder, 1), trained_model.load_archive(archived(folder), 2)):
        assert (model.algorithm, model.threshold) == (algorithm, 0.25)
        assert np.array_equal(model.scores(features), wanted)
        assert np.array_equal(model.scores(features.astype(np.float64)), wanted)
        one_by_one = [model.scores(features[index : index + 1])[0] for index in range(20)]
        assert np.array_equal(one_by_one, wanted[:20])


@both
def test_contributions_sum_to_the_log_odds_of_the_score(tmp_path, algorithm):
    model = trained_model.load_folder(write(tmp_path / "model", algorithm), 1)
    features, _ = rows()
    contributions, scores = model.contributions(features), model.scores(features)
    assert contributions.shape == (len(features), len(FEATURES) + 1)
    assert contributions.sum(axis=1) == pytest.approx(np.log(scores / (1 - scores)), abs=1e-4)


@both
def test_a_damaged_model_is_refused(tmp_path, algorithm):
    folder = write(tmp_path / "model", algorithm)
    file = folder / {"xgboost": "xgboost-model", "lgbm": "lightgbm-model"}[algorithm]
    for content in (b"", b"\xff\xfe\x00nonsense", b"nonsense", file.read_bytes()[:400]):
        file.write_bytes(content)
        with pytest.raises(ValueError, match=f"{file.name} is not what training wrote"):
            trained_model.load_folder(folder, 1)
    file.unlink()
    with pytest.raises(ValueError, match=f"lacks {file.name}"):
        trained_model.load_folder(folder, 1)


@both
def test_a_model_that_the_library_cannot_read_is_refused(tmp_path, algorithm):
    content = b"from a version to come"
    folder = write(tmp_path / "model", algorithm, modelSha256=hashlib.sha256(content).hexdigest())
    (folder / {"xgboost": "xgboost-model", "lgbm": "lightgbm-model"}[algorithm]).write_bytes(content)
    with pytest.raises(ValueError, match="cannot read the model"):
        trained_model.load_folder(folder, 1)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"algorithm": "forest"}, "'forest': xgboost or lgbm is wanted"),
        ({"features": FEATURES[:-1]}, "other features than the 30 that this code gives: Amount missing"),
        ({"features": FEATURES[::-1]}, "the same in another order"),
    ],
)
def test_a_model_that_this_code_cannot_ask_is_refused(tmp_path, changes, says):
    folder = write(tmp_path / "model", "xgboost", **changes)
    with pytest.raises(ValueError, match=says):
        trained_model.load_folder(folder, 1)


@pytest.mark.parametrize(
    ("content", "says"), [(None, "lacks metadata"), ("{", "not JSON"), ("[]", "not an object"), ("{}", "None")]
)
def test_metadata_that_is_none_is_refused(tmp_path, content, says):
    file = write(tmp_path / "model", "xgboost") / "metadata" / "model.json"
    file.unlink()
    if content is not None:
        file.write_text(content)
    with pytest.raises(ValueError, match=says):
        trained_model.load_folder(tmp_path / "model", 1)


def test_metadata_without_a_threshold_is_refused(tmp_path):
    file = write(tmp_path / "model", "xgboost") / "metadata" / "model.json"
    file.write_text(json.dumps({"algorithm": "xgboost", "features": FEATURES}))
    with pytest.raises(ValueError, match="lacks threshold, falsePositiveCost, modelSha256"):
        trained_model.load_folder(tmp_path / "model", 1)


@pytest.mark.parametrize("damage", ["absent", "empty", "no archive", "cut", "changed"])
def test_an_archive_that_cannot_be_unpacked_is_refused(tmp_path, damage):
    archive = archived(write(tmp_path / "model", "xgboost")) / "model.tar.gz"
    whole = archive.read_bytes()
    middle = len(whole) // 2
    damaged = {
        "empty": b"",
        "no archive": b"x" * 2000,
        "cut": whole[:middle],
        "changed": whole[:middle] + b"\x00" * 64 + whole[middle + 64 :],
    }
    if damage == "absent":
        archive.unlink()
    else:
        archive.write_bytes(damaged[damage])
    with pytest.raises(ValueError, match="does not exist" if damage == "absent" else "model.tar.gz"):
        trained_model.load_archive(archive.parent, 1)


def test_a_library_that_is_not_installed_is_named(tmp_path, monkeypatch):
    folder = write(tmp_path / "model", "lgbm")
    monkeypatch.delitem(trained_model.importlib.sys.modules, "lightgbm_model", raising=False)
    monkeypatch.setattr(trained_model.importlib, "import_module", missing)
    with pytest.raises(ValueError, match="needs lightgbm, which is not installed here"):
        trained_model.load_folder(folder, 1)


def missing(_: str) -> None:
    raise ModuleNotFoundError("No module named 'lightgbm'", name="lightgbm")
