"""Reads the transactions out of a MySQL table into the CSV files that preprocessing takes.

The table is read in one consistent snapshot, a few rows at a time, over TLS with a verified server. What cannot be read
ends the job with 1 and one paragraph that names the reason, and nothing is written.
"""

import argparse
import json
import shutil
import time
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path

from credentials import read_credentials
from database import Server, Snapshot, Table
from extraction_error import ExtractionError, Reason
from parts import Part, PartWriter
from refusal import refusing
from transactions import COLUMNS

#: AWS's own roots for RDS: the launcher puts them beside this file.
RDS_ROOTS = Path(__file__).with_name("rds-ca-bundle.pem")


def arguments(argv: "list[str] | None") -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", required=True, help="name or address of the server, as its certificate has it")
    parser.add_argument("--port", type=int, default=3306, help="default %(default)s")
    parser.add_argument("--database", required=True)
    parser.add_argument("--table", required=True, help="table or view")
    parser.add_argument("--secret-arn", required=True, help="secret with the user's name and password")
    parser.add_argument("--ca-bundle", type=Path, default=RDS_ROOTS, help="PEM of the roots; default: RDS's")
    parser.add_argument("--output", type=Path, required=True, help="folder for rows/ and report/extract.json")
    parser.add_argument("--attempts", type=int, default=5, help="in all; default %(default)s")
    parser.add_argument("--retry-seconds", type=float, default=4, help="before the second; then twice as long each")
    parser.add_argument("--message-file", type=Path, help="where the reason of a failure is written")
    return parser.parse_args(argv)


@dataclass(frozen=True)
class Extracted:
    """What was read, and when: no later change is in it."""

    types: dict[str, str]
    parts: list[Part]
    read_at: datetime

    @property
    def rows(self) -> int:
        return sum(part.rows for part in self.parts)


def main(options: argparse.Namespace) -> None:
    """Runs the job.

    Raises:
        ExtractionError: the table could not be read, in none of the attempts.
    """
    started = time.monotonic()
    extracted = with_retries(options)
    report = {
        "database": options.database,
        "table": options.table,
        "rows": extracted.rows,
        "readAt": extracted.read_at.isoformat(timespec="seconds"),
        "seconds": round(time.monotonic() - started, 3),
        "columns": extracted.types,
        "parts": [asdict(part) for part in extracted.parts],
    }
    (options.output / "report").mkdir(parents=True, exist_ok=True)
    (options.output / "report" / "extract.json").write_text(json.dumps(report, indent=2) + "\n")
    print(json.dumps({name: report[name] for name in ("database", "table", "rows", "readAt", "seconds")}), flush=True)


def with_retries(options: argparse.Namespace) -> Extracted:
    """Tries again, from the first row and with a new snapshot, where that may help."""
    wait = options.retry_seconds
    for attempt in range(1, options.attempts + 1):
        try:
            return extract(options)
        except ExtractionError as error:
            if attempt == options.attempts or not error.transient:
                raise
            print(json.dumps({"attempt": attempt, "failed": str(error), "nextInSeconds": wait}), flush=True)
        time.sleep(wait)
        wait *= 2
    raise ValueError(f"--attempts {options.attempts} is less than 1")


def extract(options: argparse.Namespace) -> Extracted:
    """Reads the table once, as a whole or not at all."""
    server = Server(options.host, options.port, options.ca_bundle)
    table = Table(options.database, options.table)
    folder = options.output / "rows"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with closing(Snapshot(server, table, read_credentials(options.secret_arn))) as view:
            read_at = datetime.now(timezone.utc)
            writer = PartWriter(folder, ",".join(COLUMNS).encode())
            for lines in view.rows():
                writer.write(lines)
            extracted = Extracted(view.types, writer.close(), read_at)
        if extracted.rows == 0:
            raise ExtractionError(Reason.NO_ROWS, f"{table} is empty", "fill it, or read another table")
    except BaseException:
        shutil.rmtree(folder)
        raise
    return extracted


if __name__ == "__main__":
    chosen = arguments(None)
    with refusing("extract", chosen.message_file, ExtractionError):
        main(chosen)
