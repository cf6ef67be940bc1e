"""A replay that needs more time than the gate has."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial

import psycopg
import pytest

from cutover_gates.hospital.matchers.expectations import assert_passed
from cutover_gates.probes.database.gate_steps import Budget
from cutover_gates.probes.database.replay import replay_run
from tests.integration.database.replay.conftest import StartNight


@pytest.mark.thorough
@pytest.mark.parametrize("slow", ["a script", "the comparison"])
def test_a_replay_that_runs_out_of_time_leaves_it_to_the_declarations(
    replay_night: StartNight, monkeypatch: pytest.MonkeyPatch, slow: str
) -> None:
    """A captain reads what the time went on and which key to raise, and no error of the check."""
    night = replay_night(script="SELECT pg_sleep(60)" if slow == "a script" else "SELECT 1")
    night.base_context = replace(night.base_context, budget=Budget(time.time() + 12))
    if slow == "the comparison":
        read = partial(read_slowly, night.dsn)
        monkeypatch.setattr(replay_run, "compare_replays", read)
    found = night.assess_replay()
    assert_passed(found)
    assert "raise migrations.budget_seconds" in found.figures["replay"]


def read_slowly(dsn: str, *_ignored: object) -> None:
    """Wait longer than the time that is left."""
    with psycopg.connect(dsn, options="-c statement_timeout=100") as connection:
        connection.execute("SELECT pg_sleep(60)")
