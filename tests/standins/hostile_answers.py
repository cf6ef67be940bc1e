"""Answers that no honest server sends, as bytes for a socket: bombs, mazes, drips and noise."""

from __future__ import annotations

import contextlib
import gzip
import itertools
import socket
import time
import zlib
from collections.abc import Callable, Iterable, Iterator

Answer = bytes | Callable[[], Iterable[bytes]]
"""The whole answer, or a function that yields its parts, perhaps without an end."""


def reply(
    body: bytes, *headers: str, status: str = "200 OK", media_type: str = "application/json"
) -> bytes:
    """Return an answer with a body of the stated length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {media_type}", f"Content-Length: {len(body)}"]
    head = "\r\n".join([*lines, "Connection: close", *headers, "", ""])
    return head.encode("latin-1") + body


def _pack(size: int, window_bits: int) -> bytes:
    packer = zlib.compressobj(wbits=window_bits)
    block = b"[" * (1 << 20)
    return b"".join(packer.compress(block) for _ in range(size >> 20)) + packer.flush()


def _stream(head: bytes, parts: Iterable[bytes], pause: float = 0) -> Iterator[bytes]:
    yield head
    for part in parts:
        yield part
        time.sleep(pause)


_CHUNKED = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
)
_OPEN = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
_GIGABYTE = 1 << 30
_GZIP = _pack(_GIGABYTE, 31)
_CHUNK = b"10000\r\n" + b" " * 0x10000 + b"\r\n"

TOO_MUCH: dict[str, Answer] = {
    "gzip": reply(_GZIP, "Content-Encoding: gzip"),
    "deflate": reply(_pack(_GIGABYTE, 15), "Content-Encoding: deflate"),
    "raw deflate": reply(_pack(_GIGABYTE, -15), "Content-Encoding: deflate"),
    "gzip in gzip": reply(gzip.compress(_GZIP), "Content-Encoding: gzip, gzip"),
    "gzip on gzip on gzip": reply(_GZIP, "Content-Encoding: gzip", "Content-Encoding: gzip, gzip"),
    "brotli": reply(b"\x1b" * 1000, "Content-Encoding: br"),
    "chunks without an end": lambda: _stream(_CHUNKED, itertools.repeat(_CHUNK)),
    "a body without an end": lambda: _stream(_OPEN + b"\r\n", itertools.repeat(b" " * 0x10000)),
    "headers without an end": lambda: _stream(
        _OPEN, itertools.repeat(b"X-A: " + b"a" * 8000 + b"\r\n")
    ),
    "one header without an end": lambda: _stream(
        _OPEN + b"X-A: ", itertools.repeat(b"a" * 0x10000)
    ),
    "a hundred thousand headers": lambda: _stream(_OPEN, [b"X: y\r\n" * 100_000]),
    "hints without an end": lambda: _stream(
        b"", itertools.repeat(b"HTTP/1.1 103 Early Hints\r\n\r\n")
    ),
    "a body that drips": lambda: _stream(_OPEN + b"\r\n", itertools.repeat(b" "), 0.2),
    "a head that drips": lambda: _stream(b"", (bytes([one]) for one in _OPEN * 100), 0.2),
}
"""More than a bound allows, in bytes or seconds."""

MAZES: dict[str, Answer] = {
    "lists": reply(b"[" * 200_000),
    "closed lists": reply(b"[" * 200_000 + b"]" * 200_000),
    "objects": reply(b'{"a":' * 200_000),
    "a release behind a maze": reply(b'{"release":"1.0","a":' + b"[" * 500 + b"]" * 500 + b"}"),
    "empty lists": reply(b"[" + b"[]," * 4_000_000 + b"[]]"),
    "quotation marks": reply(b"[" * 101 + b'"' * 8_000_000),
    "long number": reply(b'{"release":' + b"9" * 1_000_000 + b"}"),
    "large number": reply(b'{"release": 1e999}'),
    "NaN": reply(b'{"release": NaN}'),
    "a name twice": reply(b'{"release": "1.0", "release": "2.0"}'),
    "a lone surrogate": reply(b'{"release": "1.0\\ud800"}'),
    "bytes that are no text": reply(b'{"release": "\xff\xfe\x00"}'),
    "UTF-16": reply('{"release": "1.0"}'.encode("utf-16")),
    "an error maze": reply(b"[" * 60_000, status="500 Oops"),
    "a problem maze": reply(
        b'{"a":' * 10_000, status="401 No", media_type="application/problem+json"
    ),
}
"""JSON that costs memory, exceeds what a reader can nest, or means two things."""

NOISE: dict[str, Answer] = {
    "cut gzip": reply(gzip.compress(b'{"release": "1.0"}')[:-6], "Content-Encoding: gzip"),
    "no gzip": reply(b'{"release": "1.0"}', "Content-Encoding: gzip"),
    "a location that is none": reply(b"", "Location: http://[", status="302 Found"),
    "a location with a port of letters": reply(b"", "Location: http://a:b/", status="302 Found"),
    "itself": reply(b"", "Location: /", status="307 Again"),
    "no HTTP": b"\x00\x01\x02\r\n\r\n",
    "status 999": reply(b"{}", status="999 What"),
    "status of letters": reply(b"{}", status="two OK"),
    "two lengths": reply(b"{}", "Content-Length: 900"),
    "a length below zero": b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}",
    "escape codes in headers": reply(b"{}", "X-Request-Id: \x1b[2J\x1b]0;x\x07", "ETag: \x9b31m"),
    "a media type of escape codes": reply(b"x", media_type="text/\x1b[31mhtml; charset=zip_codec"),
    "cookies": reply(b"{}", *[f"Set-Cookie: a{number}=b; Domain=." for number in range(50)]),
    "a list for an object": reply(b"[]"),
    "null": reply(b"null"),
    "a text": reply(b'"1.0"'),
    "nested tables": reply(b'{"release": {"release": {"release": []}}, "status": {"a": 1}}'),
    "values of other types": reply(
        b'{"release": ["1.0"], "status": 7, "access_token": {}, "expires_in": "\\u0000",'
        b' "items": {"a": 1}, "total": -1, "entry": [7, null, [], {"resource": "x"}], "id": {},'
        b' "resourceType": ["Bundle"], "openapi": 3, "paths": [], "fhirVersion": {}}'
    ),
    "NUL": reply(b'{"release": "1.0\\u0000", "id": "\\u0000", "access_token": "\\u0000"}'),
    "a refusal with escape codes and a name": reply(
        b'{"type": "/p/x", "title": "Refused", "status": 409, "detail": "\\u001b[2J\\u001b[1;1HGO'
        b' \\u202e Anna Example\\n::error::x\\u2028<b>@all</b> ##[error]y | z", "Anna": ["Anna"]}',
        status="409 Conflict",
        media_type="application/problem+json",
    ),
    "nothing": b"",
    "no content": b"HTTP/1.1 204 No Content\r\n\r\n",
}
"""What a broken server or proxy may send."""

HOSTILE: dict[str, Answer] = {**TOO_MUCH, **MAZES, **NOISE}


def send(connection: socket.socket, answer: Answer, *, is_read: bool = False) -> None:
    """Read a request, unless it `is_read`, and send the answer until the other side has enough."""
    connection.settimeout(20)
    if not is_read:
        connection.recv(65536)
    with contextlib.suppress(OSError):
        for part in (answer,) if isinstance(answer, bytes) else answer():
            connection.sendall(part)
