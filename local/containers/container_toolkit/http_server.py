"""HTTP for a loaded model: ``/ping`` and ``/invocations`` on 127.0.0.1.

The standard library's threading server answers one row in a third of an ASGI server's time, as a request is read,
predicted and answered in its connection's own thread.
"""

import logging
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from .answer import CUSTOM_ATTRIBUTES, Answer, Invocation, Model

logger = logging.getLogger(__name__)

#: Bytes of a request's body; SageMaker's own limit for real-time invocations.
MAX_BODY_BYTES = 25 * 1024 * 1024


def serve(model: Model, port: int) -> ThreadingHTTPServer:
    """Binds ``port`` (0: any free one); ``serve_forever`` of what it returns answers.

    Raises:
        OSError: the port is taken.
    """
    return _Server(("127.0.0.1", port), _handler(model))


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def _handler(model: Model) -> type[BaseHTTPRequestHandler]:
    # One invocation at a time, as in a container's worker process: user code need not be thread-safe.
    turn = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        server_version = "model-server"
        # Headers and body leave in one packet.
        wbufsize = 65536
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self._answer(
                Answer(200, b"") if self.path == "/ping" else Answer(404, b"only /ping and /invocations are here")
            )

        def do_POST(self) -> None:
            length = self.headers.get("Content-Length", "")
            if not length.isdecimal():
                self.close_connection = True
                self._answer(Answer(411, b"the request must carry Content-Length"))
                return
            if int(length) > MAX_BODY_BYTES:
                self.close_connection = True
                self._answer(Answer(413, f"the body exceeds {MAX_BODY_BYTES} bytes".encode()))
                return
            body = self.rfile.read(int(length))
            if self.path != "/invocations":
                self._answer(Answer(404, b"only /ping and /invocations are here"))
                return
            with turn:
                answer = model(Invocation(body, self.headers.get("Content-Type"), self.headers.get("Accept")))
            self._answer(answer)

        def _answer(self, answer: Answer) -> None:
            self.send_response_only(answer.status, _phrase(answer.status))
            if answer.body:
                self.send_header("Content-Type", answer.content_type)
            if answer.custom_attributes is not None:
                self.send_header(CUSTOM_ATTRIBUTES, answer.custom_attributes)
            if answer.status != HTTPStatus.NO_CONTENT:
                self.send_header("Content-Length", str(len(answer.body)))
            if self.close_connection:
                self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, format: str, *args: object) -> None:
            logger.debug(format, *args)

    return Handler


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
