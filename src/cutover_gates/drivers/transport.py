"""What may not be done to a production target, as an error of its own: it says that the suite was
wrong, never the target.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from functools import cache

import httpcore
import httpx

from cutover_gates.core.evidence.exchange import Exchange
from cutover_gates.core.evidence.record import Recorder
from cutover_gates.drivers.http_exchange import EXCHANGE, make_exchange
from cutover_gates.drivers.request_limits import (
    CONNECT_SECONDS,
    CircuitBreaker,
    DeadlineBackend,
    RequestClock,
)

SYNTHETIC = "cutover_gates.hospital.synthetic"
"""The httpx request extension that marks a request as one of the driver's own operations on
synthetic things.
"""

READ_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class GuardError(Exception):
    """The suite was about to do something to a production target that it must not do.

    Nothing was sent.
    """


SIZE_LIMIT = 16 * 1024 * 1024
"""Bytes of an answer's body. No document of the suite comes near."""
ExchangeObserver = Callable[[httpx.Request, httpx.Response | None], None]
KEEP_ALIVE_SECONDS = 2.0
"""Idle connections are dropped before usual servers drop them (uvicorn: 5 s), or the two would race
and the target be blamed.
"""


@cache
def _default_tls() -> ssl.SSLContext:
    """Made once: reading all the world's certificates takes longer than most requests."""
    return httpx.create_ssl_context()


class TargetUnavailable(httpx.TransportError):
    """The target had stopped answering before; this request was not sent."""


class AnswerTooLarge(httpx.TransportError):
    """The answer's body passed the size limit and was not read to its end."""


class GuardedTransport(httpx.BaseTransport):
    """Around `httpx.HTTPTransport`.

    `deadline` bounds a request in seconds, from its start to its last byte, of which
    `connect_seconds` may go into connecting; `patience` see `Breaker`. `seen` is shown each request
    with its whole answer, None where none came.

    The answer comes back wholly read. Raises httpx's transport errors, `TargetUnavailable`,
    `AnswerTooLarge`, and `GuardError` on production.
    """

    def __init__(
        self,
        recorder: Recorder,
        *,
        production: bool = False,
        connect_seconds: float = CONNECT_SECONDS,
        deadline: float = 5.0,
        patience: float = 6.0,
        tls: ssl.SSLContext | None = None,
        size_limit: int = SIZE_LIMIT,
        seen: ExchangeObserver | None = None,
    ) -> None:
        self.recorder, self.breaker, self.deadline, self.production = (
            recorder,
            CircuitBreaker(patience),
            deadline,
            production,
        )
        self.tls = tls or _default_tls()
        self._size_limit, self._connect_seconds, self._seen = size_limit, connect_seconds, seen
        self._clock = RequestClock()
        self._inner = httpx.HTTPTransport(verify=self.tls)
        # httpx has no argument for the network backend; a test fails should it ever name its pool
        # otherwise.
        self._inner._pool = httpcore.ConnectionPool(
            ssl_context=self.tls,
            max_connections=100,
            max_keepalive_connections=20,
            keepalive_expiry=KEEP_ALIVE_SECONDS,
            network_backend=DeadlineBackend(self._clock),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self._guard(request)
        started = time.monotonic()
        try:
            response = self._send_within_deadline(request, started)
        except httpx.TransportError as error:
            self._record(
                request,
                None,
                make_exchange(
                    request, None, time.monotonic() - started, f"{type(error).__name__}: {error}"
                ),
            )
            raise
        self._record(
            request, response, make_exchange(request, response, time.monotonic() - started)
        )
        return response

    def check_alive(self, request: httpx.Request) -> None:
        """Raise `TargetUnavailable` when the breaker is open."""
        if self.breaker.why:
            raise TargetUnavailable(self.breaker.why, request=request)

    def close(self) -> None:
        self._inner.close()

    def _guard(self, request: httpx.Request) -> None:
        if (
            self.production
            and request.method not in READ_METHODS
            and not request.extensions.get(SYNTHETIC)
        ):
            raise GuardError(
                f"{request.method} {request.url.path} is not the driver's own operation on"
                " synthetic data, and this target is production"
            )

    def _record(
        self, request: httpx.Request, response: httpx.Response | None, exchange: Exchange
    ) -> None:
        request.extensions[EXCHANGE] = exchange
        self.recorder.record_exchange(exchange)
        if self._seen is not None:
            self._seen(request, response)

    def _send_within_deadline(self, request: httpx.Request, started: float) -> httpx.Response:
        """Send and read within the deadline, and tell the breaker what came of it."""
        self.check_alive(request)
        seconds = self.breaker.limit(request.extensions.get("cutover.deadline", self.deadline))
        request.extensions["timeout"] = {
            "connect": self._connect_seconds,
            "read": seconds,
            "write": seconds,
            "pool": seconds,
        }
        try:
            with self._clock.limit_to(seconds):
                response = self._read(request)
        except httpx.TimeoutException as error:
            self.breaker.record_timeout(started)
            raise type(error)(
                f"no complete answer within {time.monotonic() - started:.1f} s", request=request
            ) from error
        except httpx.ConnectError:
            self.breaker.record_refusal()
            raise
        self.breaker.record_answer()
        return response

    def _read(self, request: httpx.Request) -> httpx.Response:
        """The answer, wholly read; still encoded as it came, for httpx to decode."""
        response = self._inner.handle_request(request)
        content = bytearray()
        try:
            for chunk in response.iter_raw():
                content += chunk
                if len(content) > self._size_limit:
                    raise AnswerTooLarge(
                        f"the answer is larger than {self._size_limit} bytes", request=request
                    )
        finally:
            response.close()
        whole = httpx.Response(
            response.status_code,
            headers=response.headers,
            stream=httpx.ByteStream(bytes(content)),
            extensions=response.extensions,
        )
        try:
            whole.read()
        except httpx.DecodingError as error:
            raise httpx.RemoteProtocolError(
                f"the answer's Content-Encoding is not what it says: {error}", request=request
            ) from error
        return whole
