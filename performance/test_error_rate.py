"""Errors under load."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.load.assessments import LoadAssessments


@pytest.mark.plan("error-rate")
def test_fewer_requests_fail_than_the_plan_allows(load: LoadAssessments) -> None:
    """Fewer requests fail under load than the plan allows.

    The plan allows less than one in a thousand. A rejection, no answer, and a wrong answer with the
    right status are all failures.
    """
    assert_passed(load.assess_error_rate())
