"""Ways to put a fault into the application for as long as there is load: before it the gate can be
prepared, and after it clean up.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send

OF_THE_LOAD = (8, 9)
"""Sign-ins of the processes that make the load, by number.

Before them each of the five accounts signs in once, and registrar and clinician prepare the load.
After them the administrator compares and cleans up.
"""


def replace_under_load(app: ASGIApp, harmed: Callable[[str, float], ASGIApp]) -> ASGIApp:
    """The application, but for requests of the API while there is load: what answers those is asked
    of `harmed` (see `OnTheWay.pause`).
    """
    sign_ins, began = 0, 0.0

    async def chosen(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal sign_ins, began
        line = f"{scope.get('method')} {scope.get('path')}"
        if line.endswith("/auth/sign-in"):
            sign_ins += 1
            began = began or (time.monotonic() if sign_ins in OF_THE_LOAD else 0.0)
        answering = (
            harmed(line, time.monotonic() - began)
            if sign_ins in OF_THE_LOAD and " /api/" in line
            else app
        )
        await answering(scope, receive, send)

    return chosen


def delay_responses(app: ASGIApp, seconds: float) -> ASGIApp:
    """The application, so many seconds later."""
    if not seconds:
        return app

    async def late(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(seconds)
        await app(scope, receive, send)

    return late


class EveryNth:
    """Calls themselves by number: true for each `n`th, however they are spread.

    No luck, so the share is what it is said to be.
    """

    def __init__(self, n: int) -> None:
        self._n, self._count = n, 0

    def __call__(self) -> bool:
        self._count += 1
        return self._count % self._n == 0
