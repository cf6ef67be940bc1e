"""The one rule for a request that met a connection which the other side was closing.

A server may close a kept connection at any moment: at a reload, at the end of an instance, after
its own time. Nothing is lost where the request is sent again and nobody can have carried it out.
"""

from __future__ import annotations

import httpx

from cutover_gates.drivers.production_guard import READ_METHODS
from cutover_gates.util.request_deadline import RequestClock

CLOSED = (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError)
"""Errors of a connection that the other side closed."""


def was_closed_before_sent(request: httpx.Request, traffic: RequestClock) -> bool:
    """Return whether a failed request may be sent once more.

    The connection was a kept one, and no byte of an answer came. A method that changes nothing may
    then be repeated; any other only where nothing of the request was written. The first piece of a
    request goes into an empty buffer, so the system takes it whole or not at all.
    """
    if traffic.connections or traffic.received:
        return False
    return request.method in READ_METHODS or not traffic.sent
