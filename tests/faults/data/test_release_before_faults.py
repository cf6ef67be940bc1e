"""What only the release before shows, tried by the checks that start it; and no false alarm."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults import gate_runs
from tests.faults.data import release_before
from tests.faults.data.data_fault import DataFault
from tests.faults.data.database_servers import DatabaseServers
from tests.faults.judge import find_problems
from tests.faults.registry import faults_of_kind
from tests.selection import further
from tests.shipped_plan import PLAN_FILE

FILE = "migrations/test_previous_release.py"
CHECK = f"{FILE}::test_the_release_before_works_on_the_new_schema"
BY_NAME = {
    name: fault
    for name, fault in faults_of_kind("data", DataFault).items()
    if fault.__module__ == release_before.__name__
}
FIRST = "TheOldReleaseDoesNotStartAgain"
"""It needs no functional checks, which take most of the time."""
SMALL_PLAN = """
[[item]]
id = "migration-dry-run"
section = "S"
title = "The migration was rehearsed"
gates = ["t24"]
proof = "check"
suite = "migrations"

[[item]]
id = "critical-paths"
section = "S"
title = "The critical paths work"
gates = ["phase3"]
proof = "check"
suite = "smoke"
"""
"""The functional checks of every run are those of the critical paths."""


@pytest.mark.parametrize("name", [name if name == FIRST else further(name) for name in BY_NAME])
def test_the_check_catches(name: str, world: DatabaseServers, tmp_path: Path) -> None:
    """The check that starts the release before, or adds the pools, names what is wrong."""
    fault = BY_NAME[name]
    with world.ground(fault, fault.gate, tmp_path) as ground:
        fault().harm(ground)
        verdict = ground.run_gate(fault.gate, *gate_runs.PLAIN, FILE, seconds=fault.seconds)
    wrong = find_problems(fault, verdict, (FILE,))
    assert not wrong, "\n".join([*wrong, verdict.output])


@pytest.mark.parametrize("plan", ["small", further("whole")])
def test_a_release_before_that_works_is_not_blamed(
    plan: str, world: DatabaseServers, tmp_path: Path
) -> None:
    """It goes on, starts, and all functional checks pass on it."""
    small = tmp_path / "plan.toml"
    small.write_text(SMALL_PLAN, encoding="utf-8")
    with world.ground(None, "t24", tmp_path, starts_previous=True) as ground:
        options = (*gate_runs.PLAIN, FILE)
        chosen = small if plan == "small" else PLAN_FILE
        verdict = ground.run_gate("t24", *options, seconds=180, plan=chosen)
    assert verdict.checks_of("migration-dry-run")[CHECK] == "passed", verdict.output
    # What the gate of the release before leaves behind is evidence of this one.
    assert "could not be summed" not in verdict.output
