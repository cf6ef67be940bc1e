"""The data after a rollback."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.database.rows.assessments import RowAssessments


@pytest.mark.plan("database-rolled-back")
@pytest.mark.cost("rows")
def test_the_data_is_what_it_was_before_the_cutover(rows: RowAssessments) -> None:
    """The data is what it was before the cutover.

    A restore that ended without an error may have brought back half of the tables, or doubled
    them.
    """
    assert_passed(rows.assess_equality_with_snapshot())


@pytest.mark.plan("database-rolled-back")
def test_what_was_acknowledged_since_is_listed(rows: RowAssessments) -> None:
    """The rows that were written since the snapshot are listed.

    A restore loses what was written after its backup, and people were told that it is stored.
    """
    assert_passed(rows.assess_writes_since_snapshot())
