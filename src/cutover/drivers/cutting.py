"""Sends half of a request and breaks the connection, as a lost network does: over a plain socket,
since no HTTP library will do it.
"""

from __future__ import annotations

import socket
import ssl
import time

import httpx

from cutover.drivers.deadlines import CONNECT_SECONDS

GONE_SECONDS = 2.0
"""How long the other side is waited for to notice."""


def send_half(request: httpx.Request, tls: ssl.SSLContext | None) -> None:
    """Declare the whole Content-Length, send half of the body, and close.

    Returns when the connection is gone; the answer is not read.

    Raises `OSError` when there is no connection in the first place.
    """
    body = request.read()
    host, port = (
        request.url.host,
        request.url.port or (443 if request.url.scheme == "https" else 80),
    )
    with socket.create_connection((host, port), timeout=CONNECT_SECONDS) as plain:
        connection = plain
        if request.url.scheme == "https":
            connection = (tls or ssl.create_default_context()).wrap_socket(
                plain, server_hostname=host
            )
        try:
            connection.settimeout(GONE_SECONDS)
            connection.sendall(_head(request, len(body)) + body[: len(body) // 2])
            connection.shutdown(socket.SHUT_WR)
            _wait_until_gone(connection)
        except OSError:
            pass  # it broke even earlier: that is what was wanted
        finally:
            connection.close()


def _head(request: httpx.Request, length: int) -> bytes:
    lines = [f"{request.method} {request.url.raw_path.decode()} HTTP/1.1".encode()]
    for name, value in request.headers.raw:
        if name.lower() not in (b"content-length", b"transfer-encoding", b"connection"):
            lines.append(name + b": " + value)
    return b"\r\n".join(
        [*lines, f"Content-Length: {length}".encode(), b"Connection: close", b"", b""]
    )


def _wait_until_gone(connection: socket.socket) -> None:
    ends = time.monotonic() + GONE_SECONDS
    while time.monotonic() < ends and connection.recv(65536):
        pass
