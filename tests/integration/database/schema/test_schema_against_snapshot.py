"""What the scripts say nothing of is held against what was recorded before the cutover."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from cutover_gates.core.evidence.assessment import NotProven
from reference import migrate
from tests.integration.database.conftest import BEFORE, MIGRATED, CopyDatabase
from tests.integration.database.schema.conftest import RecordedAt, SchemaAt

CutoverOf = Callable[..., str]


@pytest.fixture
def cutover_of(spare: CopyDatabase, recorded_at: RecordedAt) -> CutoverOf:
    """`cutover_of(*statements)`: a hospital with a snapshot, migrated since, to which the
    statements were done.
    """

    def perform(*statements: str) -> str:
        dsn = spare(BEFORE)
        recorded_at(dsn)
        migrate.migrate(dsn)
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(
                "GRANT SELECT, INSERT, UPDATE, DELETE ON refresh_tokens, idempotency_keys TO"
                " hospital_app"
            )
            for statement in statements:
                connection.execute(statement.encode())
        return dsn

    return perform


def test_a_cutover_leaves_the_rest_as_it_was(cutover_of: CutoverOf, schema_at: SchemaAt) -> None:
    seen = schema_at(cutover_of()).assess_environment()

    assert not seen.findings
    assert not seen.not_proven
    assert "extension plpgsql" in seen.checked
    assert seen.figures["new rights"] == [
        "public.idempotency_keys to hospital_app",
        "public.refresh_tokens to hospital_app",
    ]


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        (
            "REVOKE SELECT ON visits FROM hospital_app",
            (
                'The grant on visits to hospital_app: expected rights "DELETE, INSERT, SELECT,'
                ' UPDATE", found "DELETE, INSERT, UPDATE".'
            ),
        ),
        (
            "REVOKE ALL ON refresh_tokens FROM hospital_app",
            (
                "The role hospital_app had a right to each table before, and has none to the new"
                " table refresh_tokens: grant it, or name a catalog in which it has none"
                " (migrations.expected_catalog)."
            ),
        ),
        (
            "GRANT SELECT ON patients TO PUBLIC",
            "Everybody (PUBLIC) has the right SELECT on patients, and nothing expects that.",
        ),
        (
            "ALTER TABLE visits OWNER TO hospital_app",
            'The owner of visits: expected owner "owner", found "hospital_app".',
        ),
        (
            "ALTER TABLE refresh_tokens OWNER TO hospital_reader",
            (
                "The owner of refresh_tokens is hospital_reader, who owned nothing before: whoever"
                " migrated was the wrong role."
            ),
        ),
        (
            "UPDATE pg_extension SET extversion = '0.9' WHERE extname = 'plpgsql'",
            'The extension plpgsql: expected version "1.0", found "0.9".',
        ),
        ("CREATE EXTENSION vector", "The extension vector is there, and nothing expects it."),
        (
            "ALTER TABLE patients ENABLE ROW LEVEL SECURITY",
            'The table patients: expected row security "off", found "on".',
        ),
        (
            "CREATE POLICY mine ON patients USING (true)",
            "The policy patients.mine is there, and nothing expects it.",
        ),
        (
            "UPDATE pg_database SET datcollversion = '2.31' WHERE datname = current_database()",
            'The database: expected collation version "1", found "2.31".',
        ),
    ],
)
def test_what_changed_beside_the_scripts_is_found(
    cutover_of: CutoverOf, schema_at: SchemaAt, statement: str, sentence: str
) -> None:
    assert sentence in schema_at(cutover_of(statement)).assess_environment().findings


def test_a_partition_needs_no_rights_of_its_own(cutover_of: CutoverOf, schema_at: SchemaAt) -> None:
    dsn = cutover_of(
        "CREATE TABLE readings (at date) PARTITION BY RANGE (at)",
        "GRANT SELECT ON readings TO hospital_app",
        "CREATE TABLE readings_1 PARTITION OF readings FOR VALUES FROM ('2026-01-01') TO"
        " ('2026-02-01')",
    )

    assert not schema_at(dsn).assess_environment().findings


def test_a_role_that_may_do_more_than_before_is_found(
    cutover_of: CutoverOf, schema_at: SchemaAt
) -> None:
    dsn = cutover_of("ALTER ROLE hospital_app BYPASSRLS")
    try:
        assert schema_at(dsn).assess_environment().findings == (
            (
                'The role hospital_app: expected attributes "INHERIT, LOGIN", found '
                '"INHERIT, LOGIN, BYPASSRLS".'
            ),
        )
    finally:
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute("ALTER ROLE hospital_app NOBYPASSRLS")


def test_the_rights_of_a_recorded_release_are_asked_for_exactly(
    spare: CopyDatabase,
    cutover_of: CutoverOf,
    schema_at: SchemaAt,
    recorded_at: RecordedAt,
    tmp_path: Path,
) -> None:
    staging = tmp_path / "staging.json.gz"
    written = recorded_at(spare(MIGRATED)).path
    assert written is not None
    written.rename(staging)

    clean = schema_at(cutover_of(), expected_catalog=staging).assess_environment()
    lacking = schema_at(
        cutover_of("REVOKE DELETE ON refresh_tokens FROM hospital_app"), expected_catalog=staging
    ).assess_environment()

    assert not clean.findings
    assert lacking.findings == (
        (
            'The grant on refresh_tokens to hospital_app: expected rights "DELETE, INSERT, SELECT,'
            ' UPDATE", found "INSERT, SELECT, UPDATE".'
        ),
    )


def test_without_a_snapshot_nothing_is_proven(spare: CopyDatabase, schema_at: SchemaAt) -> None:
    with pytest.raises(NotProven, match="no snapshot"):
        schema_at(spare(MIGRATED)).assess_environment()
