"""The last request and answer of a step, described without anybody's data."""

from __future__ import annotations

import codecs
import html
import re
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field
from typing import Any

import httpx

from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.core.evidence.refusal_text import WITHHELD
from cutover_gates.drivers.http_client import make_answer
from cutover_gates.drivers.http_exchange import exchange_of
from cutover_gates.hospital import Answer

LONGEST = 400
"""Characters of an answer that are shown."""
WORDS = 120
"""Characters of one text in it that are shown."""
_TITLE = re.compile(rb"<title[^>]*>(.*?)</title>|<h1[^>]*>(.*?)</h1>", re.IGNORECASE | re.DOTALL)
_MESSAGE_KEYS = re.compile(
    r"(?i)error|code|message|detail|title|type|reason|issue|diagnostics|fields?$"
)
_FIELD_NAME = re.compile(r"[A-Za-z_][\w-]*", re.ASCII)
MOST_REQUESTS = 20
"""Requests that one step may need, with all pages.

A filter that the target ignores would otherwise read everybody's data.
"""


class TooManyRequests(Exception):
    """A step sends more and more requests."""


@dataclass
class LastExchange:
    """The last exchange.

    `own_texts` are the texts that this run made up, which may be shown. `operation` is the one that
    is tried. `heard` is True once any answer came. `requests` counts those of the step.
    """

    redactor: Redactor
    own_texts: set[str] = field(default_factory=set)
    operation: str = ""
    request: httpx.Request | None = None
    answer: Answer | None = None
    heard: bool = False
    requests: int = 0

    def __call__(self, request: httpx.Request, response: httpx.Response | None) -> None:
        """Observe an exchange; the transport calls this. Raises `TooManyRequests`."""
        self.requests += 1
        self.request = request
        self.answer = make_answer(response, 0.0) if response is not None else None
        self.heard = self.heard or response is not None
        if self.requests > MOST_REQUESTS:
            raise TooManyRequests

    def begin(self, operation: str) -> None:
        """Begin another step, to which the exchanges before do not belong."""
        self.operation, self.requests = operation, 0
        self.request, self.answer = None, None

    def summarize(self) -> str:
        """Return the exchange in a few words: 'POST /patients: HTTP 201'."""
        if self.request is None:
            return ""
        outcome = f"HTTP {self.answer.status}" if self.answer else "no answer"
        text = f"{self.request.method} {self.request.url.path}: {outcome}"
        return self.redactor.redact_text(text)

    def request_as_curl(self) -> str:
        """Return the request as a `curl` command, with the token as `$TOKEN`."""
        if self.request is None:
            return ""
        return self.redactor.redact_text(exchange_of(self.request).curl())

    def describe_answer(self) -> str:
        """Return status, media type and first words of the answer; empty without one."""
        if self.answer is None:
            return ""
        head = f"HTTP {self.answer.status}, {self.answer.media_type or 'no media type'}"
        body = self._describe_body(self.answer)
        return self.redactor.redact_text(f"{head}{_redirect_target(self.answer)}: {body}")

    def find_path(self, value: str) -> str | None:
        """Return the JMESPath at which `value` stands in the answer's JSON.

        None where it stands at no place or at several.
        """
        paths = [path for path, item in self.iterate_leaves() if str(item) == value]
        return paths[0] if len(paths) == 1 else None

    def iterate_leaves(self) -> Iterator[tuple[str, Any]]:
        """Yield every value in the answer's JSON with its JMESPath, lists as a whole too."""
        yield from _leaves("", self.answer.json if self.answer else None)

    def _describe_body(self, answer: Answer) -> str:
        body = answer.json
        if body is not None:
            withholds = self.redactor.withholds_target_text
            shape = JsonShape(
                self.own_texts,
                shows_messages=_has_failed(answer) and not withholds,
                shows_any_key=not withholds,
            )
            return _shorten(shape.describe(body), LONGEST)
        if answer.content.startswith(codecs.BOM_UTF8):
            return f"{len(answer.content)} bytes that begin with a byte order mark"
        if self.redactor.withholds_target_text:
            return f"{len(answer.content)} bytes; {WITHHELD}"
        if title := _TITLE.search(answer.content):
            return f"a page called “{_shorten(_plain_title(title), WORDS)}”"
        if answer.status >= 400 and answer.media_type.startswith("text/"):
            return _shorten(answer.text, WORDS) or "nothing"
        return f"{len(answer.content)} bytes"


@dataclass(frozen=True)
class JsonShape:
    """Describes JSON by its keys, and by the kind of each value.

    A value itself is shown only where this run made it up, or where the answer is an error and the
    key names a message (`shows_messages`).
    """

    own_texts: Set[str]
    shows_messages: bool
    shows_any_key: bool = True

    def describe(self, value: Any, in_message: bool = False) -> str:
        """Return the shape of `value`. `in_message`: it stands below a key of a message."""
        if isinstance(value, Mapping):
            items = [
                f"{self._describe_key(key)}:"
                f" {self.describe(item, in_message or bool(_MESSAGE_KEYS.match(key)))}"
                for key, item in value.items()
            ]
            return f"{{{', '.join(items)}}}"
        if isinstance(value, list):
            items = [self.describe(value[0], in_message)] if value else []
            return f"[{', '.join([*items, '…'] if len(value) > 1 else items)}]"
        if value is None or isinstance(value, bool):
            return {None: "null", True: "true", False: "false"}[value]
        is_message = self.shows_messages and in_message and len(str(value)) <= LONGEST
        if str(value) in self.own_texts or is_message:
            return repr(_shorten(str(value), WORDS))
        return "‹text›" if isinstance(value, str) else "‹number›"

    def _describe_key(self, key: str) -> str:
        """Return the key; on production only one that can be the name of a field."""
        return key if self.shows_any_key or _FIELD_NAME.fullmatch(key) else "‹key›"


def _has_failed(answer: Answer) -> bool:
    """Return whether an answer is an error, by its status or by an error in its body."""
    body = answer.json
    in_body = isinstance(body, dict) and bool(body.get("error") or body.get("errors"))
    return answer.status >= 400 or in_body


def _redirect_target(answer: Answer) -> str:
    if not 300 <= answer.status < 400:
        return ""
    place = answer.headers.get("location")
    return f", to {place.partition('?')[0]}" if place else ""


def _plain_title(title: re.Match[bytes]) -> str:
    text = next(part for part in title.groups() if part is not None).decode("utf-8", "replace")
    return html.unescape(re.sub(r"<[^>]*>", " ", text))


def _shorten(text: str, longest: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if path:
        yield path, value
    if isinstance(value, dict):
        for key, item in value.items():
            name = key if re.fullmatch(r"[A-Za-z_]\w*", key) else f'"{key}"'
            yield from _leaves(f"{path}.{name}".lstrip("."), item)
    elif isinstance(value, list) and value:
        yield from _leaves(f"{path}[0]", value[0])
