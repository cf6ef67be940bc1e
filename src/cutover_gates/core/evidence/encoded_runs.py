"""Runs of base64, hex and base32 in a text, decoded in every alignment at once.

All runs of a text are joined and read as one number. The alignments are its shifts by some bits, so
that a text is decoded at the speed of a few copies, and base64 that is wrapped is whole again.
"""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

_TO_STANDARD = bytes.maketrans(b"-_", b"+/")
_TO_DIGITS = bytes.maketrans(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz234567",
    b"0123456789ABCDEFGHIJKLMNOP0123456789ABCDEFGHIJKLMNOPQRSTUV",
)

MIN_WORD = 8
"""Characters of the shortest run of base64 that can hold a secret of six bytes."""
_WORD = re.compile(rb"[A-Za-z0-9+/_-]+")
_WORD_TABLE = bytes(byte if _WORD.fullmatch(bytes([byte])) else ord(" ") for byte in range(256))


def _read_base64(run: bytes) -> int:
    standard = run.translate(_TO_STANDARD)
    number = int.from_bytes(base64.b64decode(standard + b"A" * (-len(run) % 4)))
    return number >> (-len(run) % 4 * 6)


def _read_hex(run: bytes) -> int:
    return int.from_bytes(bytes.fromhex((run + b"0" * (len(run) % 2)).decode())) >> (
        len(run) % 2 * 4
    )


def _read_base32(run: bytes) -> int:
    # int() reads a base that is a power of two in linear time; base64.b32decode is slow Python.
    return int(run.translate(_TO_DIGITS), 32)


def find_words(text: bytes) -> list[bytes]:
    """Return the runs of base64's alphabet that are no ordinary words, in their order.

    `plain_forms` covers what looks like one. The alphabets of hex and base32 are parts of it.
    """
    words = text.translate(_WORD_TABLE).split()
    return [
        word for word in words if len(word) >= MIN_WORD and not (word.islower() and word.isalpha())
    ]


def _locate_words(text: bytes, kept: Collection[bytes]) -> Iterator[tuple[int, bytes]]:
    for match in _WORD.finditer(text):
        if match.group() in kept:
            yield match.start(), match.group()


@dataclass(frozen=True)
class RunEncoding:
    """An encoding by an alphabet: `bits` of each character, which `read` turns into a number.

    `pattern` finds its runs in a word, None where the whole word is one.
    """

    bits: int
    read: Callable[[bytes], int]
    pattern: re.Pattern[bytes] | None = None

    def decode(self, words: Sequence[bytes]) -> Iterator[tuple[int, bytes]]:
        """Yield each shift in bits, and what the runs say with it."""
        runs = self.pattern.findall(b" ".join(words)) if self.pattern else words
        joined = b"".join(runs)
        if not joined:
            return
        size = len(joined) * self.bits
        number = self.read(joined) << (-size % 8)
        # The shifts that a character can have in a byte: 0, 2, 4, 6 of base64, 0, 4 of hex.
        for shift in range(0, 8, math.gcd(self.bits, 8)):
            yield shift, (number << shift).to_bytes((size + 7) // 8 + 1)[1:]

    def locate(
        self, text: bytes, words: Sequence[bytes], shift: int, start: int, end: int
    ) -> tuple[int, int]:
        """Return where the decoded bytes from `start` to `end` stand in the text."""
        places: list[int] = []
        for begin, word in _locate_words(text, set(words)):
            spans = (
                [one.span() for one in self.pattern.finditer(word)]
                if self.pattern
                else [(0, len(word))]
            )
            for first, last in spans:
                places += range(begin + first, begin + last)
        last = min((end * 8 + shift - 1) // self.bits, len(places) - 1)
        return places[(start * 8 + shift) // self.bits], places[last] + 1


RUN_ENCODINGS = (
    RunEncoding(6, _read_base64),
    RunEncoding(4, _read_hex, re.compile(rb"(?:[0-9A-Fa-f][0-9A-Fa-f]){6,}[0-9A-Fa-f]?")),
    RunEncoding(5, _read_base32, re.compile(rb"[A-Z2-7]{10,}|[a-z2-7]{10,}")),
)


def plain_forms(data: bytes) -> Iterator[bytes]:
    """Yield the encoded forms of a secret that look like an ordinary word: letters of one case.

    Runs of such words are not decoded, since a text is full of them.
    """
    for shift in range(3):
        whole = base64.b64encode(b"\0" * shift + data)
        # The edges also hold bits of what stands beside it.
        form = whole[(0, 2, 3)[shift] : (shift + len(data)) * 8 // 6]
        if form.islower() and form.isalpha():
            yield form
    for shift in range(5):
        whole = base64.b32encode(b"\0" * shift + data)
        form = whole[-(-shift * 8 // 5) : (shift + len(data)) * 8 // 5]
        if form.isalpha():
            yield from (form, form.lower())
