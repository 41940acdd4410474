"""What a model answers to an invocation, whatever serves it."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Invocation:
    """A request to ``/invocations``. Header values are None where the header is absent."""

    body: bytes
    content_type: str | None
    accept: str | None


@dataclass(frozen=True)
class Answer:
    """A response: HTTP status, body, media type, and what the caller is told in CustomAttributes, if anything."""

    status: int
    body: bytes
    content_type: str = "text/plain; charset=utf-8"
    custom_attributes: str | None = None


#: The header in which SageMaker carries CustomAttributes, to a container and back.
CUSTOM_ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"


#: A loaded model, ready to be asked. Answers errors too; what it raises is a defect of its own.
Model = Callable[[Invocation], Answer]


class ModelLoadError(Exception):
    """A model that cannot be loaded: says which, where and why."""


def content_type_of(mimetype: str) -> str:
    """A mimetype as the containers' web framework sends it: text is told to be UTF-8."""
    return f"{mimetype}; charset=utf-8" if mimetype.startswith("text/") and ";" not in mimetype else mimetype


def wanted_accept(accept: str | None, default: str) -> str:
    """The Accept header, or the default where the client takes anything."""
    return default if accept is None or accept.strip() in ("", "*/*") else accept
