"""Indexes are a second copy of the data, and the one that is asked first."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.database.integrity.assessments import IntegrityAssessments


@pytest.mark.plan("indexes-agree")
def test_indexes_agree_with_their_tables(integrity: IntegrityAssessments) -> None:
    """A row that its index lacks is not found by those who look for it.

    Every index holds what its table holds, in order.
    """
    assert_passed(integrity.assess_indexes())
