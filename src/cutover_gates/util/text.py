"""Texts made safe, short and readable.

A text may hold what a target sent, so no function here trusts its input.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from datetime import UTC, datetime

from cutover_gates.core.printable import strip_control_characters

SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")


def first_sentence(text: str, limit: int = 200) -> str:
    """Return the first sentence of the first line that is not blank, cut at `limit` characters.

    An empty text gives an empty text.
    """
    lines = strip_control_characters(text).splitlines()
    line = next((line.strip() for line in lines if line.strip()), "")
    sentence = SENTENCE_END.split(line, maxsplit=1)[0]
    if len(sentence) <= limit:
        return sentence
    return f"{sentence[: limit - 1].rstrip()}…"


def first_error_line(error: Exception) -> str:
    """Return the first line of an error's text; its class where it has none."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def wrap_words(text: str, width: int, first: str = "", rest: str = "") -> list[str]:
    """Return the text in lines of at most `width` columns.

    `first` and `rest` are the indents of the first line and of the others. A word is never broken:
    a path or a command stays whole, to be copied.
    """
    return textwrap.wrap(
        strip_control_characters(text),
        width,
        initial_indent=first,
        subsequent_indent=rest,
        break_on_hyphens=False,
        break_long_words=False,
    )


def format_list(words: Sequence[str], most: int = 8) -> str:
    """Return 'a, b, c', or 'a, b and 3 more' when there are more than `most`."""
    if len(words) <= most:
        return ", ".join(words)
    return f"{', '.join(words[:most])} and {len(words) - most} more"


def format_utc(moment: datetime) -> str:
    """Return a time for people: '2026-11-23 02:14:05 UTC'."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def format_rfc3339(moment: datetime) -> str:
    """Return a time for programs: '2026-11-23T02:14:05.120Z'."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def format_duration(seconds: float) -> str:
    """Return a duration for people: '85 ms', '12.3 s', '4 min 05 s'."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds) // 60} min {int(seconds) % 60:02d} s"
