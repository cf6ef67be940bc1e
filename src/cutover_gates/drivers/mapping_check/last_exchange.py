"""Why nothing came: what a failed connection says, and what to do about it."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx

from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.drivers.http_exchange import EXCHANGE
from cutover_gates.drivers.rest.answer_evaluation import make_answer
from cutover_gates.hospital import Answer

WANTS_TLS = re.compile(r"(?i)plain HTTP request was sent to HTTPS|HTTP request to an HTTPS server")
"""What servers answer, in plain text, to plain HTTP at a port that speaks TLS."""
_CONNECTION_ERRORS = (
    (
        r"WRONG_VERSION_NUMBER|record layer|UNKNOWN_PROTOCOL|HTTP_REQUEST",
        "plain HTTP is spoken there: write http:// instead of https://",
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED",
        (
            "its certificate is not trusted: write the name that stands in it, or trust its"
            " authority (SSL_CERT_FILE)"
        ),
    ),
    (
        r"Name or service|getaddrinfo|nodename|name resolution|No address",
        "nobody knows a host of this name: mend it",
    ),
    (r"refused", "nobody listens there: mend host and port, or start the target"),
    (
        r"ReadError|RemoteProtocol|disconnected|reset|illegal",
        "it does not speak plain HTTP: write https:// where it speaks TLS, or mend the port",
    ),
    (
        r"within|Timeout|timed out",
        "nothing came in time: mend host and port, or give more in limits.request_seconds",
    ),
)


def suggest_for_connection_error(came: str) -> str:
    """What to do when `came` is all that is known."""
    return next(
        (mend for pattern, mend in _CONNECTION_ERRORS if re.search(pattern, came)),
        "mend host and port, or start the target",
    )


LONGEST = 400
WORDS = 120
"""Characters of what came, and of one message in it."""
_TITLE = re.compile(rb"<title[^>]*>(.*?)</title>|<h1[^>]*>(.*?)</h1>", re.IGNORECASE | re.DOTALL)
_TELLING = re.compile(r"(?i)error|code|message|detail|title|type|reason|issue|diagnostics|fields?$")
BOM = b"\xef\xbb\xbf"


MOST_REQUESTS = 20
"""Requests that one step may need, pages and all.

A filter that is not heeded would otherwise read through everybody's data.
"""


class TooManyRequests(Exception):
    """A step asks on and on."""


@dataclass
class LastExchange:
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
        """For the transport to call. Raises `TooManyRequests`."""
        self.asked += 1
        self.request = request
        self.answer = make_answer(response, 0.0) if response is not None else None
        self.heard = self.heard or response is not None
        if self.asked > MOST_REQUESTS:
            raise TooManyRequests

    def begin(self, operation: str) -> None:
        """Another step: what came before is not its."""
        self.operation, self.request, self.answer, self.asked = operation, None, None, 0

    def summarize(self) -> str:
        """The exchange in a few words: 'POST /patients: HTTP 201'."""
        if self.request is None:
            return ""
        return self.redactor.redact_text(
            f"{self.request.method} {self.request.url.path}:"
            f" {f'HTTP {self.answer.status}' if self.answer else 'no answer'}"
        )

    def request_as_curl(self) -> str:
        """The request as a `curl` that can be repeated, the token as `$TOKEN`."""
        exchange = self.request.extensions.get(EXCHANGE) if self.request else None
        return self.redactor.redact_text(exchange.curl()) if exchange else ""

    def describe_answer(self) -> str:
        """Status, media type and first words of the answer; nothing without one."""
        if self.answer is None:
            return ""
        return self.redactor.redact_text(
            f"HTTP {self.answer.status},"
            f" {self.answer.media_type or 'no media type'}{self._redirect_target()}: {self._describe_body()}"
        )

    def find_path(self, value: str) -> str | None:
        """The one JMESPath at which `value` stands in the answer's JSON; None where it stands at
        none or several.
        """
        at = [path for path, item in self.iterate_leaves() if str(item) == value]
        return at[0] if len(at) == 1 else None

    def iterate_leaves(self) -> Iterator[tuple[str, Any]]:
        """Every place in the answer's JSON by its JMESPath, lists as a whole too."""
        yield from _leaves("", self.answer.json if self.answer else None)

    def _redirect_target(self) -> str:
        place = (
            self.answer.headers.get("location")
            if self.answer and 300 <= self.answer.status < 400
            else None
        )
        return f", to {place.partition('?')[0]}" if place else ""

    def _describe_body(self) -> str:
        assert self.answer is not None  # came() asks only then
        body = self.answer.json
        if body is not None:
            failed = self.answer.status >= 400 or (
                isinstance(body, dict) and bool(body.get("error") or body.get("errors"))
            )
            return _shorten(_shape(body, self.ours, failed), LONGEST)
        if self.answer.content.startswith(BOM):
            return f"{len(self.answer.content)} bytes that begin with a byte order mark"
        if title := _TITLE.search(self.answer.content):
            return f"a page called “{_shorten(_plain_title(title), WORDS)}”"
        if self.answer.status >= 400 and self.answer.media_type.startswith("text/"):
            return _shorten(self.answer.text, WORDS) or "nothing"
        return f"{len(self.answer.content)} bytes"


def _plain_title(title: re.Match[bytes]) -> str:
    return html.unescape(
        re.sub(
            r"<[^>]*>",
            " ",
            next(part for part in title.groups() if part is not None).decode("utf-8", "replace"),
        )
    )


def _shorten(text: str, longest: int) -> str:
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
        return repr(_shorten(str(value), WORDS))
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
