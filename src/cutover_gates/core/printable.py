"""Text of others made printable: no character of it drives a terminal, and no word of it a runner.

What a target sends reaches terminals, logs of pipelines, Markdown and pages. The class of harmful
characters is Unicode's own: what is not printable (C0, C1, bidirectional overrides, characters of
no width, line and paragraph separators, surrogates) is shown as U+FFFD.
"""

from __future__ import annotations

import re
import unicodedata

MAX_COMBINING = 3
"""Combining marks on one character. More of them grow over the lines above and below."""

_RUNNER_COMMAND = re.compile(r"(?<!\S)::|##(?=\[|vso\[|teamcity\[)")
"""The start of a command for a CI runner: GitHub reads `::` at the start of a line and `##[`
anywhere, Azure and TeamCity `##vso[` and `##teamcity[`.
"""


def strip_control_characters(text: str) -> str:
    """Return the text without characters that drive a terminal or turn the reading direction.

    Line ends stay. A CI runner obeys commands in the output: a space breaks them up.
    """
    if not text.isprintable():
        lines = text.replace("\r\n", "\n").expandtabs(4)
        text = "".join(map(_replace_unprintable, lines))
    if not text.isascii():
        text = _limit_combining_marks(text)
    return _RUNNER_COMMAND.sub(lambda match: " ".join(match.group()), text)


def _replace_unprintable(character: str) -> str:
    is_shown = character.isprintable() or character == "\n"
    return character if is_shown else "\N{REPLACEMENT CHARACTER}"


def _limit_combining_marks(text: str) -> str:
    kept, marks = [], 0
    for character in text:
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks <= MAX_COMBINING:
            kept.append(character)
    return "".join(kept)
