"""The decoding of a compressed answer, bounded: 16 kB of gzip can become 16 MB."""

from __future__ import annotations

import zlib

MAX_CODINGS = 2
"""Encodings on top of each other. One is usual; a proxy may add another."""
_GZIP, _ZLIB, _RAW = 31, 15, -15
_NOT_REQUESTED = frozenset({"br", "zstd", "compress", "x-compress", "dcb", "dcz"})


class ContentTooLarge(ValueError):
    """The decoded content is larger than the limit. The message is the reason, as a clause."""


class ContentNotDecodable(ValueError):
    """The content is not encoded as its header says. The message is the reason, as a clause."""


def decode_content(content: bytes, encoding: str, limit: int) -> bytes:
    """Return the content without its Content-Encoding.

    A word that names no encoding (some servers send `UTF-8`) is ignored, as HTTP clients do.

    Raises:
        ContentTooLarge: more than `limit` bytes come out; no more than that are ever held.
        ContentNotDecodable: it is damaged, incomplete, or encoded as was not requested.
    """
    named = [coding.strip().lower() for coding in encoding.split(",")]
    codings = [coding for coding in named if coding not in ("", "identity")]
    if len(codings) > MAX_CODINGS:
        reason = f"{len(codings)} encodings on top of each other, at most {MAX_CODINGS} are read"
        raise ContentNotDecodable(reason)
    for coding in reversed(codings):
        content = _decode(content, coding, limit)
    return content


def _decode(content: bytes, coding: str, limit: int) -> bytes:
    if coding in _NOT_REQUESTED:
        raise ContentNotDecodable(f"{coding}, which was not requested")
    if not content or coding not in ("gzip", "x-gzip", "deflate"):
        return content
    if coding != "deflate":
        return _inflate(content, _GZIP, coding, limit)
    # RFC 9110: deflate is the zlib format, and some servers leave its frame out.
    is_framed = content[0] & 0x0F == 8 and int.from_bytes(content[:2]) % 31 == 0
    return _inflate(content, _ZLIB if is_framed else _RAW, coding, limit)


def _inflate(content: bytes, window_bits: int, coding: str, limit: int) -> bytes:
    inflater = zlib.decompressobj(window_bits)
    try:
        plain = inflater.decompress(content, limit + 1)
    except zlib.error as error:
        raise ContentNotDecodable(f"{coding} that cannot be decoded ({error})") from None
    if len(plain) > limit:
        raise ContentTooLarge(f"more than {limit} bytes after {coding} is decoded")
    if not inflater.eof:
        raise ContentNotDecodable(f"{coding} that ends before its end mark")
    return plain
