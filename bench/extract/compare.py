"""Rows a second of reading a table into files as the extract job does, and of a plain loop over the driver's cursor.

Starts a MariaDB of its own, over TLS, fills it from a CSV, and prints
``{"rows": …, "pairs": [{"ours": …, "theirs": …}]}``.
"""

import argparse
import json
import sys
import tempfile
import time
from contextlib import closing
from functools import partial
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / folder) for folder in ("jobs/extract", "jobs/shared", "test/jobs/support")]

import mariadb  # noqa: E402
import pymysql  # noqa: E402
from credentials import Credentials  # noqa: E402
from database import Server, Snapshot, Table, verified_tls  # noqa: E402
from parts import PartWriter  # noqa: E402
from pymysql.cursors import SSCursor  # noqa: E402
from transactions import COLUMNS  # noqa: E402

READER = Credentials("reader", "of the bench")
TABLE = Table("credit_fraud", "transactions")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--csv", type=Path, required=True, help="transactions as published")
    parser.add_argument("--pairs", type=int, default=3)
    options = parser.parse_args()
    if reason := mariadb.missing():
        sys.exit(reason)
    with tempfile.TemporaryDirectory() as scratch, mariadb.mariadb(Path(scratch)) as running:
        fill(running, options.csv)
        server = Server(mariadb.HOST, running.port, running.bundle)
        pairs, rows = [], set()
        for number in range(options.pairs):
            output = Path(scratch) / f"output-{number}"
            output.mkdir()
            # Every other time the other one first: what the machine does meanwhile falls on both alike.
            runs = {"ours": partial(ours, server, output), "theirs": partial(theirs, server)}
            pair = {}
            for name in sorted(runs, reverse=number % 2 == 0):
                began = time.monotonic()
                count = runs[name]()
                pair[name] = count / (time.monotonic() - began)
                rows.add(count)
            pairs.append(pair)
    if len(rows) != 1:
        sys.exit(f"the two read different numbers of rows: {rows}")
    print(json.dumps({"rows": rows.pop(), "pairs": pairs}))


def fill(running: mariadb.Running, source: Path) -> None:
    columns = ", ".join(f"`{column}` DOUBLE NOT NULL" for column in COLUMNS)
    running.execute(
        f"CREATE DATABASE {TABLE.database}",
        f"CREATE TABLE {TABLE} (id INT AUTO_INCREMENT PRIMARY KEY, {columns})",
        f"CREATE USER {READER.user}@'%' IDENTIFIED BY '{READER.password}' REQUIRE SSL",
        f"GRANT SELECT ON {TABLE.database}.* TO {READER.user}@'%'",
        f"LOAD DATA INFILE '{source.resolve()}' INTO TABLE {TABLE} "
        "FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '\"' IGNORE 1 LINES "
        f"({', '.join(f'`{column}`' for column in COLUMNS)})",
    )


def ours(server: Server, output: Path) -> int:
    """Reads, packs, writes."""
    with closing(Snapshot(server, TABLE, READER)) as snapshot:
        writer = PartWriter(output, ",".join(COLUMNS).encode())
        for lines in snapshot.rows():
            writer.write(lines)
        return sum(part.rows for part in writer.close())


def theirs(server: Server) -> int:
    """Reads, and does nothing with what it reads."""
    connection = pymysql.connect(
        host=server.host,
        port=server.port,
        user=READER.user,
        password=READER.password,
        ssl=verified_tls(server.ca_bundle),
        cursorclass=SSCursor,
    )
    with closing(connection), connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(f'`{column}`' for column in COLUMNS)} FROM {TABLE}")  # noqa: S608
        return sum(1 for _ in cursor)


if __name__ == "__main__":
    main()
