"""The exchange of a request and its answer, as evidence without secrets."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

import httpx

from cutover_gates.core.evidence.exchange import FACT_LIMIT, Body, Exchange, answer_facts
from cutover_gates.drivers.request_context import RequestContext

_ALWAYS_SHOWN = frozenset(
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
_SECRET_NAMES = re.compile(r"(?i)auth|token|secret|cookie|session|signature|api-?key|password")


def redact_headers(request: httpx.Request) -> dict[str, str]:
    """Return the request's headers that evidence may hold.

    These are an allow-list and the headers of the mapping, with the token as `$TOKEN`.
    """
    declared = RequestContext.of(request).shown_headers
    shown = {
        name: value
        for name, value in request.headers.items()
        if name in _ALWAYS_SHOWN and value != "*/*"
    }
    for name, value in declared.items():
        shown[name.lower()] = _redact_header(name, value)
    if "authorization" in request.headers and "authorization" not in declared:
        shown["authorization"] = f"{request.headers['authorization'].partition(' ')[0]} $TOKEN"
    return shown


def _redact_header(name: str, value: str) -> str:
    if "$TOKEN" in value or not _SECRET_NAMES.search(name):
        return value
    return f"‹{name.lower()}›"


def make_exchange(
    request: httpx.Request,
    response: httpx.Response | None,
    seconds: float,
    error: str | None = None,
    *,
    withholds_text: bool = False,
) -> Exchange:
    """Return the exchange of a request that took so many seconds.

    `response` must be read. It is None where no answer came, and then `error` says why.
    `withholds_text` leaves the free text of a refusal out.
    """
    content = _read_content(request)
    body = Body.of(content, RequestContext.of(request).parts) if content else None
    return Exchange(
        request.method,
        str(request.url),
        None if response is None else response.status_code,
        round(seconds, 6),
        None if response is None else response.headers.get("x-request-id"),
        redact_headers(request),
        body,
        {} if response is None else _describe_response(response, withholds_text),
        error,
    )


def failed_exchange(request: httpx.Request, seconds: float, error: Exception) -> Exchange:
    """Return the exchange of a request to which no answer came, because of `error`."""
    return make_exchange(request, None, seconds, f"{type(error).__name__}: {error}")


def exchange_of(request: httpx.Request) -> Exchange:
    """Return the exchange that the transport left at the request, else one without an answer."""
    return RequestContext.of(request).exchange or make_exchange(request, None, 0.0)


def _read_content(request: httpx.Request) -> bytes:
    try:
        return request.read()
    except httpx.StreamError:
        return b""  # a stream that is already sent cannot be read again


def _describe_response(response: httpx.Response, withholds_text: bool) -> dict[str, Any]:
    media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    facts = answer_facts(
        response.status_code, media_type, response.content, withholds_text=withholds_text
    )
    if response.has_redirect_location:
        facts["location"] = _describe_location(response.headers["location"])
    return facts


def _describe_location(location: str) -> str:
    """Return the address without its query: that of a login page may carry a token."""
    try:
        target = urlsplit(location)
    except ValueError:
        return "an invalid address"
    host = f"{target.scheme}://{target.netloc}" if target.netloc else ""
    return f"{host}{target.path}"[:FACT_LIMIT]
