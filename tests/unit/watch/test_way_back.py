"""The begin of a rollback, what failed after it, and when the service was good again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from cutover_gates.config.way_back import WayBack
from cutover_gates.watch.probe_results import PathProbe, ProbeOutcome
from cutover_gates.watch.record_reader import WatchRecord
from cutover_gates.watch.step_marks import StepMark
from cutover_gates.watch.time_spans import Span
from cutover_gates.watch.way_back import rules
from cutover_gates.watch.way_back.assessments import RollbackAssessments
from cutover_gates.watch.way_back.live_answers import TrafficAssessments, ask_many, count_needed
from cutover_gates.watch.way_back.rollback_record import find_begin

NEW, OLD = "2.0.0", "1.9.0"


def probe(at: float, release: str = OLD, outcome: ProbeOutcome = ProbeOutcome.OK) -> PathProbe:
    return PathProbe("read", at, at, 0.0, outcome, release=release)


def ask(record: WatchRecord, now: float = 200, **settings: object) -> RollbackAssessments:
    """Return the questions to a record that was watched without a gap."""
    record.heads.append({"process": "p"})
    record.watched.append(Span(0, now))
    asked = WayBack.model_validate({"quiet_seconds": 30, **settings})
    return RollbackAssessments(record, asked, NEW, 1, 0.001, is_expected=True, clock=lambda: now)


@pytest.mark.parametrize(
    ("marks", "orders", "begin"),
    [
        ((), (), None),
        ((("rollback-begins", 100),), (), 100),
        ((("rollback-begins", 50), ("rollback", 60), ("rollback-begins", 100)), (), 100),
        ((), (90, 95), 90),
        ((("rollback-begins", 100),), (90,), 90),
        # The order of an attempt that was rolled back before.
        ((("rollback-begins", 50), ("rollback", 60), ("rollback-begins", 100)), (45,), 100),
        ((("rollback", 60),), (45, 90), 90),
        # A trigger that fires when the rollback is under way.
        ((("rollback-begins", 100),), (110,), 100),
    ],
)
def test_the_begin_is_the_order_or_the_mark(
    marks: tuple[tuple[str, float], ...], orders: tuple[float, ...], begin: float | None
) -> None:
    record = WatchRecord(marks=[StepMark(f"{at}", name, at) for name, at in marks])
    assert find_begin(WayBack(), record, orders) == begin


def test_a_declared_begin_counts_before_all_others() -> None:
    declared = WayBack(began=datetime.fromtimestamp(70, UTC))
    assert find_begin(declared, WatchRecord(), (90,)) == 70


def begun(*results: PathProbe) -> WatchRecord:
    return WatchRecord(results=list(results), marks=[StepMark("m", "rollback-begins", 100)])


CLEAN = [probe(110 + number / 4) for number in range(300)]


def test_failures_of_the_failed_release_are_not_blamed_on_the_one_before() -> None:
    """They are why it was taken back."""
    failed = [probe(101, NEW, ProbeOutcome.WRONG_STATUS), probe(102, "", ProbeOutcome.NO_ANSWER)]
    record = begun(*failed, probe(103, NEW), *CLEAN)
    assert not ask(record).assess_readiness().findings


@pytest.mark.parametrize("release", [OLD, ""])
def test_a_failure_after_the_failed_release_is_silent_is_one_of_the_one_before(
    release: str,
) -> None:
    record = begun(probe(103, NEW), probe(104, release, ProbeOutcome.WRONG_STATUS), *CLEAN)
    (finding,) = ask(record).assess_readiness().findings
    assert (finding.rule, finding.subject) == (rules.READY_BEFORE_TRAFFIC, "read")


def test_the_time_to_restore_ends_with_the_last_bad_answer() -> None:
    record = begun(probe(105, NEW), probe(108, "", ProbeOutcome.TIMED_OUT), *CLEAN)
    found = ask(record, restore_seconds=7).assess_restore_time()
    assert found.figures["seconds to restore"] == 8
    assert [finding.rule for finding in found.findings] == [rules.RESTORED_IN_TIME]
    assert not ask(begun(probe(105, NEW), *CLEAN), restore_seconds=7).assess_restore_time().findings


def test_what_was_sent_to_the_failed_release_on_purpose_is_no_traffic() -> None:
    """A step that nobody ended is filled up while the traffic goes back."""
    pinned = replace(probe(199, NEW), path="read-pinned")
    found = ask(begun(probe(105, NEW), *CLEAN, pinned), restore_seconds=7).assess_restore_time()
    assert (found.findings, found.not_proven) == ((), ())
    assert found.figures["seconds to restore"] == 5


def test_a_service_that_is_bad_to_the_end_is_not_restored() -> None:
    found = ask(begun(*CLEAN, probe(199, NEW))).assess_restore_time()
    assert [gap.rule for gap in found.not_proven] == [rules.RESTORED_IN_TIME]


def test_a_time_that_nobody_watched_is_not_proven() -> None:
    questions = ask(begun(*CLEAN))
    questions.record.watched[:] = [Span(0, 100), Span(105, 200)]
    assert [gap.rule for gap in questions.assess_readiness().not_proven] == [rules.ROLLBACK_WATCHED]


def test_the_questions_last_as_long_as_the_record_does_not_show_the_quiet_time() -> None:
    """A record that ended before the quiet time did shows nothing of it."""
    asked: list[float] = []

    def note(question: object, count: int, seconds: float) -> object:
        asked.append(seconds)
        return ask_many(lambda: OLD, count, 0)

    for ends in (200, 150):
        questions = ask(begun(*CLEAN))
        questions.record.watched[:] = [Span(0, ends)]
        traffic = TrafficAssessments(questions, str, OLD, may_be_silent=False, ask_many=note)  # type: ignore[arg-type]  # only the seconds are looked at
        assert not traffic.assess_traffic().findings
    assert asked == [0, 30]


def test_so_many_clean_answers_prove_less_than_one_in_a_hundred() -> None:
    """The check's text names the number."""
    assert count_needed() == 372
