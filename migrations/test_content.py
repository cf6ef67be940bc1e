"""The content of the rows from before the migration."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.database.rows.assessments import RowAssessments


@pytest.mark.plan("content-unchanged")
@pytest.mark.cost("rows")
def test_the_content_is_what_it_was_or_was_declared_to_become(rows: RowAssessments) -> None:
    """The content of every row is what it was, or what it is declared to become.

    Equal counts prove little: the names of two patients may be exchanged, a text cut off, a
    time moved by a time zone.
    """
    assert_passed(rows.assess_contents())


@pytest.mark.plan("no-data-loss")
@pytest.mark.cost("rows")
def test_no_row_from_before_is_gone(rows: RowAssessments) -> None:
    """Every row from before the migration is still there, under its key.

    People work with the new release already, so rows come and change.
    """
    assert_passed(rows.assess_retained_rows())
