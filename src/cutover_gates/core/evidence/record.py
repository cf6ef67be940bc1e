"""The evidence of a check: requests with the facts of their answers, and observations.

It is gathered for each check, and redacted on the way out.
"""

from __future__ import annotations

import dataclasses
import hashlib
import math
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any

from cutover_gates.core.evidence.exchange import Exchange
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.core.value_text import make_encodable, text_of

MAX_INTEGER_BITS = 4096
"""Python makes no text of integers with more than 4300 digits."""


@dataclass(frozen=True)
class Observation:
    """Something that a check saw and keeps: a figure, the result of a query.

    `facts` is JSON-able.
    """

    title: str
    facts: Mapping[str, Any]


def is_assessment(entry: Mapping[str, Any]) -> bool:
    """Return whether an entry of the evidence is what a probe answered: it says what was seen."""
    facts = entry.get("facts")
    return isinstance(facts, Mapping) and "examined" in facts


class _BoundedEntries:
    """The first and the last entries of one check, and the number of those between them.

    The assessments between them are kept: what one of them found must not be pushed out.
    """

    def __init__(self, nodeid: str | None, cap: int) -> None:
        self.nodeid = nodeid
        self._head: list[dict[str, Any]] = []
        self._head_size = max(1, cap // 2)
        self._tail: deque[dict[str, Any]] = deque(maxlen=max(1, cap - cap // 2))
        self._assessments: list[dict[str, Any]] = []
        self._left_out = 0

    def add(self, entry: dict[str, Any]) -> None:
        """Keep an entry: of the first ones all, after them the assessments and the last."""
        if len(self._head) < self._head_size:
            self._head.append(entry)
            return
        if len(self._tail) == self._tail.maxlen:
            self._let_go(self._tail[0])
        self._tail.append(entry)

    def _let_go(self, entry: dict[str, Any]) -> None:
        if is_assessment(entry):
            self._assessments.append(entry)
        else:
            self._left_out += 1

    def to_list(self) -> list[dict[str, Any]]:
        """Return the entries, with one in the gap that counts those left out."""
        gap = [{"kind": "left-out", "count": self._left_out}] if self._left_out else []
        return [*self._head, *self._assessments, *gap, *self._tail]


class Recorder:
    """Gather the evidence of the running check.

    One check runs at a time in a process, but it may use threads. What happens while no check runs
    (session fixtures, the target's start, clean-up) goes to a list of its own: `between_checks()`.
    `on_evidence` is called for each entry, by the thread that hands it in, and each of
    `answer_observers` for each request with its whole answer (None where none came), as the
    transport has them.
    """

    def __init__(self, redactor: Redactor | None = None, *, cap: int = 200) -> None:
        self.redactor = redactor or Redactor()
        self.on_evidence: Callable[[], None] | None = None
        self.answer_observers: list[Callable[[object, object], None]] = []
        self._cap = cap
        self._lock = threading.Lock()
        self._between = _BoundedEntries(None, cap)
        self._current = self._between

    def begin(self, nodeid: str) -> None:
        """Give all further entries to the check `nodeid`."""
        with self._lock:
            self._current = _BoundedEntries(nodeid, self._cap)

    def record_answer(self, request: object, response: object) -> None:
        """Hand a request and its answer to those that judge all of them. Nothing of it is kept."""
        for observe in tuple(self.answer_observers):
            observe(request, response)

    def record_exchange(self, exchange: Exchange) -> None:
        """Keep a request with the facts of its answer, and the command that repeats it."""
        entry = {"kind": "exchange", **dataclasses.asdict(exchange), "curl": exchange.curl()}
        self._add(entry)

    def observe(self, title: str, **facts: Any) -> None:
        """Keep `facts` under `title`.

        Dates become ISO text, enumerations their value, bytes their size and SHA-256.
        """
        self._add({"kind": "observation", **dataclasses.asdict(Observation(title, facts))})

    def end(self) -> list[dict[str, Any]]:
        """Return the entries of the check, JSON-able and redacted. Empty without a `begin`."""
        with self._lock:
            ended, self._current = self._current, self._between
            entries = [] if ended is self._between else ended.to_list()
        return self._redact_entries(entries)

    def between_checks(self) -> list[dict[str, Any]]:
        """Return the entries that belong to no check, JSON-able and redacted."""
        with self._lock:
            entries = self._between.to_list()
        return self._redact_entries(entries)

    def _add(self, entry: dict[str, Any]) -> None:
        plain = _to_json_value(entry)
        if self.on_evidence is not None:
            self.on_evidence()
        with self._lock:
            self._current.add(plain)

    def _redact_entries(self, entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
        # Only now: a secret that is learned in the middle of a check is masked in earlier entries.
        return [self.redactor.redact_value(entry) for entry in entries]


def _to_json_value(value: Any) -> Any:
    """Return the value as JSON can hold it."""
    if isinstance(value, Enum):
        return _to_json_value(value.value)
    if value is None or isinstance(value, int | float):
        return _to_json_number(value)
    if isinstance(value, str):
        return make_encodable(str(value))
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return {"size": len(value), "sha256": hashlib.sha256(value).hexdigest()}
    if isinstance(value, Mapping):
        return {make_encodable(text_of(key)): _to_json_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_to_json_value(item) for item in value]
    return make_encodable(text_of(value))


def _to_json_number(value: float | None) -> Any:
    """Return the number, or a text where JSON or Python's conversion of numbers knows none."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    bits = value.bit_length()
    return value if bits <= MAX_INTEGER_BITS else f"an integer of {bits} bits"
