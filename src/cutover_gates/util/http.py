"""The one HTTP client of the probes: every request has a total bound on time and size.

`exchange` sends one request on a client that the caller owns. `BoundedHttpClient` sends each
request on a connection of its own, in a thread, so that no server can hold up the caller: not by a
slow name lookup, not by a slow handshake, not by an answer that arrives byte by byte.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any

import httpx

from cutover_gates.core.evidence.redact import Redactor

SAMPLE_TIMEOUT_SECONDS = 1.5
"""Seconds for one sample of the load probe: a run may end two seconds late because of one."""
SIZE_LIMIT = 16 * 1024 * 1024
"""Bytes of an answer."""
ERROR_TEXT_LIMIT = 200
"""Characters of an error text that a server sent."""


class SourceUnavailable(RuntimeError):
    """A source gave no usable answer. Says nothing about the release.

    `reason` says what happened and `url` where (redacted); the message is both. It holds no secret.
    """

    def __init__(self, reason: str, url: str = "") -> None:
        super().__init__(f"{url} {reason}" if url else reason)
        self.reason, self.url = reason, url


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

    Each step (connect, send, receive) has the client's own timeout; between two parts of the body
    the total bound holds. `seconds` is named in the error.

    Raises:
        SourceUnavailable: no complete answer came; `ConnectionRefused` where no process listens.
    """
    name = redact_url(request.url)
    try:
        return _stream(client, request, ends, seconds)
    except httpx.TimeoutException:
        raise SourceUnavailable(_late(seconds), name) from None
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
        params=dict(request.parameters) or None,
        content=request.body,
        headers=dict(request.headers),
        follow_redirects=request.redirects,
    ) as response:
        # Before the body is read: after it the connection is closed and has no addresses.
        stream = response.extensions["network_stream"]
        ends_of_connection = (_find_ip(stream, "client_addr"), _find_ip(stream, "server_addr"))
        for chunk in response.iter_bytes() if request.read_body else ():
            body += chunk
            if len(body) > request.size_limit:
                raise SourceUnavailable(
                    f"gave more than {request.size_limit} bytes", redact_url(request.url)
                )
            if time.monotonic() > ends:
                raise SourceUnavailable(_late(seconds), redact_url(request.url))
        return BoundedResponse(
            response.status_code,
            bytes(body),
            time.time(),
            _parse_date(response.headers.get("Date")),
            dict(response.headers.items()),
            *ends_of_connection,
        )


def _find_ip(stream: Any, end: str) -> str:
    """Return the IP address of one end (httpx documents the extension `network_stream`)."""
    address = stream.get_extra_info(end)
    return str(address[0]) if address else ""


def _late(seconds: float) -> str:
    return f"gave no complete answer within {seconds:g} s"


class BoundedHttpClient:
    """Sends requests in a thread and waits no longer than `seconds` for each.

    While an answer is outstanding, no further request is sent.

    Each request has a connection of its own: behind a load balancer a kept connection would always
    lead to the same process and hide the others.
    """

    def __init__(
        self,
        seconds: float = SAMPLE_TIMEOUT_SECONDS,
        *,
        tls: ssl.SSLContext | None = None,
        auth: httpx.Auth | None = None,
        redactor: Redactor | None = None,
    ) -> None:
        self._seconds, self._tls, self._auth = seconds, tls or _default_tls_context(), auth
        self._redactor = redactor or Redactor()
        self._thread: threading.Thread | None = None

    def get(
        self, url: str, parameters: Mapping[str, str] | None = None, accept: str = "*/*"
    ) -> BoundedResponse:
        """Return the answer, whatever its status. Raises `SourceUnavailable`."""
        return self._send_with_timeout(
            HttpRequest(url, "GET", parameters or {}, {"Accept": accept})
        )

    def post(self, url: str, body: bytes) -> BoundedResponse:
        """Return the answer to a query in JSON that is too long for a URL.

        The query must change nothing on the server. Raises `SourceUnavailable`.
        """
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        return self._send_with_timeout(HttpRequest(url, "POST", {}, headers, body))

    def _send_with_timeout(self, request: HttpRequest) -> BoundedResponse:
        name = redact_url(request.url)
        if self._thread and self._thread.is_alive():
            raise SourceUnavailable("is still busy with the request before", name)
        answers: list[BoundedResponse | SourceUnavailable] = []
        self._thread = threading.Thread(
            target=lambda: answers.append(self._try_send(request)), daemon=True, name="http-request"
        )
        self._thread.start()
        self._thread.join(self._seconds)
        answer = answers[0] if answers else SourceUnavailable(_late(self._seconds), name)
        if isinstance(answer, SourceUnavailable):
            raise answer
        return answer

    def _try_send(self, request: HttpRequest) -> BoundedResponse | SourceUnavailable:
        try:
            return self._send(request)
        except SourceUnavailable as error:
            return drop_frames(error)
        except Exception as error:  # only the kind is shown: the text may hold a header
            return SourceUnavailable(
                f"cannot be asked: {type(error).__name__}", redact_url(request.url)
            )

    def _send(self, request: HttpRequest) -> BoundedResponse:
        ends = time.monotonic() + self._seconds
        with httpx.Client(
            verify=self._tls,
            auth=self._auth,
            timeout=self._seconds,
            trust_env=False,
            headers={"Connection": "close"},
        ) as client:
            return exchange(client, request, ends, self._seconds, self._redactor)


def drop_frames(error: SourceUnavailable) -> SourceUnavailable:
    """Return the error without its frames, whose variables hold headers with tokens."""
    error.__traceback__ = error.__context__ = error.__cause__ = None
    return error


@cache
def _default_tls_context() -> ssl.SSLContext:
    # Once a process: reading the system's authorities takes longer than most requests.
    return httpx.create_ssl_context()


def redact_url(url: str) -> str:
    """Return the URL without user, password, query and fragment."""
    try:
        parts = httpx.URL(url)
        return str(parts.copy_with(userinfo=b"", query=None, fragment=None))
    except httpx.InvalidURL:
        return "an invalid URL"


def _parse_date(date: str | None) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp() if date else None
    except ValueError:
        return None
