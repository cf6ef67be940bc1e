"""A rollout read out of the watcher's record: answers, steps, images, counts of other sources."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from cutover_gates.core.findings import NotProven
from cutover_gates.core.rollout.rollout_step import RolloutStep
from cutover_gates.core.triggers.evaluation import Evaluation, PendingReading, ShareReading
from cutover_gates.core.triggers.recorded_evaluations import format_evaluation
from cutover_gates.core.triggers.trigger_names import (
    NEW,
    OLD,
    ConditionKey,
    SignalSource,
    TriggerName,
)
from cutover_gates.probes.rollout import rules
from cutover_gates.probes.rollout.rollout_record import RolloutRecord
from cutover_gates.watch.probe_results import PathProbe, ProbeOutcome
from cutover_gates.watch.record_lines import EVALUATION
from cutover_gates.watch.record_reader import WatchRecord
from cutover_gates.watch.rollout_reader import RolloutScope, make_answer, read_rollout
from cutover_gates.watch.time_spans import Span

BEGINS = 1_800_000_000.0
CANARY, HALF = RolloutStep(10, BEGINS, BEGINS + 600), RolloutStep(50, BEGINS + 700, BEGINS + 1600)
SCOPE = RolloutScope("2.0.0", "1.9.0", 10)


def probe(
    path: str = "read",
    at: float = BEGINS + 1,
    outcome: ProbeOutcome = ProbeOutcome.OK,
    release: str = "2.0.0",
) -> PathProbe:
    return PathProbe(path, at, at, 0.02, outcome, "why", 200, release, "a", "registrar")


def evaluation(at: float, digest: str | None, *readings: ShareReading) -> Mapping[str, Any]:
    made = Evaluation(at, readings, {SignalSource.PROBES: True}, digest)
    return {"do": EVALUATION, "at": at, "evaluation": format_evaluation(made)}


def share(subject: str, bad: int | None, total: int | None, operation: str = "") -> ShareReading:
    trigger = TriggerName.RESPONSE if operation else TriggerName.ERRORS
    key = ConditionKey(trigger, subject, SignalSource.PROMETHEUS, operation)
    return ShareReading(key, bad, total)


def read(record: WatchRecord, scope: RolloutScope = SCOPE) -> RolloutRecord:
    return read_rollout(record, [CANARY] if scope.percent == 10 else [CANARY, HALF], scope)


@pytest.mark.parametrize(
    ("outcome", "is_error", "is_timed"),
    [
        (ProbeOutcome.OK, False, True),
        (ProbeOutcome.LATE, False, True),
        (ProbeOutcome.TIMED_OUT, True, False),
        (ProbeOutcome.WRONG_CONTENT, True, False),
        (ProbeOutcome.NO_ANSWER, True, False),
    ],
)
def test_a_result_is_an_answer(outcome: ProbeOutcome, is_error: bool, is_timed: bool) -> None:
    answer = make_answer(probe(outcome=outcome))
    assert (answer.is_error, answer.is_timed) == (is_error, is_timed)


def test_a_slow_line_has_no_time_and_a_new_connection_is_fresh() -> None:
    assert not make_answer(probe("upload-slow")).is_timed
    assert make_answer(probe("new-connection")).is_fresh
    pinned = make_answer(probe("read-pinned"))
    assert (pinned.operation, pinned.is_pinned) == ("read", True)


def test_what_says_nothing_of_the_target_is_no_answer() -> None:
    own = probe(outcome=ProbeOutcome.WATCHER_ERROR)
    record = WatchRecord(results=[probe(), own, probe("stream")])
    record.heads.append({"intervals": {"read": 0.1, "stream": 0.5}})
    found = read(record)
    assert len(found.answers) == 1
    assert found.operations == ["read"]


def test_the_step_is_the_last_of_its_share_after_those_before() -> None:
    assert read(WatchRecord()).steps == [CANARY]
    assert read(WatchRecord(), RolloutScope("2.0.0", None, 50)).steps == [CANARY, HALF]
    again = RolloutStep(10, BEGINS + 2000, BEGINS + 2600)
    steps = read_rollout(WatchRecord(), [CANARY, HALF, again], SCOPE).steps
    assert steps == [CANARY, HALF, again]


@pytest.mark.parametrize(
    "steps",
    [
        [],
        [HALF],
        [RolloutStep(10, BEGINS)],
        [CANARY, HALF],
        [CANARY, RolloutStep(10, BEGINS + 2000)],
    ],
    ids=["none", "another", "live", "older-than-another", "older-than-a-live-one"],
)
def test_without_an_ended_step_nothing_is_proven(steps: list[RolloutStep]) -> None:
    with pytest.raises(NotProven) as caught:
        read_rollout(WatchRecord(), steps, SCOPE)
    assert caught.value.gaps[0].rule is rules.STEP_WATCHED


def test_the_time_without_a_watcher_is_that_of_the_step() -> None:
    record = WatchRecord(
        watched=[Span(BEGINS - 50, BEGINS + 100), Span(BEGINS + 160, BEGINS + 900)]
    )
    assert list(read(record).unwatched) == [Span(BEGINS + 100, BEGINS + 160)]


def test_images_are_told_with_the_moment_at_which_they_were_first_seen() -> None:
    lines = [
        evaluation(BEGINS + 5.0 * number, digest)
        for number, digest in enumerate(["sha256:a", None, "sha256:a", "sha256:b"])
    ]
    found = read(WatchRecord(trigger_lines=[lines]))
    assert list(found.digests) == [(BEGINS, "sha256:a"), (BEGINS + 15, "sha256:b")]
    assert [change[0] for change in found.image_changes] == [BEGINS + 15]


def test_counts_of_another_source_are_rows_where_both_releases_are_known() -> None:
    lines = [
        evaluation(BEGINS + 5, None, share(NEW, 1, 10), share(OLD, 2, 90)),
        evaluation(BEGINS + 10, None, share(NEW, None, None), share(OLD, 2, 90)),
        evaluation(BEGINS + 15, None, share(NEW, 3, 10, "search"), share(OLD, 4, 90, "search")),
        evaluation(BEGINS + 20, None, share(NEW, 1, 10)),
    ]
    series = read(WatchRecord(trigger_lines=[lines])).series
    assert [(one.kind, one.operation, list(one.rows)) for one in series] == [
        ("errors", "", [(BEGINS + 5, 10, 1, 90, 2)]),
        ("slow", "search", [(BEGINS + 15, 10, 3, 90, 4)]),
    ]


def test_a_pending_reading_is_no_count() -> None:
    key = ConditionKey(TriggerName.ERRORS, NEW, SignalSource.PROMETHEUS)
    made = Evaluation(BEGINS + 5, (PendingReading(key),))
    line: Mapping[str, Any] = {
        "do": EVALUATION,
        "at": made.at,
        "evaluation": format_evaluation(made),
    }
    assert not read(WatchRecord(trigger_lines=[[line]])).series


def test_thresholds_are_of_the_release_before_shortly_before_the_rollout() -> None:
    before = [probe(at=BEGINS - 0.5 * n, release="1.9.0") for n in range(1, 150)]
    few = [probe("search", BEGINS - n, release="1.9.0") for n in range(1, 20)]
    old = [probe("write", BEGINS - 4000 - n, release="1.9.0") for n in range(200)]
    found = read(WatchRecord(results=[*before, *few, *old]))
    assert found.thresholds == {"read": (0.02,) * 5}
