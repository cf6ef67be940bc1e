"""A journey's requests are measured from when they were due, and end as what they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from cutover_gates.hospital import (
    Answer,
    Driver,
    ProtocolViolation,
    Reason,
    Rejected,
    Transition,
    Unreachable,
    Unsupported,
)
from cutover_gates.probes.load.journey_run import JourneyAborted, JourneyRun, measure_hospital
from cutover_gates.probes.load.request_outcomes import (
    ConnectionFlags,
    ConnectionUse,
    RequestOutcome,
)

Kept = tuple[str, float, float, float, RequestOutcome, int, str]


@dataclass
class Time:
    """A clock that only what happens moves on."""

    now: float = 100.0
    kept: list[Kept] = field(default_factory=list)
    flags: list[ConnectionFlags] = field(default_factory=list)
    use: ConnectionUse = field(default_factory=ConnectionUse)

    def pass_by(self, seconds: float) -> None:
        self.now += seconds

    def walk(self, due: float = 100.0) -> JourneyRun:
        return JourneyRun(
            due,
            lambda: self.now,
            self.pass_by,
            lambda: 3.0,
            lambda *kept: self.keep(*kept),
            lambda: self.use,
        )

    def keep(self, *kept: Any) -> None:
        *request, flags = kept
        self.kept.append(cast(Kept, tuple(request)))
        self.flags.append(flags)


class Target:
    """Takes two seconds for whatever is asked, and ends it as told."""

    def __init__(self, time: Time, error: Exception | None = None) -> None:
        self._time, self._error = time, error

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def act(*words: Any) -> Any:
            self._time.pass_by(2.0)
            if self._error:
                raise self._error
            return name, words

        return act


def ask(walk: JourneyRun, time: Time, error: Exception | None = None) -> Any:
    return cast(Any, measure_hospital(cast(Driver, Target(time, error)), walk)).patient(
        "session", "7"
    )


def test_a_request_is_measured_from_when_it_was_due() -> None:
    """It left half a second late, and took two: the person waited for two and a half."""
    time = Time(now=100.5)
    walk = time.walk(due=100.0)
    assert ask(walk, time) == ("patient", ("session", "7"))
    walk.finish_request()
    assert time.kept == [("patient", 100.0, 0.5, 2.5, RequestOutcome.SUCCESS, 0, "")]


def test_the_next_request_is_due_after_thinking() -> None:
    time = Time()
    walk = time.walk()
    ask(walk, time)
    walk.think()
    time.pass_by(0.25)  # the process was busy
    ask(walk, time)
    walk.finish_request()
    assert [kept[1:4] for kept in time.kept] == [(100.0, 0.0, 2.0), (105.0, 0.25, 2.25)]


def test_a_move_is_named_by_what_it_does() -> None:
    time = Time()
    walk = time.walk()
    cast(Any, measure_hospital(cast(Driver, Target(time)), walk)).move(
        "session", "visit", Transition.ADMIT
    )
    walk.finish_request()
    assert time.kept[0][0] == "admit"


def test_a_wrong_answer_is_an_error_of_the_request_that_brought_it() -> None:
    time = Time()
    walk = time.walk()
    ask(walk, time)
    walk.finish_request("another patient's chart came")
    walk.finish_request()
    assert [kept[4:] for kept in time.kept] == [
        (RequestOutcome.INVALID_ANSWER, 0, "another patient's chart came")
    ]


@pytest.mark.parametrize(
    ("error", "ending", "status"),
    [
        (
            Rejected(Reason.THROTTLED, "slow down", Answer(429, {}, b"")),
            RequestOutcome.REJECTED,
            429,
        ),
        (Unreachable("no answer"), RequestOutcome.NO_ANSWER, 0),
        (ConnectionResetError("reset"), RequestOutcome.NO_ANSWER, 0),
        (ProtocolViolation("no JSON"), RequestOutcome.INVALID_ANSWER, 0),
    ],
)
def test_what_does_not_go_well_ends_the_journey_and_stands_in_the_log(
    error: Exception, ending: RequestOutcome, status: int
) -> None:
    time = Time()
    with pytest.raises(JourneyAborted):
        ask(time.walk(), time, error)
    assert [(kept[3], kept[4], kept[5]) for kept in time.kept] == [(2.0, ending, status)]


def test_what_a_target_does_not_offer_is_no_request() -> None:
    time = Time()
    with pytest.raises(Unsupported):
        ask(time.walk(), time, Unsupported("patient", "no charts here"))
    assert time.kept == []


def test_what_waits_at_the_end_has_waited_so_long() -> None:
    """The target hangs, and the run ends meanwhile."""
    time = Time()
    walk = time.walk(due=99.0)

    class Hangs(Target):
        def __getattr__(self, name: str) -> Callable[..., Any]:
            def act(*_: Any) -> None:
                time.pass_by(4.0)
                walk.abort()

            return act

    cast(Any, measure_hospital(cast(Driver, Hangs(time)), walk)).patient("session", "7")
    assert time.kept == [("patient", 99.0, 1.0, 5.0, RequestOutcome.UNFINISHED, 0, "")]


def test_a_request_tells_what_its_connection_went_through() -> None:
    time = Time(use=ConnectionUse(flags=ConnectionFlags.NEW | ConnectionFlags.ASKED_AGAIN))
    walk = time.walk()
    ask(walk, time)
    walk.finish_request()
    assert time.flags == [ConnectionFlags.NEW | ConnectionFlags.ASKED_AGAIN]


def test_a_failure_has_the_status_that_came_also_where_the_answer_was_no_refusal() -> None:
    """A 500 breaks the protocol, and a chart that is another's comes with 200."""
    time = Time(use=ConnectionUse(status=500))
    with pytest.raises(JourneyAborted):
        ask(time.walk(), time, ProtocolViolation("HTTP 500"))
    walk = time.walk()
    time.use = ConnectionUse(status=200)
    ask(walk, time)
    walk.finish_request("another patient's chart came")
    assert [kept[4:6] for kept in time.kept] == [
        (RequestOutcome.INVALID_ANSWER, 500),
        (RequestOutcome.INVALID_ANSWER, 200),
    ]
