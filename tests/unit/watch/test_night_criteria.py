"""The criteria over the whole night: certain, failed or not proven."""

from __future__ import annotations

from pathlib import Path

from cutover_gates.config.performance import Performance
from cutover_gates.watch import rules
from cutover_gates.watch.assessments import WatchAssessments
from cutover_gates.watch.night_criteria import NightCriteria
from cutover_gates.watch.probe_results import ProbeOutcome
from tests.unit.watch.test_watch_assessments import BEGINS, ask, found_rules, write_minute

TOO_SLOW = Performance.model_validate({"objectives": {"p95": 0.005}})


def judge(asked: WatchAssessments, performance: Performance | None = None) -> NightCriteria:
    return NightCriteria(asked, performance or Performance())


def test_a_clean_minute_proves_one_percent(tmp_path: Path) -> None:
    write_minute(tmp_path)
    found = judge(ask(tmp_path)).assess_error_rate()
    assert found_rules(found) == (set(), set())
    assert found.figures["probes"] > 800
    assert list(found.figures["segments"])


def test_it_does_not_prove_one_in_a_thousand(tmp_path: Path) -> None:
    write_minute(tmp_path)
    found = judge(ask(tmp_path, error_share=0.001)).assess_error_rate()
    assert found_rules(found) == (set(), {rules.FEW_FAIL_FOR_CERTAIN.id})
    assert "3,735 good ones do" in found.not_proven[0].actual


def test_many_failures_are_a_finding(tmp_path: Path) -> None:
    write_minute(tmp_path, [(20, 25, ProbeOutcome.NO_ANSWER)])
    found = judge(ask(tmp_path)).assess_error_rate()
    assert found_rules(found)[0] == {rules.FEW_FAIL_FOR_CERTAIN.id}


def test_time_that_was_not_watched_is_not_proven(tmp_path: Path) -> None:
    write_minute(tmp_path, own_gap=(BEGINS + 20, BEGINS + 23))
    asked = judge(ask(tmp_path))
    assert rules.WATCHED.id in found_rules(asked.assess_error_rate())[1]
    assert rules.WATCHED.id in found_rules(asked.assess_response_times())[1]


def test_fast_probes_are_within_their_objective(tmp_path: Path) -> None:
    write_minute(tmp_path)
    found = judge(ask(tmp_path)).assess_response_times()
    assert found_rules(found) == (set(), set())
    assert len(found.checked) == 2


def test_slow_probes_are_a_finding_of_each_path(tmp_path: Path) -> None:
    write_minute(tmp_path)
    found = judge(ask(tmp_path), TOO_SLOW).assess_response_times()
    assert {one.rule for one in found.findings} == {rules.FAST_ALL_NIGHT}
    assert [one.subject.partition(",")[0] for one in found.findings] == ["read", "write"]


def test_a_window_without_room_for_any_path_is_not_proven(tmp_path: Path) -> None:
    write_minute(tmp_path, intervals={"read": 5, "write": 5})
    found = judge(ask(tmp_path)).assess_response_times()
    assert found_rules(found) == (set(), {rules.FAST_ALL_NIGHT.id})
    assert set(found.figures["not judged"]) == {"read", "write"}


def test_a_path_with_too_few_planned_probes_is_told(tmp_path: Path) -> None:
    write_minute(tmp_path, intervals={"read": 0.1, "write": 5})
    found = judge(ask(tmp_path)).assess_response_times()
    assert found_rules(found) == (set(), set())
    assert set(found.figures["not judged"]) == {"write"}
