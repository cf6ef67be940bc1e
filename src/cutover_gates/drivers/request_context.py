"""The context of a request: what it carries besides HTTP, as one typed value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from cutover_gates.core.evidence.exchange import Exchange, Part

KEY = "cutover.context"
"""Name of the httpx request extension that holds the context."""
SYNTHETIC_KEY = "cutover.synthetic"
"""Name of the extension by which an own driver marks an operation on synthetic data.

It is part of the documented interface (docs/target-protocol.md), so it stays a plain key.
"""


@dataclass
class RequestContext:
    """The values that one request carries besides HTTP.

    `synthetic` marks one of the driver's own operations on synthetic data; on production no other
    request may write. `shown_headers` are the declared headers with `$TOKEN` in place of the token.
    `parts` describe a multipart body. `deadline` bounds this request in seconds, None for the
    transport's own bound. `exchange` is left by the transport, for the message of a failure, and
    `asked_again` where it had to send the request twice (`closed_connections`).
    """

    synthetic: bool = False
    shown_headers: Mapping[str, str] = field(default_factory=dict)
    parts: tuple[Part, ...] = ()
    deadline: float | None = None
    exchange: Exchange | None = None
    asked_again: bool = False

    def as_extensions(self) -> dict[str, Any]:
        """Return the extensions with which `build_request` attaches the context."""
        return {KEY: self}

    @classmethod
    def of(cls, request: httpx.Request) -> RequestContext:
        """Return the context of a request; a request without one gets it here."""
        context = request.extensions.get(KEY)
        if not isinstance(context, cls):
            context = cls(synthetic=request.extensions.get(SYNTHETIC_KEY) is True)
            request.extensions[KEY] = context
        return context
