"""The pace of a slow line: the bytes of a request and of its answer take so many seconds.

A deployment that ends an instance while such a request is under way must let it finish.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import httpcore
import httpx

PIECES = 40
"""Pieces in which a slow body leaves."""
SMALL_BODY = 1024
"""Bytes up to which a body goes at once: of an upload the answer, of a download the request."""
SMALL_BUFFER = 64 * 1024
"""Bytes that the system takes before they are read.

With its usual buffers of some MiB a server would be done with an answer long before it is read.
"""


@dataclass(frozen=True)
class RequestPace:
    """A pace at which each body that is not small, sent or read, takes `seconds`."""

    seconds: float

    @property
    def socket_options(self) -> list[httpcore.SOCKET_OPTION]:
        """The options of a connection that lets the other side feel the pace."""
        return [(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)]

    def send_slowly(self, content: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the content in pieces, with a pause before each."""
        whole = b"".join(content)
        size = len(whole) if len(whole) <= SMALL_BODY else -(-len(whole) // PIECES)
        for start in range(0, len(whole), size or 1):
            if len(whole) > SMALL_BODY:
                time.sleep(self.seconds / PIECES)
            yield whole[start : start + size]

    def read_slowly(self, response: httpcore.Response) -> Iterator[bytes]:
        """Yield the chunks of an answer as they come, with a pause after each."""
        names = {name.lower(): value for name, value in response.headers}
        length = int(names.get(b"content-length", b"0"))
        started, received = time.monotonic(), 0
        for chunk in response.iter_stream():
            yield chunk
            received += len(chunk)
            if length > SMALL_BODY:
                due = started + self.seconds * received / length
                time.sleep(max(0.0, due - time.monotonic()))


@dataclass(frozen=True)
class SlowStream(httpx.SyncByteStream):
    """The body of a request that leaves at a pace."""

    content: Iterable[bytes]
    pace: RequestPace

    def __iter__(self) -> Iterator[bytes]:
        return self.pace.send_slowly(self.content)
