"""What a live step still lacks: the same that its checks would miss, and only what time brings."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cutover_gates.config.rollout_proof import ErrorPercents, RolloutProof
from cutover_gates.core.rollout.step_proof import make_limit
from cutover_gates.plugin.step_evidence import find_missing
from cutover_gates.probes.rollout.assessments import RolloutAssessments
from cutover_gates.probes.rollout.rollout_record import RolloutRecord
from tests.rollout_series import (
    BEGINS,
    NEW,
    SimulatedRollout,
    deal_by_chance,
    fail,
    failing,
)

PROOF = RolloutProof()
NEEDED = make_limit(0.01).count_clean_requests()


def cut(record: RolloutRecord, ends: float) -> RolloutRecord:
    """Return the record as it stood when the step had been live until a moment."""
    answers = [one for one in record.answers if one.at < ends]
    return replace(record, answers=answers, steps=[*record.steps[:-1], record.step.end_at(ends)])


def moment_of(record: RolloutRecord, count: int) -> float:
    """Return a moment just after so many answers of the new release."""
    own = [one.at for one in record.answers if one.release == NEW and one.at >= BEGINS]
    return (own[count - 1] + own[count]) / 2


def is_proven(record: RolloutRecord, settings: RolloutProof = PROOF) -> bool:
    asked = RolloutAssessments(record, settings)
    limit, share = asked.assess_error_limit(), asked.assess_share()
    return not (limit.findings or limit.not_proven or share.findings or share.not_proven)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_one_answer_decides_whether_a_step_has_enough(seed: int) -> None:
    """And the checks decide the same at both moments."""
    record = SimulatedRollout(seed=seed, errors=0.0).make()
    short = cut(record, moment_of(record, NEEDED - 1))
    assert find_missing(short, PROOF) == f"{NEEDED - 1} of {NEEDED} answers"
    assert not is_proven(short)
    enough = cut(record, moment_of(record, NEEDED))
    assert find_missing(enough, PROOF) == ""
    assert is_proven(enough)


def test_the_answers_of_the_steps_before_count() -> None:
    record = SimulatedRollout((10, 50), rate=0.2, errors=0.0).make()
    alone = replace(record, steps=[record.step])
    ends = record.step.begins + 150
    assert " of 746 answers" in find_missing(cut(alone, ends), PROOF)
    assert find_missing(cut(record, record.step.begins + 400), PROOF) == ""


def test_a_step_whose_failures_leave_it_open_says_so() -> None:
    record = SimulatedRollout(errors=0.0).make()
    enough = cut(record, moment_of(record, NEEDED))
    first = next(one for one in enough.answers if one.release == NEW)
    one_bad = [fail(one) if one is first else one for one in enough.answers]
    open_step = replace(enough, answers=one_bad)
    assert find_missing(open_step, PROOF) == f"{NEEDED} answers, some bad"
    assert not is_proven(open_step)


def test_what_is_refuted_needs_no_more_time() -> None:
    record = SimulatedRollout(change=failing(0.1)).make()
    assert find_missing(record, PROOF) == ""
    assert not is_proven(record)


def test_a_release_that_fails_more_often_than_the_old_one_needs_no_more_time() -> None:
    """The comparison finds it before the limit, which is a loose one here."""
    loose = RolloutProof(error_percents=ErrorPercents(canary=20))
    record = SimulatedRollout(change=failing(0.19), rate=1.5).make()
    assert find_missing(record, loose) == ""
    assert not is_proven(record, loose)


def test_a_step_without_traffic_gets_none_by_waiting() -> None:
    record = SimulatedRollout(deal=deal_by_chance(0.0)).make()
    assert find_missing(record, PROOF) == ""
    assert not is_proven(record)


def test_another_share_gets_no_better_by_waiting() -> None:
    record = cut(SimulatedRollout(deal=deal_by_chance(0.33)).make(), BEGINS + 50)
    assert find_missing(record, PROOF) == ""


def test_a_path_that_the_new_release_did_not_answer_is_waited_for() -> None:
    """At half of the traffic every critical path must have been answered."""
    record = SimulatedRollout((50,), rate=2.0, errors=0.0).make()
    without = [one for one in record.answers if one.operation != "visit"]
    assert find_missing(replace(record, answers=without), PROOF) == "too few answers to visit"
    assert find_missing(record, PROOF) == ""


def test_a_rolling_update_is_not_held_against_a_weight() -> None:
    """How many pods are ready is asked by the checks, and not by each look."""
    record = SimulatedRollout(deal=deal_by_chance(0.33), more={"kind": "rolling"}).make()
    early = cut(record, BEGINS + 20)
    assert f" of {NEEDED} answers" in find_missing(early, PROOF)
