"""Each hazard of a step of a rollout: what fires, what is not proven, what must not be blamed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from cutover_gates.config.rollout_proof import RolloutProof
from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.core.findings import Rule
from cutover_gates.probes.rollout import rules
from cutover_gates.probes.rollout.assessments import RolloutAssessments
from cutover_gates.probes.rollout.rollout_record import (
    CountedSeries,
    ReadyPods,
    ReleaseAnswer,
    RolloutRecord,
)
from tests.rollout_series import (
    BEGINS,
    DWELL,
    NEW,
    OLD,
    Random,
    SimulatedRollout,
    deal_by_chance,
    fail,
    failing,
    slower,
)


def judge(record: RolloutRecord, **settings: Any) -> dict[str, Assessment]:
    """Return all answers, by the name of the question."""
    rollout = RolloutAssessments(record, RolloutProof(**settings))
    return {
        "conduct": rollout.assess_conduct(),
        "share": rollout.assess_share(),
        "errors": rollout.assess_errors(),
        "latency": rollout.assess_latency(),
        "limit": rollout.assess_error_limit(),
    }


def broken(answers: dict[str, Assessment]) -> set[Rule]:
    return {finding.rule for each in answers.values() for finding in each.findings}


def open_rules(answers: dict[str, Assessment]) -> set[Rule]:
    return {gap.rule for each in answers.values() for gap in each.not_proven}


def assert_clean(answers: dict[str, Assessment]) -> None:
    assert not broken(answers), [str(f) for a in answers.values() for f in a.findings]
    assert not open_rules(answers), [str(f) for a in answers.values() for f in a.not_proven]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_clean_canary_is_proven(seed: int) -> None:
    answers = judge(SimulatedRollout(seed=seed).make())
    assert_clean(answers)
    assert answers["limit"].figures["limit"] == "1.00 %"


@pytest.mark.parametrize("percents", [(10, 50), (10, 50, 100)])
def test_a_clean_rollout_is_proven_at_each_step(percents: tuple[int, ...]) -> None:
    assert_clean(judge(SimulatedRollout(percents, rate=0.5, errors=0.0002).make()))


# -- traffic and share


def test_a_canary_without_traffic_proves_nothing() -> None:
    answers = judge(SimulatedRollout(deal=deal_by_chance(0.0)).make())
    assert not broken(answers)
    assert rules.TRAFFIC_ON_NEW in open_rules(answers)
    assert "0 answers of 2.0.0" in answers["share"].not_proven[0].actual
    assert rules.ERRORS_WITHIN_LIMIT in open_rules(answers)


def test_traffic_that_stops_midway_is_not_proven() -> None:
    """The weight fell to 0 at half of the step, and nobody noticed."""

    def deal(random: Random, at: float, _operation: str, _session: str) -> bool:
        return bool(random.random() < (0.2 if at < BEGINS + 300 else 0.0))

    answers = judge(SimulatedRollout(deal=deal).make())
    assert rules.TRAFFIC_ON_NEW in open_rules(answers)
    assert not broken(answers)


@pytest.mark.parametrize("share", [0.03, 0.33])
def test_another_share_than_the_weight_is_found(share: float) -> None:
    """97:3 and 67:33 were called 10 %."""
    answers = judge(SimulatedRollout(deal=deal_by_chance(share)).make())
    assert rules.SHARE_AS_DECLARED in broken(answers)


def test_one_answer_of_the_old_release_at_100_percent_is_found() -> None:
    record = SimulatedRollout((100,), rate=0.2).make()
    late = BEGINS + 900
    kept = [one for one in record.answers if abs(one.at - late) > 1]
    stray = ReleaseAnswer(late, 0.02, "read", OLD, instance="1.9.0-a")
    answers = judge(replace(record, answers=sorted([*kept, stray], key=lambda one: one.at)))
    assert rules.SHARE_AS_DECLARED in broken(answers)


def test_a_rolling_update_is_held_against_the_ready_pods() -> None:
    """One of three pods is 33 %: the step that is called 10 %."""
    pods = (ReadyPods(BEGINS + 1, 1, 2), ReadyPods(BEGINS + 500, 1, 2))
    rollout = SimulatedRollout(
        deal=deal_by_chance(1 / 3), more={"kind": "rolling", "ready_pods": pods}
    )
    answers = judge(rollout.make())
    assert_clean(answers)
    assert answers["share"].figures["share that was expected"] == "33.3 % (1 of 3 ready pods)"


def test_a_fixed_cycle_gives_one_operation_all_of_the_new_release() -> None:
    """Ten operations in fixed order meet a cycle of ten: one is always new, the others never."""
    answers = judge(
        SimulatedRollout(
            deal=lambda _random, _at, operation, _session: operation == "search"
        ).make()
    )
    assert rules.EACH_OPERATION_ASKED in open_rules(answers)
    subjects = {gap.subject for gap in answers["share"].not_proven}
    assert {"read", "write", "sign-in"} <= subjects
    assert "search" not in subjects


def test_pinned_probes_count_for_an_operation_and_not_for_the_share() -> None:
    record = SimulatedRollout(deal=deal_by_chance(0.1)).make()
    pinned = [
        ReleaseAnswer(BEGINS + 0.5 * n, 0.02, "read", NEW, instance="2.0.0-a", is_pinned=True)
        for n in range(1000)
    ]
    both = sorted([*record.answers, *pinned], key=lambda one: one.at)
    plain, filled = judge(record), judge(replace(record, answers=both))
    assert_clean(filled)
    for key in ("share of all answers", "share over new connections"):
        assert filled["share"].figures[key] == plain["share"].figures[key]
    assert filled["share"].figures["pinned to the new release"] > 900


def test_sticky_sessions_are_told_apart_and_compared_over_new_connections() -> None:
    """Sessions drift to the new release; a new connection is dealt by the weight."""

    def deal(random: Random, at: float, operation: str, session: str) -> bool:
        if operation == "new-connection":
            return bool(random.random() < 0.1)
        return session == "registrar" and at > BEGINS + 60

    record = SimulatedRollout(deal=deal, change=failing(0.004, release=OLD)).make()
    answers = judge(record)
    assert answers["share"].figures["sessions stay with one release"] is True
    assert answers["errors"].figures["compared over new connections only"] is True
    assert rules.SHARE_AS_DECLARED not in broken(answers)
    assert rules.NO_MORE_ERRORS not in broken(answers)


# -- another image, another release, no watch


def test_an_image_that_changes_within_the_step_voids_it() -> None:
    digests = [(BEGINS - 30, "sha256:a"), (BEGINS + 300, "sha256:b")]
    answers = judge(SimulatedRollout(more={"digests": digests}).make())
    assert rules.ONE_NEW_RELEASE in open_rules(answers)
    assert not broken(answers)


def test_evidence_of_another_image_does_not_count() -> None:
    """Between the steps the image was replaced: what the canary proved is void."""
    digests = [(BEGINS, "sha256:a"), (BEGINS + DWELL[10] + 10, "sha256:b")]
    rollout = SimulatedRollout((10, 50), rate=0.1, errors=0.0)
    plain = judge(rollout.make())
    assert rules.ERRORS_WITHIN_LIMIT not in open_rules(plain)
    rollout = SimulatedRollout((10, 50), rate=0.082, errors=0.0, more={"digests": digests})
    voided = judge(rollout.make())
    assert rules.ERRORS_WITHIN_LIMIT in open_rules(voided)
    assert rules.ONE_NEW_RELEASE not in open_rules(voided)


@pytest.mark.parametrize("image", [None, "sha256:a"])
def test_a_rollout_that_begins_again_keeps_its_evidence_only_where_the_image_is_known(
    image: str | None,
) -> None:
    """A second image of the same release must not be proven by the answers of the first."""
    digests = [(BEGINS, image)] if image else []
    rollout = SimulatedRollout((10, 10), rate=0.2, errors=0.0, more={"digests": digests})
    answers = judge(rollout.make())
    is_open = rules.ERRORS_WITHIN_LIMIT in open_rules(answers)
    assert is_open == (image is None)


def test_a_third_release_is_named() -> None:
    record = SimulatedRollout().make()
    strange = ReleaseAnswer(BEGINS + 100, 0.02, "read", "2.0.1")
    answers = judge(replace(record, answers=[*record.answers, strange]))
    assert [gap.subject for gap in answers["conduct"].not_proven] == ["2.0.1"]


def test_the_release_before_need_not_be_declared_where_only_one_other_answers() -> None:
    answers = judge(replace(SimulatedRollout().make(), old=None))
    assert_clean(answers)
    assert answers["conduct"].figures["release before"] == OLD


def test_a_step_that_was_not_watched_is_not_proven() -> None:
    gap = [(BEGINS + 100, BEGINS + 140)]
    answers = judge(SimulatedRollout(more={"unwatched": gap}).make())
    assert open_rules(answers) == {rules.STEP_WATCHED}


# -- errors


def test_a_release_that_fails_more_is_found_on_its_operation() -> None:
    answers = judge(SimulatedRollout(change=failing(0.3, operation="search")).make())
    assert [f.subject for f in answers["errors"].findings] == ["search"]
    assert "wrong status: 500" in answers["errors"].findings[0].actual


def test_errors_of_one_role_only_are_found() -> None:
    answers = judge(SimulatedRollout(change=failing(0.05, session="clinician")).make())
    assert rules.NO_MORE_ERRORS in broken(answers)


def test_what_was_refuted_once_stays_refuted_in_later_steps() -> None:
    """Three minutes of errors at 10 %, then clean: the tool of others says success."""

    def change(random: Random, one: ReleaseAnswer) -> ReleaseAnswer:
        early = one.release == NEW and one.at < BEGINS + 180
        return fail(one) if early and random.random() < 0.2 else one

    answers = judge(SimulatedRollout((10, 50), change=change, rate=0.5).make())
    assert rules.NO_MORE_ERRORS in broken(answers)


@pytest.mark.parametrize("share", [0.02, 0.3])
def test_errors_of_both_are_not_blamed_on_the_new_one(share: float) -> None:
    """A database that fails for two minutes; the limit of the step is another question."""

    def change(random: Random, one: ReleaseAnswer) -> ReleaseAnswer:
        during = BEGINS + 100 < one.at < BEGINS + 220
        return fail(one) if during and random.random() < share else one

    answers = judge(SimulatedRollout(change=change).make())
    assert rules.NO_MORE_ERRORS not in broken(answers)


def test_a_heavy_operation_that_goes_to_the_new_release_only_is_not_compared_with_light_ones() -> (
    None
):
    """Reports fail one time in ten at both; nearly all of them go to the new release."""

    def deal(random: Random, _at: float, operation: str, _session: str) -> bool:
        return bool(random.random() < (0.95 if operation == "download" else 0.1))

    def change(random: Random, one: ReleaseAnswer) -> ReleaseAnswer:
        return fail(one) if one.operation == "download" and random.random() < 0.1 else one

    answers = judge(SimulatedRollout(deal=deal, change=change).make())
    assert rules.NO_MORE_ERRORS not in broken(answers)


def test_failures_without_a_release_are_never_left_out_and_never_blamed() -> None:
    """The new release hangs: the proxy's 504 names nobody."""

    def change(random: Random, one: ReleaseAnswer) -> ReleaseAnswer:
        if one.release == NEW and random.random() < 0.05:
            return replace(fail(one, "time-out"), release="", instance="")
        return one

    answers = judge(SimulatedRollout(change=change).make())
    assert rules.ERRORS_WITHIN_LIMIT in open_rules(answers)
    assert "named no release" in answers["limit"].not_proven[0].actual
    assert not broken(answers)


