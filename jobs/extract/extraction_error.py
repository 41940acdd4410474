"""Why a table could not be read, by names that do not change."""

from enum import Enum


class Reason(Enum):
    """What went wrong, as logs, the job's ExitMessage and tests call it."""

    SECRET_UNREADABLE = "secret-unreadable"  # noqa: S105
    CA_BUNDLE_UNREADABLE = "ca-bundle-unreadable"
    HOST_UNREACHABLE = "host-unreachable"
    TLS_REFUSED = "tls-refused"
    ACCESS_DENIED = "access-denied"
    DATABASE_MISSING = "database-missing"
    TABLE_MISSING = "table-missing"
    COLUMN_MISSING = "column-missing"
    WRONG_TYPE = "wrong-type"
    VALUES_MISSING = "values-missing"
    NO_ROWS = "no-rows"
    SERVER_BUSY = "server-busy"
    CONNECTION_LOST = "connection-lost"
    SERVER_ERROR = "server-error"


#: What may be gone when the job tries again.
TRANSIENT = frozenset({Reason.HOST_UNREACHABLE, Reason.SERVER_BUSY, Reason.CONNECTION_LOST})


class ExtractionError(Exception):
    """The table could not be read. The message names the reason, what is wrong, and the remedy; no credential."""

    def __init__(self, reason: Reason, problem: str, remedy: str) -> None:
        self.reason = reason
        super().__init__(f"{reason.value}: {problem}: {remedy}")

    @property
    def transient(self) -> bool:
        """Whether trying again may help."""
        return self.reason in TRANSIENT
