"""A total bound on the time of a request, which neither a slow drip of bytes nor a slow name server
can stretch.

httpx bounds each read, so a server that sends one byte a second is waited for for ever. Here every
read, write, connect and TLS handshake of the thread that runs the request is given what remains of
the request's own time.
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


class RequestClock(threading.local):
    """When the request that this thread runs must be over, on the monotonic clock."""

    ends: float | None = None

    @contextmanager
    def limit_to(self, seconds: float) -> Iterator[None]:
        self.ends = time.monotonic() + seconds
        try:
            yield
        finally:
            self.ends = None

    def remaining_seconds(self, most: float | None, error: type[Exception]) -> float | None:
        """Seconds that may still be waited, at most `most`.

        Raises `error` when the time is over.
        """
        if self.ends is None:
            return most
        left = self.ends - time.monotonic()
        if left <= 0:
            raise error("the time of this request is over")
        return left if most is None else min(left, most)


class _Stream(httpcore.NetworkStream):
    """A connection that watches the clock."""

    def __init__(self, stream: httpcore.NetworkStream, clock: RequestClock) -> None:
        self._stream, self._clock = stream, clock

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(
            max_bytes, self._clock.remaining_seconds(timeout, httpcore.ReadTimeout)
        )

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        # In pieces: the socket's own time-out would begin anew with each part that the other side
        # takes.
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
    """Opens connections that watch `clock`.

    A name with several addresses gets one bound for all of them.
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
    """The addresses of `host`.

    The system's resolver cannot be given a bound, so it is asked in a thread that is not waited for
    longer.
    """
    found: list[str] = []
    faults: list[OSError] = []

    def ask() -> None:
        try:
            found.extend(
                dict.fromkeys(
                    str(entry[4][0])
                    for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
                )
            )
        except OSError as error:
            faults.append(error)

    asking = threading.Thread(target=ask, daemon=True, name=f"resolving {host}")
    asking.start()
    asking.join(max(seconds, 0))
    if faults:
        raise httpcore.ConnectError(f"the name {host} has no address: {faults[0]}") from faults[0]
    if not found:
        raise httpcore.ConnectTimeout(f"no address for {host} within {seconds:g} s")
    return list(found)


REFUSED_IN_A_ROW = 3


class CircuitBreaker:
    """Open once the time lost without any answer passes `patience` seconds, or after three refused
    connections in a row.

    Time is lost as a clock on the wall sees it: sixteen threads that wait for the same second lose
    one second. Any answer sets it back.
    """

    def __init__(self, patience: float = 6.0) -> None:
        self.patience = patience
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Believe in the target again: it was restarted."""
        with self._lock:
            self._lost, self._counted_until, self._refused = 0.0, 0.0, 0
            self._why: str | None = None

    @property
    def why(self) -> str | None:
        """Why nothing is sent any more, or None."""
        return self._why

    def limit(self, seconds: float) -> float:
        """`seconds`, or what is left of the patience when that is less."""
        with self._lock:
            return max(0.05, min(seconds, self.patience - self._lost))

    def record_answer(self) -> None:
        with self._lock:
            self._lost, self._refused = 0.0, 0

    def record_refusal(self) -> None:
        """The connection was refused. Costs no time, but says that nobody is there."""
        with self._lock:
            self._refused += 1
            if self._refused >= REFUSED_IN_A_ROW:
                self._open(f"{self._refused} connections in a row were refused")

    def record_timeout(self, started: float) -> None:
        """No answer came to a request begun at `started` (monotonic)."""
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
