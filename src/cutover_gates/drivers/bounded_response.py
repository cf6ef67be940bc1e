"""The response made of what came over the wire: its content decoded, within the size limit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from cutover_gates.util.content_encoding import (
    ContentNotDecodable,
    ContentTooLarge,
    decode_content,
)

SIZE_LIMIT = 16 * 1024 * 1024
"""Bytes of an answer's body, before and after it is decoded.

The largest document of the suite has 2 MiB.
"""


class AnswerTooLarge(httpx.TransportError):
    """The answer's body passed the size limit and was not read to its end."""


def too_large(limit: int, request: httpx.Request) -> AnswerTooLarge:
    """Return the error for a body that passes the limit as it is sent."""
    return AnswerTooLarge(f"more than {limit} bytes", request=request)


def build_response(
    request: httpx.Request,
    status: int,
    headers: Sequence[tuple[Any, Any]],
    content: bytes,
    limit: int = SIZE_LIMIT,
    extensions: Mapping[str, Any] | None = None,
) -> httpx.Response:
    """Return the response, wholly read. httpx itself decodes without a bound.

    Raises:
        AnswerTooLarge: the decoded content passes the limit.
        httpx.RemoteProtocolError: it is not encoded as its headers say.
    """
    fields = httpx.Headers(headers)
    try:
        plain = decode_content(content, fields.get("content-encoding", ""), limit)
    except ContentTooLarge as error:
        raise AnswerTooLarge(str(error), request=request) from None
    except ContentNotDecodable as error:
        message = f"the Content-Encoding is not usable: {error}"
        raise httpx.RemoteProtocolError(message, request=request) from None
    # httpx would decode again by this header.
    fields.pop("content-encoding", None)
    return httpx.Response(
        status, headers=fields, content=plain, request=request, extensions=dict(extensions or {})
    )
