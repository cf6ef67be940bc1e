"""Check of the log store, a day before the cutover."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.observability.logs.assessments import LogAssessments

pytestmark = pytest.mark.plan("log-aggregation")


def test_logs_arrive_in_the_store(logs: LogAssessments) -> None:
    """The line of a request is in the log store in time, with level, time and the request's id.

    A log that stays on its machine is lost with the machine.
    """
    assert_passed(logs.assess_delivery())
