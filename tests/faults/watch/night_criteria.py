"""Nights that no load run sees: errors and slowness all through the cutover."""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.probes.observability.metrics import rules as metric_rules
from cutover_gates.watch import rules
from tests.faults import proxy
from tests.faults.watch.watch_fault import HarmfulWire, WatchFault, make_problem
from tests.scraped_night import scraped_night
from tests.watched_hospital import WatchedHospital


class _EveryFourthReadFails(HarmfulWire):
    count = 0

    def is_about(self, request: proxy.Request) -> bool:
        if not request.line.startswith("GET /api/v1/patients/"):
            return False
        type(self).count += 1
        return type(self).count % 4 == 0

    def change(self, request: proxy.Request, answer: bytes) -> bytes:
        return make_problem("500 Internal Server Error")


class ErrorsAllNightAndNoneUnderLoad(WatchFault):
    """One read of four failed until the cutover was over; the load run afterwards is clean."""

    item = "success-error-rate"
    check = "test_few_requests_of_the_whole_night_failed_for_certain"
    breaks = (rules.FEW_FAIL_FOR_CERTAIN,)
    shows = "at most 1.00% |"
    wire = _EveryFourthReadFails


class TheNightIsTooShortToProveAnything(WatchFault):
    """Two seconds were watched, and nothing failed in them."""

    item = "success-error-rate"
    check = "test_few_requests_of_the_whole_night_failed_for_certain"
    outcome = "not proven"
    breaks = (rules.FEW_FAIL_FOR_CERTAIN,)
    shows = "do not prove at most 1.00%"

    def harm(self, hospital: WatchedHospital, watcher: subprocess.Popen[str]) -> None:
        time.sleep(0.5)


class _ReadsTakeLong(HarmfulWire):
    async def hand_on(self, caller: proxy.Caller, request: proxy.Request) -> None:
        if type(self).harms and request.line.startswith("GET /api/v1/patients/"):
            await asyncio.sleep(0.7)
        await caller.give(await caller.forward(request))


class ReadsTakeLongAllNight(WatchFault):
    """Every chart takes most of a second to open, until the load run begins: no probe calls it late."""

    item = "success-response-times"
    check = "test_the_whole_night_was_fast_enough_for_certain"
    breaks = (rules.FAST_ALL_NIGHT,)
    shows = "read, p95 within 0.5 s | at most 5.00% |"
    wire = _ReadsTakeLong
    lasts = 5.0
    settings = "paths.read = 0.05"


class ReportsFailForPeopleAlone(WatchFault):
    """One request in a hundred fails, all of them reports. No probe asks for a report."""

    item = "success-error-rate"
    check = "test_few_requests_of_people_failed_in_the_whole_night"
    breaks = (metric_rules.NIGHT_ERRORS,)
    shows = "at most 0.10% | 50 of 5,000 requests |"

    def ask(self, hospital: WatchedHospital) -> Mapping[str, Any]:
        """Count what people asked while nobody watches: the traffic is in Prometheus alone."""
        with scraped_night(hospital.folder) as night:
            night.new.tell("count", good=2_450, bad=50)
            night.old.tell("count", good=2_500)
            night.wait_for_scrape()
            return {"night_traffic": _Answered(night.ask().assess())}


class PeopleSearchSlowlyAllNight(WatchFault):
    """One search of ten takes a third of a second for people. The probes search for short names."""

    item = "success-response-times"
    check = "test_people_were_answered_fast_enough_in_the_whole_night"
    breaks = (metric_rules.NIGHT_FAST,)
    shows = "search, p95 within 0.2 s | at most 5% longer than 0.2 s | 200 of 2,000 requests"

    def ask(self, hospital: WatchedHospital) -> Mapping[str, Any]:
        """Count what people asked while nobody watches."""
        with scraped_night(hospital.folder) as night:
            night.new.tell("count", good=2_000, slow=200)
            night.wait_for_scrape()
            return {"night_traffic": _Answered(night.ask().assess_response_times())}


@dataclass(frozen=True)
class _Answered:
    """An answer that was given while Prometheus ran."""

    found: Assessment

    def assess(self) -> Assessment:
        """Return it."""
        return self.found

    assess_response_times = assess
