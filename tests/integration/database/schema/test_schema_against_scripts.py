"""A target's schema is compared with what the scripts make of an empty database."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from cutover_gates.probes.database.schema import rules
from reference import postgres
from tests.findings import list_breaches, list_values
from tests.integration.database.conftest import BEFORE, MIGRATED, CopyDatabase
from tests.integration.database.schema.conftest import SchemaAt


def test_a_migrated_hospital_is_what_the_scripts_make(
    unchanged: CopyDatabase, schema_at: SchemaAt
) -> None:
    seen = schema_at(unchanged(MIGRATED)).assess_against_scripts()

    assert not seen.findings
    assert not seen.not_proven
    assert "table patients" in seen.checked
    assert "column visits.status" in seen.checked
    assert not any("flyway" in name for name in seen.checked)
    assert (
        seen.figures["expected"] == "the scripts V1__facilities_and_staff.sql to"
        " V10__token_rotation_idempotency_and_audit.sql"
    )


@pytest.mark.parametrize(
    ("statement", "values"),
    [
        (
            "ALTER TABLE visits ALTER tag TYPE text",
            [("column visits.tag", 'type "character varying(64)"', '"text"')],
        ),
        (
            "ALTER TABLE documents DROP CONSTRAINT documents_size_check",
            (
                [
                    (
                        "constraint documents.documents_size_check",
                        "CHECK (((size >= 1) AND (size <= 2097152)))",
                        "absent",
                    )
                ]
            ),
        ),
        (
            "DROP INDEX patients_by_facility",
            (
                [
                    (
                        "index patients_by_facility",
                        (
                            "CREATE INDEX patients_by_facility ON public.patients USING btree"
                            " (facility, mrn)"
                        ),
                        "absent",
                    )
                ]
            ),
        ),
        (
            "CREATE TABLE patients_old AS SELECT * FROM patients",
            [("table patients_old", "absent", "present")],
        ),
        (
            "ALTER TABLE patients ENABLE ROW LEVEL SECURITY",
            [("table patients", 'row security "off"', '"on"')],
        ),
        (
            "ALTER TABLE visits DISABLE TRIGGER ALL",
            (
                [
                    (
                        "constraint visits.visits_patient_id_fkey",
                        'enforcing triggers "enabled"',
                        '"disabled"',
                    ),
                    (
                        "trigger visits.visits_keep_status_and_state",
                        'state "enabled"',
                        '"disabled"',
                    ),
                ]
            ),
        ),
    ],
)
def test_what_the_scripts_do_not_make_is_found(
    spare: CopyDatabase, schema_at: SchemaAt, statement: str, values: list[tuple[str, str, str]]
) -> None:
    assessment = schema_at(spare(MIGRATED, statement)).assess_against_scripts()
    assert {finding.rule for finding in assessment.findings} == {rules.SCRIPTED_SCHEMA}
    assert list_values(assessment) == values


def test_a_hospital_that_was_not_migrated_is_found(
    unchanged: CopyDatabase, schema_at: SchemaAt
) -> None:
    assessment = schema_at(unchanged(BEFORE)).assess_against_scripts()

    assert (rules.SCRIPTED_SCHEMA, "table refresh_tokens") in list_breaches(assessment)
    assert (rules.SCRIPTED_SCHEMA, "column visits.status") in list_breaches(assessment)


def test_rights_outside_of_the_scripts_are_no_difference(
    spare: CopyDatabase, schema_at: SchemaAt
) -> None:
    """The hospital grants after its migration, by hand.

    Whether such rights are as they were, another check asks.
    """
    assert (
        not schema_at(spare(MIGRATED, "REVOKE ALL ON visits FROM hospital_app"))
        .assess_against_scripts()
        .findings
    )


GRANTING = """
CREATE EXTENSION vector;
CREATE TABLE wards (id int PRIMARY KEY);
GRANT SELECT, INSERT ON wards TO hospital_app;
CREATE TABLE notes (id int); ALTER TABLE notes OWNER TO hospital_reader;
CREATE FUNCTION secret() RETURNS int LANGUAGE sql AS 'SELECT 1'; REVOKE EXECUTE ON FUNCTION secret FROM PUBLIC;
"""


@pytest.mark.parametrize(
    ("statement", "values"),
    [
        ("SELECT 1", []),
        ("GRANT DELETE ON wards TO hospital_app", []),
        ("REVOKE USAGE ON SCHEMA public FROM PUBLIC", []),
        (
            "REVOKE INSERT ON wards FROM hospital_app",
            [("grant on wards to hospital_app", 'rights "INSERT, SELECT"', '"SELECT"')],
        ),
        (
            "REVOKE ALL ON wards FROM hospital_app",
            [("grant on wards to hospital_app", 'rights "INSERT, SELECT"', "absent")],
        ),
        (
            "ALTER TABLE notes OWNER TO hospital_app",
            [("owner of notes", 'owner "hospital_reader"', '"hospital_app"')],
        ),
        (
            "GRANT EXECUTE ON FUNCTION secret TO PUBLIC",
            [("secret()", "no further right for PUBLIC", "EXECUTE")],
        ),
        ("DROP EXTENSION vector", [("extension vector", "present", "absent")]),
    ],
)
def test_what_scripts_say_of_rights_is_kept(
    server: postgres.Server,
    schema_at: SchemaAt,
    tmp_path: Path,
    statement: str,
    values: list[tuple[str, str, str]],
) -> None:
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    (scripts / "V1__wards.sql").write_text(GRANTING)
    server.create("granting")
    try:
        with psycopg.connect(server.dsn("granting"), autocommit=True) as connection:
            connection.execute(GRANTING)
            connection.execute(statement.encode())
        seen = schema_at(server.dsn("granting"), locations=[scripts]).assess_against_scripts()
        assert list_values(seen) == values
    finally:
        server.drop("granting")


def test_partitions_that_somebody_adds_every_month_are_no_difference(
    server: postgres.Server, schema_at: SchemaAt, tmp_path: Path
) -> None:
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    (scripts / "V1__readings.sql").write_text(
        "CREATE TABLE readings (id int, at date, PRIMARY KEY (id, at)) PARTITION BY RANGE"
        " (at);CREATE TABLE readings_1 PARTITION OF readings FOR VALUES FROM ('2026-01-01') TO"
        " ('2026-02-01');"
        # PostgreSQL makes a copy of this key for each partition, with a name of its own.
        "CREATE TABLE notes (id int, at date, FOREIGN KEY (id, at) REFERENCES readings);"
    )
    server.create("partitioned")
    try:
        with psycopg.connect(server.dsn("partitioned"), autocommit=True) as connection:
            connection.execute((scripts / "V1__readings.sql").read_bytes())
            connection.execute(
                "CREATE TABLE readings_2 PARTITION OF readings FOR VALUES FROM ('2026-02-01') TO"
                " ('2026-03-01')"
            )
            schema = schema_at(server.dsn("partitioned"), locations=[scripts])
            added = schema.assess_against_scripts()
            connection.execute("ALTER TABLE notes DROP CONSTRAINT notes_id_at_fkey")
            connection.execute("DROP TABLE readings_1")
            dropped = schema.assess_against_scripts()
    finally:
        server.drop("partitioned")

    assert (added.findings, added.figures["partitions that were added"]) == ((), ["readings_2"])
    assert list_breaches(dropped) == [
        (rules.SCRIPTED_SCHEMA, "table readings_1"),
        (rules.SCRIPTED_SCHEMA, "constraint notes.notes_id_at_fkey"),
    ]
    assert {finding.actual for finding in dropped.findings} == {"absent"}
