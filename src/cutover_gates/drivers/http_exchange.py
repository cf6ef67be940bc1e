"""What a driver needs of its HTTP client: two methods of `httpx.Client`, and little of what they
give. A load process has a leaner one.
"""

from __future__ import annotations

import re
import socket
import ssl
import time
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import urlsplit

import httpx

from cutover_gates.core.evidence.exchange import Body, Exchange, Part, answer_facts
from cutover_gates.drivers.request_limits import CONNECT_SECONDS


class HttpResponse(Protocol):
    """An answer, wholly read, as the client gives it.

    The names of `headers` are found in any case.
    """

    @property
    def status_code(self) -> int: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def content(self) -> bytes: ...


class HttpClient(Protocol):
    """`httpx.Client` is one. `send` raises httpx's transport errors."""

    @property
    def cookies(self) -> httpx.Cookies: ...

    def build_request(
        self,
        method: str,
        url: httpx.URL | str,
        *,
        content: Any = None,
        data: Any = None,
        files: Any = None,
        json: Any = None,
        headers: Any = None,
        extensions: Any = None,
    ) -> httpx.Request: ...

    def send(self, request: httpx.Request) -> HttpResponse: ...
    def close(self) -> None: ...


EXCHANGE = "cutover.exchange"
"""Request extension under which the transport leaves the recorded `Exchange`, for the message of a
failure.
"""
SHOWN_HEADERS = "cutover.shown"
"""Request extension: the headers that the mapping gave, with `$TOKEN` in the place of the token."""
PARTS = "cutover.parts"
"""Request extension: the parts of a multipart body, as `Part`s."""

_SHOWN_ALWAYS = frozenset(
    {
        "accept",
        "content-type",
        "if-match",
        "if-none-match",
        "if-none-exist",
        "idempotency-key",
        "prefer",
        "x-request-id",
    }
)
_TELLING = re.compile(r"(?i)auth|token|secret|cookie|session|signature|api-?key|password")


def redact_headers(request: httpx.Request) -> dict[str, str]:
    """The request's headers that may be kept: an allow-list, those of the mapping, and the token's
    as `$TOKEN`.
    """
    declared: Mapping[str, str] = request.extensions.get(SHOWN_HEADERS, {})
    shown = {}
    for name, value in request.headers.items():
        if name in _SHOWN_ALWAYS and value != "*/*":
            shown[name] = value
    for name, value in declared.items():
        shown[name.lower()] = (
            value if "$TOKEN" in value or not _TELLING.search(name) else f"‹{name.lower()}›"
        )
    if "authorization" in request.headers and "authorization" not in declared:
        shown["authorization"] = f"{request.headers['authorization'].partition(' ')[0]} $TOKEN"
    return shown


def make_exchange(
    request: httpx.Request,
    response: httpx.Response | None,
    seconds: float,
    error: str | None = None,
) -> Exchange:
    """The exchange.

    `response` must be read; None when no answer came, and then `error` says why.
    """
    try:
        content = request.read()
    except httpx.StreamError:
        content = b""
    parts: tuple[Part, ...] = request.extensions.get(PARTS, ())
    facts, request_id, status = {}, None, None
    if response is not None:
        media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        facts, status = (
            answer_facts(response.status_code, media_type, response.content),
            response.status_code,
        )
        request_id = response.headers.get("x-request-id")
        if response.has_redirect_location:
            target = urlsplit(response.headers["location"])
            facts["location"] = (
                f"{target.scheme}://{target.netloc}{target.path}" if target.netloc else target.path
            )
    return Exchange(
        request.method,
        str(request.url),
        status,
        round(seconds, 6),
        request_id,
        redact_headers(request),
        Body.of(content, parts) if content else None,
        facts,
        error,
    )


CLOSE_SECONDS = 2.0
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
            connection.settimeout(CLOSE_SECONDS)
            connection.sendall(_encode_head(request, len(body)) + body[: len(body) // 2])
            connection.shutdown(socket.SHUT_WR)
            _wait_for_close(connection)
        except OSError:
            pass  # it broke even earlier: that is what was wanted
        finally:
            connection.close()


def _encode_head(request: httpx.Request, length: int) -> bytes:
    lines = [f"{request.method} {request.url.raw_path.decode()} HTTP/1.1".encode()]
    for name, value in request.headers.raw:
        if name.lower() not in (b"content-length", b"transfer-encoding", b"connection"):
            lines.append(name + b": " + value)
    return b"\r\n".join(
        [*lines, f"Content-Length: {length}".encode(), b"Connection: close", b"", b""]
    )


def _wait_for_close(connection: socket.socket) -> None:
    ends = time.monotonic() + CLOSE_SECONDS
    while time.monotonic() < ends and connection.recv(65536):
        pass
