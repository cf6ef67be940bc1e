"""A front end: https with a certificate, and plain HTTP beside it that redirects to it."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from unittest.mock import patch

from cutover_gates.config.network import TlsSettings as Declared
from cutover_gates.probes.network.tls.assessments import TlsAssessments
from tests.faults.network.certificate_factory import NAME, IssuedCertificate
from tests.faults.network.network_fault import CONTEXT

SECOND = "127.0.0.2"
HSTS = "max-age=31536000; includeSubDomains"


@dataclass
class Front:
    """What is served where.

    `context` None: plain HTTP at the address of https. `redirects` False: plain HTTP shows the
    hospital. `other`: the name has a second address, where this is served.
    """

    context: ssl.SSLContext | None
    trusted: IssuedCertificate
    hsts: str | None = HSTS
    redirects: bool = True
    answers: bool = True
    other: ssl.SSLContext | None = None
    declared: Mapping[str, Any] = field(default_factory=dict)


def valid_front(folder: Path) -> Front:
    """Return a front end without a fault: a trusted authority, an intermediate, a certificate."""
    root = IssuedCertificate("Root", authority=True)
    between = IssuedCertificate("Between", root, authority=True)
    return Front(IssuedCertificate(NAME, between).served(folder, between), root)


@contextmanager
def running_front(front: Front, folder: Path) -> Iterator[TlsAssessments]:
    """Yield the questions about it."""
    authority = folder / "authority.pem"
    authority.write_bytes(front.trusted.pem)
    with ExitStack() as stack:
        secure = stack.enter_context(
            running_http_server(
                front.context, 200, {"Strict-Transport-Security": front.hsts} if front.hsts else {}
            )
        )
        plain = stack.enter_context(
            running_http_server(None, 301, {"Location": f"https://{NAME}:{secure}/"})
            if front.redirects
            else running_http_server(None, 200, {})
        )
        place = secure if front.answers else closed_port()
        if front.other:
            stack.enter_context(running_http_server(front.other, 200, {}, (SECOND, secure)))
            found = [
                (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, secure))
                for address in ("127.0.0.1", SECOND)
            ]
            stack.enter_context(
                patch(
                    "cutover_gates.probes.network.tls.certificates.socket.getaddrinfo",
                    lambda host, *_rest, **_more: [
                        one for one in found if host in (NAME, one[4][0])
                    ],
                )
            )
        declared = {
            "endpoints": (f"{NAME}:{place}",),
            "redirects": (f"http://127.0.0.1:{plain}/",),
            "seconds": 5,
            **front.declared,
        }
        yield TlsAssessments(
            Declared.model_validate(declared), "http://unused.example", CONTEXT, authority
        )


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    context: ssl.SSLContext | None = None

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Shake hands in the thread of the connection; a failure is the client's matter."""
        if self.context is None:
            super().finish_request(request, client_address)
            return
        try:
            with self.context.wrap_socket(request, server_side=True) as wrapped:
                super().finish_request(wrapped, client_address)
        except OSError:
            return

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore it: a client that only shakes hands hangs up."""


@contextmanager
def running_http_server(
    context: ssl.SSLContext | None,
    status: int,
    headers: Mapping[str, str],
    at: tuple[str, int] = ("127.0.0.1", 0),
) -> Iterator[int]:
    """Yield the port at which every GET gets this answer, until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Write no log."""

        def do_GET(self) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": "0"}.items():
                self.send_header(name, value)
            self.end_headers()

    with _Server(at, Handler) as server:
        server.context = context
        thread = threading.Thread(
            target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def closed_port() -> int:
    """Return a port at which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
