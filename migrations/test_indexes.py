"""Indexes are a second copy of the data, and queries read them first."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.database.integrity.assessments import IntegrityAssessments


@pytest.mark.plan("indexes-agree")
@pytest.mark.cost("indexes")
def test_indexes_agree_with_their_tables(integrity: IntegrityAssessments) -> None:
    """Every index holds what its table holds, in order.

    A search by an index does not find a row that the index lacks.
    """
    assert_passed(integrity.assess_indexes())
