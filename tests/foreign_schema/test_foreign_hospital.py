"""Phase 1 of a hospital by somebody else: its own migration is GO, and nothing planted passes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.foreign_schema.foreign_server import ForeignServer
from tests.foreign_schema.planted import find_missed, find_unexplained, list_findings, read_faults
from tests.selection import further

pytestmark = pytest.mark.timeout(200)


@pytest.mark.thorough
def test_its_own_migration_is_go(server: ForeignServer, tmp_path: Path) -> None:
    verdict = server.hospital(tmp_path).run_gate("phase1")
    assert (verdict.word, verdict.status) == ("GO", 0), verdict.output


@pytest.mark.parametrize(
    "file", ["faults.sql", further("more_faults.sql"), further("lookalikes.sql")]
)
def test_each_of_many_faults_is_named(server: ForeignServer, tmp_path: Path, file: str) -> None:
    """All are planted at once, so one may hide behind another: none may pass.

    Nothing else is found: on a whole database each of these findings would be a false alarm.
    """
    hospital = server.hospital(tmp_path)
    faults = read_faults(file)
    for fault in faults:
        hospital.execute(fault.statements)
    verdict = hospital.run_gate("phase1")
    findings = list_findings(verdict)
    assert verdict.word == "NO-GO", verdict.output
    assert not find_missed(faults, findings), "\n".join(findings)
    assert not find_unexplained(faults, findings), verdict.output
