"""What a check saw: requests with the facts of their answers, and observations.

Gathered per check, redacted on the way out.

Of an answer only an allow-list of facts is kept: whatever else stands in it may be a real person's
data.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shlex
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from typing import Any

from cutover_gates.core.evidence.redact import Redactor

TEXT_LIMIT = 2048
"""Bytes of a request body that are kept as text; of anything longer only size and SHA-256."""
FACT_LIMIT = 300
"""Characters kept of a problem's title or detail."""


@dataclass(frozen=True)
class Part:
    """One part of a form. A file has no `value`; it is described by its size and SHA-256."""

    name: str
    value: str | None = None
    file_name: str | None = None
    media_type: str | None = None
    size: int | None = None
    sha256: str | None = None


@dataclass(frozen=True)
class Body:
    """A request body, ours and synthetic: as `text` when short and readable, else by size (bytes)
    and SHA-256.
    """

    size: int
    text: str | None = None
    sha256: str | None = None
    parts: tuple[Part, ...] = ()

    @classmethod
    def of(cls, content: bytes, parts: tuple[Part, ...] = ()) -> Body:
        try:
            text = content.decode() if len(content) <= TEXT_LIMIT and not parts else None
        except UnicodeDecodeError:
            text = None
        sha256 = None if text is not None else hashlib.sha256(content).hexdigest()
        return cls(len(content), text, sha256, parts)


@dataclass(frozen=True)
class Exchange:
    """One request and what came of it.

    `status` is None and `error` says why where no answer came; `seconds` is the wall time.
    """

    method: str
    url: str
    status: int | None
    seconds: float
    request_id: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Body | None = None
    answer: Mapping[str, Any] = field(default_factory=dict)
    error: str | None = None

    def curl(self) -> str:
        """A command that can be pasted.

        The token is `$TOKEN`; an uploaded file is described in a comment behind it.
        """
        words, notes = ["curl", "-sS", "-X", self.method], []
        for name, value in self.headers.items():
            if not (
                self.body and self.body.parts and name.lower() == "content-type"
            ):  # curl writes the boundary itself
                words += ["-H", _shell_quote(f"{name}: {value}")]
        if self.body and self.body.parts:
            for part in self.body.parts:
                words += _form_argument(part)
                if part.value is None:
                    notes.append(f"upload.bin has {part.size} bytes, sha256 {part.sha256}")
        elif self.body and self.body.text:
            words += ["--data-raw", shlex.quote(self.body.text)]
        elif self.body and self.body.size:
            words += ["--data-binary", "@body.bin"]
            notes.append(f"body.bin has {self.body.size} bytes, sha256 {self.body.sha256}")
        return " ".join([*words, shlex.quote(self.url)]) + (
            f"  # {'; '.join(notes)}" if notes else ""
        )


def _shell_quote(text: str) -> str:
    """Single quotes keep everything as it is, so only what holds `$TOKEN` stands in double ones."""
    if "$TOKEN" not in text:
        return shlex.quote(text)
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("`", "\\`")
    return f'"{escaped}"'


def _form_argument(part: Part) -> list[str]:
    """A file is always called `upload.bin` here: the name that was sent may be a path, and no
    reader's file shall be sent by mistake.
    """
    if part.value is not None:
        return ["--form-string", shlex.quote(f"{part.name}={part.value}")]
    sent_name = (part.file_name or "").replace("\\", "\\\\").replace('"', '\\"')
    return [
        "--form",
        shlex.quote(f'{part.name}=@upload.bin;filename="{sent_name}";type={part.media_type}'),
    ]


@dataclass(frozen=True)
class Observation:
    """Something that a check saw and wants to keep: a figure, a query's result.

    `facts` is JSON-able.
    """

    title: str
    facts: Mapping[str, Any]


