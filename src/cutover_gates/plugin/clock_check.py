"""Compares the clocks of the target, its database and this machine, before the first check."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from email.utils import parsedate_to_datetime

import httpx

from cutover_gates.core.clock_slack import ClockReading, ClockSlack, combine_readings, find_slack
from cutover_gates.core.evidence.record import Recorder
from cutover_gates.hospital import (
    MappingError,
    ProtocolViolation,
    Rejected,
    Unreachable,
    Unsupported,
)
from cutover_gates.plugin.release_survey import is_from_cache
from cutover_gates.plugin.run import PytestRun
from cutover_gates.targets.driver_factory import open_driver
from cutover_gates.targets.running_target import RunningTarget

ANSWERS = 5
"""Answers of the target whose `Date` is read: each narrows the bounds, and may be of another
instance."""
DATE_SECONDS = 1.0
"""A `Date` header has whole seconds: the clock is up to one second later than it says."""


def compare_clocks(
    run: PytestRun, target: RunningTarget, databases: Sequence[ClockReading]
) -> ClockSlack:
    """Return how far the true time may be from this machine's clock.

    A clock that cannot be read leaves nothing open: the checks say what does not answer.
    """
    readings = list(databases)
    if run.suites != {"migrations"}:
        readings += combine_readings("the clock of the target", _read_target(run, target))
    return find_slack(readings, run.settings.chosen_target.limits.clock_skew_seconds)


def _read_target(run: PytestRun, target: RunningTarget) -> list[ClockReading]:
    began = time.time()
    readings: list[ClockReading] = []

    def observe(_request: httpx.Request, response: httpx.Response | None) -> None:
        if response is not None and not is_from_cache(response.headers):
            readings.extend(_read_date(response.headers.get("date", ""), began))

    driver = open_driver(run.settings, target, Recorder(run.redactor), run.tag, observe, fresh=True)
    for _ in range(ANSWERS):
        began = time.time()
        if not _answers(driver.release):
            break
    getattr(driver, "close", lambda: None)()
    return readings


def _answers(question: Callable[[], object]) -> bool:
    """Ask for the sake of the headers. Return False where asking again would be in vain."""
    try:
        question()
    except (Unreachable, Unsupported, MappingError):
        return False
    except (ProtocolViolation, Rejected):
        return True
    return True


def _read_date(date: str, began: float) -> list[ClockReading]:
    """Return the bounds that a `Date` header leaves, where the question began at `began`."""
    try:
        told = parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError, OverflowError):
        return []  # no date, or none that can be read
    return [ClockReading("", told - time.time(), told + DATE_SECONDS - began)]
