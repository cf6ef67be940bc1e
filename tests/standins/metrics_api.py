"""A stand-in for a cluster's API server: it speaks the one path of metrics.k8s.io, over TLS, to
whoever brings the token.
"""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import trustme

PATH = "/apis/metrics.k8s.io/v1beta1/namespaces/wards/pods"


@dataclass
class MetricsApiStandin:
    """`pods` are what the selector finds.

    `ahead`: by how many seconds the cluster's clock is ahead of ours.
    """

    url: str = ""
    ca_file: str = ""
    token: str = "t0ken-of-the-cluster"
    selector: str = "app=hospital"
    pods: list[dict[str, Any]] = field(default_factory=list)
    answer: tuple[int, bytes] | None = None
    ahead: float = 0.0
    asked: int = 0

    @property
    def now(self) -> datetime:
        """On the cluster's clock."""
        return datetime.now(UTC) + timedelta(seconds=self.ahead)


def pod(name: str, *usage: tuple[str, str], at: datetime, window: str = "15.2s") -> dict[str, Any]:
    """One pod with a container for each (cpu, memory), as metrics-server tells of it."""
    return {
        "metadata": {"name": name, "namespace": "wards"},
        "timestamp": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "window": window,
        "containers": [
            {"name": f"c{number}", "usage": {"cpu": cpu, "memory": memory}}
            for number, (cpu, memory) in enumerate(usage)
        ],
    }


@contextmanager
def running_metrics_api(folder: Path) -> Iterator[MetricsApiStandin]:
    """The server, until the block ends. Its authority is made in `folder`."""
    authority = trustme.CA()
    stand_in = MetricsApiStandin(ca_file=str(folder / "ca.pem"))
    authority.cert_pem.write_to_path(stand_in.ca_file)

    class Handler(BaseHTTPRequestHandler):
        wbufsize = -1

        def log_message(self, *_: Any) -> None:
            """Quiet."""

        def date_time_string(self, timestamp: float | None = None) -> str:
            return format_datetime(stand_in.now, usegmt=True)

        def do_GET(self) -> None:
            stand_in.asked += 1
            status, body = stand_in.answer or self._answer()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _answer(self) -> tuple[int, bytes]:
            parts = urlsplit(self.path)
            if self.headers.get("Authorization") != f"Bearer {stand_in.token}":
                return 401, _said("Unauthorized")
            if parts.path != PATH:
                return 404, _said("the server could not find the requested resource")
            found = (
                stand_in.pods
                if parse_qs(parts.query).get("labelSelector") == [stand_in.selector]
                else []
            )
            return (
                200,
                json.dumps(
                    {
                        "kind": "PodMetricsList",
                        "apiVersion": "metrics.k8s.io/v1beta1",
                        "metadata": {},
                        "items": found,
                    }
                ).encode(),
            )

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            """A client that trusts another authority goes away in the handshake."""

    server = Server(("127.0.0.1", 0), Handler)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    stand_in.url = f"https://127.0.0.1:{server.server_port}"
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


def _said(message: str) -> bytes:
    return json.dumps({"kind": "Status", "status": "Failure", "message": message}).encode()
