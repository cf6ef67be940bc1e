"""Faults by which answers come too late: all of them, some of them, now and then."""

# Each manner is given the request and the time, whether it looks at them or not.

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any, ClassVar

from starlette.types import ASGIApp

from cutover_gates.probes.load import rules
from tests.faults.fault import Defect
from tests.faults.load.application_under_load import EveryNth, delay_responses, replace_under_load
from tests.faults.load.load_fault import LoadFault, RequestFault


class _Late(LoadFault):
    """Whatever comes too late, one item holds it against its objective."""

    item = "response-times"
    breaks = (rules.RESPONSE_TIME,)


class AdmissionsAreSlow(_Late, RequestFault):
    """At the ward's desk people queue, and everything else is quick."""

    shows = "admit p95"
    asked: ClassVar[Mapping[str, Any]] = {"journeys": {"clinician": {}}}

    def pause(self, line: str, since: float) -> float:
        return 0.7 if line.endswith("/admit") else 0


class OneReportInTwentyIsSlow(_Late, RequestFault):
    """Some reports come from another archive.

    Who opens one waits, and the average knows nothing of it.
    """

    shows, share = "content p99", 20

    def __init__(self) -> None:
        self._unlucky = EveryNth(self.share)

    def pause(self, line: str, since: float) -> float:
        return 1.5 if line.endswith("/content") and self._unlucky() else 0


class OneReportInFiftyIsSlow(OneReportInTwentyIsSlow):
    """The same, only twice as often as it may be: no luck decides that, but nearly two thousand
    reports.
    """

    share = 50
    asked: ClassVar[Mapping[str, Any]] = {"rate": 60, "max_seconds": 150}


class AStallEveryTenSeconds(_Late):
    """Everybody waits together, two seconds in every ten.

    Who comes meanwhile waits, too, whether anybody counts him or not.
    """

    asked: ClassVar[Mapping[str, Any]] = {"min_seconds": 25, "max_seconds": 60}
    perhaps: ClassVar[Mapping[str, str]] = {
        "connection-pool": (
            "after a stall all come at once, and the look that waited with them sees it"
        )
    }

    def around(self, app: ASGIApp) -> ASGIApp:
        stalling: list[asyncio.Task[None]] = []

        async def stall() -> None:
            while True:
                await asyncio.sleep(8)
                time.sleep(2)

        def harmed(line: str, since: float) -> ASGIApp:
            if not stalling:
                stalling.append(asyncio.ensure_future(stall()))
            return app

        return replace_under_load(app, harmed)


class ASlowStart(_Late, RequestFault):
    """The first ten seconds after the house is full are slow, and then all is well.

    In those seconds everybody was there.
    """

    def pause(self, line: str, since: float) -> float:
        return 0.8 if since < 12 else 0


class EverythingTakesASecond(_Late, RequestFault):
    """Each click takes a second. Nothing fails, and nobody gets anything done."""

    def pause(self, line: str, since: float) -> float:
        return 1.0


class ItDragsAsTheLoadRises(_Late, RequestFault):
    """Thirty times as slow as usual, with some errors, before half of the people are there.

    Who goes on loading it harms those who are.
    """

    breaks, stops_within = (rules.SAFETY_SLOWDOWN,), 20
    asked: ClassVar[Mapping[str, Any]] = {"ramp_seconds": 40}

    def __init__(self) -> None:
        self._unlucky = EveryNth(50)

    def pause(self, line: str, since: float) -> float:
        return 3.0 if since > 2 else 0

    def refuses(self, line: str, since: float) -> int | None:
        return 503 if since > 2 and self._unlucky() else None


class TheOldRelease(Defect):
    """No fault: a hospital that takes fifty milliseconds for everything.

    It is what a baseline is recorded of.
    """

    seconds = 0.05

    def around(self, app: ASGIApp) -> ASGIApp:
        return _later(app, self.seconds)


class TwiceAsSlowAsBefore(_Late):
    """Within every objective, and twice as slow as what people are used to: that is how a bad night
    begins.
    """

    breaks, before = (rules.BASELINE_RATIO,), TheOldRelease.__name__

    def around(self, app: ASGIApp) -> ASGIApp:
        return _later(app, 2.4 * TheOldRelease.seconds)


def _later(app: ASGIApp, seconds: float) -> ASGIApp:
    return replace_under_load(app, lambda _line, _since: delay_responses(app, seconds))
