"""The lines of a record: JSON, each with a sum over itself and all lines before it.

An edited, removed or moved line breaks the sums of its segment from there on. They show an accident
or a careless hand: who can write the folder can also compute them. Who must be sure who wrote a
record keeps it where only the watcher can write.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

FORMAT = 1
"""The version of the format. A reader refuses a later one."""
BEGUN, CONTINUED, ENDED, BEAT = "begun", "continued", "ended", "beat"
PROBE, OWN_GAP, READ_BACK, STREAM = "probe", "own gap", "read back", "stream"
EVALUATION, FIRED, UNKNOWN = "evaluation", "fired", "unknown"
BASELINE, SEEN = "baseline", "seen"
TRIGGERS, CHANNEL = "triggers", "channel"
WRITE, WRITE_BEGUN, NOT_CARRIED_OUT = "write", "write begun", "write not carried out"
RELEASED, FORGOTTEN = "released", "forgotten"
JOURNAL_LINES = frozenset({WRITE, WRITE_BEGUN, NOT_CARRIED_OUT, RELEASED, FORGOTTEN})
"""The kinds of lines (`do`); the last are those of the journal of acknowledged writes."""
BEAT_SECONDS = 0.5
"""Seconds between two lines that say: the watcher runs. Of a killed one the last line counts."""
LAG_SECONDS = 0.1
"""The greatest lag of a probe. More is a gap of the watcher's own, and the probe is not sent."""
_MARK = ', "sum": "'
_SUM_CHARACTERS = 16


class BrokenLine(Exception):
    """A line is not as it was written. The text is the reason, as a clause."""


def encode_line(values: Mapping[str, Any], before: str) -> tuple[bytes, str]:
    """Return the line, and its sum. `before` is the sum of the line before it."""
    body = json.dumps(values, default=str)
    total = _make_sum(body, before)
    return f'{body[:-1]}{_MARK}{total}"}}\n'.encode(), total


def decode_line(line: str, before: str) -> tuple[dict[str, Any], str]:
    """Return the values of a line, and its sum. Raises `BrokenLine`."""
    start, mark, end = line.rpartition(_MARK)
    if not mark or len(end) != _SUM_CHARACTERS + 2 or not end.endswith('"}'):
        raise BrokenLine("it was cut or is no line of a record")
    body, total = f"{start}}}", end[:_SUM_CHARACTERS]
    if _make_sum(body, before) != total:
        raise BrokenLine("it, or a line before it, is not as it was written")
    try:
        values = json.loads(body)
    except ValueError:
        raise BrokenLine("it is no JSON") from None
    return values, total


def _make_sum(body: str, before: str) -> str:
    return sha256(f"{before}\n{body}".encode()).hexdigest()[:_SUM_CHARACTERS]
