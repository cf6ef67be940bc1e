"""Uploads that break half way: a raw connection, since HTTP clients always finish a request."""

from __future__ import annotations

import socket
import ssl
import time
from typing import Protocol

import httpx

from cutover_gates.core.evidence.record import Recorder
from cutover_gates.drivers.http_exchange import failed_exchange, make_exchange
from cutover_gates.util.request_deadline import CONNECT_SECONDS

CLOSE_SECONDS = 2.0
"""Seconds for which the other side may take to notice that the connection is gone."""
_REPLACED_HEADERS = (b"content-length", b"transfer-encoding", b"connection")


class AliveCheck(Protocol):
    """The part of `GuardedTransport` that a cut upload needs."""

    tls: ssl.SSLContext

    def check_alive(self, request: httpx.Request) -> None:
        """Raise `TargetUnavailable` where the target has stopped to answer."""
        ...


def cut_request(request: httpx.Request, transport: AliveCheck | None, recorder: Recorder) -> None:
    """Send half of the request, and record the exchange.

    Raises `OSError` or `httpx.TransportError` where there is no connection in the first place.
    """
    started = time.monotonic()
    try:
        if transport is not None:
            transport.check_alive(request)
        send_half(request, transport.tls if transport else None)
    except (OSError, httpx.TransportError) as error:
        recorder.record_exchange(failed_exchange(request, time.monotonic() - started, error))
        raise
    seconds = time.monotonic() - started
    recorder.record_exchange(make_exchange(request, None, seconds, "cut half way, on purpose"))


def send_half(request: httpx.Request, tls: ssl.SSLContext | None) -> None:
    """Declare the whole Content-Length, send half of the body, and close.

    Returns when the connection is gone. The answer is not read. Raises `OSError` where there is no
    connection in the first place.
    """
    body = request.read()
    encrypted = request.url.scheme == "https"
    address = request.url.host, request.url.port or (443 if encrypted else 80)
    with socket.create_connection(address, timeout=CONNECT_SECONDS) as plain:
        connection = plain
        if encrypted:
            context = tls or ssl.create_default_context()
            connection = context.wrap_socket(plain, server_hostname=request.url.host)
        try:
            connection.settimeout(CLOSE_SECONDS)
            connection.sendall(_encode_head(request, len(body)) + body[: len(body) // 2])
            connection.shutdown(socket.SHUT_WR)
            _wait_for_close(connection)
        except OSError:
            pass  # the connection broke even earlier, which is the purpose
        finally:
            connection.close()


def _encode_head(request: httpx.Request, length: int) -> bytes:
    lines = [f"{request.method} {request.url.raw_path.decode()} HTTP/1.1".encode()]
    for name, value in request.headers.raw:
        if name.lower() not in _REPLACED_HEADERS:
            lines.append(name + b": " + value)
    lines += [f"Content-Length: {length}".encode(), b"Connection: close", b"", b""]
    return b"\r\n".join(lines)


def _wait_for_close(connection: socket.socket) -> None:
    ends = time.monotonic() + CLOSE_SECONDS
    while time.monotonic() < ends and connection.recv(65536):
        pass
