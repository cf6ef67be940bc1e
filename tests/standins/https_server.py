"""An HTTP server with TLS for stand-ins, and the authority that signs for all of them."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import trustme


@dataclass(frozen=True)
class Authority:
    """`ca_file` is what a client must trust."""

    ca_file: Path
    context: ssl.SSLContext


def authority(folder: Path) -> Authority:
    """A new one, with a certificate for 127.0.0.1."""
    made, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.cert_pem.write_to_path(str(folder / "ca.pem"))
    made.issue_cert("127.0.0.1").configure_cert(context)
    return Authority(folder / "ca.pem", context)


class QuietHandler(BaseHTTPRequestHandler):
    """A handler that keeps its connection and prints nothing."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def log_message(self, *_: Any) -> None:
        """Nothing."""

    def reply(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        """The answer; to HEAD without its body."""
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.wfile.flush()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def get_request(self) -> tuple[Any, Any]:
        """The handshake is made in the thread of its own connection: who never ends it holds up
        nobody.
        """
        connection, address = super().get_request()
        connection.settimeout(20)
        return connection, address

    def handle_error(self, *_: Any) -> None:
        """A client that trusts another authority goes away in the handshake."""


@contextmanager
def running_https_server(
    handler: type[BaseHTTPRequestHandler], authority: Authority
) -> Iterator[str]:
    """The address, until the block ends."""
    server = _Server(("127.0.0.1", 0), handler)
    server.socket = authority.context.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
    )
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
