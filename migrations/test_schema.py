"""The schema is the release's: what its scripts make, with what stood around it before; and after a
rollback, what it was.
"""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.database.schema.assessments import SchemaAssessments


@pytest.mark.plan("migration-verified")
def test_the_schema_is_what_the_scripts_make(schema: SchemaAssessments) -> None:
    """A history that says "success" does not say what is there.

    Every table, column, constraint and index is as the scripts make it of nothing.
    """
    assert_passed(schema.assess_against_scripts())


@pytest.mark.plan("migration-verified")
def test_what_the_scripts_say_nothing_of_is_as_it_was(schema: SchemaAssessments) -> None:
    """Rights are granted by hand, and a table that is made anew has lost them.

    Rights, owners, extensions, roles and collation are as before.
    """
    assert_passed(schema.assess_environment())


@pytest.mark.plan("key-tables")
def test_the_key_tables_exist_and_hold_rows(schema: SchemaAssessments) -> None:
    """An empty table has nothing wrong with it.

    Each table that the release cannot work without is there, and holds rows.
    """
    assert_passed(schema.assess_key_tables())


@pytest.mark.plan("database-rolled-back")
def test_the_schema_is_the_recorded_one(schema: SchemaAssessments) -> None:
    """A restore onto what is already there leaves new things behind.

    After a rollback nothing is missing, and nothing is left over.
    """
    assert_passed(schema.assess_rollback())
