"""Faults by which only the slowest answers became slower than in the release before."""

# Each manner is given the request and the time, whether it looks at them or not.

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from starlette.types import ASGIApp

from cutover_gates.probes.load import rules
from tests.faults.load.application_under_load import (
    EveryNth,
    delay_responses,
    replace_under_load,
)
from tests.faults.load.load_fault import LoadFault
from tests.faults.load.response_times import TheOldRelease


class _SlowerThanBefore(LoadFault):
    """Half of the answers come as they did, and every one within its objective."""

    item, before = "response-times", TheOldRelease.__name__
    breaks = (rules.BASELINE_TAIL,)
    every: ClassVar[int]
    more_seconds: ClassVar[float]

    def __init__(self) -> None:
        self._unlucky = EveryNth(self.every)

    def around(self, app: ASGIApp) -> ASGIApp:
        def harmed(line: str, since: float) -> ASGIApp:
            is_late = line.endswith("/content") and self._unlucky()
            return delay_responses(
                app, TheOldRelease.seconds + (self.more_seconds if is_late else 0)
            )

        return replace_under_load(app, harmed)


class OneReportInEightIsSlowerThanBefore(_SlowerThanBefore):
    """One report in eight takes five times as long as people are used to, and the median hides it.

    The 99th percentile may be certain before the 95th is, and then ends the run.
    """

    shows, every, more_seconds = "content p9", 8, 0.35


class OneReportInThirtyIsMuchSlowerThanBefore(_SlowerThanBefore):
    """One report in thirty is fetched from the archive: every nurse waits for one in a shift."""

    shows, every, more_seconds = "content p99", 30, 0.8
    asked: ClassVar[Mapping[str, Any]] = {"rate": 60, "max_seconds": 60}
