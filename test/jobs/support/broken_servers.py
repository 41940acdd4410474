"""Servers that a job must not trust, or must survive."""

import contextlib
import socket
import threading
from types import TracebackType

HOST = "127.0.0.1"


class _Listening:
    """Handles each connection in a thread, until it is left."""

    def __init__(self) -> None:
        self._listener = socket.create_server((HOST, 0))
        self.port = self._listener.getsockname()[1]
        self.connections = 0

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: "type[BaseException] | None", error: "BaseException | None", trace: "TracebackType | None"
    ) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self.connections += 1
                threading.Thread(target=self._handle, args=(client, self.connections), daemon=True).start()

    def _handle(self, client: socket.socket, number: int) -> None:
        raise NotImplementedError


class FaultyProxy(_Listening):
    """Passes on to a server what it gets; the first connections break after so many bytes of answers."""

    def __init__(self, port: int, breaks: list[int]) -> None:
        super().__init__()
        self._server_port = port
        self._breaks = breaks

    def _handle(self, client: socket.socket, number: int) -> None:
        left = self._breaks[number - 1] if number <= len(self._breaks) else None
        with client, socket.create_connection((HOST, self._server_port)) as server, contextlib.suppress(OSError):
            threading.Thread(target=self._pass_on, args=(client, server), daemon=True).start()
            while (left is None or left > 0) and (block := server.recv(65536)):
                client.sendall(block)
                left = None if left is None else left - len(block)
            # Ends the other thread's wait, and the connection of both sides.
            for side in (client, server):
                side.shutdown(socket.SHUT_RDWR)

    def _pass_on(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while block := client.recv(65536):
                server.sendall(block)


class PlainServer(_Listening):
    """Greets like MySQL 8 without TLS, and keeps what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.heard = b""
        self.done = threading.Event()

    def _handle(self, client: socket.socket, number: int) -> None:
        protocol_41, secure_connection, plugin_auth = 0x200, 0x8000, 0x80000
        offered = (protocol_41 | secure_connection | plugin_auth).to_bytes(4, "little")
        greeting = b"".join(
            [
                b"\x0a8.0.36\0\x01\0\0\0",
                *(b"abcdefgh\0", offered[:2], b"\xff\x02\0", offered[2:], b"\x15", bytes(10)),
                b"ijklmnopqrst\0mysql_clear_password\0",
            ]
        )
        with client, contextlib.suppress(OSError):
            client.sendall(len(greeting).to_bytes(3, "little") + b"\0" + greeting)
            while block := client.recv(65536):
                self.heard += block
        self.done.set()
