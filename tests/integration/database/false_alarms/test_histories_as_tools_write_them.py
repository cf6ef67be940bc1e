"""Histories with the rows that tools leave behind when a migration fails, or never ran."""

from __future__ import annotations

from pathlib import Path

import pytest

from cutover_gates.hospital.matchers.expectations import assert_passed
from cutover_gates.probes.database.history import rules
from cutover_gates.probes.database.history.assessments import HistoryAssessments
from cutover_gates.probes.database.history.history_tools import TOOLS
from cutover_gates.probes.database.rows import rules as row_rules
from tests.findings import list_breaches
from tests.integration.database.false_alarms.conftest import StartSmall
from tests.integration.database.false_alarms.test_program_histories import (
    CLEAN,
    RAILS_TABLE,
    judge,
    write_verdict,
)
from tests.selection import further

AR_METADATA = (
    "CREATE TABLE ar_internal_metadata (key varchar PRIMARY KEY, value varchar, created_at"
    " timestamp(6) NOT NULL DEFAULT now(), updated_at timestamp(6) NOT NULL DEFAULT now());"
    " INSERT INTO ar_internal_metadata (key, value) VALUES ('environment', 'production'),"
    " ('schema_sha1', '5c4f9f2a')"
)
HAPI_TABLE = (
    'CREATE TABLE "FLY_HFJ_MIGRATION" (installed_rank int PRIMARY KEY, version varchar(50),'
    " description varchar(200) NOT NULL, type varchar(20) NOT NULL, script varchar(1000) NOT NULL,"
    " checksum int, installed_by varchar(100) NOT NULL, installed_on timestamp DEFAULT now(),"
    " execution_time int NOT NULL, success bool NOT NULL, result varchar(100))"
)
HAPI_ROW = (
    "INSERT INTO \"FLY_HFJ_MIGRATION\" VALUES ({0}, '8.0.{0}', 'task', 'JDBC', 'HapiMigration{0}',"
    " {1}, 'hapi', now(), 12, {2}, 'EXECUTED')"
)


@pytest.mark.parametrize(
    "tool", ["prisma", *map(further, [each for each in CLEAN if each != "prisma"])]
)
def test_an_empty_history_is_found(start_small: StartSmall, tmp_path: Path, tool: str) -> None:
    """A table that a tool made, and in which nothing ran, is no success."""
    found = judge(start_small, tmp_path, tool, f'DELETE FROM "{TOOLS[tool].table}"')
    breaches = list_breaches(found.assess_completeness())
    assert (rules.MIGRATIONS_APPLIED, f"public.{TOOLS[tool].table}") in breaches


@pytest.mark.parametrize(
    "harm",
    [
        "rolled_back_at = now(), finished_at = NULL",
        further("finished_at = NULL, logs = 'syntax error', applied_steps_count = 0"),
        further("rolled_back_at = now()"),
    ],
)
def test_a_migration_of_prisma_that_failed_is_not_applied(
    start_small: StartSmall, tmp_path: Path, harm: str
) -> None:
    """`migrate resolve --rolled-back` marks the row, and the migration is still to come."""
    statement = f"UPDATE _prisma_migrations SET {harm} WHERE migration_name LIKE '%more'"
    found = list_breaches(judge(start_small, tmp_path, "prisma", statement).assess_completeness())
    name = "20260102000000_more"
    assert {*found} == {(rules.MIGRATIONS_SUCCEEDED, name), (rules.MIGRATIONS_APPLIED, name)}


@pytest.mark.thorough
def test_what_rails_keeps_beside_its_history_is_compared_as_any_table(
    start_small: StartSmall, tmp_path: Path
) -> None:
    history = judge(start_small, tmp_path, "rails", AR_METADATA)
    assert_passed(history.assess_completeness())
    versions = "INSERT INTO schema_migrations VALUES ('{}')"
    before = (RAILS_TABLE, AR_METADATA, versions.format(1))
    database = start_small(*before, tool="rails", locations=[])
    database.run_statements(versions.format(2))
    assert_passed(database.rows.assess_contents())
    database.run_statements(
        "UPDATE ar_internal_metadata SET value = 'test' WHERE key = 'environment'"
    )
    found = list_breaches(database.rows.assess_contents())
    assert found == [(row_rules.CONTENT, "ar_internal_metadata")]


@pytest.mark.thorough
def test_a_task_of_hapi_that_failed_is_found(start_small: StartSmall, tmp_path: Path) -> None:
    settings = {"locations": [], "history_table": "FLY_HFJ_MIGRATION"}
    database = start_small(HAPI_TABLE, HAPI_ROW.format(1, 11, "true"), **settings)
    database.run_statements(HAPI_ROW.format(2, 22, "true"))
    write_verdict(
        database.context.reports, database.dsn, tmp_path, settings, table='"FLY_HFJ_MIGRATION"'
    )
    assert_passed(HistoryAssessments(database.context).assess_completeness())
    database.run_statements('UPDATE "FLY_HFJ_MIGRATION" SET success = false WHERE checksum = 22')
    found = list_breaches(HistoryAssessments(database.context).assess_completeness())
    assert (rules.MIGRATIONS_SUCCEEDED, "HapiMigration2 (8.0.2)") in found
    database.run_statements('DELETE FROM "FLY_HFJ_MIGRATION"')
    found = list_breaches(HistoryAssessments(database.context).assess_completeness())
    assert (rules.MIGRATIONS_APPLIED, "public.FLY_HFJ_MIGRATION") in found
