"""The watcher's login: what is a failure, what is unknown, and never two at a time."""

from __future__ import annotations

import threading
import time
from functools import partial
from itertools import repeat

import pytest

from cutover_gates.core.triggers.evaluation import DatabaseReading, ProbeAnswer
from cutover_gates.probes.database.login_attempt import LoginAttempt, LoginOutcome
from cutover_gates.watch import login_readings
from cutover_gates.watch.login_readings import LOGIN_KEY, LoginReadings
from cutover_gates.watch.reading_sources import SourceReadings
from cutover_gates.watch.time_spans import Span

OK, REFUSED, BROKEN, REJECTED = (LoginAttempt(outcome, "why", 0.1) for outcome in LoginOutcome)


def login(found: SourceReadings) -> ProbeAnswer:
    (reading,) = found.readings
    assert isinstance(reading, DatabaseReading)
    return reading.login


@pytest.mark.parametrize(
    ("first", "second", "answer"),
    [
        (OK, OK, ProbeAnswer.OK),
        (OK, REFUSED, ProbeAnswer.FAIL),
        (OK, BROKEN, ProbeAnswer.FAIL),
        # The account was locked, or its password changed: that says nothing of the connections.
        (OK, REJECTED, ProbeAnswer.NONE),
        (REFUSED, REFUSED, ProbeAnswer.FAIL),
        # A wrong address in the settings must not order a rollback.
        (BROKEN, BROKEN, ProbeAnswer.NONE),
        (REJECTED, REJECTED, ProbeAnswer.NONE),
    ],
)
def test_what_a_login_says(first: LoginAttempt, second: LoginAttempt, answer: ProbeAnswer) -> None:
    attempts = iter((first, second))
    source = LoginReadings(lambda: next(attempts))
    source.read(0)
    found = source.read(0)
    assert login(found) is answer
    assert bool(found.unknown) is (answer is ProbeAnswer.NONE)
    assert not found.heard, "a login is no sight of the target's answers"


def test_a_login_that_worked_for_the_watcher_before_counts_at_once() -> None:
    assert login(LoginReadings(lambda: BROKEN, has_worked=True).read(0)) is ProbeAnswer.FAIL


def test_a_slow_login_is_unknown_and_no_second_one_is_begun(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(login_readings, "WAIT_SECONDS", 0.01)
    begun, ends = [], threading.Event()

    def attempt() -> LoginAttempt:
        begun.append(1)
        ends.wait(10)
        return OK

    source = LoginReadings(attempt)
    for _ in range(3):
        found = source.read(0)
        assert login(found) is ProbeAnswer.NONE
        assert LOGIN_KEY in found.unknown
    assert len(begun) == 1
    ends.set()
    time.sleep(0.1)
    assert login(source.read(0)) is ProbeAnswer.OK


def test_a_failure_while_the_watcher_stood_still_is_none() -> None:
    """A refusal was said by the server; a time-out may be the watcher's."""
    for attempt, answer in ((BROKEN, ProbeAnswer.NONE), (REFUSED, ProbeAnswer.FAIL)):
        source = LoginReadings(partial(next, repeat(attempt)), has_worked=True)
        source.add_own_gap(Span(10, 13))
        source.clock = lambda: time.monotonic() - 1
        assert login(source.read(0)) is answer
