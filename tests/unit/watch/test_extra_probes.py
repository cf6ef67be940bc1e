"""The probes that fill up a step: only where they are needed, within rate and cap, told apart."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest

from cutover_gates.core.rollout.rollout_step import RolloutStep
from cutover_gates.core.triggers.evaluation import ShareReading
from cutover_gates.watch.continuity import describe_continuity
from cutover_gates.watch.declared_sources import DeclaredSources, ProbeHearers
from cutover_gates.watch.extra_probes import AT_ONCE, HELD_SECONDS, FillSettings, StepFill
from cutover_gates.watch.probe_results import PathProbe, ProbeOutcome, WatchStatus
from cutover_gates.watch.record_reader import WatchRecord
from cutover_gates.watch.step_lines import NEEDED, STEP
from cutover_gates.watch.time_spans import Span
from cutover_gates.watch.trigger_feed import TriggerFeed

BEGINS = 1_000_000.0
NEW = "2.0.0"
PINNED = FillSettings(5.0, 1000, ("read", "search"), 3600.0, is_pinned=True)


def head(step: RolloutStep, needed: int = 372, release: str = NEW) -> dict[str, Any]:
    return {"release": release, STEP: step.to_plain(), NEEDED: needed}


@dataclass
class Filled:
    """A step that is filled up by probes which the release of `answers` answers at once."""

    settings: FillSettings = PINNED
    answers: str = NEW
    outcome: ProbeOutcome = ProbeOutcome.OK
    fired: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.fill = StepFill(self.settings, NEW, lambda: bool(self.fired), Random(1))
        self.sent: list[tuple[str, float]] = []

    def begin(self, percent: int = 10, at: float = BEGINS, needed: int = 372) -> RolloutStep:
        step = RolloutStep(percent, at)
        self.fill.add_head(head(step, needed))
        return step

    def answer(self, path: str, at: float) -> None:
        result = PathProbe(path, at, at, 0.02, self.outcome, release=self.answers)
        self.fill.add_result(result)

    def run(self, begins: float, seconds: float, *, answered: bool = True) -> int:
        """Return how many probes are sent in so many seconds, as a loop of 20 looks a second."""
        before = len(self.sent)
        for tick in range(int(seconds * 20)):
            now = begins + tick / 20
            for path in self.fill.take_due(now):
                self.sent.append((path, now))
                if answered:
                    self.answer(path, now)
        return len(self.sent) - before


def test_without_a_step_nothing_is_sent() -> None:
    filled = Filled()
    assert filled.run(BEGINS, 60) == 0
    filled.fill.add_head({"release": NEW, "intervals": {"read": 0.1}})
    assert filled.run(BEGINS + 60, 60) == 0


def test_a_step_is_filled_up_to_what_it_needs_and_no_further() -> None:
    filled = Filled()
    filled.begin()
    assert filled.run(BEGINS, 300) == 372
    assert {path for path, _ in filled.sent} == {"read-pinned", "search-pinned"}


def test_the_rate_is_the_declared_one_at_moments_of_chance() -> None:
    filled = Filled()
    filled.begin()
    assert filled.run(BEGINS, 60) == pytest.approx(300, rel=0.05)
    per_second = [sum(int(at) == int(BEGINS) + n for _, at in filled.sent) for n in range(60)]
    assert max(per_second) <= 11
    assert len(set(per_second)) > 2


def test_the_cap_of_a_step_holds_and_the_next_step_has_its_own() -> None:
    filled = Filled(FillSettings(5.0, 50, ("read",), 3600.0, is_pinned=True))
    filled.begin()
    assert filled.run(BEGINS, 100) == 50
    filled.begin(50, BEGINS + 200, 746)
    assert filled.run(BEGINS + 200, 100) == 50


def test_answers_of_the_usual_probes_count_too() -> None:
    filled = Filled()
    filled.begin()
    for number in range(371):
        filled.answer("write", BEGINS + number / 100)
    assert filled.run(BEGINS + 10, 10) == 1


@pytest.mark.parametrize("answers", ["1.9.0", ""])
def test_answers_of_another_release_do_not_count(answers: str) -> None:
    """Then the cap ends it, not the need."""
    filled = Filled(FillSettings(20.0, 400, ("read",), 3600.0), answers=answers)
    filled.begin()
    assert filled.run(BEGINS, 100) == 400
    assert filled.sent[0][0] == "read-extra"


def test_answers_from_before_the_step_do_not_count() -> None:
    filled = Filled()
    filled.begin()
    for _ in range(400):
        filled.answer("read", BEGINS - 1)
    assert filled.run(BEGINS, 10) > 0


def test_a_failure_makes_more_answers_necessary() -> None:
    filled = Filled()
    filled.begin()
    filled.outcome = ProbeOutcome.WRONG_STATUS
    filled.answer("read", BEGINS)
    filled.outcome = ProbeOutcome.OK
    assert filled.run(BEGINS, 300) == 557


def test_evidence_adds_up_over_the_steps_and_begins_anew_with_the_rollout() -> None:
    filled = Filled()
    first = filled.begin()
    assert filled.run(BEGINS, 200) == 372
    filled.fill.add_head(head(first.end_at(BEGINS + 200)))
    filled.begin(50, BEGINS + 300, 746)
    assert filled.run(BEGINS + 300, 200) == 746 - 372
    filled.begin(10, BEGINS + 900)
    assert filled.run(BEGINS + 900, 200) == 372


def test_a_step_that_ended_is_not_filled() -> None:
    filled = Filled()
    step = filled.begin()
    assert filled.run(BEGINS, 5) > 0
    filled.fill.add_head(head(step.end_at(BEGINS + 5)))
    assert filled.run(BEGINS + 5, 60) == 0


def test_an_end_that_is_found_before_its_beginning_counts() -> None:
    """Files of one second are found in any order."""
    filled = Filled()
    step = RolloutStep(10, BEGINS)
    filled.fill.add_head(head(step.end_at(BEGINS + 1)))
    filled.fill.add_head(head(step))
    assert filled.run(BEGINS + 1, 60) == 0


def test_a_step_that_nobody_ends_is_filled_for_its_longest_time_at_most() -> None:
    filled = Filled(FillSettings(5.0, 1000, ("read",), 10.0))
    filled.begin()
    assert filled.run(BEGINS, 9) > 0
    assert filled.run(BEGINS + 10, 60) == 0


def test_a_trigger_that_fired_ends_it() -> None:
    filled = Filled()
    filled.begin()
    assert filled.run(BEGINS, 2) > 0
    filled.fired.append("error-rate/new/probes/")
    assert filled.run(BEGINS + 2, 60) == 0


def test_a_gap_of_the_watchers_own_stops_it_for_a_while() -> None:
    filled = Filled()
    filled.begin()
    filled.fill.add_own_gap(Span(BEGINS - 1, BEGINS))
    assert filled.run(BEGINS, HELD_SECONDS - 0.1) == 0
    # What was due meanwhile is not made up for.
    assert 0 < filled.run(BEGINS + HELD_SECONDS, 1) <= 10


def test_a_release_that_hangs_takes_few_threads() -> None:
    filled = Filled(FillSettings(20.0, 1000, ("read",), 3600.0))
    filled.begin()
    assert filled.run(BEGINS, 60, answered=False) == AT_ONCE
    filled.answer("read-extra", BEGINS + 60)
    assert filled.run(BEGINS + 61, 60, answered=False) == 1


def test_no_rate_no_path_and_no_need_send_nothing() -> None:
    for settings in (
        FillSettings(0.0, 1000, ("read",), 3600.0),
        FillSettings(5.0, 1000, (), 3600.0),
        FillSettings(5.0, 0, ("read",), 3600.0),
    ):
        filled = Filled(settings)
        filled.begin()
        assert filled.run(BEGINS, 60) == 0
    filled = Filled()
    filled.begin(needed=0)
    assert filled.run(BEGINS, 60) == 0


@pytest.mark.parametrize(
    "other",
    [
        head(RolloutStep(10, BEGINS), release="1.9.0"),
        {"release": NEW, STEP: {"percent": 11}},
        {"release": NEW, STEP: RolloutStep(10, BEGINS).to_plain(), NEEDED: "many"},
    ],
)
def test_a_step_of_another_release_or_of_nobody_is_none(other: dict[str, Any]) -> None:
    filled = Filled()
    filled.fill.add_head(other)
    assert filled.run(BEGINS, 60) == 0


@pytest.mark.parametrize(
    ("path", "heard"), [("read", 1), ("read-pinned", None), ("read-extra", None)]
)
def test_no_trigger_hears_of_a_further_probe(path: str, heard: int | None) -> None:
    """Neither does it thin out the failures of the others, nor fire by its own."""
    feed, status = TriggerFeed(NEW), WatchStatus()
    fill = Filled().fill
    hearers = ProbeHearers(status, feed, DeclaredSources(), fill)
    failed = PathProbe(path, BEGINS, BEGINS, 0.02, ProbeOutcome.WRONG_STATUS, release=NEW)
    hearers.add_result(failed)
    evaluation = feed.evaluate(BEGINS + 5, 5)
    counts = [one.bad for one in evaluation.readings if isinstance(one, ShareReading)]
    assert set(counts) == {heard}
    assert status.to_plain()["paths"] == {path: {"wrong status": 1}}


def test_the_record_of_the_service_is_without_further_probes() -> None:
    usual, further = (
        PathProbe(path, BEGINS, BEGINS, 0.02, ProbeOutcome.WRONG_STATUS)
        for path in ("read", "read-pinned")
    )
    window = Span(BEGINS - 1, BEGINS + 1)
    shown = describe_continuity(WatchRecord(results=[usual, further]), window)
    assert shown.results == [usual]
    assert [gap.path for gap in shown.gaps] == ["read"]
