"""Phase 1, schema: it is what the scripts make, or after a rollback what it was."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.database.schema.assessments import SchemaAssessments
from cutover_gates.probes.database.way_back.assessments import DatabaseRollback


@pytest.mark.plan("migration-verified")
def test_the_schema_is_what_the_scripts_make(schema: SchemaAssessments) -> None:
    """The schema is what the scripts make of an empty database.

    A history that says "success" does not say what is there. Every table, column, constraint and
    index is compared.
    """
    assert_passed(schema.assess_against_scripts())


@pytest.mark.plan("migration-verified")
def test_what_the_scripts_say_nothing_of_is_as_it_was(schema: SchemaAssessments) -> None:
    """Rights, owners, extensions, roles and collation are as before the migration.

    Rights are granted by hand, and a table that a script makes anew has lost them.
    """
    assert_passed(schema.assess_environment())


@pytest.mark.plan("final-backups", "database-rolled-back")
def test_every_schema_with_tables_is_declared(schema: SchemaAssessments) -> None:
    """Every schema with tables is declared.

    Nothing is compared in a schema that the settings do not name.
    """
    assert_passed(schema.assess_declared_schemas())


@pytest.mark.plan("migration-verified")
def test_every_schema_of_the_release_is_declared(schema: SchemaAssessments) -> None:
    """Every schema with tables is declared, also those that the scripts make."""
    assert_passed(schema.assess_schemas_of_release())


@pytest.mark.plan("migration-verified")
def test_the_planner_has_statistics(schema: SchemaAssessments) -> None:
    """The planner has statistics of every larger table.

    A table that a script fills or rewrites has none, and an upgrade of the server drops all.
    """
    assert_passed(schema.assess_planner_statistics())


@pytest.mark.plan("key-tables")
def test_the_key_tables_exist_and_hold_rows(schema: SchemaAssessments) -> None:
    """The key tables exist and hold rows.

    An empty table violates no constraint, so no other check finds it.
    """
    assert_passed(schema.assess_key_tables())


@pytest.mark.plan("database-rolled-back")
def test_the_schema_is_the_recorded_one(database_rollback: DatabaseRollback) -> None:
    """After a rollback the schema is the recorded one.

    A restore over an existing database leaves new objects behind. Nothing is missing, and nothing
    is left over. Where only the application goes back, it is what the scripts make, whole.
    """
    assert_passed(database_rollback.assess_schema())
