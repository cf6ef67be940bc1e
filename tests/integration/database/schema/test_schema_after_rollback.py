"""After a rollback everything is as it was recorded, and nothing of the release is left over."""

from __future__ import annotations

import subprocess
from pathlib import Path

import psycopg
import pytest

from cutover_gates.probes.database.scratch.postgres_binaries import find_client_program
from reference import postgres
from tests.integration.database.conftest import BEFORE, CopyDatabase
from tests.integration.database.schema.conftest import RICH, RecordedAt, SchemaAt


@pytest.mark.usefixtures("rich")
def test_a_database_that_was_dumped_and_restored_is_equal(
    server: postgres.Server,
    spare: CopyDatabase,
    schema_at: SchemaAt,
    recorded_at: RecordedAt,
    tmp_path: Path,
) -> None:
    """Though PostgreSQL words `x IN (…)` over varchar otherwise once it was restored."""
    original = spare(RICH)
    archive = tmp_path / "hospital.dump"
    _run(
        find_client_program("pg_dump", 18),
        "--format=custom",
        f"--file={archive}",
        f"--dbname={original}",
    )
    server.create("restored")
    try:
        _run(
            find_client_program("pg_restore", 18),
            "--exit-on-error",
            f"--dbname={server.dsn('restored')}",
            str(archive),
        )
        restored = schema_at(server.dsn("restored"))
        seen = restored.assess_against_snapshot(recorded_at(original))
        assert not seen.findings
        assert "constraint visits.visits_status_check" in seen.checked
        findings = restored.assess_against_scripts().findings
        assert {finding.expected for finding in findings} <= {"absent"}
    finally:
        server.drop("restored")


def test_a_database_that_was_rolled_back_is_the_recorded_one(
    spare: CopyDatabase, schema_at: SchemaAt, recorded_at: RecordedAt
) -> None:
    hospital = spare(BEFORE)
    recorded_at(hospital)

    assert not schema_at(hospital).assess_rollback().findings


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE patients ADD tag varchar(64)",
        "REVOKE SELECT ON visits FROM hospital_app",
        "DROP INDEX visits_by_patient",
        "CREATE TABLE refresh_tokens (id int)",
        "ALTER TABLE visits DISABLE TRIGGER ALL",
        "CREATE EXTENSION vector",
    ],
)
def test_what_a_rollback_left_behind_is_found(
    spare: CopyDatabase, schema_at: SchemaAt, recorded_at: RecordedAt, statement: str
) -> None:
    hospital = spare(BEFORE)
    recorded_at(hospital)
    with psycopg.connect(hospital, autocommit=True) as connection:
        connection.execute(statement.encode())

    assert schema_at(hospital).assess_rollback().findings


def _run(program: Path, *arguments: str) -> None:
    subprocess.run([program, *arguments], check=True, capture_output=True)
