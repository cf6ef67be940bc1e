"""Gaps of the service from the results of probes: their bounds, and what belongs together."""

from __future__ import annotations

from random import Random

import pytest

from cutover_gates.watch.continuity import find_service_gaps
from cutover_gates.watch.probe_results import PathProbe, ProbeOutcome
from cutover_gates.watch.time_spans import Span, add_up, join_spans, subtract_spans

WATCHED = Span(0, 100)


def probe(
    started: float, outcome: ProbeOutcome = ProbeOutcome.OK, took: float = 0.01, path: str = "read"
) -> PathProbe:
    return PathProbe(path, started, started, took, outcome, why="because")


def test_no_failure_is_no_gap() -> None:
    assert not find_service_gaps([probe(moment / 10) for moment in range(1000)], WATCHED)


def test_a_gap_lies_between_the_last_good_answer_and_the_first_good_one() -> None:
    failed = [probe(moment, ProbeOutcome.NO_ANSWER) for moment in (50.0, 50.1, 50.2)]
    gap = find_service_gaps([probe(49.9), *failed, probe(50.3)], WATCHED)[0]
    assert gap.seen == pytest.approx(Span(50.0, 50.21))
    assert gap.possible == pytest.approx(Span(49.91, 50.31))
    assert gap.outcomes == {"no answer": 3}
    assert not gap.is_open


def test_a_stopped_proxy_is_a_gap_though_every_request_is_answered_in_the_end() -> None:
    late = [probe(50 + one / 10, ProbeOutcome.LATE, 1.5 - one / 10) for one in range(5)]
    queued = [probe(50.5 + one / 10, took=1.0 - one / 10 + 0.01) for one in range(10)]
    gap = find_service_gaps([probe(49.9), *late, *queued], WATCHED)[0]
    assert gap.seen.seconds == pytest.approx(1.5)
    assert gap.possible.seconds == pytest.approx(1.6)


def test_a_request_that_hangs_while_others_are_answered_is_a_short_gap() -> None:
    others = [probe(40 + moment / 10) for moment in range(200)]
    gap = find_service_gaps([*others, probe(50.05, ProbeOutcome.TIMED_OUT, 3.0)], WATCHED)[0]
    assert gap.possible.seconds < 0.2


def test_a_gap_without_an_end_is_open_until_the_watch_ended() -> None:
    gap = find_service_gaps([probe(89.9), probe(90, ProbeOutcome.WRONG_STATUS)], WATCHED)[0]
    assert gap.is_open
    assert gap.possible == pytest.approx(Span(89.91, 100))


def test_each_path_has_gaps_of_its_own() -> None:
    results = [probe(10), probe(10.5, ProbeOutcome.WRONG_CONTENT, path="search"), probe(11)]
    gaps = find_service_gaps(results, WATCHED)
    assert [gap.path for gap in gaps] == ["search"]
    assert gaps[0].possible == Span(0, 100)


@pytest.mark.parametrize("seed", range(20))
def test_what_was_seen_lies_within_what_is_possible(seed: int) -> None:
    random = Random(seed)
    results = [
        probe(random.uniform(1, 99), random.choice(list(ProbeOutcome)), random.uniform(0, 3))
        for _ in range(300)
    ]
    gaps = find_service_gaps(results, WATCHED)
    assert sum(gap.failures for gap in gaps) == sum(result.failed for result in results)
    for gap in gaps:
        assert gap.possible.begins <= gap.seen.begins <= gap.seen.ends <= gap.possible.ends


def test_spans_are_joined_cut_and_added_up() -> None:
    spans = [Span(5, 7), Span(0, 2), Span(1, 3)]
    assert join_spans(spans) == [Span(0, 3), Span(5, 7)]
    assert add_up(spans) == 5
    assert subtract_spans(spans, [Span(1, 6)]) == [Span(0, 1), Span(6, 7)]
