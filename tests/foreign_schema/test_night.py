"""The night of the foreign hospital, by the plan, with the real Flyway."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from reference import postgres
from tests.foreign_schema.foreign_hospital import BEFORE, DATABASE, ForeignHospital, read_statements
from tests.foreign_schema.foreign_server import copy_scripts, declare_migrations
from tests.foreign_schema.planted import read_faults
from tests.integration.database.flyway import download
from tests.integration.database.flyway.command_line import flyway

pytestmark = [pytest.mark.thorough, pytest.mark.timeout(600)]

STOOD_STILL = {
    "reason": "the wards wrote on paper from T-12 on",
    "by": "Ada Example",
    "at": date.today().isoformat(),
    "although": "what was lost after the migration left lines in the audit table",
}
"""What the hospital declares once it rolls back: after the snapshot, and after a gate saw rows."""

FAULTS = {
    "prescriptions lost in the rename": "row-counts",
    "refunds booked twice over and short of one": "row-counts",
    "photos cut off": "content-unchanged",
}
"""One of the rename, one of the split, one of the moved column: each alone, and its item."""


@pytest.fixture
def hospital(tmp_path: Path) -> Iterator[ForeignHospital]:
    """The release before, as the real Flyway made it and people filled it."""
    program = _flyway()
    with postgres.run_empty_cluster() as (server, _):
        reader = server.dsn("postgres", postgres.READER)
        settings = declare_migrations(tmp_path)
        hospital = ForeignHospital(server.dsn("postgres"), reader, 18, tmp_path, settings)
        copy_scripts(hospital.scripts)
        hospital.execute(read_statements("roles.sql"), "postgres")
        hospital.execute(f"ALTER ROLE {postgres.READER} BYPASSRLS", "postgres")
        hospital.copy("template0")
        _migrate(program, hospital, f"-target={BEFORE}")
        hospital.execute(read_statements("rows.sql"))
        yield hospital


def test_from_noon_to_phase_1_and_back(hospital: ForeignHospital) -> None:
    """t12, backup, migration, phase1: GO. Three faults, each alone: NO-GO. Restored: GO."""
    hospital.back_up()
    _go(hospital, "t12")
    hospital.back_up()
    _migrate(_flyway(), hospital)
    hospital.execute("ANALYZE")
    hospital.copy(DATABASE, "after_the_night")
    _go(hospital, "phase1")
    statements = {fault.name: fault.statements for fault in read_faults("faults.sql")}
    for name, item in FAULTS.items():
        hospital.copy("after_the_night")
        hospital.execute(statements[name])
        verdict = hospital.run_gate("phase1")
        assert verdict.word == "NO-GO", verdict.output
        assert verdict.outcome(item) == "failed", verdict.output
    hospital.restore()
    _go(hospital.declare(standstill=STOOD_STILL), "rollback")


def _go(hospital: ForeignHospital, gate: str) -> None:
    verdict = hospital.run_gate(gate)
    assert (verdict.word, verdict.status) == ("GO", 0), verdict.output


def _migrate(program: Path, hospital: ForeignHospital, *options: str) -> None:
    answer = flyway(program, hospital.dsn(), hospital.scripts, "migrate", *options)
    assert answer.get("success"), answer


def _flyway() -> Path:
    """Return the real one. Where it cannot be had, the tests of the schema say the rest."""
    try:
        return download.executable()
    except download.Unavailable as why:
        pytest.skip(str(why))