def test_a_failure_without_a_release_is_its_instances() -> None:
    def change(random: Random, one: ReleaseAnswer) -> ReleaseAnswer:
        if one.release == NEW and random.random() < 0.1:
            return replace(fail(one, "wrong status: 502"), release="")
        return one

    answers = judge(SimulatedRollout(change=change).make())
    assert {rules.NO_MORE_ERRORS, rules.ERRORS_WITHIN_LIMIT} <= broken(answers)


def test_too_few_answers_are_not_proven_and_say_what_they_prove() -> None:
    answers = judge(SimulatedRollout(rate=0.1, errors=0.0).make())
    gap = next(g for g in answers["limit"].not_proven if g.rule is rules.ERRORS_WITHIN_LIMIT)
    assert "proves errors <=" in gap.actual
    assert "it takes 372 answers" in gap.actual
    assert not broken(answers)


def test_a_release_above_its_limit_is_found_where_the_old_one_is_as_bad() -> None:
    """Both fail 5 % of all: the comparison blames nobody, the limit of the step is broken."""
    answers = judge(SimulatedRollout(errors=0.05).make())
    assert broken(answers) == {rules.ERRORS_WITHIN_LIMIT}


def test_counts_of_another_source_find_what_the_probes_do_not_see() -> None:
    rows = [(BEGINS + 15.0 * n, 100, 3, 900, 1) for n in range(1, 40)]
    series = [CountedSeries("prometheus", "errors", "", rows)]
    answers = judge(SimulatedRollout(more={"series": series}).make())
    assert broken(answers) == {rules.NO_MORE_ERRORS}
    assert "prometheus" in answers["errors"].findings[0].actual


