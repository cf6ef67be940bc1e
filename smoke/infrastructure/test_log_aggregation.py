"""A day before the cutover: the target's log is where it will be looked for."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.observability.logs.assessments import LogAssessments

pytestmark = pytest.mark.plan("log-aggregation")


def test_logs_arrive_in_the_store(logs: LogAssessments) -> None:
    """A log that stays on its machine is lost with it.

    A request's line is found in the store in time, with level, time and id.
    """
    assert_passed(logs.assess_delivery())
