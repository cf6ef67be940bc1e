"""A way to the hospital that a fault can be put on: a TCP proxy that reads one HTTP request after
the other.

Connections are not shared, and each request is read whole before it goes on, which is all that a
network needs to be here.
"""

from __future__ import annotations

import asyncio
import re
import socket
import struct
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import ClassVar

_LENGTH = re.compile(rb"(?im)^content-length:\s*(\d+)")
_RESET = struct.pack(
    "ii", 1, 0
)  # SO_LINGER: on, for no time. The other side sees “connection reset by peer”


@dataclass
class Request:
    """One request. `whole` is False when the caller went away before its end."""

    head: bytes
    body: bytes
    whole: bool = True

    @property
    def line(self) -> str:
        """For example "GET /api/v1/patients?name=X"."""
        return self.head.partition(b" HTTP/")[0].decode("latin-1")

    @property
    def raw(self) -> bytes:
        return self.head + self.body


@dataclass
class Caller:
    """The side from which the requests come, and our own connection to the hospital for it."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    port: int
    _hospital: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = field(
        default=None, repr=False
    )

    async def forward(self, request: Request) -> bytes:
        """Send the request on; the whole answer."""
        if self._hospital is None:
            self._hospital = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self._hospital
        writer.write(request.raw)
        if not request.whole:
            writer.write_eof()
        head = await reader.readuntil(b"\r\n\r\n")
        return head + await reader.readexactly(_length(head))

    async def give(self, answer: bytes) -> None:
        self.writer.write(answer)
        await self.writer.drain()

    def reset(self) -> None:
        """Break the connection as a lost network or a crashed machine does."""
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.writer.transport.abort()

    def close(self) -> None:
        self.writer.close()
        if self._hospital is not None:
            self._hospital[1].close()


Pass = Callable[[Caller, Request], Awaitable[None]]


class OnTheWire:
    """What stands on the way to a hospital. With `listens` false nothing takes connections."""

    listens: ClassVar[bool] = True

    async def hand_on(self, caller: Caller, request: Request) -> None:
        """What becomes of one request."""
        raise NotImplementedError


async def straight_on(caller: Caller, request: Request) -> None:
    """How a network should be."""
    await caller.give(await caller.forward(request))


async def serve(listener: socket.socket, port: int, hand_on: Pass) -> None:
    """Hand each request that comes to `listener` on to `port`, by `hand_on`."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        caller = Caller(reader, writer, port)
        try:
            while not writer.is_closing() and (request := await _request(reader)) is not None:
                await hand_on(caller, request)
        except (OSError, asyncio.IncompleteReadError):
            pass  # one of the two sides went away: so does the other
        finally:
            caller.close()

    server = await asyncio.start_server(connected, sock=listener)
    await server.serve_forever()


async def _request(reader: asyncio.StreamReader) -> Request | None:
    """The next request, or None at the end of the connection."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    try:
        return Request(head, await reader.readexactly(_length(head)))
    except asyncio.IncompleteReadError as cut:
        return Request(head, cut.partial, whole=False)


def _length(head: bytes) -> int:
    found = _LENGTH.search(head)
    return int(found[1]) if found else 0


def start(listener: socket.socket, port: int, hand_on: Pass) -> None:
    """Serve in a thread, for as long as the process lives."""
    threading.Thread(
        target=asyncio.run, args=(serve(listener, port, hand_on),), daemon=True
    ).start()
