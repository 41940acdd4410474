"""What a monitor finds, whichever it is."""

from dataclasses import dataclass, field
from typing import Any

#: Like Model Monitor's executions: ``CompletedWithViolations`` is a success that has something to tell.
EMPTY, COMPLETED, VIOLATED = "Empty", "Completed", "CompletedWithViolations"


@dataclass(frozen=True)
class Violation:
    """One constraint that the period does not satisfy.

    ``feature`` is the feature or facet, empty where the metric is of the whole model; ``check`` is AWS's name of the
    check.
    """

    feature: str
    metric: str
    check: str
    description: str


@dataclass(frozen=True)
class Metric:
    """A figure for CloudWatch: a value, or the statistics of many."""

    name: str
    value: "float | None" = None
    #: Number, sum, least and largest of the values, in place of ``value``.
    statistics: "tuple[float, float, float, float] | None" = None
    #: Besides those of every metric: endpoint and schedule.
    dimensions: "dict[str, str]" = field(default_factory=dict)


@dataclass(frozen=True)
class Found:
    """The result of a monitor."""

    rows: int
    violations: "list[Violation]"
    #: Documents by the name of their file, ``constraint_violations.json`` among them.
    documents: "dict[str, dict[str, Any]]"
    metrics: "list[Metric]"
    #: The baseline's documents by name, and distances from them: what a report draws besides the above.
    before: "dict[str, dict[str, Any]]" = field(default_factory=dict)
    distances: "dict[str, float]" = field(default_factory=dict)
    #: Only of monitors that need labels.
    labelled_rows: "int | None" = None
    #: Why there is nothing to compare, in a sentence; None where there was.
    empty: "str | None" = None

    @property
    def status(self) -> str:
        if self.empty is not None:
            return EMPTY
        return VIOLATED if self.violations else COMPLETED

    @property
    def message(self) -> str:
        """The job's exit message."""
        if self.empty is not None:
            return f"{COMPLETED}: Job completed without data: {self.empty}"
        if self.violations:
            count = len(self.violations)
            return f"{VIOLATED}: Job completed successfully with {count} violation{'s' if count > 1 else ''}."
        return f"{COMPLETED}: Job completed successfully with no violations."


def nothing(reason: str, violations: "dict[str, Any]", labelled_rows: "int | None" = None, rows: int = 0) -> Found:
    """A period without what the monitor needs; ``violations`` is the file of none."""
    return Found(rows, [], {"constraint_violations.json": violations}, [], labelled_rows=labelled_rows, empty=reason)
