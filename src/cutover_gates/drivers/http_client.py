"""The HTTP client as drivers need it: a small part of `httpx.Client`, and what reads its answers.

A load process has a leaner client, so drivers use nothing else of it.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

import httpx

from cutover_gates.core.bounded_json import UnusableJson, parse_json
from cutover_gates.hospital import Answer, ProtocolViolation
from cutover_gates.util.addresses import origin_of

UNSENDABLE = (UnicodeError, ValueError, httpx.InvalidURL)
"""Errors of building a request from a value that none can hold, such as a token with an umlaut."""
_UNSPECIFIC_MEDIA_TYPES = frozenset({"", "text/plain", "text/html"})
"""Media types under which backends send JSON, too: frameworks set them where nobody chose one."""


class HttpResponse(Protocol):
    """A response whose body is read. The names of `headers` are found in any case."""

    @property
    def status_code(self) -> int:
        """The HTTP status."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers."""
        ...

    @property
    def content(self) -> bytes:
        """The whole body, decoded."""
        ...


class HttpClient(Protocol):
    """A client like `httpx.Client`. `send` raises httpx's transport errors."""

    @property
    def cookies(self) -> httpx.Cookies:
        """The cookies that the client sends and receives."""
        ...

    def build_request(
        self,
        method: str,
        url: httpx.URL | str,
        *,
        content: Any = None,
        data: Any = None,
        files: Any = None,
        json: Any = None,
        headers: Any = None,
        extensions: Any = None,
    ) -> httpx.Request:
        """Return a request that is not yet sent. The arguments are those of `httpx.Client`."""
        ...

    def send(self, request: httpx.Request) -> HttpResponse:
        """Send the request and return the response, with its body read."""
        ...

    def close(self) -> None:
        """Close all connections."""
        ...


MOST_MEDIA_TYPE = 80
"""Characters of a media type that are shown."""
WITHHOLDS_TEXT = "cutover_withholds_text"
"""The extension of a response from production, which the transport sets."""


@contextmanager
def sendable_values() -> Iterator[None]:
    """Turn the errors of building a request into `ProtocolViolation`.

    Addresses, tokens and versions come from the target. One that cannot be sent is its fault.
    """
    try:
        yield
    except UNSENDABLE as error:
        raise ProtocolViolation(
            f"the target gave a value that no request can carry ({type(error).__name__})"
        ) from None


def make_answer(response: HttpResponse, seconds: float) -> Answer:
    """Return the answer. JSON is read where the media type or the first character says so."""
    media_type = response.headers.get("content-type", "").partition(";")[0].lower()
    content = response.content
    body, problem = None, ""
    if "json" in media_type or _looks_like_json(media_type, content):
        try:
            body = parse_json(content)
        except UnusableJson as error:
            problem = str(error)
    return Answer(
        response.status_code,
        response.headers,
        content,
        body,
        seconds,
        json_problem=problem,
        # A load process has a transport of its own, and keeps no text of any target.
        withholds_text=bool(getattr(response, "extensions", {}).get(WITHHOLDS_TEXT)),
    )


def _looks_like_json(media_type: str, content: bytes) -> bool:
    first = content.removeprefix(codecs.BOM_UTF8)[:1]
    return media_type in _UNSPECIFIC_MEDIA_TYPES and first in (b"{", b"[")


def describe_head(answer: Answer) -> str:
    """Return status, media type and size of an answer: 'HTTP 200 (text/html, 12 bytes)'."""
    media_type = answer.media_type[:MOST_MEDIA_TYPE] or "no media type"
    # The problem may quote a name of the JSON object, and that may be a patient's.
    reason = "not readable" if answer.withholds_text else answer.json_problem
    problem = f": {reason}" if answer.json_problem else ""
    return f"HTTP {answer.status} ({media_type}, {len(answer.content)} bytes{problem})"


def same_origin(one: str, other: str) -> bool:
    """Return whether both addresses have the same scheme, host and port."""
    try:
        return origin_of(one) == origin_of(other)
    except ValueError:  # an address that a server gave, and that is none
        return False
