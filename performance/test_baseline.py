"""The baseline with which later runs are compared."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.load.assessments import LoadAssessments
from cutover_gates.watch.response_baselines import ResponseBaselines


@pytest.mark.plan("baseline-recorded")
def test_a_good_run_is_recorded_as_the_baseline(
    load: LoadAssessments, response_baselines: ResponseBaselines
) -> None:
    """A good load run is recorded as the baseline.

    The system before the cutover is measured, so that "twice the baseline" has a meaning. A run
    that failed is never recorded. Where a rollback trigger compares response times from Prometheus,
    they are recorded from there, too.
    """
    assert_passed(load.record_baseline())
    assert_passed(response_baselines.record())
