"""The gates of the migration bite: each fault alone is a NO-GO that blames the right item, and
without a fault every item is passed.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults import gate_runs
from tests.faults.data.data_fault import DataFault
from tests.faults.data.database_servers import STATE_AT, DatabaseServers
from tests.faults.data.hospital_stages import EVERYTHING
from tests.faults.data.way_back import keep_schema
from tests.faults.judge import find_problems
from tests.faults.registry import faults_of_kind
from tests.faults.results import Verdict
from tests.faults.selection import gates
from tests.selection import further

BY_NAME = faults_of_kind("data", DataFault)
WHOLE = ("TheBackupIsCutOff", "AVisitIsLost", "NothingWasRestored")
IN_WHOLE_CUTOVER = ("t12", "phase1", "rollback")
"""Gates that `test_whole_cutover` judges on a hospital without a fault in every run."""
SELDOM = (*IN_WHOLE_CUTOVER, "post-week")
"""Gates that are not judged here in every run: the last one is a part of `post`."""


@pytest.mark.parametrize(("name", "files"), gates(BY_NAME, WHOLE))
def test_the_gate_catches(
    name: str, files: tuple[str, ...], world: DatabaseServers, tmp_path: Path
) -> None:
    """With this one fault the gate says NO-GO and names its item."""
    fault = BY_NAME[name]
    with world.ground(fault, fault.gate, tmp_path) as ground:
        fault().harm(ground)
        verdict = ground.run_gate(fault.gate, *gate_runs.PLAIN, *files)
    wrong = find_problems(fault, verdict, files)
    assert not wrong, "\n".join([*wrong, verdict.output])


@pytest.mark.parametrize(
    "gate", [gate if gate not in SELDOM else further(gate) for gate in STATE_AT]
)
def test_without_a_fault_nothing_is_blamed(
    gate: str, world: DatabaseServers, tmp_path: Path
) -> None:
    """No false alarm at any gate of the migration."""
    with world.ground(None, gate, tmp_path) as ground:
        verdict = ground.run_gate(gate)
    assert not list_blamed(verdict), verdict.output


@pytest.mark.parametrize("gate", [further(gate) for gate in IN_WHOLE_CUTOVER])
def test_a_hospital_with_everything_beside_tables_is_not_blamed(
    gate: str, world: DatabaseServers, tmp_path: Path
) -> None:
    """No false alarm where scripts and hands made large objects, publications, options and rights."""
    with world.ground(None, gate, tmp_path, EVERYTHING) as ground:
        verdict = ground.run_gate(gate)
    assert not list_blamed(verdict), verdict.output


@pytest.mark.thorough
def test_a_rollback_of_the_application_alone_is_not_blamed(
    world: DatabaseServers, tmp_path: Path
) -> None:
    """No false alarm where the schema of the new release stays, and the settings say so."""
    with world.ground(None, "rollback", tmp_path) as ground:
        keep_schema(ground)
        verdict = ground.run_gate("rollback")
    assert not list_blamed(verdict), verdict.output


def list_blamed(verdict: Verdict) -> dict[str, str]:
    """Return the message of each item that is not passed."""
    return {
        item: verdict.message(item) for item in verdict.items if verdict.outcome(item) != "passed"
    }
