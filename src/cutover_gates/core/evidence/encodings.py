"""What a text says under the encodings that it may be in, with the way back to where it stands.

A secret is looked for in decoded text, not in every form that it could be encoded to: so any chain
of encodings is covered (base64 of JSON, percent-encoding of HTML entities), and the cost does not
grow with the number of forms.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from cutover_gates.core.evidence.encoded_runs import RUN_ENCODINGS, find_words
from cutover_gates.core.evidence.encoded_tokens import NO_ZEROS, choose_decoders

MAX_DEPTH = 4
"""Encodings on top of each other. A secret behind five was put there on purpose."""
MAX_WORK = 4
"""Decoded bytes for each byte of a long text, after which nothing deeper is decoded.

All four levels of a verdict's page (1.7 MB) took 80 s on a busy machine; within this bound the
first level and the short texts of the others take 3 s.
"""
FREE_WORK = 1_000_000
"""Decoded bytes that every text has besides: all levels of the texts that evidence is made of."""
_TEXT_RUN = re.compile(rb"(?:[\t\r\n -~]|[\xc2-\xf4][\x80-\xbf]{1,3}){8,}")
_WIDE_RUN = re.compile(rb"(?:[\t\r\n -~\xa0-\xff]\0){8,}")

Locate = Callable[[int, int], tuple[int, int]]
"""Takes the start and the end of a place in a view, and returns those in the text before it."""


@dataclass(frozen=True)
class DecodedView:
    """The bytes that a text stands for under a chain of encodings.

    `ways` lead back to the text, the last one first. `is_binary`: bytes that need be no text.
    """

    data: bytes
    ways: tuple[Locate, ...] = ()
    is_binary: bool = False
    known_runs: frozenset[bytes] = frozenset()

    def find_origin(self, start: int, end: int) -> tuple[int, int]:
        """Return where the bytes from `start` to `end` stand in the text."""
        for locate in self.ways:
            start, end = locate(start, end)
        return start, end

    def add_step(
        self, data: bytes, locate: Locate, runs: frozenset[bytes], *, is_binary: bool = False
    ) -> DecodedView:
        """Return the view one encoding further."""
        return DecodedView(data, (locate, *self.ways), is_binary, runs)


def iterate_views(text: bytes, *, with_blanks: bool = False) -> Iterator[DecodedView]:
    """Yield the text, and what it says under each chain of at most `MAX_DEPTH` encodings.

    `with_blanks`: a secret has a blank in it.
    """
    level, seen = [DecodedView(text)], {text}
    budget = MAX_WORK * len(text) + FREE_WORK
    for depth in range(MAX_DEPTH + 1):
        deeper: list[DecodedView] = []
        for view in level:
            yield view
            budget -= len(view.data)
            if depth < MAX_DEPTH and budget > 0:
                new = [one for one in _decode(view, with_blanks) if one.data not in seen]
                seen.update(one.data for one in new)
                deeper += new
        # The short ones first: what stands encoded in a long text, rather than the text once more.
        level = sorted(deeper, key=lambda view: len(view.data))


def _decode(view: DecodedView, with_blanks: bool) -> Iterator[DecodedView]:
    if view.is_binary:
        for text in _find_texts(view):
            yield from _decode(text, with_blanks)
        return
    words = find_words(view.data)
    # A word that stood in the text before has been decoded there.
    yield from _decode_words(view, [word for word in words if word not in view.known_runs])
    runs = view.known_runs.union(words)
    for decoder in choose_decoders(view.data, with_blanks):
        data = decoder.decode(view.data)
        if data != view.data:
            yield view.add_step(data, partial(decoder.locate, view.data), runs)


def _find_texts(view: DecodedView) -> Iterator[DecodedView]:
    """Yield the runs of text in bytes, in UTF-8 and in UTF-16: nothing else is encoded further."""
    runs = _TEXT_RUN.findall(view.data)
    if runs:
        yield view.add_step(b"\0".join(runs), partial(_locate_run, view.data), frozenset())
    if _WIDE_RUN.search(view.data):
        text = NO_ZEROS.decode(view.data)
        yield view.add_step(text, partial(NO_ZEROS.locate, view.data), frozenset())


def _locate_run(text: bytes, start: int, end: int) -> tuple[int, int]:
    begins = 0
    for run in _TEXT_RUN.finditer(text):
        size = len(run.group())
        if start <= begins + size:
            return run.start() + start - begins, run.start() + end - begins
        begins += size + 1
    return len(text), len(text)


def _decode_words(view: DecodedView, words: list[bytes]) -> Iterator[DecodedView]:
    for encoding in RUN_ENCODINGS:
        for shift, data in encoding.decode(words):
            way = partial(encoding.locate, view.data, words, shift)
            yield view.add_step(data, way, frozenset(), is_binary=True)
