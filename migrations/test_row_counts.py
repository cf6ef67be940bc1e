"""Not a row too few, and none too many."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.database.rows.assessments import RowAssessments


@pytest.mark.plan("row-counts")
def test_every_table_has_the_rows_that_it_should_have(rows: RowAssessments) -> None:
    """Nothing declared means as many as before.

    A table that nobody counted is not proven, and neither is nothing that became of nothing.
    """
    assert_passed(rows.assess_counts())