def test_counts_of_another_source_that_are_alike_are_not_blamed() -> None:
    random = np.random.default_rng(3)
    rows = [
        (
            BEGINS + 15.0 * n,
            100,
            int(random.binomial(100, 0.01)),
            900,
            int(random.binomial(900, 0.01)),
        )
        for n in range(1, 40)
    ]
    series = [CountedSeries("prometheus", kind, "", rows) for kind in ("errors", "slow")]
    assert_clean(judge(SimulatedRollout(more={"series": series}).make()))


def test_a_source_that_counted_nothing_of_the_new_release_is_not_proven() -> None:
    """The label of the version is absent: the counts of the new release are all zero."""
    rows = [(BEGINS + 15.0 * n, 0, 0, 900, 1) for n in range(1, 40)]
    series = [CountedSeries("prometheus", "errors", "", rows)]
    answers = judge(SimulatedRollout(more={"series": series}).make())
    assert open_rules(answers) == {rules.NO_MORE_ERRORS}


# -- response times


@pytest.mark.parametrize(
    ("factor", "share"), [(1.6, 1.0), (10.0, 0.3), (20.0, 0.08)], ids=["all", "third", "tail"]
)
def test_a_slower_release_is_found(factor: float, share: float) -> None:
    """All of its answers, a third of them ten times, only the tail."""
    answers = judge(SimulatedRollout(change=slower(factor, share)).make())
    assert rules.NOT_SLOWER in broken(answers)


