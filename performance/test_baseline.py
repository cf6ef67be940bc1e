"""The baseline: what later runs are held against."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.load.assessments import LoadAssessments


@pytest.mark.plan("baseline-recorded")
def test_a_good_run_is_recorded_as_the_baseline(load: LoadAssessments) -> None:
    """Before the cutover the system that will be replaced is measured, so that "twice the baseline"
    means something. A bad run never becomes one.
    """
    assert_passed(load.record_baseline())
