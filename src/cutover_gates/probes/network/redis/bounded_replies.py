"""Bounds on what a Redis may send: redis-py reads a reply of any length, depth and duration.

Loaded with the first query only, as redis-py is.
"""

from __future__ import annotations

import time
from typing import Any

from redis.connection import Connection, SSLConnection

REPLY_BYTES = 4 * 1024 * 1024
"""Bytes that one query may bring. INFO of a large cluster has about 200 kB."""


class _CountingSocket:
    """A socket that gives no more than `REPLY_BYTES`, and nothing after `ends`.

    A reader that nobody waits for any more thereby ends, too.
    """

    def __init__(self, wrapped: Any, ends: float) -> None:
        self._wrapped, self._ends, self._left = wrapped, ends, REPLY_BYTES

    def __getattr__(self, name: str) -> Any:
        return getattr(self._wrapped, name)

    def recv(self, *place: Any) -> bytes:
        """Return bytes. Raises `OSError` beyond a bound."""
        data: bytes = self._wrapped.recv(*place)
        self._count(len(data))
        return data

    def recv_into(self, *place: Any) -> int:
        """Fill a buffer. Raises `OSError` beyond a bound."""
        size: int = self._wrapped.recv_into(*place)
        self._count(size)
        return size

    def _count(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise OSError(f"it gave more than {REPLY_BYTES} bytes")
        if time.monotonic() > self._ends:
            raise OSError("it gave no complete answer in time")


class _BoundedReplies:
    """The part that both kinds of connection share."""

    socket_timeout: Any

    def _connect(self) -> Any:
        """Return the socket (called by redis-py for each new connection)."""
        ends = time.monotonic() + float(self.socket_timeout)
        return _CountingSocket(super()._connect(), ends)  # type: ignore[misc]  # of the other base


class BoundedRedisConnection(_BoundedReplies, Connection):
    """A connection without TLS."""


class BoundedRedisTlsConnection(_BoundedReplies, SSLConnection):
    """A connection with TLS."""