def test_an_old_release_that_is_as_slow_is_never_blamed_on_the_new_one() -> None:
    def change(_random: Random, one: ReleaseAnswer) -> ReleaseAnswer:
        shared = BEGINS + 100 < one.at < BEGINS + 400
        return replace(one, took=one.took * 8) if shared else one

    assert_clean(judge(SimulatedRollout(change=change).make()))


def test_a_faster_release_is_no_slower_one() -> None:
    assert_clean(judge(SimulatedRollout(change=slower(3.0, release=OLD)).make()))


def test_slowness_is_found_without_answers_from_before_the_rollout() -> None:
    answers = judge(SimulatedRollout(change=slower(1.8)).make())
    record = replace(SimulatedRollout(change=slower(1.8)).make(), thresholds={})
    assert rules.NOT_SLOWER in broken(answers)
    assert rules.NOT_SLOWER in broken(judge(record))


def test_thresholds_of_before_are_taken_where_they_are_known() -> None:
    known = {"read": (0.02, 0.03, 0.043, 0.054, 0.08)}
    record = SimulatedRollout(more={"thresholds": known}).make()
    answers = judge(record)
    assert_clean(answers)
    assert answers["latency"].figures["thresholds, seconds"]["read"] == list(known["read"])


def test_a_slow_start_within_the_warm_up_is_left_out() -> None:
    def change(_random: Random, one: ReleaseAnswer) -> ReleaseAnswer:
        cold = one.release == NEW and one.at < BEGINS + 50
        return replace(one, took=one.took + 0.3) if cold else one

    record = SimulatedRollout(change=change).make()
    assert_clean(judge(record))
    assert rules.NOT_SLOWER in broken(judge(record, warm_up_seconds=0))


def test_a_warm_up_that_never_ends_is_found() -> None:
    def change(_random: Random, one: ReleaseAnswer) -> ReleaseAnswer:
        return replace(one, took=one.took + 0.3) if one.release == NEW else one

    assert rules.NOT_SLOWER in broken(judge(SimulatedRollout(change=change).make()))


def test_instances_that_start_again_and_again_are_not_proven() -> None:
    """Each lives for 50 s, so all of its answers lie within its warm-up."""

    def change(_random: Random, one: ReleaseAnswer) -> ReleaseAnswer:
        if one.release != NEW:
            return one
        return replace(one, instance=f"new-{int(one.at - BEGINS) // 50}")

    answers = judge(SimulatedRollout(change=change).make())
    assert rules.WARM_UP_ENDS in open_rules(answers)


def test_blue_green_is_judged_by_what_was_pinned_to_green() -> None:
    record = SimulatedRollout(deal=deal_by_chance(0.0), more={"kind": "blue-green"}).make()
    pinned = [
        ReleaseAnswer(BEGINS + 0.5 * n, 0.02, path, NEW, is_pinned=True)
        for n in range(1000)
        for path in ("read",)
    ]
    record = replace(record, operations=["read"], answers=[*record.answers, *pinned])
    answers = judge(record)
    assert rules.ERRORS_WITHIN_LIMIT not in open_rules(answers) | broken(answers)
    assert rules.SHARE_AS_DECLARED not in broken(answers)
    assert rules.TRAFFIC_ON_NEW not in open_rules(answers)


def test_green_that_answers_people_before_the_switch_is_found() -> None:
    """Its step judges it without traffic of people."""
    record = SimulatedRollout(deal=deal_by_chance(0.02), more={"kind": "blue-green"}).make()
    assert rules.SHARE_AS_DECLARED in broken(judge(record))
