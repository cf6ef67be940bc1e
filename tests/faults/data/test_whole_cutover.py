"""The whole way of one database, by the plan: noon before, backup, migration, Phase 1, and back
again.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from reference import announcement, cutover, stages
from tests.faults import serve
from tests.faults.data.constraints import VisitsWithoutAPatient
from tests.faults.data.content import NamesOfTwoPatientsAreSwapped
from tests.faults.data.data_environment import NAME, DataEnvironment
from tests.faults.data.data_fault import DataFault
from tests.faults.data.database_servers import DatabaseServers
from tests.faults.data.schema import ARightWasForgotten
from tests.integration.database.flyway import download
from tests.selection import further

EACH: tuple[type[DataFault], ...] = (
    NamesOfTwoPatientsAreSwapped,
    VisitsWithoutAPatient,
    ARightWasForgotten,
)


def _go(ground: DataEnvironment, gate: str) -> None:
    verdict = ground.run_gate(gate)
    assert (verdict.word, verdict.status) == ("GO", 0), verdict.output


@pytest.mark.parametrize(
    ("by", "faults"), [("our own", EACH[:1]), further("our own", EACH), further("flyway", EACH)]
)
def test_from_noon_to_phase_1_and_back(
    by: str, faults: tuple[type[DataFault], ...], world: DatabaseServers, tmp_path: Path
) -> None:
    """t12, a cutover, phase1: GO.

    Faults, one after the other: NO-GO, by the right item each. The backup restored: GO.
    """
    tool = _flyway() if by == "flyway" else None
    with world.ground(None, "t12", tmp_path) as ground:
        shutil.rmtree(
            tmp_path / "reports"
        )  # also the snapshot of the world's own: the gate takes it
        _go(ground, "t12")
        ground.put(stages.back_up(world.server, NAME))
        cutover.perform(world.server, NAME, announcement.accounts(), serve.HASHING, by=tool)
        world.server.copy(NAME, "after_the_night")
        _go(ground, "phase1")
        for fault in faults:
            _no_go(ground, fault)
        stages.restore(world.server, NAME, ground.backup)
        _go(ground, "rollback")
    world.server.drop("after_the_night")


def _no_go(ground: DataEnvironment, fault: type[DataFault]) -> None:
    ground.restore_template("after_the_night")
    fault().harm(ground)
    verdict = ground.run_gate("phase1")
    assert verdict.word == "NO-GO", verdict.output
    assert verdict.outcome(fault.item) == "failed", verdict.output


def _flyway() -> Path:
    """The real one. Where it cannot be had, the other case says the same of our own."""
    try:
        return download.executable()
    except download.Unavailable as why:
        pytest.skip(str(why))
