"""The guard that keeps a run from writing outside of its own records on production."""

from __future__ import annotations

import httpx

from cutover_gates.drivers.request_context import RequestContext

READ_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class GuardError(Exception):
    """The suite was about to do something that is forbidden on a production target.

    Nothing was sent. The error blames the suite, never the target.
    """


def check_production_guard(request: httpx.Request) -> None:
    """Raise `GuardError` for a request that may not be sent to a production target."""
    if request.method not in READ_METHODS and not RequestContext.of(request).synthetic:
        raise GuardError(
            f"{request.method} {request.url.path} is not one of the driver's own operations on"
            " synthetic data, and this target is production"
        )
