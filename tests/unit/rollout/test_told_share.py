"""What a route or a proxy says of the weight, and which step a rolling rollout reached."""

from __future__ import annotations

import pytest

from cutover_gates.config.rollout_proof import RolloutProof
from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder
from cutover_gates.core.rollout.rollout_step import RolloutStep
from cutover_gates.probes.rollout import rules
from cutover_gates.probes.rollout.rollout_record import ReadyPods, RolloutRecord, ToldWeight
from cutover_gates.probes.rollout.told_share import check_reached_step, check_weights

BEGINS, ENDS = 1_800_000_000.0, 1_800_000_600.0


def make_record(percent: int, kind: str = "canary", *weights: ToldWeight) -> RolloutRecord:
    step = RolloutStep(percent, BEGINS, ENDS)
    return RolloutRecord([], [step], "2.0.0", "1.9.0", kind=kind, weights=weights)


def judge_weights(record: RolloutRecord) -> Assessment:
    builder = AssessmentBuilder()
    check_weights(record, RolloutProof(), builder)
    return builder.build("weights")


def judge_pods(percent: int, *pods: tuple[int, int]) -> Assessment:
    step = RolloutStep(percent, BEGINS, ENDS)
    told = [ReadyPods(ENDS, new, old) for new, old in pods]
    record = RolloutRecord([], [step], "2.0.0", "1.9.0", kind="rolling", ready_pods=told)
    builder = AssessmentBuilder()
    check_reached_step(record, RolloutProof(), builder)
    return builder.build("pods")


@pytest.mark.parametrize(("new", "total"), [(10, 100), (1, 10), (333, 3330), (1001, 10_000)])
def test_the_weight_of_the_step_passes(new: float, total: float) -> None:
    found = judge_weights(make_record(10, "canary", ToldWeight("route", new, total)))
    assert (found.findings, found.not_proven) == ((), ())
    assert found.checked == ("weight of route",)


@pytest.mark.parametrize(("new", "total"), [(11, 100), (1, 9), (5, 100), (100, 100)])
def test_another_weight_is_found(new: float, total: float) -> None:
    found = judge_weights(make_record(10, "canary", ToldWeight("route", new, total)))
    assert [one.rule for one in found.findings] == [rules.WEIGHT_OF_STEP]


def test_a_weight_of_nothing_is_not_proven_where_no_other_source_says_more() -> None:
    idle, busy = ToldWeight("route", 0, 100), ToldWeight("proxy", 10, 100)
    alone, beside = (
        judge_weights(make_record(10, "canary", *told)) for told in ((idle,), (idle, busy))
    )
    assert [one.subject for one in alone.not_proven] == ["route"]
    assert not alone.findings
    assert [one.subject for one in beside.findings] == ["route"]


def test_before_the_switch_of_blue_green_the_weight_is_nothing() -> None:
    green = judge_weights(make_record(10, "blue-green", ToldWeight("route", 0, 100)))
    early = judge_weights(make_record(10, "blue-green", ToldWeight("route", 10, 100)))
    assert (green.findings, green.not_proven) == ((), ())
    assert [one.actual for one in early.findings] == ["10 of 100 (10.0 %)"]


def test_a_source_that_tells_nothing_is_not_proven() -> None:
    told = (ToldWeight("route", problem="the cluster answered 403"), ToldWeight("proxy", 10, 100))
    found = judge_weights(make_record(10, "canary", *told))
    assert [(one.subject, one.actual) for one in found.not_proven] == [
        ("route", "the cluster answered 403")
    ]
    assert found.checked == ("weight of proxy",)


@pytest.mark.parametrize(
    ("percent", "new", "old"),
    [(10, 1, 2), (10, 1, 9), (50, 1, 2), (50, 2, 1), (50, 2, 2), (100, 4, 0), (100, 1, 0)],
)
def test_a_pod_more_or_less_is_the_step(percent: int, new: int, old: int) -> None:
    found = judge_pods(percent, (new, old))
    assert not found.not_proven
    assert found.checked == ("step that was reached",)


@pytest.mark.parametrize(
    ("percent", "new", "old"),
    [(10, 0, 3), (10, 2, 8), (50, 1, 3), (50, 3, 1), (100, 3, 1), (100, 99, 1)],
)
def test_another_step_is_named_and_not_proven(percent: int, new: int, old: int) -> None:
    """Three of four pods are no step of all traffic."""
    found = judge_pods(percent, (new, old))
    assert [one.rule for one in found.not_proven] == [rules.STEP_REACHED]
    assert f"{new} of {new + old} ready pods" in found.not_proven[0].actual
    assert found.figures["step that was reached"].startswith(f"{new} of {new + old}")


def test_the_last_reading_of_the_step_counts() -> None:
    assert not judge_pods(100, (2, 2), (4, 0)).not_proven
    assert judge_pods(100).checked == ()
