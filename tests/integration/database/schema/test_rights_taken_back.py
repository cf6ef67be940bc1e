"""A right that the scripts take back is gone afterwards, also one that somebody granted by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.probes.database.schema import rules
from reference import migrate, postgres
from tests.findings import list_breaches
from tests.integration.database.conftest import BEFORE, CopyDatabase
from tests.integration.database.contexts import copy_scripts_of_night
from tests.integration.database.schema.conftest import RecordedAt, SchemaAt
from tests.selection import further

BY_HAND = """
CREATE SEQUENCE tickets;
CREATE TABLE notes (id int PRIMARY KEY, note text);
CREATE FUNCTION secret() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE TYPE mood AS ENUM ('calm');
CREATE SCHEMA wing;
GRANT SELECT, UPDATE ON visits TO helper;
GRANT SELECT (id, patient_id) ON documents TO helper;
GRANT SELECT ON notes TO helper WITH GRANT OPTION;
GRANT USAGE ON SEQUENCE tickets TO helper;
GRANT EXECUTE ON FUNCTION secret() TO helper;
GRANT USAGE, CREATE ON SCHEMA public TO helper;
GRANT USAGE ON TYPE mood TO helper;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO helper;
GRANT helper TO aide;
GRANT SET ON PARAMETER session_replication_role TO helper;
SELECT lo_from_bytea(77001, 'x');
GRANT SELECT ON LARGE OBJECT 77001 TO helper;
"""
"""What no script made or granted, but for the objects: those come with a script, see `OBJECTS`."""
OBJECTS = "".join(line for line in BY_HAND.splitlines(keepends=True) if line.startswith("CREATE"))

TAKEN: dict[str, tuple[str, str, str]] = {
    "a table": (
        "REVOKE UPDATE ON visits FROM helper",
        "GRANT UPDATE ON visits TO helper",
        "visits",
    ),
    "in a loop": (
        "DO $$ DECLARE t text; BEGIN FOR t IN SELECT tablename FROM pg_tables WHERE schemaname ="
        " 'public' LOOP EXECUTE format('RE' || 'VOKE ALL ON %I FROM helper', t); END LOOP; END $$;"
        " -- revoke all",
        "GRANT UPDATE ON visits TO helper",
        "visits",
    ),
    "a table that is renamed": (
        "ALTER TABLE notes RENAME TO remarks; REVOKE SELECT ON remarks FROM helper",
        "GRANT SELECT ON remarks TO helper",
        "remarks",
    ),
    "the right to pass it on": (
        "REVOKE GRANT OPTION FOR SELECT ON notes FROM helper",
        "GRANT SELECT ON notes TO helper WITH GRANT OPTION",
        "notes",
    ),
    "a column": (
        "REVOKE SELECT (patient_id) ON documents FROM helper",
        "GRANT SELECT (patient_id) ON documents TO helper",
        "documents.patient_id",
    ),
    "a sequence": (
        "REVOKE ALL ON SEQUENCE tickets FROM helper",
        "GRANT USAGE ON SEQUENCE tickets TO helper",
        "tickets",
    ),
    "a function": (
        "REVOKE EXECUTE ON FUNCTION secret() FROM helper",
        "GRANT EXECUTE ON FUNCTION secret() TO helper",
        "secret()",
    ),
    "a schema": (
        "REVOKE CREATE ON SCHEMA public FROM helper",
        "GRANT CREATE ON SCHEMA public TO helper",
        "schema public",
    ),
    "a type": (
        "REVOKE USAGE ON TYPE mood FROM helper",
        "GRANT USAGE ON TYPE mood TO helper",
        "mood",
    ),
    "a default": (
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE SELECT ON TABLES FROM helper",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO helper",
        "tables that",
    ),
    "a membership": ("REVOKE helper FROM aide", "GRANT helper TO aide", "role aide"),
    "a parameter": (
        "REVOKE SET ON PARAMETER session_replication_role FROM helper",
        "GRANT SET ON PARAMETER session_replication_role TO helper",
        "session_replication_role",
    ),
    "the owner's": (
        "REVOKE DELETE ON visits FROM owner",
        "GRANT DELETE ON visits TO owner",
        "visits to its owner",
    ),
    "everybody's": (
        "REVOKE EXECUTE ON FUNCTION secret() FROM PUBLIC",
        "GRANT EXECUTE ON FUNCTION secret() TO PUBLIC",
        "secret()",
    ),
    "all of a role": ("DROP OWNED BY helper", "GRANT UPDATE ON visits TO helper", "visits"),
}

Night = Callable[[str, str], Assessment]


@pytest.fixture
def night(
    spare: CopyDatabase,
    schema_at: SchemaAt,
    recorded_at: RecordedAt,
    server: postgres.Server,
    tmp_path: Path,
) -> Iterator[Night]:
    """`night(script, by_hand)`: the rights after a script, and after what somebody did then."""

    def perform(script: str, by_hand: str) -> Assessment:
        scripts = copy_scripts_of_night(tmp_path / "scripts")
        (scripts / "V11__objects.sql").write_text(OBJECTS)
        dsn = spare(BEFORE)
        migrate.migrate(dsn, folder=scripts, to=12)
        _execute(dsn, *BY_HAND.replace(OBJECTS, "").split("\n"))
        recorded_at(dsn)
        (scripts / "V12__rights.sql").write_text(script)
        migrate.migrate(dsn, folder=scripts, to=12)
        _execute(dsn, by_hand)
        return schema_at(dsn, locations=[scripts]).assess_environment()

    with psycopg.connect(server.dsn("postgres"), autocommit=True) as admin:
        for role in ("helper", "aide"):
            if not admin.execute("SELECT FROM pg_roles WHERE rolname = %s", [role]).fetchall():
                admin.execute(f"CREATE ROLE {role}".encode())
        yield perform
        admin.execute("REVOKE SET ON PARAMETER session_replication_role FROM helper")


@pytest.mark.parametrize("what", [next(iter(TAKEN)), *map(further, [*TAKEN][1:])])
def test_a_right_that_is_still_there_is_found(night: Night, what: str) -> None:
    script, by_hand, subject = TAKEN[what]
    seen = night(script, by_hand)
    assert not seen.not_proven
    assert any(subject in found for _, found in list_breaches(seen)), seen.findings


def test_a_right_that_is_gone_is_no_finding(night: Night) -> None:
    everything = ";".join(script for script, _, _ in TAKEN.values() if "remarks" not in script)
    seen = night(everything, "")
    assert not seen.findings
    assert not seen.not_proven


def test_a_right_of_a_view_that_is_made_anew_may_stay(night: Night) -> None:
    """To make something anew takes its rights away, too, and they are granted again by hand."""
    script = "REVOKE UPDATE ON visits FROM helper; DROP TABLE notes; CREATE TABLE notes (id int)"
    seen = night(script, "GRANT SELECT ON notes TO helper WITH GRANT OPTION")
    assert (rules.WIDER_RIGHTS, "grant on notes to helper") not in list_breaches(seen)


def _execute(dsn: str, *statements: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        for statement in filter(None, statements):
            connection.execute(statement.encode())
