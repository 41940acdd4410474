"""Our pipeline compiler against the SageMaker Python SDK's: the same pipelines, built by both."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from definition_differences import Difference, Reason, differences
from sdk_pipelines import PIPELINES, offline_session


def renamed(ours: object, theirs: object) -> bool:
    """Whether the SDK's is our name of a step, or a path that begins with one, with ``-CreateModel`` after the name."""
    return isinstance(theirs, str) and theirs.replace("-CreateModel", "", 1) == ours


def encoded(ours: object, theirs: object) -> bool:
    return isinstance(theirs, str) and json.loads(theirs) == ours


REASONS = [
    Reason(
        path=r".*Steps\[[^\]]+\](\.Name|\.Arguments\..*\.Get)",
        holds=renamed,
        why="A ModelStep stands for several steps, so the SDK names the one that makes the model after what it does.",
    ),
    Reason(
        path=r"Steps\[Train\]\.Arguments\.HyperParameters\.[a-z_]+",
        holds=encoded,
        why="For its framework containers the SDK writes text as JSON text, with quotes. Containers read what is not "
        "JSON as it stands, so that both are the same value.",
    ),
]


@pytest.fixture(scope="module")
def ours(printed: Callable[[str], Any]) -> dict[str, dict]:
    return printed("print-definitions.ts")


@pytest.fixture(scope="module")
def found(ours: dict[str, dict]) -> dict[str, list[Difference]]:
    """What differs between the two, by pipeline."""
    session = offline_session()
    with pytest.MonkeyPatch.context() as patch:
        # The SDK checks its own configuration at each of hundreds of looks at it, which takes most of its time.
        patch.setattr("sagemaker.utils.validate_sagemaker_config", lambda config: None)
        return {name: list(differences(ours[name], json.loads(build(session)))) for name, build in PIPELINES.items()}


def test_each_pipeline_is_built_by_both(ours: dict[str, dict]) -> None:
    assert ours.keys() == PIPELINES.keys()


@pytest.mark.parametrize("name", PIPELINES)
def test_definition_is_the_sdks(found: dict[str, list[Difference]], name: str) -> None:
    unexplained = [str(each) for each in found[name] if not any(reason.explains(each) for reason in REASONS)]
    assert not unexplained, "\n".join(unexplained)


@pytest.mark.parametrize("reason", REASONS, ids=lambda reason: reason.holds.__name__)
def test_no_reason_is_out_of_date(found: dict[str, list[Difference]], reason: Reason) -> None:
    assert any(reason.explains(each) for differing in found.values() for each in differing), reason.why
