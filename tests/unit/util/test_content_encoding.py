"""Compressed answers: no more than the limit ever comes out of one."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib

import pytest

from cutover_gates.util.content_encoding import (
    ContentNotDecodable,
    ContentTooLarge,
    decode_content,
)

PLAIN = b'{"release": "2.0.0"}' * 50
RAW = zlib.compressobj(wbits=-15)
RAW_DEFLATE = RAW.compress(PLAIN) + RAW.flush()
PACKED = gzip.compress(PLAIN, mtime=0)
WRONG_SUM = PACKED[:-8] + b"0000" + PACKED[-4:]
BOMB = gzip.compress(b"[" * 20_000_000, mtime=0)


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (PLAIN, ""),
        (PLAIN, "identity"),
        (PLAIN, "UTF-8"),
        (gzip.compress(PLAIN, mtime=0), "gzip"),
        (gzip.compress(PLAIN, mtime=0), " GZIP "),
        (gzip.compress(PLAIN, mtime=0), "x-gzip"),
        (zlib.compress(PLAIN), "deflate"),
        (RAW_DEFLATE, "deflate"),
        (gzip.compress(zlib.compress(PLAIN), mtime=0), "deflate, gzip"),
    ],
)
def test_the_encodings_of_http_are_decoded(content: bytes, encoding: str) -> None:
    """In reverse order of the header, deflate with and without its frame."""
    assert decode_content(content, encoding, len(PLAIN)) == PLAIN


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (BOMB, "gzip"),
        (zlib.compress(b"[" * 20_000_000), "deflate"),
        (gzip.compress(BOMB, mtime=0), "gzip, gzip"),
        (gzip.compress(PLAIN, mtime=0), "gzip"),
    ],
)
def test_more_than_the_limit_is_refused(content: bytes, encoding: str) -> None:
    """Also one byte more, and a bomb in a bomb."""
    with pytest.raises(ContentTooLarge, match=f"more than {len(PLAIN) - 1} bytes"):
        decode_content(content, encoding, len(PLAIN) - 1)


@pytest.mark.parametrize(
    ("content", "encoding", "reason"),
    [
        (PLAIN, "gzip", "cannot be decoded"),
        (gzip.compress(PLAIN, mtime=0)[:-9], "gzip", "ends before"),
        (WRONG_SUM, "gzip", "cannot be decoded"),
        (b"\x1b\x00", "br", "not requested"),
        (b"(\xb5/\xfd", "zstd", "not requested"),
        (PLAIN, "gzip, gzip, gzip", "3 encodings"),
    ],
)
def test_what_is_not_encoded_as_it_says_is_refused(
    content: bytes, encoding: str, reason: str
) -> None:
    """A cut answer and a wrong checksum, too: what is left of them proves nothing."""
    with pytest.raises(ContentNotDecodable, match=reason):
        decode_content(content, encoding, len(PLAIN))


def test_the_memory_stays_within_the_limit() -> None:
    """256 MiB behind 256 kB of gzip, one MiB of which may come out."""
    packer = zlib.compressobj(wbits=31)
    bomb = b"".join(packer.compress(bytes(1 << 20)) for _ in range(256)) + packer.flush()
    tracemalloc.start()
    with pytest.raises(ContentTooLarge):
        decode_content(bomb, "gzip", 1 << 20)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 << 20
