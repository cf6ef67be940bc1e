"""The private parts of geventhttpclient that a load process uses are still there.

In a process of its own: geventhttpclient makes the sockets of its process gevent's.
"""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import inspect
from geventhttpclient import HTTPClient
from geventhttpclient.connectionpool import ConnectionPool
from cutover_gates.probes.load.pooled_connections import _is_usable, create_client

pool = create_client("http://127.0.0.1:9", 3, 1.0, {})._connection_pool
assert pool.size == -1
assert pool._is_socket_alive is _is_usable
source = inspect.getsource(ConnectionPool)
assert "self._is_socket_alive(" in source, "the pool asks otherwise whether a connection is usable"
assert "self._create_socket()" in source, "the pool opens connections otherwise"
assert "self._connection_pool.get_socket()" in inspect.getsource(HTTPClient.request)
assert pool.get_socket.__name__ == "take" and pool._create_socket.__name__ == "create"
assert pool._semaphore.counter == 3 and pool._socket_queue.maxsize == 3
import geventhttpclient.client
assert "_connection_pool.size" in inspect.getsource(geventhttpclient.client), (
    "the client decides otherwise how often a request is sent again"
)
"""


def test_the_private_parts_of_geventhttpclient_are_still_there() -> None:
    """Where this fails, look at how the library sends a request again, and adapt the module."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
