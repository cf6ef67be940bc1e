"""Every row of the truth table comes to what it says, at the evaluation that it names."""

from __future__ import annotations

from collections import Counter

import pytest

from cutover_gates.core.triggers.trigger_names import TriggerName
from cutover_gates.core.triggers.truth_row import Expected, TruthRow, judge_row
from cutover_gates.core.triggers.truth_table import list_truth_rows

ROWS = list_truth_rows()
LEAST_ROWS = 170
"""Rows on 2026-11-30. A row is not given up without a reason."""
HAZARDS = {3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 25, 27, 30, 35, 40, 47, 48, 49, 50}
"""Hazards of real rollouts that concern triggers, each of which has a row."""


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_row_comes_to_what_it_says(row: TruthRow) -> None:
    result = judge_row(row)
    assert (result.came_to, result.fired_at) == (row.expected, row.fires_at), result.reasons


def test_no_row_is_lost() -> None:
    assert len(ROWS) >= LEAST_ROWS
    assert len({row.name for row in ROWS}) == len(ROWS)


def test_each_trigger_has_rows_of_each_outcome() -> None:
    counts = Counter((row.trigger, row.expected) for row in ROWS)
    assert set(counts) == {(trigger, each) for trigger in TriggerName for each in Expected}


def test_each_hazard_has_a_row() -> None:
    assert {row.hazard for row in ROWS if row.hazard} >= HAZARDS


def test_a_row_that_fires_says_when() -> None:
    for row in ROWS:
        assert (row.fires_at is not None) == (row.expected is Expected.FIRES), row.name
