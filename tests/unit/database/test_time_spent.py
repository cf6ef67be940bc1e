"""The steps that a gate's time went on are named, the longest first."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cutover_gates.probes.database import gate_steps
from cutover_gates.probes.database.gate_steps import describe_steps, record_step
from tests.integration.database.contexts import make_database_context


class _Clock:
    now = 1000.0

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> _Clock:
    made = _Clock()
    monkeypatch.setattr(gate_steps, "time", made)
    return made


def test_the_longest_steps_stand_first(clock: _Clock, tmp_path: Path) -> None:
    for step, seconds in (("rows", 40), ("restore", 500), ("rows", 20), ("catalog", 0.2)):
        with record_step(tmp_path, step):
            clock.now += seconds
    assert describe_steps(tmp_path) == "restore 500 s, rows 60 s"


def test_a_running_step_counts_up_to_now(clock: _Clock, tmp_path: Path) -> None:
    with record_step(tmp_path, "restore"):
        clock.now += 30
        assert describe_steps(tmp_path) == "restore 30 s"


def test_the_key_to_raise_is_named(clock: _Clock, tmp_path: Path) -> None:
    context = make_database_context("", tmp_path, budget_seconds=60)
    assert context.describe_overrun() == (
        "the 60 s of the gate were spent; raise migrations.budget_seconds"
    )
    with context.record_step("restore"), replace(context, is_copy=True).record_step("rows"):
        clock.now += 30
    assert "(restore 30 s); raise" in context.describe_overrun()
