"""Where two pipeline definitions differ, and which of the differences have a reason."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

#: Stands for a member that one side does not have.
ABSENT = "(absent)"


@dataclass(frozen=True)
class Difference:
    """Two values at a path such as ``Steps[Train].Arguments.RoleArn``: steps go by name, other lists by position."""

    path: str
    ours: Any
    theirs: Any

    def __str__(self) -> str:
        return f"{self.path}: ours {json.dumps(self.ours)}, the SDK's {json.dumps(self.theirs)}"


@dataclass(frozen=True)
class Reason:
    """Why our definition may differ from the SDK's where ``path`` matches and ``holds`` of the two values."""

    path: str
    holds: Callable[[Any, Any], bool]
    why: str

    def explains(self, difference: Difference) -> bool:
        return re.fullmatch(self.path, difference.path) is not None and self.holds(difference.ours, difference.theirs)


def differences(ours: Any, theirs: Any, path: str = "") -> Iterator[Difference]:
    """Every place where the two differ."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in sorted(ours.keys() | theirs.keys()):
            yield from differences(ours.get(key, ABSENT), theirs.get(key, ABSENT), f"{path}.{key}".lstrip("."))
    elif isinstance(ours, list) and isinstance(theirs, list):
        for index in range(max(len(ours), len(theirs))):
            pair = [side[index] if index < len(side) else ABSENT for side in (ours, theirs)]
            named = isinstance(pair[0], dict) and "Name" in pair[0] and "Type" in pair[0]
            yield from differences(*pair, f"{path}[{pair[0]['Name'] if named else index}]")
    # In Python, 1 is True and 1.0 is 1; in JSON, the first is a difference and the second none.
    elif ours != theirs or isinstance(ours, bool) != isinstance(theirs, bool):
        yield Difference(path, ours, theirs)
