"""The gates of the migration bite: each fault alone is a NO-GO that blames the right item, and
without a fault every item is passed.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.data.data_fault import DataFault
from tests.faults.data.database_servers import STATE_AT, DatabaseServers
from tests.faults.judge import find_problems
from tests.faults.registry import faults_of_kind
from tests.faults.selection import cases

BY_NAME = faults_of_kind("data", DataFault)


@pytest.mark.parametrize("name", cases(BY_NAME))
def test_the_gate_catches(name: str, world: DatabaseServers, tmp_path: Path) -> None:
    """With this one fault the gate says NO-GO and names its item."""
    fault = BY_NAME[name]
    with world.ground(fault, fault.gate, tmp_path) as ground:
        fault().harm(ground)
        verdict = ground.run_gate(fault.gate)
    wrong = find_problems(fault, verdict)
    assert not wrong, "\n".join([*wrong, verdict.output])


@pytest.mark.parametrize("gate", STATE_AT)
def test_without_a_fault_nothing_is_blamed(
    gate: str, world: DatabaseServers, tmp_path: Path
) -> None:
    """No false alarm at any gate of the migration."""
    with world.ground(None, gate, tmp_path) as ground:
        verdict = ground.run_gate(gate)
    blamed = {
        item: verdict.message(item) for item in verdict.items if verdict.outcome(item) != "passed"
    }
    assert not blamed, verdict.output
