"""The time of a step: how long it is waited for, what ends it, and what its gate then holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest

from cutover_gates.config.rollout_steps import RolloutSteps
from cutover_gates.core.rollout.rollout_step import RolloutStep
from cutover_gates.plugin import step_gate
from cutover_gates.plugin.dwell_clock import DwellClock, StepEnd
from cutover_gates.plugin.step_gate import StepGate
from cutover_gates.plugin.step_watcher import StepWatcher

STEP = RolloutStep(10, 1000.0)


@dataclass
class Watched:
    """A watcher as the clock asks it: what happens at which second of the step."""

    fires_at: float = float("inf")
    dies_at: float = float("inf")
    now: float = 1000.0
    shown: list[str] = field(default_factory=list)

    @property
    def runs(self) -> bool:
        return self.now < 1000.0 + self.dies_at

    def list_fired(self) -> list[str]:
        return ["error-rate/new/probes/"] if self.now >= 1000.0 + self.fires_at else []

    def pause(self, seconds: float) -> None:
        self.now += seconds

    def make_clock(self, seconds: float) -> DwellClock:
        return DwellClock(
            STEP,
            seconds,
            cast("StepWatcher", self),
            self.shown.append,
            clock=lambda: self.now,
            pause=self.pause,
            monotonic=lambda: self.now,
        )

    def wait(self, seconds: float) -> StepEnd:
        return self.make_clock(seconds).wait()


def test_a_step_is_live_for_its_whole_time() -> None:
    watched = Watched()
    ended = watched.wait(600)
    assert (ended.step.lived_seconds(0), ended.why) == (600.0, "")
    assert watched.shown[0] == "10 %: live for 0 of 600 s"


def test_the_time_of_the_checks_counts() -> None:
    """They ran while the step was live."""
    assert Watched(now=1590.0).wait(600).step.ends == 1600.0


def test_a_step_that_was_live_for_longer_ends_at_once() -> None:
    assert Watched(now=2500.0).wait(600).step.ends == 2500.0


@pytest.mark.parametrize("second", [0, 1, 599])
def test_a_trigger_that_fires_ends_the_step_at_once(second: int) -> None:
    ended = Watched(fires_at=second).wait(600)
    assert ended.step.lived_seconds(0) == second
    assert ended.why == "a trigger fired (error-rate/new/probes/)"


def test_a_trigger_that_would_fire_a_second_later_does_not_end_it() -> None:
    assert Watched(fires_at=601).wait(600).why == ""


def test_a_watcher_that_dies_ends_the_step() -> None:
    ended = Watched(dies_at=30).wait(600)
    assert (ended.step.lived_seconds(0), ended.why) == (30.0, "the watcher does not run any more")


LONGEST = 3600.0
LATEST = 3590.0
"""A prolonged step leaves ten seconds for its end."""


@dataclass
class Lacking(Watched):
    """A watched step that lacks answers until a second, and a trigger that is pending or not."""

    has_all_at: float = 0.0
    is_pending: bool = False
    look_seconds: float = 0.0
    looks: list[float] = field(default_factory=list)

    def find_missing(self, step: RolloutStep) -> str:
        lived = step.lived_seconds(0)
        self.looks.append(lived)
        self.now += self.look_seconds
        return "" if lived >= self.has_all_at else "212 of 372 answers"

    def prolong(self, seconds: float, longest: float = LONGEST) -> StepEnd:
        clock = self.make_clock(seconds)
        clock.longest, clock.find_missing = longest, self.find_missing
        clock.is_pending = lambda: self.is_pending
        return clock.wait()


def test_a_step_with_exactly_enough_answers_is_not_prolonged() -> None:
    lacking = Lacking(has_all_at=600)
    ended = lacking.prolong(600)
    assert (ended.step.lived_seconds(0), ended.why, ended.missing) == (600.0, "", "")
    assert lacking.looks == [600.0]


def test_a_step_that_lacks_answers_goes_on_until_it_has_them() -> None:
    lacking = Lacking(has_all_at=601)
    ended = lacking.prolong(600)
    assert ended.step.lived_seconds(0) == 603.0
    assert (ended.why, ended.missing) == ("", "")
    assert lacking.shown[-1] == (
        "10 %: live for 602 s, at most 3600 s, until it has enough answers: 212 of 372 answers"
    )


def test_a_step_that_never_has_enough_answers_ends_after_its_longest_time_and_not_before() -> None:
    ended = Lacking(has_all_at=float("inf")).prolong(600)
    assert (ended.step.lived_seconds(0), ended.why) == (LATEST, "")
    assert ended.missing == "212 of 372 answers"


@pytest.mark.parametrize(("longest", "latest"), [(600.0, 600.0), (605.0, 600.0), (640.0, 630.0)])
def test_a_prolonged_step_ends_within_its_longest_time(longest: float, latest: float) -> None:
    ended = Lacking(has_all_at=float("inf")).prolong(600, longest)
    assert ended.step.lived_seconds(0) == latest


@pytest.mark.parametrize("second", [601, 2000])
def test_a_trigger_that_fires_ends_a_prolonged_step_at_once(second: int) -> None:
    ended = Lacking(has_all_at=float("inf"), fires_at=second).prolong(600)
    assert ended.step.lived_seconds(0) == second
    assert ended.why == "a trigger fired (error-rate/new/probes/)"


def test_a_look_that_takes_long_is_taken_seldom_and_a_trigger_is_seen_meanwhile() -> None:
    lacking = Lacking(has_all_at=float("inf"), look_seconds=2.0, fires_at=635)
    ended = lacking.prolong(600)
    assert lacking.looks == [600.0, 620.0]
    assert ended.step.lived_seconds(0) == 635.0


def test_a_watcher_that_dies_ends_a_prolonged_step() -> None:
    ended = Lacking(has_all_at=float("inf"), dies_at=700).prolong(600)
    assert ended.step.lived_seconds(0) == 700
    assert ended.why == "the watcher does not run any more"


def test_a_step_with_a_pending_trigger_is_not_prolonged() -> None:
    lacking = Lacking(has_all_at=float("inf"), is_pending=True)
    assert lacking.prolong(600).step.lived_seconds(0) == 600.0
    assert lacking.looks == []


def test_a_step_in_which_a_trigger_fired_is_not_looked_at() -> None:
    lacking = Lacking(has_all_at=float("inf"), fires_at=30)
    assert lacking.prolong(600).step.lived_seconds(0) == 30.0
    assert lacking.looks == []


def gate(monkeypatch: pytest.MonkeyPatch, ended: StepEnd | None, **rollout: Any) -> StepGate:
    run: Any = SimpleNamespace(
        plan=SimpleNamespace(items=[SimpleNamespace(gates=("phase2-10",))]),
        gates=("phase2-10",),
        settings=SimpleNamespace(chosen_target=SimpleNamespace(rollout=RolloutSteps(**rollout))),
    )
    monkeypatch.setattr(step_gate, "read_step_end", lambda _run: ended)
    found = StepGate(run)
    found.step = STEP
    return found


def test_a_step_that_was_live_for_its_time_has_no_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    assert gate(monkeypatch, StepEnd(STEP.end_at(1600.0))).list_holds() == []


@pytest.mark.parametrize(
    ("ended", "says"),
    [
        (None, "was not watched to its end"),
        (StepEnd(STEP.end_at(1599.0)), "was live for 599 s, and 600 s are due"),
        (StepEnd(STEP.end_at(1600.0), "a trigger fired"), "a trigger fired"),
        (StepEnd(STEP.end_at(9999.0)), "longer than rollout.longest_seconds"),
        (StepEnd(RolloutStep(10, 900.0, 1600.0)), "not the one that this gate began"),
        (StepEnd(RolloutStep(50, 1000.0, 1600.0)), "not the one that this gate began"),
    ],
)
def test_the_time_of_a_step_is_held_against_it(
    monkeypatch: pytest.MonkeyPatch, ended: StepEnd | None, says: str
) -> None:
    (hold,) = gate(monkeypatch, ended).list_holds()
    assert says in hold
