"""A real MariaDB server on a free port, with a certificate of a test's own authority."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pymysql
from authority import Authority

HOST = "127.0.0.1"
#: Debian puts servers where only root's PATH leads.
SEARCHED = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
START_SECONDS = 60


def program(name: str) -> "str | None":
    return shutil.which(name, path=SEARCHED)


def missing() -> "str | None":
    """Why there is no server to test with; nothing where there is one."""
    absent = [name for name in ("mariadbd", "mariadb-install-db") if program(name) is None]
    return f"no {' and no '.join(absent)} here: install Debian's mariadb-server" if absent else None


@dataclass(frozen=True)
class Running:
    """A server, its authority's file, and the folder that is its own."""

    port: int
    socket: Path
    bundle: Path
    pid: int

    def connect(self, database: "str | None" = None) -> pymysql.Connection:
        """As its administrator, over the socket of the machine."""
        return pymysql.connect(unix_socket=str(self.socket), user="tester", database=database, autocommit=True)

    def execute(self, *statements: str, database: "str | None" = None) -> None:
        with self.connect(database) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)


@contextmanager
def mariadb(folder: Path, *options: str, tls: bool = True, certified_for: str = HOST) -> Iterator[Running]:
    """Starts a server in an empty folder, and ends it."""
    account = "root" if os.geteuid() == 0 else os.environ.get("USER", "mysql")
    data = folder / "data"
    subprocess.run(
        [
            str(program("mariadb-install-db")),
            "--no-defaults",
            f"--datadir={data}",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            f"--user={account}",
        ],
        check=True,
        capture_output=True,
    )
    authority = Authority("test authority")
    key, certificate = authority.issue(folder, certified_for)
    # A path of a socket has at most 107 characters, and a test's folder may have more.
    address = Path(f"/tmp/mariadb-{os.getpid()}-{id(authority):x}.sock")  # noqa: S108
    init = folder / "init.sql"
    init.write_text("CREATE USER tester@localhost;\nGRANT ALL ON *.* TO tester@localhost WITH GRANT OPTION;\n")
    port = free_port()
    command = [
        str(program("mariadbd")),
        "--no-defaults",
        f"--datadir={data}",
        f"--socket={address}",
        f"--port={port}",
        f"--bind-address={HOST}",
        f"--user={account}",
        f"--init-file={init}",
        f"--pid-file={folder / 'pid'}",
        # A test's data need not outlive the machine.
        "--innodb-flush-log-at-trx-commit=0",
        "--innodb-buffer-pool-size=64M",
        "--performance-schema=OFF",
        *(["--ssl-key=" + str(key), "--ssl-cert=" + str(certificate)] if tls else ["--skip-ssl"]),
        *options,
    ]
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True)
    try:
        running = Running(port, address, authority.bundle(folder / "authority.pem"), process.pid)
        _wait(running, process, log)
        yield running
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        address.unlink(missing_ok=True)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        return listener.getsockname()[1]


def _wait(running: Running, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            running.connect().close()
            return
        except pymysql.MySQLError as error:
            if process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"MariaDB does not start: {error}\n{log.read_text()}") from error
        time.sleep(0.05)
