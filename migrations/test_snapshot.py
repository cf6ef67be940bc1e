"""The snapshot that later gates and every backup are compared with."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.database.rows.assessments import RowAssessments


@pytest.mark.plan("final-backups")
@pytest.mark.cost("rows")
def test_a_snapshot_is_taken_and_has_every_table(rows: RowAssessments) -> None:
    """A snapshot is taken and holds every table in full.

    What is not in it can never be compared after the cutover.
    """
    assert_passed(rows.assess_snapshot_capture())
