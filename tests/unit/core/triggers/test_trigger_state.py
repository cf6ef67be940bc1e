"""The state of the triggers is written and resumed; a recording gives the same decisions."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cutover_gates.core.triggers.recorded_evaluations import (
    UnusableRecording,
    format_evaluation,
    parse_evaluation,
    replay,
)
from cutover_gates.core.triggers.trigger_conclusions import TriggerOutcome, conclude
from cutover_gates.core.triggers.trigger_limits import TriggerLimits
from cutover_gates.core.triggers.trigger_machine import TriggerMachine
from cutover_gates.core.triggers.trigger_names import TriggerName
from cutover_gates.core.triggers.trigger_state import UnusableState, dump_state, resume_machine
from cutover_gates.core.triggers.truth_row import TruthRow
from cutover_gates.core.triggers.truth_table import list_truth_rows
from tests.unit.core.triggers.trigger_courses import ERRORS, health_course, run_course, share_course

ROWS = [row for row in list_truth_rows() if len(row.evaluations) < 100]
SEEING = [row for row in ROWS if row.trigger is not TriggerName.BLIND]
"""Rows that a resumption does not change: blindness is counted anew after it."""
LIMITS = TriggerLimits()


def _write_and_read(machine: TriggerMachine, unwatched: float) -> TriggerMachine:
    """Return the machine that a new process goes on with."""
    return resume_machine(json.loads(json.dumps(dump_state(machine))), machine.limits, unwatched)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_recording_gives_the_same_decisions(row: TruthRow) -> None:
    lines = [format_evaluation(each) + "\n" for each in row.evaluations]
    live, fired = run_course(row.evaluations, row.limits)
    machine, replayed = replay(lines, row.limits)
    assert replayed == fired
    assert dump_state(machine) == dump_state(live)


@settings(max_examples=25, deadline=None)
@given(row=st.sampled_from(SEEING), share=st.floats(0.1, 0.9))
def test_a_state_that_is_read_again_is_the_same(row: TruthRow, share: float) -> None:
    """A process that goes on at once, on another monotonic clock, decides as the first one."""
    cut = max(1, int(len(row.evaluations) * share))
    whole, _ = run_course(row.evaluations, row.limits)
    first, _ = run_course(row.evaluations[:cut], row.limits)
    second = _write_and_read(first, 0.0)
    for each in row.evaluations[cut:]:
        step = each.at - row.evaluations[cut - 1].at
        second.evaluate(replace(each, at=9_000.0 + step))
    assert [each.key for each in second.firings] == [each.key for each in whole.firings]


def test_what_fired_survives_a_kill() -> None:
    machine, fired = run_course(share_course([500] * 70))
    assert fired
    resumed = _write_and_read(machine, 30.0)
    for each in share_course([0] * 100):
        assert resumed.evaluate(each) == ()
    assert resumed.firings == fired
    assert conclude(resumed)[1].outcome is TriggerOutcome.FAILED


def test_the_time_that_nobody_watched_is_not_proven() -> None:
    machine, _ = run_course(share_course([0] * 70))
    resumed = _write_and_read(machine, 40.0)
    for each in share_course([0] * 70):
        resumed.evaluate(each)
    errors = conclude(resumed)[1]
    assert errors.outcome is TriggerOutcome.NOT_PROVEN
    assert any("was not running for 40 s" in reason for reason in errors.reasons)


def test_a_resumption_never_fires() -> None:
    """Three failures, a dead watcher for an hour, one failure: nobody saw four in a row."""
    machine, _ = run_course(health_course("OFFF"))
    resumed = _write_and_read(machine, 3_600.0)
    assert resumed.evaluate(health_course("F")[0]) == ()
    assert resumed.firings == []


def test_a_short_death_goes_on_where_it_was() -> None:
    machine, _ = run_course(health_course("OFFF"))
    resumed = _write_and_read(machine, 10.0)
    (fired,) = resumed.evaluate(health_course("F")[0])
    assert fired.key.trigger is TriggerName.HEALTH


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"conditions": {"nonsense": {}}},
        {"now": None},
        {"firings": [{"key": "x"}]},
        {"coverage": {}},
    ],
)
def test_a_broken_state_is_refused(change: dict[str, object]) -> None:
    machine, _ = run_course(share_course([0] * 10))
    with pytest.raises(UnusableState):
        resume_machine({**dump_state(machine), **change}, LIMITS, 1.0)


def test_a_line_that_was_cut_by_a_kill_is_left_out() -> None:
    lines = [format_evaluation(each) + "\n" for each in share_course([500] * 70)]
    cut = [*lines, lines[-1][:40]]
    assert replay(cut, LIMITS)[1] == replay(lines, LIMITS)[1]


@pytest.mark.parametrize("line", ["{}\n", "[]\n", "nonsense\n", '{"at":1,"sources":{"x":1}}\n'])
def test_a_line_that_is_no_evaluation_is_named(line: str) -> None:
    with pytest.raises(UnusableRecording, match="line 2"):
        replay([format_evaluation(share_course([0])[0]) + "\n", line], LIMITS)


def test_an_evaluation_is_read_as_it_was_written() -> None:
    for row in ROWS:
        assert parse_evaluation(format_evaluation(row.evaluations[0])) == row.evaluations[0]


def test_the_clock_does_not_go_back() -> None:
    machine, _ = run_course(share_course([0, 0]))
    with pytest.raises(ValueError, match="before"):
        machine.evaluate(share_course([0])[0])


def test_one_condition_has_one_reading_in_an_evaluation() -> None:
    first, second = share_course([0, 0])
    both = replace(second, readings=(*first.readings, *second.readings))
    with pytest.raises(ValueError, match=ERRORS.text):
        TriggerMachine().evaluate(both)
