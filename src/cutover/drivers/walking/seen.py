"""What was sent and what came while the mapping is walked, told without secrets and without
anybody's data.

Of an answer its shape is told: which keys, and what kind of value. A value itself stands there only
when this run sent it (the synthetic patient's), or when it says what was wrong.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx

from cutover.drivers.exchanges import EXCHANGE
from cutover.drivers.judging import answer_of
from cutover.evidence import Redactor
from cutover.hospital import Answer

LONGEST = 400
WORDS = 120
"""Characters of what came, and of one message in it."""
_TITLE = re.compile(rb"<title[^>]*>(.*?)</title>|<h1[^>]*>(.*?)</h1>", re.IGNORECASE | re.DOTALL)
_TELLING = re.compile(r"(?i)error|code|message|detail|title|type|reason|issue|diagnostics|fields?$")
BOM = b"\xef\xbb\xbf"


MOST = 20
"""Requests that one step may need, pages and all.

A filter that is not heeded would otherwise read through everybody's data.
"""


class TooMany(Exception):
    """A step asks on and on."""


@dataclass
class Seen:
    """The last exchange.

    `ours` are the texts that this run made up, which may be shown; `operation` is the one that is
    walked. `heard`: any answer came, ever.
    """

    redactor: Redactor
    ours: set[str] = field(default_factory=set)
    operation: str = ""
    request: httpx.Request | None = None
    answer: Answer | None = None
    heard: bool = False
    asked: int = 0

    def __call__(self, request: httpx.Request, response: httpx.Response | None) -> None:
        """For the transport to call. Raises `TooMany`."""
        self.asked += 1
        self.request = request
        self.answer = answer_of(response, 0.0) if response is not None else None
        self.heard = self.heard or response is not None
        if self.asked > MOST:
            raise TooMany

    def begin(self, operation: str) -> None:
        """Another step: what came before is not its."""
        self.operation, self.request, self.answer, self.asked = operation, None, None, 0

    def line(self) -> str:
        """The exchange in a few words: 'POST /patients: HTTP 201'."""
        if self.request is None:
            return ""
        return self.redactor.text(
            f"{self.request.method} {self.request.url.path}:"
            f" {f'HTTP {self.answer.status}' if self.answer else 'no answer'}"
        )

    def sent(self) -> str:
        """The request as a `curl` that can be repeated, the token as `$TOKEN`."""
        exchange = self.request.extensions.get(EXCHANGE) if self.request else None
        return self.redactor.text(exchange.curl()) if exchange else ""

    def came(self) -> str:
        """Status, media type and first words of the answer; nothing without one."""
        if self.answer is None:
            return ""
        return self.redactor.text(
            f"HTTP {self.answer.status},"
            f" {self.answer.media_type or 'no media type'}{self._where_to()}: {self._words()}"
        )

    def found(self, value: str) -> str | None:
        """The one JMESPath at which `value` stands in the answer's JSON; None where it stands at
        none or several.
        """
        at = [path for path, item in self.leaves() if str(item) == value]
        return at[0] if len(at) == 1 else None

    def leaves(self) -> Iterator[tuple[str, Any]]:
        """Every place in the answer's JSON by its JMESPath, lists as a whole too."""
        yield from _leaves("", self.answer.json if self.answer else None)

    def _where_to(self) -> str:
        place = (
            self.answer.headers.get("location")
            if self.answer and 300 <= self.answer.status < 400
            else None
        )
        return f", to {place.partition('?')[0]}" if place else ""

    def _words(self) -> str:
        assert self.answer is not None  # came() asks only then
        body = self.answer.json
        if body is not None:
            failed = self.answer.status >= 400 or (
                isinstance(body, dict) and bool(body.get("error") or body.get("errors"))
            )
            return _short(_shape(body, self.ours, failed), LONGEST)
        if self.answer.content.startswith(BOM):
            return f"{len(self.answer.content)} bytes that begin with a byte order mark"
        if title := _TITLE.search(self.answer.content):
            return f"a page called “{_short(_plain(title), WORDS)}”"
        if self.answer.status >= 400 and self.answer.media_type.startswith("text/"):
            return _short(self.answer.text, WORDS) or "nothing"
        return f"{len(self.answer.content)} bytes"


def _plain(title: re.Match[bytes]) -> str:
    return html.unescape(
        re.sub(
            r"<[^>]*>",
            " ",
            next(part for part in title.groups() if part is not None).decode("utf-8", "replace"),
        )
    )


def _short(text: str, longest: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _shape(value: Any, ours: set[str], failed: bool, telling: bool = False) -> str:
    """`value` with its keys, and in the place of each value its kind.

    `failed`: it is an answer that says no.
    """
    if isinstance(value, dict):
        return (
            "{"
            + ", ".join(
                f"{key}: {_shape(item, ours, failed, telling or bool(_TELLING.match(key)))}"
                for key, item in value.items()
            )
            + "}"
        )
    if isinstance(value, list):
        first = [_shape(value[0], ours, failed, telling)] if value else []
        return f"[{', '.join([*first, *(['…'] if len(value) > 1 else [])])}]"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if str(value) in ours or (failed and telling and len(str(value)) <= LONGEST):
        return repr(_short(str(value), WORDS))
    return "‹text›" if isinstance(value, str) else "‹number›"


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if path:
        yield path, value
    if isinstance(value, dict):
        for key, item in value.items():
            name = key if re.fullmatch(r"[A-Za-z_]\w*", key) else f'"{key}"'
            yield from _leaves(f"{path}.{name}".lstrip("."), item)
    elif isinstance(value, list) and value:
        yield from _leaves(f"{path}[0]", value[0])
