"""One request and the facts of its answer, as they may enter the evidence.

Of an answer only an allow-list of facts is kept: anything else in it may be a real person's data.
"""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cutover_gates.core.bounded_json import UnusableJson, parse_json
from cutover_gates.core.evidence.refusal_text import public_problem_facts

TEXT_LIMIT = 2048
"""Bytes of a request body that are kept as text. Of a longer one only size and SHA-256 are kept."""
FACT_LIMIT = 300
"""Characters kept of a problem's title or detail."""
MAX_PARSED_BYTES = 65536
"""A problem document is small; a larger body is data."""
MAX_FIELDS = 20


@dataclass(frozen=True)
class Part:
    """One part of a form. A file has no `value`: its size and SHA-256 describe it."""

    name: str
    value: str | None = None
    file_name: str | None = None
    media_type: str | None = None
    size: int | None = None
    sha256: str | None = None


@dataclass(frozen=True)
class Body:
    """A request body of ours: as `text` when it is short, else by size (bytes) and SHA-256."""

    size: int
    text: str | None = None
    sha256: str | None = None
    parts: tuple[Part, ...] = ()

    @classmethod
    def of(cls, content: bytes, parts: tuple[Part, ...] = ()) -> Body:
        """Return the description of a body."""
        text = None
        if len(content) <= TEXT_LIMIT and not parts:
            text = _decode(content)
        sha256 = hashlib.sha256(content).hexdigest() if text is None else None
        return cls(len(content), text, sha256, parts)


def _decode(content: bytes) -> str | None:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None


@dataclass(frozen=True)
class Exchange:
    """One request and its answer.

    Without an answer, `status` is None and `error` says why. `seconds` is the wall time.
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
        """Return a command that repeats the request.

        The token is `$TOKEN`. A comment behind the command describes uploaded files and long
        bodies.
        """
        body, notes = _body_arguments(self.body)
        words = ["curl", "-sS", "-X", self.method, *self._header_arguments(), *body]
        command = " ".join([*words, shlex.quote(self.url)])
        return f"{command}  # {'; '.join(notes)}" if notes else command

    def _header_arguments(self) -> list[str]:
        is_form = bool(self.body and self.body.parts)
        words = []
        for name, value in self.headers.items():
            # curl writes the media type of a form itself, since it chooses the boundary.
            if not (is_form and name.lower() == "content-type"):
                words += ["-H", _shell_quote(f"{name}: {value}")]
        return words


def _body_arguments(body: Body | None) -> tuple[list[str], list[str]]:
    """Return the arguments that send a body, and notes on what the reader must supply."""
    if body is None or not (body.parts or body.size):
        return [], []
    if body.parts:
        words = [word for part in body.parts for word in _form_argument(part)]
        files = [part for part in body.parts if part.value is None]
        notes = [f"upload.bin has {file.size} bytes, sha256 {file.sha256}" for file in files]
        return words, notes
    if body.text:
        return ["--data-raw", shlex.quote(body.text)], []
    note = f"body.bin has {body.size} bytes, sha256 {body.sha256}"
    return ["--data-binary", "@body.bin"], [note]


def _shell_quote(text: str) -> str:
    """Return the text quoted for a shell.

    Single quotes keep everything as it is, so only a text with `$TOKEN` stands in double quotes.
    """
    if "$TOKEN" not in text:
        return shlex.quote(text)
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("`", "\\`")
    return f'"{escaped}"'


def _form_argument(part: Part) -> list[str]:
    """Return the arguments of one part of a form.

    A file is always called `upload.bin`: the name that was sent may be a path, and the command must
    not send a file of the reader's by mistake.
    """
    if part.value is not None:
        return ["--form-string", shlex.quote(f"{part.name}={part.value}")]
    sent_name = (part.file_name or "").replace("\\", "\\\\").replace('"', '\\"')
    form = f'{part.name}=@upload.bin;filename="{sent_name}";type={part.media_type}'
    return ["--form", shlex.quote(form)]


def answer_facts(
    status: int, media_type: str, content: bytes, *, withholds_text: bool = False
) -> dict[str, Any]:
    """Return the facts of an answer that may enter the evidence.

    They are media type and size, and of an error its problem members and the *names* of the fields
    that it complains about. `withholds_text` leaves out what may name a patient (`refusal_text`).
    """
    facts: dict[str, Any] = {"media_type": media_type, "size": len(content)}
    is_problem = status >= 400 or media_type == "application/problem+json"
    if not is_problem or len(content) > MAX_PARSED_BYTES:
        return facts
    try:
        body = parse_json(content)
    except UnusableJson:
        return facts
    if withholds_text or not isinstance(body, dict):
        return facts | public_problem_facts(body)
    return facts | _problem_facts(body)


def _problem_facts(body: Mapping[str, Any]) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for name in ("type", "title", "detail", "status", "request_id"):
        value = body.get(name)
        if isinstance(value, str | int):
            facts[name] = value if isinstance(value, int) else value[:FACT_LIMIT]
    errors = body.get("errors")
    if isinstance(errors, list):
        named = [error for error in errors[:MAX_FIELDS] if isinstance(error, dict)]
        facts["fields"] = [str(e["field"])[:FACT_LIMIT] for e in named if "field" in e]
    elif isinstance(errors, dict):
        facts["fields"] = [str(name)[:FACT_LIMIT] for name in list(errors)[:MAX_FIELDS]]
    return facts
