"""The connections of geventhttpclient, with two ways of its pool changed.

The pool offers no settings for them, so this module uses private parts of the library.
`tests/integration/load/test_pooled_connections.py` says when they break.
"""

from __future__ import annotations

import select
import ssl
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import httpx
from gevent import monkey
from geventhttpclient import HTTPClient

BLOCK_BYTES = 1 << 16

# gevent's own `poll` would switch to another greenlet.
_POLL: Callable[[], select.poll] = monkey.get_original("select", "poll")


@cache
def _tls_context() -> ssl.SSLContext:
    return httpx.create_ssl_context()


def create_client(
    origin: str, connections: int, connect_seconds: float, headers: Mapping[str, str]
) -> HTTPClient:
    """Return a client of one origin with at most `connections` connections.

    Its sockets have no time limit of their own: `GeventTransport` bounds the whole request.
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
    return client


def _is_usable(connection: Any) -> bool:
    """Return whether an idle connection can be used: what comes from it unasked is its end."""
    poll = _POLL()
    try:
        poll.register(connection, select.POLLIN)
        return not poll.poll(0)
    except (OSError, ValueError):  # it is closed already
        return False
