"""The snapshot that everything after the cutover, and every backup, is held against."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.database.rows.assessments import RowAssessments


@pytest.mark.plan("final-backups")
def test_a_snapshot_is_taken_and_has_every_table(rows: RowAssessments) -> None:
    """What was not written down before the cutover can never be compared after it."""
    assert_passed(rows.assess_snapshot_capture())
