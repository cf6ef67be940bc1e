"""A receiver of alerts: a small HTTP server in a thread, to which a webhook of Alertmanager sends
while a check waits.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cutover_gates.core.evidence.assessment import NotProven

SIZE_LIMIT = 1024 * 1024
"""Bytes of a message that are read. Who listens is not to be filled up by strangers."""
MAX_MESSAGES = 1000
"""Messages."""


class ReceivedAlerts:
    """What came, in its order."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._messages: list[Mapping[str, Any]] = []

    def add(self, body: bytes) -> bool:
        """Keep a message of Alertmanager's; anything else is not kept."""
        try:
            told = json.loads(body)
        except ValueError:
            return False
        if not isinstance(told, dict) or not isinstance(told.get("alerts"), list):
            return False
        with self._lock:
            self._messages = [*self._messages, told][-MAX_MESSAGES:]
        return True

    @property
    def messages(self) -> Sequence[Mapping[str, Any]]:
        with self._lock:
            return list(self._messages)


@contextmanager
def receive_alerts(place: str) -> Iterator[ReceivedAlerts]:
    """Listens at `host:port` until the block ends. Raises `NotProven` where it cannot."""
    arrived = ReceivedAlerts()

    class Handler(BaseHTTPRequestHandler):
        timeout = 5

        def do_POST(self) -> None:
            size = self.headers.get("Content-Length", "0")
            kept = (
                size.isdigit()
                and int(size) <= SIZE_LIMIT
                and arrived.add(self.rfile.read(int(size)))
            )
            self.send_response(200 if kept else 400)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            """Who goes away in the middle of a message sends it again."""

    host, _, port = place.rpartition(":")
    try:
        server = Server((host, int(port)), Handler)
    except OSError as error:
        raise NotProven(
            f"the run cannot listen at receiver_listen = {place!r}:"
            f" {error.strerror or type(error).__name__}; does another run listen there?"
        ) from None
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True, name="receiver"
    )
    thread.start()
    try:
        yield arrived
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
