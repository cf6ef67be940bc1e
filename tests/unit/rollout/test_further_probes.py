"""Probes that fill up a step: what they prove, what they do not, and that they hide nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from cutover_gates.config.rollout_proof import RolloutProof
from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.probes.rollout import rules
from cutover_gates.probes.rollout.assessments import RolloutAssessments
from cutover_gates.probes.rollout.rollout_record import ReleaseAnswer, RolloutRecord
from tests.rollout_series import BEGINS, NEW, OLD, SimulatedRollout, deal_by_chance, fail, failing

Failing = Callable[[int], bool]
"""Returns whether the further probe of this number fails."""


def fill(
    record: RolloutRecord,
    count: int = 400,
    *,
    is_pinned: bool = True,
    release: str = NEW,
    fails: Failing = lambda _: False,
) -> RolloutRecord:
    """Return the record with further probes of `read`, spread over the step."""
    begins, ends = record.interval
    pause = (ends - begins) / count
    further = [
        ReleaseAnswer(
            begins + pause * number,
            0.02,
            "read",
            release,
            instance=f"{release}-a",
            session="registrar",
            is_pinned=is_pinned,
            is_extra=True,
        )
        for number in range(count)
    ]
    further = [fail(one) if fails(number) else one for number, one in enumerate(further)]
    both = sorted([*record.answers, *further], key=lambda one: one.at)
    return replace(record, answers=both)


def thin(**more: object) -> SimulatedRollout:
    """Return a canary of 2 requests/s: 110 answers of the new release, and 372 are needed."""
    rollout = SimulatedRollout(rate=0.1, errors=0.0)
    for name, value in more.items():
        setattr(rollout, name, value)
    return rollout


def limit_of(record: RolloutRecord) -> Assessment:
    return RolloutAssessments(record, RolloutProof()).assess_error_limit()


def share_of(record: RolloutRecord) -> Assessment:
    return RolloutAssessments(record, RolloutProof()).assess_share()


@pytest.mark.parametrize("is_pinned", [True, False])
def test_further_probes_prove_a_limit_that_the_usual_ones_do_not(*, is_pinned: bool) -> None:
    record = thin().make()
    assert [gap.rule for gap in limit_of(record).not_proven] == [rules.ERRORS_WITHIN_LIMIT]
    filled = limit_of(fill(record, is_pinned=is_pinned))
    assert not filled.not_proven
    assert filled.figures["further probes"] == 400


def test_pinned_probes_alone_prove_no_share() -> None:
    """The balancer sends nothing to the new release, and all that was pinned to it went well."""
    record = fill(thin(deal=deal_by_chance(0.0)).make())
    share = share_of(record)
    assert rules.TRAFFIC_ON_NEW in {gap.rule for gap in share.not_proven}
    assert "0 answers of 2.0.0" in share.not_proven[0].actual
    assert not limit_of(record).not_proven


def test_pinned_probes_change_no_share_and_no_comparison() -> None:
    record = SimulatedRollout(errors=0.0).make()
    filled = fill(record, 3000)
    asked, before = (
        RolloutAssessments(each, RolloutProof(share_tolerance=0.5)) for each in (filled, record)
    )
    shares = [each.assess_share() for each in (asked, before)]
    assert not any(one.findings or one.not_proven for one in shares)
    key = "share of all answers"
    assert shares[0].figures[key] == shares[1].figures[key]
    for left, right in (
        (asked.assess_errors(), before.assess_errors()),
        (asked.assess_latency(), before.assess_latency()),
    ):
        assert left.figures == right.figures


def test_a_release_that_fails_only_what_is_pinned_is_found() -> None:
    record = fill(SimulatedRollout(errors=0.0).make(), fails=lambda number: number % 4 == 0)
    found = limit_of(record)
    assert [finding.rule for finding in found.findings] == [rules.ERRORS_WITHIN_LIMIT]
    assert not share_of(record).findings


@pytest.mark.parametrize("count", [400, 4000])
def test_a_release_that_fails_only_what_is_not_pinned_is_found(count: int) -> None:
    """However many further probes go well: they may not thin out the failures of the others."""
    record = SimulatedRollout(errors=0.0, change=failing(0.08)).make()
    for each in (record, fill(record, count)):
        assert [finding.rule for finding in limit_of(each).findings] == [rules.ERRORS_WITHIN_LIMIT]


def test_a_failure_of_a_path_that_is_not_filled_takes_the_further_probes_out_of_the_proof() -> None:
    """Two writes of 22 failed: that is not refuted, and 4,000 reads say nothing of writes."""
    record = thin().make()
    writes = [one for one in record.answers if one.release == NEW and one.operation == "write"]
    harmed = [fail(one) if one in writes[:2] else one for one in record.answers]
    found = limit_of(fill(replace(record, answers=harmed), 4000))
    assert not found.findings
    (gap,) = found.not_proven
    assert "4,000 further probes do not count" in gap.actual


def test_a_failure_of_a_path_that_is_filled_leaves_them_in() -> None:
    record = thin().make()
    reads = [one for one in record.answers if one.release == NEW and one.operation == "read"]
    harmed = [fail(one) if one is reads[0] else one for one in record.answers]
    found = limit_of(fill(replace(record, answers=harmed), 4000))
    assert not found.findings
    assert not found.not_proven


def test_a_failure_that_names_nobody_may_be_a_write_of_the_new_release() -> None:
    record = thin().make()
    nobody = fail(ReleaseAnswer(BEGINS + 30, 0.02, "write", ""))
    harmed = sorted([*record.answers, nobody], key=lambda one: one.at)
    (gap,) = limit_of(fill(replace(record, answers=harmed), 4000)).not_proven
    assert "further probes do not count" in gap.actual


def test_pinned_probes_that_another_release_answers_prove_nothing_and_are_told() -> None:
    """The balancer does not know the header."""
    found = limit_of(fill(thin().make(), release=OLD))
    (gap,) = found.not_proven
    assert "400 pinned probes were answered by another release" in gap.actual
    assert found.figures["pinned, of other releases"] == 400


def test_pinned_probes_without_an_answer_leave_the_limit_open() -> None:
    """The new release may be gone: nobody is blamed, and nothing is proven."""
    record = fill(thin().make(), release="", fails=lambda _: True)
    nobody = [replace(one, instance="") if one.is_pinned else one for one in record.answers]
    found = limit_of(replace(record, answers=nobody))
    assert not found.findings
    assert found.not_proven
