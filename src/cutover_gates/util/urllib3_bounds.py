"""Bounds for libraries that send their requests by urllib3: requests, schemathesis, Kubernetes.

urllib3 bounds each read and not their sum, and decodes without a bound. A connection of this module
reads an answer to its end, within a total bound on its bytes and seconds, before a caller sees it.
"""

from __future__ import annotations

import io
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from urllib3 import HTTPConnectionPool, HTTPResponse, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection

from cutover_gates.core.bounded_json import UnusableJson, check_json_bounds
from cutover_gates.util.bounded_markup import declares_entities
from cutover_gates.util.content_encoding import (
    ContentNotDecodable,
    ContentTooLarge,
    decode_content,
)
from cutover_gates.util.http import SIZE_LIMIT, describe_delay

CHUNK_BYTES = 1 << 16
DEFAULT_SECONDS = 10.0
"""Seconds for an answer where the caller gave the request no timeout."""
SLACK_SECONDS = 0.5
"""Seconds beyond the timeout: a server that is silent meets urllib3's own timeout first."""
ENDLESS_TYPE = "text/event-stream"
"""A media type whose answers may have no end. Its reader stops by itself; the bytes are counted."""


class AnswerOutOfBounds(Exception):
    """An answer exceeds a bound. The message is the reason, as a clause, and quotes nothing of it.

    It is none of urllib3's own errors, which are sent again.
    """


class _BoundedReading:
    """The part that both kinds of connection share: an HTTPResponse is read within the bounds."""

    sock: Any
    timeout: Any

    def request(self, *place: Any, **options: Any) -> None:
        """Send a request (called by urllib3), whose answer is not read before the bounds are."""
        super().request(*place, **{**options, "preload_content": False})  # type: ignore[misc]  # of the other base

    def getresponse(self) -> Any:
        """Return the answer, wholly read (called by urllib3).

        Raises:
            AnswerOutOfBounds: it is larger, slower or deeper than allowed, or not decodable.
        """
        seconds = self.timeout if isinstance(self.timeout, int | float) else DEFAULT_SECONDS
        with _end_after(seconds, self.sock):
            answer: HTTPResponse = super().getresponse()  # type: ignore[misc]  # of the other base
            if ENDLESS_TYPE in answer.headers.get("Content-Type", "").lower():
                return _count_bytes(answer)
            content = _read(answer)
        return _rebuild(answer, _decode(answer, content))


class BoundedHttpConnection(_BoundedReading, HTTPConnection):
    """A connection without TLS."""


class BoundedHttpsConnection(_BoundedReading, HTTPSConnection):
    """A connection with TLS."""


class _BoundedHttpPool(HTTPConnectionPool):
    ConnectionCls = BoundedHttpConnection


class _BoundedHttpsPool(HTTPSConnectionPool):
    ConnectionCls = BoundedHttpsConnection


def bound_pools(manager: PoolManager) -> None:
    """Let a manager that has sent nothing yet read every answer within the bounds."""
    manager.pool_classes_by_scheme = {"http": _BoundedHttpPool, "https": _BoundedHttpsPool}


@contextmanager
def _end_after(seconds: float, sock: socket.socket) -> Iterator[None]:
    """Shut the socket down when the time is over, and then raise `AnswerOutOfBounds`.

    A head that arrives byte by byte, and interim answers without an end, pass every other timeout.
    """
    late = threading.Event()

    def shut_down() -> None:
        late.set()
        with suppress(OSError):  # the other side went away first
            sock.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds + SLACK_SECONDS, shut_down)
    timer.daemon = True
    timer.start()
    try:
        yield
    except Exception:
        if not late.is_set():
            raise
    finally:
        timer.cancel()
    if late.is_set():
        raise AnswerOutOfBounds(describe_delay(seconds))


def _read(answer: HTTPResponse) -> bytes:
    content = bytearray()
    for chunk in answer.stream(CHUNK_BYTES, decode_content=False):
        content += chunk
        if len(content) > SIZE_LIMIT:
            raise AnswerOutOfBounds(f"gave more than {SIZE_LIMIT} bytes")
    return bytes(content)


def _decode(answer: HTTPResponse, content: bytes) -> bytes:
    try:
        plain = decode_content(content, answer.headers.get("Content-Encoding", ""), SIZE_LIMIT)
        _check_content(plain, answer.headers.get("Content-Type", "").lower())
    except ContentTooLarge as error:
        raise AnswerOutOfBounds(f"gave {error}") from None
    except ContentNotDecodable as error:
        raise AnswerOutOfBounds(f"gave content as {error}") from None
    except UnusableJson as error:
        raise AnswerOutOfBounds(f"gave JSON that cannot be used: {error}") from None
    return plain


def _check_content(content: bytes, media_type: str) -> None:
    """Refuse what costs the parser of its media type more than its bytes."""
    if "json" in media_type:
        check_json_bounds(content)
    if "xml" in media_type and declares_entities(content):
        raise AnswerOutOfBounds("gave XML that declares entities, which is not read")


def _rebuild(answer: HTTPResponse, content: bytes) -> HTTPResponse:
    """Return the same answer with its decoded content, as one that is still to be read."""
    headers = answer.headers.copy()
    # Otherwise urllib3 would decode again, and miss the bytes that the encoding saved.
    if headers.pop("Content-Encoding", ""):
        headers.pop("Content-Length", None)
    return HTTPResponse(
        io.BytesIO(content),
        headers,
        answer.status,
        version=answer.version,
        version_string=answer.version_string,
        reason=answer.reason,
        preload_content=False,
        # requests takes cookies from it, and urllib3 gives its connection back by it.
        original_response=answer._original_response,
        enforce_content_length=False,
    )


def _count_bytes(answer: HTTPResponse) -> HTTPResponse:
    """Return an endless answer, of which its reader gets no more than the limit."""
    if answer.headers.get("Content-Encoding", "identity") != "identity":
        raise AnswerOutOfBounds("gave a compressed event stream, whose size cannot be bounded")
    read, total = answer.read1, 0

    def read_counted(amt: int | None = None, decode_content: bool | None = None) -> bytes:
        nonlocal total
        chunk = read(amt, decode_content)
        total += len(chunk)
        if total > SIZE_LIMIT:
            raise AnswerOutOfBounds(f"gave more than {SIZE_LIMIT} bytes")
        return chunk

    answer.read1 = read_counted  # type: ignore[method-assign]  # of this answer alone
    return answer
