"""The baseline with which later runs are compared."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.load.assessments import LoadAssessments


@pytest.mark.plan("baseline-recorded")
def test_a_good_run_is_recorded_as_the_baseline(load: LoadAssessments) -> None:
    """A good load run is recorded as the baseline.

    The system before the cutover is measured, so that "twice the baseline" has a meaning. A run
    that failed is never recorded.
    """
    assert_passed(load.record_baseline())
