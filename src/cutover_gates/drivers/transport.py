"""The transport of every request to a target: bounded in time and size, recorded, and guarded."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterable
from functools import cache

import httpcore
import httpx

from cutover_gates.core.evidence.exchange import Exchange
from cutover_gates.core.evidence.record import Recorder
from cutover_gates.drivers.bounded_response import SIZE_LIMIT, build_response, too_large
from cutover_gates.drivers.closed_connections import CLOSED, was_closed_before_sent
from cutover_gates.drivers.http_client import WITHHOLDS_TEXT
from cutover_gates.drivers.http_exchange import failed_exchange, make_exchange
from cutover_gates.drivers.production_guard import check_production_guard
from cutover_gates.drivers.request_context import RequestContext
from cutover_gates.drivers.request_limits import CircuitBreaker
from cutover_gates.drivers.request_pace import RequestPace, SlowStream
from cutover_gates.util.request_deadline import CONNECT_SECONDS, DeadlineBackend, RequestClock

KEEP_ALIVE_SECONDS = 2.0
"""Idle seconds after which a connection is closed.

Usual servers close after 5 s (uvicorn). If the client did not close first, a request could meet a
closing connection, and the target would be blamed.
"""
ExchangeObserver = Callable[[httpx.Request, httpx.Response | None], None]

_HTTPX_ERRORS: dict[type[Exception], type[httpx.TransportError]] = {
    httpcore.ConnectTimeout: httpx.ConnectTimeout,
    httpcore.ReadTimeout: httpx.ReadTimeout,
    httpcore.WriteTimeout: httpx.WriteTimeout,
    httpcore.PoolTimeout: httpx.PoolTimeout,
    httpcore.ConnectError: httpx.ConnectError,
    httpcore.ReadError: httpx.ReadError,
    httpcore.WriteError: httpx.WriteError,
    httpcore.UnsupportedProtocol: httpx.UnsupportedProtocol,
    httpcore.LocalProtocolError: httpx.LocalProtocolError,
    httpcore.RemoteProtocolError: httpx.RemoteProtocolError,
}
"""The httpx error for each error of httpcore, on which httpx stands."""


class TargetUnavailable(httpx.TransportError):
    """The target had stopped answering before; this request was not sent."""


@cache
def _default_tls() -> ssl.SSLContext:
    """Create the default context once: loading all authorities takes longer than most requests."""
    return httpx.create_ssl_context()


class GuardedTransport(httpx.BaseTransport):
    """A transport over httpcore's connection pool.

    `deadline` bounds a request in seconds, from its start to its last byte; `connect_seconds` of
    them may go into connecting. `patience` bounds the seconds without any answer
    (`CircuitBreaker`). `observer` is called with each request and its whole answer, None where no
    answer came. With `asks_again` a request that met a closing connection is sent once more, where
    that can change nothing (`closed_connections`). `pace` makes it a slow line.

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
        observer: ExchangeObserver | None = None,
        asks_again: bool = False,
        pace: RequestPace | None = None,
    ) -> None:
        self.recorder = recorder
        self._asks_again, self._pace = asks_again, pace
        self.breaker = CircuitBreaker(patience)
        self.deadline, self.production = deadline, production
        if production:
            recorder.redactor.withhold_target_text()
        self.tls = tls or _default_tls()
        self._size_limit, self._connect_seconds = size_limit, connect_seconds
        self._observer = observer
        self._clock = RequestClock()
        # httpx has no argument for the network backend, so the pool is used directly.
        self._pool = httpcore.ConnectionPool(
            ssl_context=self.tls,
            max_connections=100,
            max_keepalive_connections=20,
            keepalive_expiry=KEEP_ALIVE_SECONDS,
            network_backend=DeadlineBackend(self._clock),
            socket_options=pace.socket_options if pace else None,
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request and return the answer, wholly read."""
        if self.production:
            check_production_guard(request)
        started = time.monotonic()
        try:
            response = self._send_within_deadline(request, started)
        except httpx.TransportError as error:
            exchange = failed_exchange(request, time.monotonic() - started, error)
            self._record(request, None, exchange)
            raise
        exchange = make_exchange(
            request,
            response,
            time.monotonic() - started,
            withholds_text=self.recorder.redactor.withholds_target_text,
        )
        response.extensions[WITHHOLDS_TEXT] = self.recorder.redactor.withholds_target_text
        self._record(request, response, exchange)
        return response

    def check_alive(self, request: httpx.Request) -> None:
        """Raise `TargetUnavailable` where the breaker is open."""
        if self.breaker.why:
            raise TargetUnavailable(self.breaker.why, request=request)

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()

    def _record(
        self, request: httpx.Request, response: httpx.Response | None, exchange: Exchange
    ) -> None:
        RequestContext.of(request).exchange = exchange
        self.recorder.record_exchange(exchange)
        self.recorder.record_answer(request, response)
        if self._observer is not None:
            self._observer(request, response)

    def _send_within_deadline(self, request: httpx.Request, started: float) -> httpx.Response:
        """Send and read within the deadline, and report the outcome to the breaker."""
        self.check_alive(request)
        seconds = self.breaker.limit(RequestContext.of(request).deadline or self.deadline)
        request.extensions["timeout"] = {
            "connect": self._connect_seconds,
            "read": seconds,
            "write": seconds,
            "pool": seconds,
        }
        try:
            with self._clock.limit_to(seconds):
                response = self._exchange_once_more(request)
        except httpx.TimeoutException as error:
            self.breaker.record_timeout(started)
            message = f"no complete answer within {time.monotonic() - started:.1f} s"
            raise type(error)(message, request=request) from error
        except httpx.ConnectError:
            self.breaker.record_refusal()
            raise
        self.breaker.record_answer()
        return response

    def _exchange_once_more(self, request: httpx.Request) -> httpx.Response:
        """Exchange, and once more where a kept connection was closed and nothing was done."""
        try:
            return self._exchange(request)
        except CLOSED:
            if not self._asks_again or not was_closed_before_sent(request, self._clock):
                raise
        RequestContext.of(request).asked_again = True
        self._clock.reset_counters()
        return self._exchange(request)

    def _exchange(self, request: httpx.Request) -> httpx.Response:
        """Send the request, and return the answer with httpx's errors for those of httpcore."""
        try:
            head, content = self._send(request)
            return build_response(
                request, head.status, head.headers, content, self._size_limit, head.extensions
            )
        except tuple(_HTTPX_ERRORS) as error:
            raise _HTTPX_ERRORS[type(error)](str(error), request=request) from error

    def _send(self, request: httpx.Request) -> tuple[httpcore.Response, bytes]:
        """Return the answer's head, and its body as it was sent (still encoded)."""
        url = request.url
        response = self._pool.handle_request(
            httpcore.Request(
                request.method,
                httpcore.URL(
                    scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
                ),
                headers=request.headers.raw,
                content=SlowStream(_body(request), self._pace) if self._pace else request.stream,
                extensions=request.extensions,
            )
        )
        content = bytearray()
        try:
            for chunk in self._pace.read_slowly(response) if self._pace else response.iter_stream():
                content += chunk
                if len(content) > self._size_limit:
                    raise too_large(self._size_limit, request)
        finally:
            response.close()
        return response, bytes(content)


def _body(request: httpx.Request) -> Iterable[bytes]:
    assert isinstance(request.stream, httpx.SyncByteStream)  # no client here is asynchronous
    return request.stream
