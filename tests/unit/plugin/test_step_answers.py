"""Which release answered the functional checks of a step, and what is not proven where none did."""

from __future__ import annotations

from pathlib import Path

import pytest

from cutover_gates.core.verdict import Outcome
from cutover_gates.plugin.step_answers import StepAnswers, judge_step_answers
from cutover_gates.probes.rollout.rules import ANSWERED_BY_NEW
from tests.faults.steps.answering_releases import (
    HEADER,
    NEW,
    OLD,
    give_answer,
    judge_checks,
    make_check,
    make_step_run,
    run_step_check,
)

VISITS, PATIENTS = "visit-creation", "patient-creation"


def test_an_item_that_only_the_old_release_answered_is_not_proven(tmp_path: Path) -> None:
    (result,) = judge_checks(make_step_run(tmp_path), {VISITS: [OLD] * 3, PATIENTS: [OLD, NEW]})
    assert (result.outcome, result.items) == (Outcome.NOT_PROVEN, frozenset({VISITS}))
    assert [one.rule for one in result.findings] == [ANSWERED_BY_NEW]
    assert "0 of its 3 answers were of 2.0.0 (1.9.0: 3)" in result.why


def test_answers_that_name_no_release_are_none_of_the_new_one(tmp_path: Path) -> None:
    (result,) = judge_checks(make_step_run(tmp_path, "phase2-100"), {VISITS: ["", ""]})
    assert "(no release named: 2)" in result.why


def test_one_answer_of_the_new_release_is_enough(tmp_path: Path) -> None:
    assert judge_checks(make_step_run(tmp_path), {VISITS: [OLD] * 30 + [NEW]}) == []


def test_at_a_tenth_it_is_told_and_not_judged(tmp_path: Path) -> None:
    """Chance may leave the new release out there."""
    assert judge_checks(make_step_run(tmp_path, "phase2-10"), {VISITS: [OLD] * 3}) == []


def test_each_check_tells_who_answered_it(tmp_path: Path) -> None:
    run = make_step_run(tmp_path)
    part = StepAnswers(run, HEADER)
    first = run_step_check(run, part, VISITS, [OLD, NEW, OLD])
    second = run_step_check(run, part, VISITS, [NEW])
    assert [one["facts"] for one in first] == [{"answers": {OLD: 2, NEW: 1}}]
    assert [one["facts"] for one in second] == [{"answers": {NEW: 1}}]


def test_what_other_servers_answer_does_not_count(tmp_path: Path) -> None:
    run = make_step_run(tmp_path)
    part = StepAnswers(run, HEADER)
    hook = part.pytest_runtest_protocol(make_check(VISITS))
    next(hook)
    give_answer(run, OLD)
    give_answer(run, NEW, "http://files.example.org")
    with pytest.raises(StopIteration):
        hook.send(True)
    part.pytest_sessionfinish()
    assert [result.items for result in judge_step_answers(run)] == [frozenset({VISITS})]


def test_a_check_that_judges_the_step_does_not_count(tmp_path: Path) -> None:
    """It reads the record, and what it asks the target is about the instances."""
    run = make_step_run(tmp_path)
    part = StepAnswers(run, HEADER)
    assert run_step_check(run, part, "half-deployment", [OLD]) == []
    part.pytest_sessionfinish()
    assert judge_step_answers(run) == []


def test_the_answers_of_all_processes_are_added_up(tmp_path: Path) -> None:
    for worker, release in (("gw0", OLD), ("gw1", NEW)):
        run = make_step_run(tmp_path, worker=worker)
        part = StepAnswers(run, HEADER)
        run_step_check(run, part, VISITS, [release])
        run_step_check(run, part, PATIENTS, [OLD])
        part.pytest_sessionfinish()
    (result,) = judge_step_answers(make_step_run(tmp_path))
    assert result.items == frozenset({PATIENTS})
    assert "0 of its 2 answers" in result.why
    assert not list(tmp_path.iterdir())
