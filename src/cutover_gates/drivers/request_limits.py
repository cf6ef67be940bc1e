"""Limits of requests: a total deadline for each, and a circuit breaker for a silent target.

httpx bounds each read, so a server that sends one byte a second could hold a request for ever.
Here every connect, TLS handshake, read and write of the thread that runs the request gets only the
remaining time of the request. A slow name server is bounded too.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from ssl import SSLContext
from typing import Any

import httpcore

CONNECT_SECONDS = 2.0
"""Seconds that connecting may take, where the settings name no other bound."""


class RequestClock(threading.local):
    """The end of the request that this thread runs, on the monotonic clock; None without one."""

    ends: float | None = None

    @contextmanager
    def limit_to(self, seconds: float) -> Iterator[None]:
        """Bound what the block does to so many seconds."""
        self.ends = time.monotonic() + seconds
        try:
            yield
        finally:
            self.ends = None

    def remaining_seconds(self, most: float | None, error: type[Exception]) -> float | None:
        """Return the remaining seconds, at most `most`. Raise `error` when the time is over."""
        if self.ends is None:
            return most
        left = self.ends - time.monotonic()
        if left <= 0:
            raise error("the time of this request is over")
        return left if most is None else min(left, most)


class _Stream(httpcore.NetworkStream):
    """A connection whose every operation is bounded by the clock."""

    def __init__(self, stream: httpcore.NetworkStream, clock: RequestClock) -> None:
        self._stream, self._clock = stream, clock

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(
            max_bytes, self._clock.remaining_seconds(timeout, httpcore.ReadTimeout)
        )

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        # In pieces of 64 KiB: the socket's own timeout begins anew with each part that the other
        # side accepts.
        for start in range(0, len(buffer), 65536):
            self._stream.write(
                buffer[start : start + 65536],
                self._clock.remaining_seconds(timeout, httpcore.WriteTimeout),
            )

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = self._clock.remaining_seconds(timeout, httpcore.ConnectTimeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, left), self._clock)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class DeadlineBackend(httpcore.NetworkBackend):
    """A network backend whose connections are bounded by `clock`.

    All addresses of a name share one bound.
    """

    def __init__(self, clock: RequestClock) -> None:
        self._clock, self._sockets = clock, httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Return a connection to the first address that answers within the time.

        Raises `httpcore.ConnectTimeout` or `httpcore.ConnectError`.
        """
        seconds = timeout or CONNECT_SECONDS
        ends = time.monotonic() + seconds
        failed: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in resolve_addresses(host, port, ends - time.monotonic()):
            left = self._clock.remaining_seconds(ends - time.monotonic(), httpcore.ConnectTimeout)
            if left is None or left <= 0:
                raise httpcore.ConnectTimeout(
                    f"no connection to {host}:{port} within {seconds:g} s"
                )
            try:
                return _Stream(
                    self._sockets.connect_tcp(address, port, left, local_address, socket_options),
                    self._clock,
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
        raise failed


def resolve_addresses(host: str, port: int, seconds: float) -> list[str]:
    """Return the addresses of `host`.

    The system's resolver has no timeout. So it runs in a thread, and the wait for it is bounded.
    Raises httpcore's `ConnectError` for a name without addresses, `ConnectTimeout` otherwise.
    """
    addresses: list[str] = []
    errors: list[OSError] = []

    def look_up() -> None:
        try:
            entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            addresses.extend(dict.fromkeys(str(entry[4][0]) for entry in entries))
        except OSError as error:
            errors.append(error)

    thread = threading.Thread(target=look_up, daemon=True, name=f"resolve {host}")
    thread.start()
    thread.join(max(seconds, 0))
    if errors:
        raise httpcore.ConnectError(f"the name {host} has no address: {errors[0]}") from errors[0]
    if not addresses:
        raise httpcore.ConnectTimeout(f"no address for {host} within {seconds:g} s")
    return list(addresses)


REFUSED_IN_A_ROW = 3
"""Refused connections after which nothing more is sent.

One or two happen while a target restarts or a proxy changes its backend.
"""


class CircuitBreaker:
    """A breaker that opens after `patience` seconds without any answer.

    It also opens after `REFUSED_IN_A_ROW` refused connections. The lost time is wall-clock time:
    sixteen threads that wait during the same second lose one second. Any answer resets it.
    """

    def __init__(self, patience: float = 6.0) -> None:
        self.patience = patience
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Close the breaker and forget the lost time: the target was restarted."""
        with self._lock:
            self._lost, self._counted_until, self._refused = 0.0, 0.0, 0
            self._why: str | None = None

    @property
    def why(self) -> str | None:
        """The reason why nothing more is sent; None while the breaker is closed."""
        return self._why

    def limit(self, seconds: float) -> float:
        """Return `seconds`, or the rest of the patience where that is less."""
        with self._lock:
            return max(0.05, min(seconds, self.patience - self._lost))

    def record_answer(self) -> None:
        """Record that an answer came."""
        with self._lock:
            self._lost, self._refused = 0.0, 0

    def record_refusal(self) -> None:
        """Record a refused connection. It costs no time, but shows that nothing listens."""
        with self._lock:
            self._refused += 1
            if self._refused >= REFUSED_IN_A_ROW:
                self._open(f"{self._refused} connections in a row were refused")

    def record_timeout(self, started: float) -> None:
        """Record that no answer came to a request that began at `started` (monotonic clock)."""
        now = time.monotonic()
        with self._lock:
            self._lost += max(0.0, now - max(started, self._counted_until))
            self._counted_until = now
            if self._lost >= self.patience - 0.05:
                self._open(f"no answer for {self._lost:.1f} s")

    def _open(self, why: str) -> None:
        if self._why is None:
            at = datetime.now(UTC).strftime("%H:%M:%S")
            self._why = (
                f"the target stopped answering at {at} UTC ({why}); nothing more is sent to it"
            )
