"""Tokens for other characters (percent-encoding, entities, escapes), and wrapped lines."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

_ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


@dataclass(frozen=True)
class TokenDecoder:
    """Replaces each token by what it stands for, and keeps what stands between them.

    A text without one of the `markers` has no token.
    """

    markers: tuple[bytes, ...]
    pattern: re.Pattern[bytes]
    decode_token: Callable[[re.Match[bytes]], bytes]
    decode_fast: Callable[[bytes], bytes] | None = None
    """Does the same as the pattern, where that would be slow on a text without tokens."""

    def decode(self, text: bytes) -> bytes:
        """Return the decoded text."""
        if not any(marker in text for marker in self.markers):
            return text
        if self.decode_fast is not None:
            return self.decode_fast(text)
        return self.pattern.sub(self.decode_token, text)

    def locate(self, text: bytes, start: int, end: int) -> tuple[int, int]:
        """Return where the decoded bytes from `start` to `end` stand in the text."""
        first, grown, done = -1, 0, 0  # how much shorter the view is so far
        for token in self.pattern.finditer(text):
            begins = token.start() - grown
            if first < 0 and start < begins:
                first = start + grown
            if end <= begins:
                break
            size = len(self.decode_token(token))
            if first < 0 and start < begins + size:
                first = token.start()
            done = token.end() if end <= begins + size else 0
            if done:
                break
            grown += len(token.group()) - size
        return (start + grown if first < 0 else first), done or end + grown


def _decode_mark(token: re.Match[bytes]) -> bytes:
    text = token.group()
    match text[:1]:
        case b"%":
            return bytes.fromhex(text[1:].decode())
        case b"&":
            return html.unescape(text.decode()).encode("utf-8", "replace")
        case _:
            return _decode_escape(text)


def _decode_escape(token: bytes) -> bytes:
    kind = token[1:2]
    if len(token) == 2:
        return _ESCAPES.get(kind, kind)
    if kind == b"x":  # a byte of Python's, and not a character as `\u00e4` of JSON's is
        return bytes.fromhex(token[2:].decode())
    if len(token) == 12:  # two halves of one character
        high, low = int(token[2:6], 16), int(token[8:], 16)
        return chr(0x10000 + ((high & 0x3FF) << 10) + (low & 0x3FF)).encode()
    number = int(token[2:], 16)
    return chr(number).encode("utf-8", "replace") if number < 0x110000 else b"?"


def _decode_quoted_printable(token: re.Match[bytes]) -> bytes:
    text = token.group()
    return b"" if text.endswith(b"\n") else bytes.fromhex(text[1:].decode())


def _decode_spaced_hex(token: re.Match[bytes]) -> bytes:
    pairs = re.findall(rb"(?:0x)?([0-9A-Fa-f]{2})", token.group())
    return bytes.fromhex(b"".join(pairs).decode())


def _join_lines(text: bytes, separator: bytes = b"") -> bytes:
    first, *lines = text.split(b"\n")
    if not lines:
        return text
    middle = [line.strip(_BLANKS) for line in lines[:-1]]
    return separator.join([first.rstrip(_BLANKS), *middle, lines[-1].lstrip(_BLANKS)])


_BLANKS = b" \t\r"
_LINE_END_ONE = re.compile(rb"[ \t\r]*\n(?:[ \t\r]*(?![ \t\r\n]))?")
_LINE_END = re.compile(rb"[ \t\r]*\n[ \t\r]*(?:\n[ \t\r]*)*")
_PERCENT = rb"%[0-9A-Fa-f]{2}"
_ENTITY = rb"&(?:#\d{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z0-9]{2,8});"
_ESCAPE = (
    rb"\\u[dD][89abAB][0-9A-Fa-f]{2}\\u[dD][c-fC-F][0-9A-Fa-f]{2}"
    rb"|\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|[ -~])"
)
_SPACED_HEX = re.compile(rb"[0-9A-Fa-fx]{2,4}(?:[:, -]{1,2}(?:0x)?[0-9A-Fa-f]{2}){5,}")
_MARKERS = (b"%", b"&", b"\\")
_SINGLE_DECODERS = tuple(
    TokenDecoder((marker,), re.compile(pattern), _decode_mark)
    for marker, pattern in zip(_MARKERS, (_PERCENT, _ENTITY, _ESCAPE), strict=True)
)
"""The three alone: a secret may hold what looks like a token of another one."""
_DECODERS = (
    # Percent-encoding, entities and escapes at once: which is the outer one does not matter then.
    TokenDecoder(_MARKERS, re.compile(b"|".join((_PERCENT, _ENTITY, _ESCAPE))), _decode_mark),
    TokenDecoder((b"+",), re.compile(rb"\+"), lambda _: b" "),
    TokenDecoder((b"=",), re.compile(rb"=(?:[0-9A-Fa-f]{2}|\r?\n)"), _decode_quoted_printable),
    # A text that is wrapped in the middle of a word.
    TokenDecoder((b"\n",), _LINE_END, lambda _: b"", _join_lines),
    TokenDecoder((b":", b" ", b",", b"-"), _SPACED_HEX, _decode_spaced_hex),
)
_WORD_DECODERS = (
    TokenDecoder((b"\n",), _LINE_END_ONE, lambda _: b" ", partial(_join_lines, separator=b" ")),
)
"""Decoders that matter only where a secret has a blank in it."""
NO_ZEROS = TokenDecoder((b"\0",), re.compile(rb"\0"), lambda _: b"")
"""Reads UTF-16 of ASCII."""


def choose_decoders(text: bytes, with_blanks: bool) -> Iterator[TokenDecoder]:
    """Yield the decoders of a text. `with_blanks`: a secret has a blank in it."""
    yield from _DECODERS
    if sum(marker in text for marker in _MARKERS) > 1:
        yield from _SINGLE_DECODERS
    if with_blanks:
        yield from _WORD_DECODERS
