"""How many runs of a job a step may have, and what a count that must not grow may do."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from cutover_gates.config.previous import Rollout
from cutover_gates.config.rollout_sources import ScheduledJob
from cutover_gates.core.evidence.assessment import Assessment, NotReadable
from cutover_gates.core.rollout.rollout_step import RolloutStep
from cutover_gates.plugin.step_sources import COUNTS_FILE, DeclaredCounts, describe_unasked
from cutover_gates.probes.rollout import rules
from cutover_gates.probes.rollout.side_effects import (
    CountPair,
    JobCount,
    SideEffects,
    ToldCount,
)

QUERY = "SELECT count(*) FROM runs WHERE at >= %(begins)s AND at < %(ends)s"


def judge_job(seconds: float, count: int | None, *, every: float = 60, rows: int = 1) -> Assessment:
    job = ScheduledJob(name="reminders", query=QUERY, every_seconds=every, rows=rows)
    told = ToldCount(count, "" if count is not None else "no connection")
    return SideEffects(RolloutStep(10, 0.0, seconds), [JobCount(job, told)], []).assess()


def judge_pair(before: ToldCount, after: ToldCount) -> Assessment:
    pair = CountPair("dead letters", before, after)
    return SideEffects(RolloutStep(10, 0.0, 600.0), [], [pair]).assess()


@pytest.mark.parametrize(
    ("seconds", "count"), [(600, 9), (600, 10), (600, 11), (630, 12), (180, 2), (180, 4)]
)
def test_one_run_more_or_less_passes(seconds: float, count: int) -> None:
    found = judge_job(seconds, count)
    assert (found.findings, found.not_proven) == ((), ())


@pytest.mark.parametrize(("seconds", "count"), [(600, 12), (600, 20), (180, 6), (239, 6)])
def test_more_than_one_run_more_is_found(seconds: float, count: int) -> None:
    """Twice as many are found in each step that has room for three runs."""
    assert [one.rule for one in judge_job(seconds, count).findings] == [rules.JOB_RAN_ONCE]


@pytest.mark.parametrize("count", [0, 8, None])
def test_too_few_runs_are_not_proven(count: int | None) -> None:
    found = judge_job(600, count)
    assert [one.rule for one in found.not_proven] == [rules.JOB_RAN_ONCE]
    assert not found.findings


def test_a_step_without_room_for_three_runs_is_not_proven() -> None:
    assert "too short for 3 runs" in judge_job(179, 3).not_proven[0].actual
    assert "too short for 3 runs" in judge_job(179, 300).not_proven[0].actual


def test_a_run_may_add_several_rows() -> None:
    assert not judge_job(600, 50, rows=5).findings
    assert judge_job(600, 100, rows=5).findings[0].expected.startswith("45 to 55 ")


@pytest.mark.parametrize(
    ("before", "after", "is_found"), [(2, 2, False), (2, 0, False), (0, 1, True)]
)
def test_a_count_may_fall_and_not_grow(before: int, after: int, is_found: bool) -> None:
    assert bool(judge_pair(ToldCount(before), ToldCount(after)).findings) is is_found


@pytest.mark.parametrize("missing", [0, 1])
def test_a_count_that_was_not_told_is_not_proven(missing: int) -> None:
    told = [ToldCount(1), ToldCount(1)]
    told[missing] = ToldCount(None, "it ended with status 1")
    assert [one.actual for one in judge_pair(*told).not_proven] == ["it ended with status 1"]


def test_nothing_declared_says_so() -> None:
    found = SideEffects(RolloutStep(10, 0.0, 600.0), [], []).assess()
    assert found.checked == ("no job and no count is declared, so none was asked",)


# ── how they are read ──


def make_counts(folder: Path, *answers: int | Exception) -> DeclaredCounts:
    given = iter(answers)
    asked: list[object] = []

    def query(_text: str, values: Mapping[str, object] | None) -> int:
        asked.append(values)
        answer = next(given)
        if isinstance(answer, Exception):
            raise answer
        return answer

    table = {"constant_counts": [{"name": "dead letters", "query": "SELECT 1"}]}
    return DeclaredCounts(Rollout.model_validate(table), query, folder)


def test_a_count_is_kept_from_the_beginning_of_the_step(tmp_path: Path) -> None:
    counts = make_counts(tmp_path, 2, 5)
    counts.save_beginning(tmp_path)
    assert counts.pair_constant(tmp_path) == [CountPair("dead letters", ToldCount(2), ToldCount(5))]


def test_why_a_count_was_not_told_is_kept_too(tmp_path: Path) -> None:
    counts = make_counts(tmp_path, NotReadable("no connection"), 5)
    counts.save_beginning(tmp_path)
    (pair,) = counts.pair_constant(tmp_path)
    assert pair.before == ToldCount(None, "no connection")


@pytest.mark.parametrize("text", ["", "[]", '{"dead letters": 2}', '{"dead letters": {"value":'])
def test_a_file_that_is_no_record_is_no_beginning(tmp_path: Path, text: str) -> None:
    (tmp_path / COUNTS_FILE).write_text(text)
    (pair,) = make_counts(tmp_path, 5).pair_constant(tmp_path)
    assert pair.before.value is None
    assert "not read at the beginning" in pair.before.problem


def test_nothing_is_written_where_nothing_is_declared(tmp_path: Path) -> None:
    DeclaredCounts(Rollout(), lambda *_: 1, tmp_path).save_beginning(tmp_path)
    assert not list(tmp_path.iterdir())


def test_only_the_first_step_says_that_nothing_is_declared() -> None:
    assert "rollout.jobs" in describe_unasked(Rollout(), 10)[0]
    assert describe_unasked(Rollout(), 50) == []
    declared = {"constant_counts": [{"name": "x", "query": "SELECT 1"}]}
    assert describe_unasked(Rollout.model_validate(declared), 10) == []
