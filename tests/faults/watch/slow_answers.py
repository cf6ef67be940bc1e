"""Faults of response times, and baselines that are none."""

from __future__ import annotations

import asyncio
import random
import subprocess
import time

from cutover_gates.watch import rules
from tests.calibration import scale_seconds
from tests.faults import proxy
from tests.faults.watch.fired_triggers import RESPONSE
from tests.faults.watch.two_releases import TriggerFault, TwoReleases
from tests.watched_hospital import WatchedHospital

SLOW_SECONDS = 0.3


class ResponseTimeFault(TriggerFault):
    item = "trigger-response-time"
    check = RESPONSE
    breaks = (rules.NOT_FIRED,)


def is_search(request: proxy.Request) -> bool:
    """Return whether a request searches for patients."""
    return request.line.startswith("GET /api/v1/patients?")


class SlowSearches(TwoReleases):
    old_too = False

    async def change(self, request: proxy.Request, answer: bytes, *, is_new: bool) -> bytes:
        if is_search(request) and (is_new or self.old_too):
            await asyncio.sleep(SLOW_SECONDS)
        return answer


class TheNewReleaseSearchesSlowly(ResponseTimeFault):
    """A query plan changed: at the desk the queue grows, and nothing fails."""

    releases = SlowSearches
    shows = "response-time/new/probes/search"


class _EverySearchIsSlow(SlowSearches):
    old_too = True


class TheDatabaseIsSlowForBothReleases(ResponseTimeFault):
    """A shared database: going back would not help, and the order says so (hazard 25)."""

    releases = _EverySearchIsSlow
    shows = "response-time/service/probes/search"


class _OneInTenIsVerySlow(TwoReleases):
    async def change(self, request: proxy.Request, answer: bytes, *, is_new: bool) -> bytes:
        if is_search(request) and is_new and random.random() < 0.2:
            await asyncio.sleep(SLOW_SECONDS)
        return answer


class EveryFifthSearchIsTenTimesSlower(ResponseTimeFault):
    """The median is as before, and every fifth patient waits (hazard 28)."""

    releases = _OneInTenIsVerySlow
    shows = "response-time/new/probes/search"


class TheBaselineIsOfAnotherLoad(ResponseTimeFault):
    """Its probes asked a tenth as often: nobody knows whether the release is slow (hazard 27)."""

    outcome = "not proven"
    breaks = (rules.DECIDED,)
    shows = "is unknown"
    lasts = 4.0

    def prepare(self, hospital: WatchedHospital) -> None:
        """Record a baseline of its own, with a third of the probes a second."""
        few = "paths.search = 0.1\npaths.read = 2\npaths.write = 2\npaths.download = 5"
        self.write_settings(hospital, time.time() + 3600, few)
        seconds = str(scale_seconds(10))
        recording = hospital.start("watch", "--baseline", seconds)
        _, told = recording.communicate(timeout=scale_seconds(60))
        assert recording.returncode == 0, told
        assert "baseline: search p95 at most" in told


class NobodyWatchedBeforeTheCutover(ResponseTimeFault):
    """The watcher was started at T-0: what usual is was never seen."""

    outcome = "not proven"
    breaks = (rules.DECIDED,)
    shows = "is unknown"
    baseline = None
    lasts = 4.0

    def harm(self, hospital: WatchedHospital, watcher: subprocess.Popen[str]) -> None:
        time.sleep(scale_seconds(self.lasts))
