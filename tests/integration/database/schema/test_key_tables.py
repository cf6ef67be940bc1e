"""The tables without which the release cannot work exist and hold rows."""

from __future__ import annotations

import psycopg

from cutover_gates.probes.database.schema import rules
from reference import postgres
from tests.findings import list_breaches, list_gaps
from tests.integration.database.conftest import MIGRATED, CopyDatabase
from tests.integration.database.schema.conftest import SchemaAt


def test_key_tables_are_there_and_hold_rows(unchanged: CopyDatabase, schema_at: SchemaAt) -> None:
    seen = schema_at(
        unchanged(MIGRATED), key_tables=["patients", "public.visits"]
    ).assess_key_tables()

    assert (seen.checked, seen.findings, seen.not_proven) == (("patients", "visits"), (), ())


def test_an_empty_or_missing_key_table_is_found(spare: CopyDatabase, schema_at: SchemaAt) -> None:
    seen = schema_at(
        spare(MIGRATED, "TRUNCATE visits"), key_tables=["patients", "visits", "appointments"]
    ).assess_key_tables()

    assert {finding.rule for finding in seen.findings} == {rules.KEY_TABLES}
    assert {finding.subject: finding.actual for finding in seen.findings} == {
        "appointments": "the table is missing",
        "visits": "the table has no rows",
    }


def test_a_key_table_that_cannot_be_read_is_not_proven(
    server: postgres.Server, unchanged: CopyDatabase, schema_at: SchemaAt
) -> None:
    name = str(psycopg.conninfo.conninfo_to_dict(unchanged(MIGRATED))["dbname"])

    seen = schema_at(
        server.dsn(name, postgres.APPLICATION), key_tables=["visits", "pg_catalog.pg_authid"]
    ).assess_key_tables()
    assert list_breaches(seen) == [(rules.KEY_TABLES, "pg_catalog.pg_authid")]

    with psycopg.connect(server.dsn(name), autocommit=True) as owner:
        owner.execute("REVOKE ALL ON visits FROM hospital_app")
    hidden = schema_at(
        server.dsn(name, postgres.APPLICATION), key_tables=["visits"]
    ).assess_key_tables()
    assert list_gaps(hidden) == [(rules.KEY_TABLES, "visits")]
    assert hidden.not_proven[0].actual == "permission denied for table visits"
    assert not hidden.checked


def test_where_none_is_declared_each_table_of_the_scripts_is_a_key_table(
    spare: CopyDatabase, schema_at: SchemaAt
) -> None:
    seen = schema_at(spare(MIGRATED, "DROP TABLE idempotency_keys")).assess_key_tables()

    assert list_breaches(seen) == [(rules.KEY_TABLES, "idempotency_keys")]
    assert "patients" in seen.checked
