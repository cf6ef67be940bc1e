"""Rights, owners, extensions and roles are compared with the snapshot from before."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from cutover_gates.probes.database.snapshot.rules import SNAPSHOT_EXISTS
from reference import migrate
from tests.findings import list_values, raises_gap
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
    ("statement", "values"),
    [
        (
            "REVOKE SELECT ON visits FROM hospital_app",
            (
                [
                    (
                        "grant on visits to hospital_app",
                        'rights "DELETE, INSERT, SELECT, UPDATE"',
                        '"DELETE, INSERT, UPDATE"',
                    )
                ]
            ),
        ),
        (
            "REVOKE ALL ON refresh_tokens FROM hospital_app",
            [
                (
                    "new table refresh_tokens",
                    "a right for hospital_app, as on each table before",
                    "none",
                )
            ],
        ),
        (
            "GRANT SELECT ON patients TO PUBLIC",
            [("patients", "no further right for PUBLIC", "SELECT")],
        ),
        (
            "ALTER TABLE visits OWNER TO hospital_app",
            [("owner of visits", 'owner "owner"', '"hospital_app"')],
        ),
        (
            "ALTER TABLE refresh_tokens OWNER TO hospital_reader",
            [("owner of refresh_tokens", "a role that owned something before", "hospital_reader")],
        ),
        (
            "UPDATE pg_extension SET extversion = '0.9' WHERE extname = 'plpgsql'",
            [("extension plpgsql", 'version "1.0"', '"0.9"')],
        ),
        ("CREATE EXTENSION vector", [("extension vector", "absent", "present")]),
        (
            "ALTER TABLE patients ENABLE ROW LEVEL SECURITY",
            [("table patients", 'row security "off"', '"on"')],
        ),
        (
            "CREATE POLICY mine ON patients USING (true)",
            [("policy patients.mine", "absent", "present")],
        ),
        (
            "UPDATE pg_database SET datcollversion = '2.31' WHERE datname = current_database()",
            [("the database", 'collation version "1"', '"2.31"')],
        ),
    ],
)
def test_what_changed_beside_the_scripts_is_found(
    cutover_of: CutoverOf, schema_at: SchemaAt, statement: str, values: list[tuple[str, str, str]]
) -> None:
    found = list_values(schema_at(cutover_of(statement)).assess_environment())
    assert set(values) <= set(found)


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
        assert list_values(schema_at(dsn).assess_environment()) == [
            ("role hospital_app", 'attributes "INHERIT, LOGIN"', '"INHERIT, LOGIN, BYPASSRLS"')
        ]
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
    assert list_values(lacking) == [
        (
            "grant on refresh_tokens to hospital_app",
            'rights "DELETE, INSERT, SELECT, UPDATE"',
            '"INSERT, SELECT, UPDATE"',
        )
    ]


def test_without_a_snapshot_nothing_is_proven(spare: CopyDatabase, schema_at: SchemaAt) -> None:
    with raises_gap(SNAPSHOT_EXISTS):
        schema_at(spare(MIGRATED)).assess_environment()
