"""Rollback triggers that fired, that nobody could see, or that somebody would rather not show."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from typing import Any, ClassVar

from cutover_gates.core.findings import Rule
from cutover_gates.watch import rules
from cutover_gates.watch.kept_triggers import ORDER_FILE, STATE_FILE
from cutover_gates.watch.record_lines import EVALUATION, FIRED
from tests.faults import proxy
from tests.faults.watch.watch_fault import HarmfulWire, WatchFault, make_problem
from tests.trigger_records import WatchedTriggers
from tests.watched_hospital import WatchedHospital

HEALTH = "test_no_more_health_checks_in_a_row_failed_than_the_plan_allows"
ERRORS = "test_the_error_rate_did_not_stay_above_its_limit"
RESPONSE = "test_response_times_did_not_stay_above_twice_the_baseline"
DATABASE = "test_connections_to_the_database_did_not_fail"
QUICK = {
    "evaluate_seconds": 0.5,
    "health_seconds": 0.5,
    "rate_seconds": 2,
    "error_seconds": 3,
    "response_seconds": 3,
    "error_requests": 10,
}
"""The limits of the plan in seconds: a fault need not last for five minutes."""


class _ReadsFail(HarmfulWire):
    def is_about(self, request: proxy.Request) -> bool:
        return request.line.startswith("GET /api/v1/patients/")

    def change(self, request: proxy.Request, answer: bytes) -> bytes:
        return make_problem("500 Internal Server Error")


class _NothingIsReady(HarmfulWire):
    def is_about(self, request: proxy.Request) -> bool:
        return "/health" in request.line

    def change(self, request: proxy.Request, answer: bytes) -> bytes:
        return make_problem("503 Service Unavailable")


class _Fires(WatchFault):
    """The wire does harm until the watcher orders a rollback; then all is well again."""

    item = "trigger-error-rate"
    gate = "phase2"
    check = ERRORS
    wire: ClassVar[type[HarmfulWire] | None] = _ReadsFail
    triggers: ClassVar[Mapping[str, float]] = QUICK
    breaks: ClassVar[tuple[Rule, ...]] = (rules.NOT_FIRED,)
    shows = "failed, fired"

    def harm(self, hospital: WatchedHospital, watcher: subprocess.Popen[str]) -> None:
        assert self.wire is not None
        self.wire.harms = True
        try:
            hospital.wait_for((hospital.record_folder / ORDER_FILE).is_file, watcher)
        finally:
            self.wire.harms = False


class AnOrderToRollBackIsNotFollowed(_Fires):
    """Reads fail for minutes, then all is well for a while, and everybody goes home."""


class NoInstanceIsReady(_Fires):
    """The balancer answers with nobody behind it, four times in a row."""

    item = "trigger-health"
    check = HEALTH
    wire = _NothingIsReady
    shows = "4 failed health checks in a row, fired"


class TheWatcherIsKilledAfterItFired(_Fires):
    """Its machine was restarted in the confusion: nobody heard the order."""

    def harm(self, hospital: WatchedHospital, watcher: subprocess.Popen[str]) -> None:
        super().harm(hospital, watcher)
        os.kill(watcher.pid, signal.SIGKILL)


class TheLimitIsLoosenedAfterwards(_Fires):
    """More errors are allowed since it fired, so that the night goes on."""

    judged: ClassVar[Mapping[str, float]] = {"error_percent": 99}
    breaks = (rules.SAME_LIMITS, rules.NOT_FIRED)


class _Hides(_Fires):
    """`keep` says which lines are left; the sums of all lines are right."""

    outcome = "not proven"
    breaks = (rules.SAME_DECISIONS,)

    def after(self, hospital: WatchedHospital) -> None:
        (hospital.record_folder / STATE_FILE).unlink()
        WatchedTriggers(hospital.record_folder).rewrite(self.change)

    def change(self, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return the lines that the record is to have."""
        raise NotImplementedError


class TheEvaluationsOfTheTroubleAreCutOut(_Hides):
    """Who was on call removes the lines of the quarter of an hour in which it went wrong."""

    shows = "kept no state"

    def change(self, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [line for line in lines if line["do"] != FIRED and not _has_failed(line)]


class TheFailuresAreCountedAsAnswers(_Hides):
    """Somebody makes good answers of the failures, with all sums right."""

    shows = "kept no state"

    def change(self, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [_make_good(line) for line in lines if line["do"] != FIRED]


def _read(line: dict[str, Any]) -> list[dict[str, Any]]:
    readings: list[dict[str, Any]] = json.loads(line["evaluation"])["readings"]
    return readings


def _has_failed(line: dict[str, Any]) -> bool:
    return line["do"] == EVALUATION and any(one.get("bad") for one in _read(line))


def _make_good(line: dict[str, Any]) -> dict[str, Any]:
    if line["do"] != EVALUATION:
        return line
    evaluation = json.loads(line["evaluation"])
    for one in evaluation["readings"]:
        if one.get("bad"):
            one["bad"] = 0
    return {**line, "evaluation": json.dumps(evaluation, separators=(",", ":"))}


class TheStateIsPutBack(_Fires):
    """The folder was restored from a copy of before it fired, all but the record."""

    outcome = "failed"
    before = ""

    def harm(self, hospital: WatchedHospital, watcher: subprocess.Popen[str]) -> None:
        path = hospital.record_folder / STATE_FILE
        hospital.wait_for(path.is_file, watcher)
        type(self).before = path.read_text()
        super().harm(hospital, watcher)

    def after(self, hospital: WatchedHospital) -> None:
        (hospital.record_folder / STATE_FILE).write_text(self.before)


class _Unseen(WatchFault):
    outcome = "not proven"
    gate = "phase2"
    triggers: ClassVar[Mapping[str, float]] = QUICK
    breaks = (rules.DECIDED,)

    def harm(self, hospital: WatchedHospital, watcher: subprocess.Popen[str]) -> None:
        time.sleep(2)


class ErrorsHaveJustBegun(_Unseen):
    """The gate is asked in the second minute of the errors: nothing has fired yet."""

    item = "trigger-error-rate"
    check = ERRORS
    shows = "is pending since"
    wire = _ReadsFail
    triggers: ClassVar[Mapping[str, float]] = {**QUICK, "error_seconds": 60}

    def harm(self, hospital: WatchedHospital, watcher: subprocess.Popen[str]) -> None:
        assert self.wire is not None
        self.wire.harms = True
        time.sleep(4)

    def after(self, hospital: WatchedHospital) -> None:
        assert self.wire is not None
        self.wire.harms = False


class NobodyLooksAtTheDatabase(_Unseen):
    """No pool, no log and no login is declared: refused connections would not have been seen."""

    item = "trigger-database"
    check = DATABASE
    shows = "database was never evaluated for new"


class ResponseTimesHaveNoBaseline(_Unseen):
    """Nobody recorded how fast it was before: twice of what?"""

    item = "trigger-response-time"
    check = RESPONSE
    shows = "response-time"
