"""Rows that the migration moves between tables."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.database.rows.assessments import RowAssessments


@pytest.mark.plan("content-unchanged")
@pytest.mark.cost("rows")
def test_what_is_gone_says_where_it_went(rows: RowAssessments) -> None:
    """What a dropped table or column held is kept elsewhere, or deleted on purpose.

    A split, a merge or a moved column can lose rows, and the tables that stay show nothing of it.
    """
    assert_passed(rows.assess_departures())
