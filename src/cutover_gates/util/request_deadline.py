"""A total deadline for each request of httpx, from its first byte to its last.

httpx bounds each read, so a server that sends one byte a second could hold a request for ever, and
one that sends interim answers (1xx) without an end would keep its thread busy for ever. Here every
connect, TLS handshake, read and write of the thread that runs the request gets only the remaining
time of the request. A slow name server is bounded too.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore
import httpx

CONNECT_SECONDS = 2.0
"""Seconds that connecting may take, where the settings name no other bound."""


class RequestClock(threading.local):
    """The end of the request that this thread runs, on the monotonic clock; None without one.

    `connections` counts those that the request opened (none: it used one that was kept), `sent` and
    `received` its bytes.
    """

    ends: float | None = None
    connections = 0
    sent = 0
    received = 0

    @contextmanager
    def limit_to(self, seconds: float) -> Iterator[None]:
        """Bound what the block does to so many seconds."""
        self.ends = time.monotonic() + seconds
        self.reset_counters()
        try:
            yield
        finally:
            self.ends = None

    def reset_counters(self) -> None:
        """Count connections and bytes anew: a request begins."""
        self.connections = self.sent = self.received = 0

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
        content = self._stream.read(
            max_bytes, self._clock.remaining_seconds(timeout, httpcore.ReadTimeout)
        )
        self._clock.received += len(content)
        return content

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        # In pieces of 64 KiB: the socket's own timeout begins anew with each part that the other
        # side accepts.
        for start in range(0, len(buffer), 65536):
            piece = buffer[start : start + 65536]
            self._stream.write(piece, self._clock.remaining_seconds(timeout, httpcore.WriteTimeout))
            self._clock.sent += len(piece)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
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
        self._clock.connections += 1
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


REQUEST_CLOCK = RequestClock()
"""The clock of the requests that `util.http.exchange` sends."""


class DeadlineTransport(httpx.HTTPTransport):
    """A transport whose connections are bounded by `REQUEST_CLOCK`, without proxies.

    `local_address` is the address that the requests come from.
    """

    def __init__(self, tls: ssl.SSLContext | None = None, local_address: str | None = None) -> None:
        context = tls or httpx.create_ssl_context(trust_env=False)
        super().__init__(verify=context, trust_env=False)
        # httpx takes no network backend, and closes and uses what stands in `_pool`.
        self._pool = httpcore.ConnectionPool(
            ssl_context=context,
            local_address=local_address,
            network_backend=DeadlineBackend(REQUEST_CLOCK),
        )
