"""The database after a rollback: restored, or with the schema of the new release left in place."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.database.way_back.assessments import DatabaseRollback

pytestmark = pytest.mark.plan("database-rolled-back")


@pytest.mark.cost("rows")
def test_the_data_is_what_it_was_before_the_cutover(database_rollback: DatabaseRollback) -> None:
    """The data is what it was before the cutover.

    A restore that ended without an error may have brought back half of the tables, or doubled
    them. Where only the application goes back, no row of the snapshot is gone.
    """
    assert_passed(database_rollback.assess_data())


def test_what_was_acknowledged_since_is_listed(database_rollback: DatabaseRollback) -> None:
    """The rows that were written since the snapshot are listed.

    A restore loses what was written after its backup, and people were told that it is stored.
    """
    assert_passed(database_rollback.assess_writes())


def test_every_script_of_a_schema_that_stays_is_applied(
    database_rollback: DatabaseRollback,
) -> None:
    """Where the schema of the new release stays, every script of the night is applied.

    The release before was tried on the whole new schema, and not on a half of it.
    """
    assert_passed(database_rollback.assess_history())
