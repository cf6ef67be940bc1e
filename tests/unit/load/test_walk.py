"""A journey's requests are measured from when they were due, and end as what they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from cutover.hospital import (
    Answer,
    Hospital,
    Misbehaved,
    Move,
    NotOffered,
    Reason,
    Refused,
    Unreachable,
)
from cutover.load.samples import Ending
from cutover.load.walk import JourneyEnds, Walk, measured

Kept = tuple[str, float, float, float, Ending, int, str]


@dataclass
class Time:
    """A clock that only what happens moves on."""

    now: float = 100.0
    kept: list[Kept] = field(default_factory=list)

    def pass_by(self, seconds: float) -> None:
        self.now += seconds

    def walk(self, due: float = 100.0) -> Walk:
        return Walk(
            due, lambda: self.now, self.pass_by, lambda: 3.0, lambda *kept: self.kept.append(kept)
        )


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


def ask(walk: Walk, time: Time, error: Exception | None = None) -> Any:
    return cast(Any, measured(cast(Hospital, Target(time, error)), walk)).patient("session", "7")


def test_a_request_is_measured_from_when_it_was_due() -> None:
    """It left half a second late, and took two: the person waited for two and a half."""
    time = Time(now=100.5)
    walk = time.walk(due=100.0)
    assert ask(walk, time) == ("patient", ("session", "7"))
    walk.settle()
    assert time.kept == [("patient", 100.0, 0.5, 2.5, Ending.WELL, 0, "")]


def test_the_next_request_is_due_after_thinking() -> None:
    time = Time()
    walk = time.walk()
    ask(walk, time)
    walk.think()
    time.pass_by(0.25)  # the process was busy
    ask(walk, time)
    walk.settle()
    assert [kept[1:4] for kept in time.kept] == [(100.0, 0.0, 2.0), (105.0, 0.25, 2.25)]


def test_a_move_is_named_by_what_it_does() -> None:
    time = Time()
    walk = time.walk()
    cast(Any, measured(cast(Hospital, Target(time)), walk)).move("session", "visit", Move.ADMIT)
    walk.settle()
    assert time.kept[0][0] == "admit"


def test_a_wrong_answer_is_an_error_of_the_request_that_brought_it() -> None:
    time = Time()
    walk = time.walk()
    ask(walk, time)
    walk.settle("another patient's chart came")
    walk.settle()
    assert [kept[4:] for kept in time.kept] == [(Ending.WRONG, 0, "another patient's chart came")]


@pytest.mark.parametrize(
    ("error", "ending", "status"),
    [
        (Refused(Reason.THROTTLED, "slow down", Answer(429, {}, b"")), Ending.REFUSED, 429),
        (Unreachable("no answer"), Ending.NO_ANSWER, 0),
        (ConnectionResetError("reset"), Ending.NO_ANSWER, 0),
        (Misbehaved("no JSON"), Ending.WRONG, 0),
    ],
)
def test_what_does_not_go_well_ends_the_journey_and_stands_in_the_log(
    error: Exception, ending: Ending, status: int
) -> None:
    time = Time()
    with pytest.raises(JourneyEnds):
        ask(time.walk(), time, error)
    assert [(kept[3], kept[4], kept[5]) for kept in time.kept] == [(2.0, ending, status)]


def test_what_a_target_does_not_offer_is_no_request() -> None:
    time = Time()
    with pytest.raises(NotOffered):
        ask(time.walk(), time, NotOffered("patient", "no charts here"))
    assert time.kept == []


def test_what_waits_at_the_end_has_waited_so_long() -> None:
    """The target hangs, and the run ends meanwhile."""
    time = Time()
    walk = time.walk(due=99.0)

    class Hangs(Target):
        def __getattr__(self, name: str) -> Callable[..., Any]:
            def act(*_: Any) -> None:
                time.pass_by(4.0)
                walk.cut()

            return act

    cast(Any, measured(cast(Hospital, Hangs(time)), walk)).patient("session", "7")
    assert time.kept == [("patient", 99.0, 1.0, 5.0, Ending.CUT, 0, "")]
