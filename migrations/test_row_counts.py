"""The number of rows of each table."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.database.rows.assessments import RowAssessments


@pytest.mark.plan("row-counts")
@pytest.mark.cost("rows")
def test_every_table_has_the_rows_that_it_should_have(rows: RowAssessments) -> None:
    """Every table has as many rows as before, or as many as are declared.

    A table that was not counted is not proven, and neither is a comparison of empty tables.
    """
    assert_passed(rows.assess_counts())
