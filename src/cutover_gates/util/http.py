"""The one way of the probes to send an HTTP request: a total bound on its time and size.

`exchange` sends one request on a client that the caller owns. `util.http_client` sends each request
on a connection of its own, in a thread.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.core.printable import strip_control_characters
from cutover_gates.util.content_encoding import (
    ContentNotDecodable,
    ContentTooLarge,
    decode_content,
)
from cutover_gates.util.request_deadline import REQUEST_CLOCK

SIZE_LIMIT = 16 * 1024 * 1024
"""Bytes of an answer, before and after it is decoded."""
ACCEPTED_ENCODINGS = "gzip, deflate"
ERROR_TEXT_LIMIT = 200
"""Characters of an error text that a server sent."""


class SourceUnavailable(RuntimeError):
    """A source gave no usable answer. Says nothing about the release.

    `reason` says what happened and `url` where (redacted); the message is both. It holds no secret.
    """

    def __init__(self, reason: str, url: str = "") -> None:
        self.reason, self.url = strip_control_characters(reason), url
        super().__init__(f"{url} {self.reason}" if url else self.reason)


class ConnectionRefused(SourceUnavailable):
    """No process listens at the address."""


@dataclass(frozen=True)
class HttpRequest:
    """A request: what is asked, and how much of the answer is read.

    `redirects`: follow them. `read_body` false: the answer's headers are enough.
    """

    url: str
    method: str = "GET"
    parameters: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)
    redirects: bool = False
    read_body: bool = True
    size_limit: int = field(default_factory=lambda: SIZE_LIMIT)


@dataclass(frozen=True)
class BoundedResponse:
    """An answer, read completely, whatever its status.

    `headers` have names in lower case. `at` is the time of arrival on our clock, `date` the same on
    the server's clock where it sends one (both in seconds since the epoch). `client` and `server`
    are the IP addresses of the connection.
    """

    status: int
    body: bytes = field(repr=False)
    at: float
    date: float | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    client: str = ""
    server: str = ""

    @property
    def text(self) -> str:
        """The body as text; bytes that are not UTF-8 are replaced."""
        return self.body.decode("utf-8", "replace")

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300


def exchange(
    client: httpx.Client,
    request: HttpRequest,
    ends: float,
    seconds: float,
    redactor: Redactor | None = None,
) -> BoundedResponse:
    """Send a request and read the answer until `ends` (`time.monotonic`).

    Each step (connect, send, receive) has the client's own timeout. The total bound holds between
    two parts of the body, and in each step where the client has a `DeadlineTransport`. `seconds`
    is named in the error.

    Raises:
        SourceUnavailable: no complete answer came; `ConnectionRefused` where no process listens.
    """
    name = redact_url(request.url)
    try:
        with REQUEST_CLOCK.limit_to(ends - time.monotonic()):
            return _stream(client, request, ends, seconds)
    except httpx.TimeoutException:
        raise SourceUnavailable(describe_delay(seconds), name) from None
    except (httpx.TransportError, httpx.InvalidURL, OSError) as error:
        text = (redactor or Redactor()).redact_text(str(error) or type(error).__name__)
        # httpx has no error of its own for a refused connection; the text is the system's.
        refused = isinstance(error, httpx.ConnectError) and "refused" in text.lower()
        kind = ConnectionRefused if refused else SourceUnavailable
        raise kind(f"cannot be asked: {text[:ERROR_TEXT_LIMIT]}", name) from None
    except httpx.HTTPError as error:  # too many redirects, or a body that cannot be decoded
        raise SourceUnavailable(f"cannot be asked: {type(error).__name__}", name) from None


def _stream(
    client: httpx.Client, request: HttpRequest, ends: float, seconds: float
) -> BoundedResponse:
    body = bytearray()
    with client.stream(
        request.method,
        request.url,
        # None, since an empty mapping would remove the query that the URL has.
        params=dict(request.parameters) or None,
        content=request.body,
        headers={"Accept-Encoding": ACCEPTED_ENCODINGS, **request.headers},
        follow_redirects=request.redirects,
    ) as response:
        # Before the body is read: after it the connection is closed and has no addresses.
        stream = response.extensions["network_stream"]
        ends_of_connection = (_find_ip(stream, "client_addr"), _find_ip(stream, "server_addr"))
        # Raw: httpx decodes without a bound on what comes out.
        for chunk in response.iter_raw() if request.read_body else ():
            body += chunk
            if len(body) > request.size_limit:
                raise SourceUnavailable(
                    f"gave more than {request.size_limit} bytes", redact_url(request.url)
                )
            # httpx bounds each read, not their sum: a byte a second would never time out.
            if time.monotonic() > ends:
                raise SourceUnavailable(describe_delay(seconds), redact_url(request.url))
        return BoundedResponse(
            response.status_code,
            _decode(bytes(body), response, request),
            time.time(),
            parse_date(response.headers.get("Date")),
            dict(response.headers.items()),
            *ends_of_connection,
        )


def _decode(body: bytes, response: httpx.Response, request: HttpRequest) -> bytes:
    encoding = response.headers.get("content-encoding", "") if request.read_body else ""
    try:
        return decode_content(body, encoding, request.size_limit)
    except ContentTooLarge as error:
        raise SourceUnavailable(f"gave {error}", redact_url(request.url)) from None
    except ContentNotDecodable as error:
        raise SourceUnavailable(f"gave content as {error}", redact_url(request.url)) from None


def _find_ip(stream: Any, end: str) -> str:
    """Return the IP address of one end (httpx documents the extension `network_stream`)."""
    address = stream.get_extra_info(end)
    return str(address[0]) if address else ""


def describe_delay(seconds: float) -> str:
    """Return the reason of an answer that did not come in time."""
    return f"gave no complete answer within {seconds:g} s"


def drop_frames(error: SourceUnavailable) -> SourceUnavailable:
    """Return the error without its frames, whose variables hold headers with tokens."""
    error.__traceback__ = error.__context__ = error.__cause__ = None
    return error


def redact_url(url: str) -> str:
    """Return the URL without user, password, query and fragment."""
    try:
        parts = httpx.URL(url)
        # A user, a password and a query may hold secrets.
        return str(parts.copy_with(userinfo=b"", query=None, fragment=None))
    except httpx.InvalidURL:
        return "an invalid URL"


def parse_date(date: str | None) -> float | None:
    """Return a `Date` header as `time.time()` has it; None where there is none to be read."""
    try:
        # A server may send any text here; a wrong date is no reason to refuse its answer.
        return parsedate_to_datetime(date).timestamp() if date else None
    except (ValueError, OverflowError):
        return None
