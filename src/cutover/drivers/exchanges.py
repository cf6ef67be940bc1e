"""What is kept of an HTTP exchange: the request as it can be repeated, and the allowed facts of its
answer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

import httpx

from cutover.evidence import Body, Exchange, Part, answer_facts

EXCHANGE = "cutover.exchange"
"""Request extension under which the transport leaves the recorded `Exchange`, for the message of a
failure.
"""
SHOWN = "cutover.shown"
"""Request extension: the headers that the mapping gave, with `$TOKEN` in the place of the token."""
PARTS = "cutover.parts"
"""Request extension: the parts of a multipart body, as `Part`s."""

_SHOWN_ALWAYS = frozenset(
    {
        "accept",
        "content-type",
        "if-match",
        "if-none-match",
        "if-none-exist",
        "idempotency-key",
        "prefer",
        "x-request-id",
    }
)
_TELLING = re.compile(r"(?i)auth|token|secret|cookie|session|signature|api-?key|password")


def shown_headers(request: httpx.Request) -> dict[str, str]:
    """The request's headers that may be kept: an allow-list, those of the mapping, and the token's
    as `$TOKEN`.
    """
    declared: Mapping[str, str] = request.extensions.get(SHOWN, {})
    shown = {}
    for name, value in request.headers.items():
        if name in _SHOWN_ALWAYS and value != "*/*":
            shown[name] = value
    for name, value in declared.items():
        shown[name.lower()] = (
            value if "$TOKEN" in value or not _TELLING.search(name) else f"‹{name.lower()}›"
        )
    if "authorization" in request.headers and "authorization" not in declared:
        shown["authorization"] = f"{request.headers['authorization'].partition(' ')[0]} $TOKEN"
    return shown


def exchange_of(
    request: httpx.Request,
    response: httpx.Response | None,
    seconds: float,
    error: str | None = None,
) -> Exchange:
    """The exchange.

    `response` must be read; None when no answer came, and then `error` says why.
    """
    try:
        content = request.read()
    except httpx.StreamError:
        content = b""
    parts: tuple[Part, ...] = request.extensions.get(PARTS, ())
    facts, request_id, status = {}, None, None
    if response is not None:
        media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        facts, status = (
            answer_facts(response.status_code, media_type, response.content),
            response.status_code,
        )
        request_id = response.headers.get("x-request-id")
        if response.has_redirect_location:
            target = urlsplit(response.headers["location"])
            facts["location"] = (
                f"{target.scheme}://{target.netloc}{target.path}" if target.netloc else target.path
            )
    return Exchange(
        request.method,
        str(request.url),
        status,
        round(seconds, 6),
        request_id,
        shown_headers(request),
        Body.of(content, parts) if content else None,
        facts,
        error,
    )
