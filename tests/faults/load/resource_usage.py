"""Faults of what the hospital uses, and of how it tells of that."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Mapping
from typing import Any, ClassVar

from fastapi import FastAPI
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from cutover_gates.probes.load.resource_assessment import rules
from tests.faults.load.application_under_load import EveryNth, replace_under_load
from tests.faults.load.load_fault import LoadFault

MIB = 2**20
USAGE_RULES = (rules.CPU_USAGE, rules.MEMORY_USAGE, rules.MEMORY_GROWTH)


class _Usage(LoadFault):
    """CPU and memory, one item looks after them."""

    item = "resource-usage"


# ── too much ──


class EveryRequestLeavesSomethingBehind(_Usage):
    """A hundred kilobytes of each request stay in memory. By the morning there is none left."""

    breaks = (rules.MEMORY_GROWTH,)

    def around(self, app: ASGIApp) -> ASGIApp:
        kept: list[bytes] = []

        def harmed(line: str, since: float) -> ASGIApp:
            kept.append(b"x" * 100_000)
            return app

        return replace_under_load(app, harmed)


class ItNeedsTooMuchMemory(_Usage):
    """It takes more than it was given.

    The next time that somebody else on the machine needs some, it is killed.
    """

    breaks = (rules.MEMORY_USAGE,)
    asked: ClassVar[Mapping[str, Any]] = {"resources": {"memory_bytes": 300 * MIB}}

    def put_in(self) -> None:
        self._ballast = b"x" * (300 * MIB)


class SomethingSpins(_Usage):
    """One processor does nothing but turn in a circle. Requests do not feel it yet."""

    # Three times what a hospital in order uses here. On a busy machine nobody gets a whole
    # processor.
    breaks = (rules.CPU_USAGE,)
    asked: ClassVar[Mapping[str, Any]] = {"resources": {"cpu_cores": 0.4}}

    def put_in(self) -> None:
        threading.Thread(target=self._spin, daemon=True).start()

    def _spin(self) -> None:
        while True:
            hashlib.sha256(
                bytes(4 * MIB)
            )  # lets go of Python's lock, so that requests are answered meanwhile


# ── told wrongly ──


class _OfItsPage(_Usage):
    """The page of metrics is not what it was: then nobody knows, and that is no proof."""

    outcome = "not proven"
    also: ClassVar[Mapping[str, str]] = {"connection-pool": "the same page tells of the pool"}

    def page(self, app: FastAPI) -> Response:
        """The answer in its place."""
        raise NotImplementedError

    def around(self, app: ASGIApp) -> ASGIApp:
        assert isinstance(app, FastAPI)

        async def around(scope: Scope, receive: Receive, send: Send) -> None:
            answering = self.page(app) if scope.get("path") == "/metrics" else app
            await answering(scope, receive, send)

        return around


class ThePageOfMetricsIsGone(_OfItsPage):
    """Nobody sees how it fares."""

    breaks, shows = USAGE_RULES, "404"

    def page(self, app: FastAPI) -> Response:
        return PlainTextResponse("not found", 404)


class ThePageOfMetricsIsFrozen(_OfItsPage):
    """What is shown all night long is how it fared when it was started."""

    breaks, shows = USAGE_RULES, "frozen"

    def page(self, app: FastAPI) -> Response:
        self._kept = getattr(self, "_kept", None) or generate_latest(app.state.metrics.registry)
        return Response(self._kept, headers={"Content-Type": CONTENT_TYPE_LATEST})


class ThePageOfMetricsIsSilentUnderLoad(_OfItsPage):
    """It is answered as long as nobody is there.

    How it fares when the house is full nobody ever sees.
    """

    breaks = USAGE_RULES

    def around(self, app: ASGIApp) -> ASGIApp:
        assert isinstance(app, FastAPI)
        busy: list[float] = []

        def harmed(line: str, since: float) -> ASGIApp:
            busy.append(time.monotonic())
            return app

        loaded = replace_under_load(app, harmed)

        async def around(scope: Scope, receive: Receive, send: Send) -> None:
            answering = (
                PlainTextResponse("busy", 503)
                if scope.get("path") == "/metrics" and busy
                else loaded
            )
            await answering(scope, receive, send)

        return around


class ThePageOfMetricsFailsEverySixthTime(_OfItsPage):
    """One of six processes does not know its own metrics.

    What that one needs nobody ever sees.
    """

    breaks, shows = USAGE_RULES, "could not be read in"

    def __init__(self) -> None:
        self._unlucky = EveryNth(6)

    def page(self, app: FastAPI) -> Response:
        if self._unlucky():
            return PlainTextResponse("no metrics here", 503)
        return _page_of(app)


class ThePageOfMetricsEndsTooSoonEveryFifthTime(_OfItsPage):
    """The page is cut where the process was busy, and what stands at its end is missing."""

    breaks, shows = USAGE_RULES, "could not be read in"

    def __init__(self) -> None:
        self._unlucky = EveryNth(5)

    def page(self, app: FastAPI) -> Response:
        whole = _page_of(app)
        if self._unlucky():
            return Response(bytes(whole.body)[:40], headers={"Content-Type": CONTENT_TYPE_LATEST})
        return whole


def _page_of(app: FastAPI) -> Response:
    text = generate_latest(app.state.metrics.registry)
    return Response(text, headers={"Content-Type": CONTENT_TYPE_LATEST})
