"""A receiver of alerts: a small HTTP server, to which a webhook of Alertmanager sends."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cutover_gates.core.bounded_json import parse_json
from cutover_gates.core.findings import gap_error
from cutover_gates.probes.observability.alerts import rules

SIZE_LIMIT = 1024 * 1024
"""Bytes of a message that are read: anybody in the network may send to the receiver."""
MAX_MESSAGES = 1000
"""Messages that are kept; older ones are dropped."""


@dataclass(frozen=True)
class DeliveredAlert:
    """One alert of a message."""

    status: str
    labels: Mapping[str, str]


@dataclass(frozen=True)
class AlertMessage:
    """A message of Alertmanager: the receiver that sent it, and its alerts."""

    receiver: str
    alerts: tuple[DeliveredAlert, ...]


class ReceivedAlerts:
    """The messages that came, in their order."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._messages: list[AlertMessage] = []

    def add(self, body: bytes) -> bool:
        """Keep a message of Alertmanager; return whether it was one."""
        message = _parse_message(body)
        if message is None:
            return False
        with self._lock:
            # A new list: a reader may hold the old one.
            self._messages = [*self._messages, message][-MAX_MESSAGES:]
        return True

    @property
    def messages(self) -> Sequence[AlertMessage]:
        """The messages so far."""
        with self._lock:
            return list(self._messages)


def _parse_message(body: bytes) -> AlertMessage | None:
    try:
        content = parse_json(body)
    except ValueError:
        return None
    if not isinstance(content, dict) or not isinstance(content.get("alerts"), list):
        return None
    # Anybody may send a message, so nothing about its form is certain.
    entries = [entry for entry in content["alerts"] if isinstance(entry, dict)]
    return AlertMessage(str(content.get("receiver")), tuple(map(_parse_alert, entries)))


def _parse_alert(entry: Mapping[str, Any]) -> DeliveredAlert:
    labels = entry.get("labels")
    pairs = labels.items() if isinstance(labels, dict) else ()
    return DeliveredAlert(
        str(entry.get("status")), {str(name): str(value) for name, value in pairs}
    )


@contextmanager
def receive_alerts(address: str) -> Iterator[ReceivedAlerts]:
    """Listen at `host:port` until the block ends.

    Raises:
        NotProven: the run cannot listen there.
    """
    received = ReceivedAlerts()
    host, _, port = address.rpartition(":")
    try:
        # Bound before the thread starts, so that a taken port is reported here.
        server = _Server((host, int(port)), _make_handler(received))
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise gap_error(rules.RUN_LISTENS, address, reason) from None
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True, name="receiver"
    )
    thread.start()
    try:
        yield received
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """Stay quiet: Alertmanager repeats a message whose connection broke."""


def _make_handler(received: ReceivedAlerts) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        # Seconds for each read: a client that sends nothing must not hold a thread.
        timeout = 5

        def do_POST(self) -> None:
            size = self.headers.get("Content-Length", "0")
            is_readable = size.isdigit() and int(size) <= SIZE_LIMIT
            is_kept = is_readable and received.add(self.rfile.read(int(size)))
            self.send_response(200 if is_kept else 400)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Stay quiet."""

    return Handler