def answer_facts(status: int, media_type: str, content: bytes) -> dict[str, Any]:
    """The allow-list: media type, size, and of an error its problem members and the *names* of the
    fields it complains of.
    """
    facts: dict[str, Any] = {"media_type": media_type, "size": len(content)}
    if not (status >= 400 or media_type == "application/problem+json") or len(content) > 65536:
        return facts
    try:
        body = json.loads(content)
    except ValueError:
        return facts
    if not isinstance(body, dict):
        return facts
    for name in ("type", "title", "detail", "status", "request_id"):
        if isinstance(body.get(name), str | int):
            facts[name] = body[name] if isinstance(body[name], int) else body[name][:FACT_LIMIT]
    errors = body.get("errors")
    if isinstance(errors, list):
        facts["fields"] = [
            str(error["field"])[:FACT_LIMIT]
            for error in errors[:20]
            if isinstance(error, dict) and "field" in error
        ]
    elif isinstance(errors, dict):
        facts["fields"] = [str(name)[:FACT_LIMIT] for name in list(errors)[:20]]
    return facts


class _BoundedEntries:
    """The first and the last entries of one check, and how many were left out between them."""

    def __init__(self, nodeid: str | None, cap: int) -> None:
        self.nodeid = nodeid
        self._head: list[dict[str, Any]] = []
        self._head_size = max(1, cap // 2)
        self._tail: deque[dict[str, Any]] = deque(maxlen=max(1, cap - cap // 2))
        self._left_out = 0

    def add(self, entry: dict[str, Any]) -> None:
        if len(self._head) < self._head_size:
            self._head.append(entry)
            return
        self._left_out += len(self._tail) == self._tail.maxlen
        self._tail.append(entry)

    def to_list(self) -> list[dict[str, Any]]:
        gap = [{"kind": "left-out", "count": self._left_out}] if self._left_out else []
        return [*self._head, *gap, *self._tail]


class Recorder:
    """Gathers what the running check sees.

    One check runs at a time in a process, but it may use threads.

    What is seen while no check runs (session fixtures, the keeper, clean-up) goes to a list of its
    own: `between_checks()`.
    """

    def __init__(self, redactor: Redactor | None = None, *, cap: int = 200) -> None:
        self.redactor = redactor or Redactor()
        self._cap = cap
        self._lock = threading.Lock()
        self._between = _BoundedEntries(None, cap)
        self._current = self._between

    def begin(self, nodeid: str) -> None:
        """From here on, what is seen belongs to the check `nodeid`."""
        with self._lock:
            self._current = _BoundedEntries(nodeid, self._cap)

    def record_exchange(self, exchange: Exchange) -> None:
        entry = {"kind": "exchange", **dataclasses.asdict(exchange), "curl": exchange.curl()}
        self._add(entry)

    def observe(self, title: str, **facts: Any) -> None:
        """Keep `facts` under `title`.

        Dates become ISO text, enumerations their value, bytes their size and SHA-256.
        """
        self._add({"kind": "observation", **dataclasses.asdict(Observation(title, facts))})

    def end(self) -> list[dict[str, Any]]:
        """What the check saw, JSON-able and redacted. Without a `begin` an empty list."""
        with self._lock:
            ended, self._current = self._current, self._between
            entries = [] if ended is self._between else ended.to_list()
        return self._redact_entries(entries)

    def between_checks(self) -> list[dict[str, Any]]:
        """What was seen outside of checks, JSON-able and redacted."""
        with self._lock:
            entries = self._between.to_list()
        return self._redact_entries(entries)

    def _add(self, entry: dict[str, Any]) -> None:
        plain = _to_json_value(entry)
        with self._lock:
            self._current.add(plain)

    def _redact_entries(self, entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Only now, so that a secret learnt in the middle of a check is masked in what was seen
        before too.
        """
        return [self.redactor.redact_value(entry) for entry in entries]


def _to_json_value(value: Any) -> Any:
    """`value` as JSON can hold it."""
    if value is None or (isinstance(value, bool | int | float) and not isinstance(value, Enum)):
        return value
    if isinstance(value, Enum):
        return _to_json_value(value.value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return {"size": len(value), "sha256": hashlib.sha256(value).hexdigest()}
    if isinstance(value, Mapping):
        return {str(key): _to_json_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_to_json_value(item) for item in value]
    return str(value)
