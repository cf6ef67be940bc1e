"""A small HTTP server in a thread, told by each test what to answer.

Stands in for a target where a socket is needed.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class ReceivedRequest:
    """One request as it came."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Reply = tuple[int, dict[str, str], bytes]


def json_reply(body: Any, status: int = 200, **headers: str) -> Reply:
    """A JSON answer."""
    return (
        status,
        {
            "Content-Type": "application/json",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        },
        json.dumps(body).encode(),
    )


def problem(slug: str, status: int) -> Reply:
    return json_reply(
        {"type": f"/problems/{slug}", "title": slug, "status": status, "detail": f"it is {slug}"},
        status,
    )


@dataclass
class HttpServerStandin:
    """`answers` maps "METHOD /path" to an answer, or to a function of the request."""

    url: str = ""
    answers: dict[str, Reply | Callable[[ReceivedRequest], Reply]] = field(default_factory=dict)
    asked: list[ReceivedRequest] = field(default_factory=list)

    def paths(self) -> list[str]:
        return [f"{one.method} {one.path}" for one in self.asked]


@contextmanager
def running_http_standin() -> Iterator[HttpServerStandin]:
    """The server, until the block ends."""
    stand_in = HttpServerStandin()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = (
            -1
        )  # head and body in one packet, or each answer waits for a delayed acknowledgement

        def log_message(self, *_: Any) -> None:
            """Quiet."""

        def answer(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            asked = ReceivedRequest(
                self.command,
                parts.path,
                query,
                {k.lower(): v for k, v in self.headers.items()},
                body,
            )
            stand_in.asked.append(asked)
            known = stand_in.answers.get(f"{self.command} {parts.path}", problem("not-found", 404))
            status, headers, content = known(asked) if callable(known) else known
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = answer

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            """A client that went away is what some tests are about."""

    server = Server(("127.0.0.1", 0), Handler)
    stand_in.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
    )
    thread.start()
    try:
        yield stand_in
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def running_socket_server(speak: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that accepts connections and hands each to `speak` in a thread: for what no HTTP
    library would send.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def serve(connection: socket.socket) -> None:
        with connection:
            try:
                speak(connection)
            except OSError:
                return

    def accept() -> None:
        listener.settimeout(0.05)
        while not over.is_set():
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        over.set()
        thread.join()
        listener.close()
