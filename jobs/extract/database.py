"""Reads a table of MySQL: over TLS that is verified, in one snapshot, a few rows at a time."""

import ssl
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pymysql
from credentials import Credentials
from extraction_error import ExtractionError, Reason
from pymysql.cursors import SSCursor
from server_errors import named
from transactions import COLUMNS

CONNECT_TIMEOUT_SECONDS = 10
#: A view may think for a while before its first row.
READ_TIMEOUT_SECONDS = 600
#: How long the server waits for the job to take rows.
WRITE_TIMEOUT_SECONDS = 600
#: Rows held in memory at the same time.
BATCH_ROWS = 1_000

_NUMBERS = frozenset({"tinyint", "smallint", "mediumint", "int", "bigint", "decimal", "double", "float", "bit"})


@dataclass(frozen=True)
class Server:
    """Where the database is, and the file with the certificates of those who may vouch for it (PEM)."""

    host: str
    port: int
    ca_bundle: Path


@dataclass(frozen=True)
class Table:
    """A table or view, by its database."""

    database: str
    name: str

    def __str__(self) -> str:
        return f"{self.database}.{self.name}"


def verified_tls(ca_bundle: Path) -> ssl.SSLContext:
    """TLS 1.2 or newer, with a server whose certificate the bundle vouches for and which names the host.

    Raises:
        ExtractionError: there is no such file, or no certificate in it.
    """
    try:
        context = ssl.create_default_context(cafile=str(ca_bundle))
    except OSError as error:  # so is SSLError
        problem = f"{ca_bundle.name} cannot be used ({error.strerror or error})"
        remedy = "give a PEM file with root certificates (source.caBundleKey)"
        raise ExtractionError(Reason.CA_BUNDLE_UNREADABLE, problem, remedy) from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


class Snapshot:
    """A table as it was when the snapshot was made, whatever others write meanwhile."""

    def __init__(self, server: Server, table: Table, credentials: Credentials) -> None:
        """Connects, and looks at the table's columns.

        Raises:
            ExtractionError: with the reason.
        """
        self._address = f"{server.host}:{server.port}"
        self._table = table
        self._credentials = credentials
        tls = verified_tls(server.ca_bundle)
        with self._naming():
            self._connection = pymysql.connect(
                host=server.host,
                port=server.port,
                user=credentials.user,
                password=credentials.password,
                database=table.database,
                ssl=tls,
                charset="utf8mb4",
                connect_timeout=CONNECT_TIMEOUT_SECONDS,
                read_timeout=READ_TIMEOUT_SECONDS,
                program_name="fraud-extract",
            )
        try:
            with self._naming():
                self._begin()
                found = self._columns()
            _check(table, found)
        except BaseException:
            self.close()
            raise
        #: MySQL's names of the columns' types, in the order of the columns as published.
        self.types = {name: found[name.lower()] for name in COLUMNS}

    def rows(self) -> "Iterator[list[bytes]]":
        """All rows, in batches, each as a line of CSV with the columns as published, without its end.

        The server writes the lines: numbers stand as it prints them, which for a double is as many digits as it takes
        to read the same number again. The order is the server's.

        Raises:
            ExtractionError: with the reason; for a value that is missing, before the batch that it is in.
        """
        # NULL in any part makes the line NULL. As bytes, for nothing here looks at characters.
        line = ", ',', ".join(_as_text(name, kind) for name, kind in self.types.items())
        place = f"{_quoted(self._table.database)}.{_quoted(self._table.name)}"
        with closing(_Stream(self._connection)) as stream:
            with self._naming():
                stream.execute(f"SELECT CAST(CONCAT({line}) AS BINARY) FROM {place}")  # noqa: S608
            while True:
                with self._naming():
                    lines = [line for (line,) in stream.fetchmany(BATCH_ROWS)]
                if not lines:
                    return
                if None in lines:
                    problem = f"{self._table} has rows in which {COLUMNS[0]}, …, {COLUMNS[-2]} or {COLUMNS[-1]} is NULL"
                    remedy = "fill them in, or read a view that leaves those rows out"
                    raise ExtractionError(Reason.VALUES_MISSING, problem, remedy)
                yield lines

    def close(self) -> None:
        """Ends the connection, however much was read."""
        if self._connection.open:
            self._connection.close()

    def _begin(self) -> None:
        with self._connection.cursor() as cursor:
            cursor.execute(f"SET SESSION net_write_timeout = {WRITE_TIMEOUT_SECONDS}")
            cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            cursor.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")

    def _columns(self) -> dict[str, str]:
        """Types by name, both in lower case, for MySQL's columns have no other."""
        with self._connection.cursor() as cursor:
            cursor.execute(
                "SELECT COLUMN_NAME, DATA_TYPE FROM information_schema.COLUMNS"
                " WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s",
                (self._table.database, self._table.name),
            )
            return {str(name).lower(): str(kind).lower() for name, kind in cursor.fetchall()}

    @contextmanager
    def _naming(self) -> Iterator[None]:
        """Gives what the driver raises its name."""
        try:
            yield
        except (pymysql.MySQLError, OSError) as error:
            raise named(error, self._address, self._credentials) from None


class _Stream(SSCursor):
    """Rows as they come. Closed early, it drops the rest; the driver's own would first read it all."""

    def close(self) -> None:
        if self._result is not None and self._result.unbuffered_active:
            self._result.unbuffered_active = False
            # The rest is still on its way: the connection is of no more use.
            if self.connection.open:
                self.connection.close()
        self.connection = None

    __del__ = close


def _check(table: Table, found: dict[str, str]) -> None:
    if not found:
        problem = f"there is no table or view {table} that the secret's user may read"
        remedy = "check source.database and source.table, or grant the user SELECT on it"
        raise ExtractionError(Reason.TABLE_MISSING, problem, remedy)
    missing = [name for name in COLUMNS if name.lower() not in found]
    if missing:
        problem = f"{table} has no column {', '.join(missing)}"
        raise ExtractionError(Reason.COLUMN_MISSING, problem, "add it, or read a view that has it")
    wrong = [f"{name} ({found[name.lower()]})" for name in COLUMNS if found[name.lower()] not in _NUMBERS]
    if wrong:
        problem = f"{table} has columns that are not numbers: {', '.join(wrong)}"
        raise ExtractionError(Reason.WRONG_TYPE, problem, "change their types, or read a view that casts them")


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _as_text(column: str, kind: str) -> str:
    """The column as a part of a line. As they are, a float would lose digits and bits would be bytes."""
    quoted = _quoted(column)
    return {"float": f"{quoted} * 1e0", "bit": f"{quoted} + 0"}.get(kind, quoted)
