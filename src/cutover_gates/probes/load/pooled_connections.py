"""The connections of geventhttpclient, with three ways of its pool changed.

The pool offers no settings for them, so this module uses private parts of the library.
`tests/integration/load/test_pooled_connections.py` says when they break.
"""

from __future__ import annotations

import select
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from typing import Any

import httpx
from gevent import monkey
from gevent.queue import Empty
from geventhttpclient import HTTPClient
from geventhttpclient.connectionpool import ConnectionPool

from cutover_gates.probes.load.request_outcomes import ConnectionFlags, ConnectionUse

BLOCK_BYTES = 1 << 16

# gevent's own `poll` would switch to another greenlet.
_POLL: Callable[[], select.poll] = monkey.get_original("select", "poll")


@cache
def _tls_context() -> ssl.SSLContext:
    return httpx.create_ssl_context()


def create_client(
    origin: str,
    connections: int,
    connect_seconds: float,
    headers: Mapping[str, str],
    current_use: Callable[[], ConnectionUse] = ConnectionUse,
) -> HTTPClient:
    """Return a client of one origin with at most `connections` connections.

    `current_use` returns what the calling greenlet does with its connections. The sockets have no
    time limit of their own: `GeventTransport` bounds the whole request.
    """
    client = HTTPClient.from_url(
        origin,
        headers=headers,
        concurrency=connections,
        insecure=False,
        block_size=BLOCK_BYTES,
        ssl_context_factory=_tls_context,
        connection_timeout=connect_seconds,
        network_timeout=None,
    )
    pool = client._connection_pool
    # Where a connection ends without an answer, a GET would be sent again, as often as the pool is
    # large: that would hide what the target does.
    pool.size = -1
    # Whether a connection can still be used the pool asks in a way that costs more than to send
    # the request.
    pool._is_socket_alive = _is_usable  # type: ignore[method-assign, assignment]  # replaced
    _watch_pool(pool, current_use)
    return client


def _watch_pool(pool: ConnectionPool, current_use: Callable[[], ConnectionUse]) -> None:
    """Let the pool open a connection where one is needed, and note each that it opens."""
    take_socket, create_socket = pool.get_socket, pool._create_socket

    def create() -> Any:
        use = current_use()
        use.opened, use.flags = True, use.flags | ConnectionFlags.NEW
        return create_socket()

    def take() -> Any:
        use = current_use()
        if use.needs_new:
            use.needs_new = False
            _close_idle(pool)
            return _open_socket(pool)
        return take_socket()

    pool._create_socket = create  # type: ignore[method-assign]  # replaced
    pool.get_socket = take  # type: ignore[method-assign]  # replaced


def _close_idle(pool: ConnectionPool) -> None:
    """Close an idle connection, so that the new one takes its place."""
    with suppress(Empty):
        pool._socket_queue.get(block=False).close()


def _open_socket(pool: ConnectionPool) -> Any:
    """Open a connection as the pool does where none is idle. Raises as connecting does."""
    pool._semaphore.acquire()
    try:
        return pool._create_socket()
    except BaseException:
        pool._semaphore.release()
        raise


def _is_usable(connection: Any) -> bool:
    """Return whether an idle connection can be used: what comes from it unasked is its end."""
    poll = _POLL()
    try:
        poll.register(connection, select.POLLIN)
        return not poll.poll(0)
    except (OSError, ValueError):  # it is closed already
        return False
