"""Evaluations for the triggers: what is counted for whom, when, and what the watcher explains."""

from __future__ import annotations

from cutover_gates.core.triggers.evaluation import (
    Evaluation,
    HealthReading,
    ProbeAnswer,
    ShareReading,
)
from cutover_gates.core.triggers.trigger_limits import TriggerLimits
from cutover_gates.core.triggers.trigger_machine import TriggerMachine
from cutover_gates.core.triggers.trigger_names import NEW, SERVICE, SignalSource
from cutover_gates.watch.probe_results import PathProbe, ProbeOutcome
from cutover_gates.watch.time_spans import Span
from cutover_gates.watch.trigger_feed import HealthProbe, TriggerFeed

FAST = TriggerLimits(
    evaluate_seconds=1, rate_seconds=10, pooled_seconds=20, error_seconds=20, error_requests=20
)


def probe(
    moment: float, outcome: ProbeOutcome = ProbeOutcome.OK, release: str = "2.0.0", took: float = 0
) -> PathProbe:
    return PathProbe("read", moment, moment, took, outcome, release=release)


def shares(evaluation: Evaluation) -> dict[str, tuple[int | None, int | None]]:
    found = [one for one in evaluation.readings if isinstance(one, ShareReading)]
    return {one.key.subject: (one.bad, one.total) for one in found}


def healths(evaluation: Evaluation) -> dict[str, ProbeAnswer]:
    found = [one for one in evaluation.readings if isinstance(one, HealthReading)]
    return {one.key.subject: one.result for one in found}


def test_errors_are_counted_for_the_service_and_for_the_new_release() -> None:
    feed = TriggerFeed("2.0.0")
    feed.add_result(probe(1))
    feed.add_result(probe(2, ProbeOutcome.WRONG_STATUS))
    feed.add_result(probe(3, ProbeOutcome.WRONG_STATUS, release="1.9.0"))
    feed.add_result(probe(4, ProbeOutcome.NO_ANSWER, release=""))
    assert shares(feed.evaluate(6, 5)) == {SERVICE: (3, 4), NEW: (1, 2)}


def test_nothing_counts_twice_and_nothing_before_it_is_settled() -> None:
    feed = TriggerFeed("2.0.0")
    feed.add_result(probe(1))
    feed.add_result(probe(4.5))
    assert shares(feed.evaluate(5, 5))[SERVICE] == (0, 1)
    assert shares(feed.evaluate(6, 5))[SERVICE] == (0, 1)
    assert shares(feed.evaluate(7, 5))[SERVICE] == (None, None)


def test_no_probe_is_unknown_and_blind_and_no_success() -> None:
    evaluation = TriggerFeed("2.0.0").evaluate(5, 5)
    assert shares(evaluation) == {SERVICE: (None, None)}
    assert evaluation.sources == {SignalSource.PROBES: False}


def test_the_new_release_is_unknown_only_after_its_first_answer() -> None:
    """A watcher that begins an hour before the rollout would never cover 95 % of it."""
    feed = TriggerFeed("2.0.0")
    feed.add_result(probe(1, release="1.9.0"))
    assert shares(feed.evaluate(5, 5)) == {SERVICE: (0, 1)}
    feed.add_result(probe(6))
    assert shares(feed.evaluate(10, 5)) == {SERVICE: (0, 1), NEW: (0, 1)}
    assert shares(feed.evaluate(15, 5)) == {SERVICE: (None, None), NEW: (None, None)}


def test_what_the_watchers_own_gap_explains_does_not_count() -> None:
    feed = TriggerFeed("2.0.0")
    feed.add_result(probe(1, ProbeOutcome.TIMED_OUT, took=2.5))
    feed.add_result(probe(1, ProbeOutcome.WRONG_STATUS, took=2.5))
    feed.add_result(probe(1, ProbeOutcome.WATCHER_ERROR))
    feed.add_health(HealthProbe("", 1, Span(1, 3.5), is_ready=False))
    feed.add_own_gap(Span(1.2, 3.4))
    evaluation = feed.evaluate(6, 5)
    assert shares(evaluation)[SERVICE] == (1, 1)
    assert healths(evaluation) == {SERVICE: ProbeAnswer.NONE}


def test_health_is_told_of_each_instance_and_of_the_balancer() -> None:
    feed = TriggerFeed("2.0.0")
    feed.add_health(HealthProbe("", 1, Span(1, 1.1), is_ready=True))
    feed.add_health(HealthProbe("10.0.0.1:80", 1, Span(1, 1.1), is_ready=False))
    found = healths(feed.evaluate(5, 5))
    assert found == {SERVICE: ProbeAnswer.OK, "instance:10.0.0.1:80": ProbeAnswer.FAIL}


def fired_after(seconds: int, every: int) -> list[str]:
    """Return what fires where every so-many-th probe of ten a second fails for so long."""
    feed, machine = TriggerFeed("2.0.0"), TriggerMachine(FAST)
    for second in range(100):
        for tick in range(10):
            is_bad = second < seconds and not tick % every
            outcome = ProbeOutcome.WRONG_STATUS if is_bad else ProbeOutcome.OK
            feed.add_result(probe(second + tick / 10, outcome))
        machine.evaluate(feed.evaluate(second + 1.0, 1))
    return sorted({firing.key.subject for firing in machine.firings})


def test_errors_for_long_enough_fire_for_both_subjects() -> None:
    assert fired_after(40, every=5) == [NEW, SERVICE]


def test_errors_for_a_short_time_do_not_fire() -> None:
    assert not fired_after(5, every=5)


def test_a_night_without_errors_does_not_fire() -> None:
    assert not fired_after(0, every=1)
