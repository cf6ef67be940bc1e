"""The target's log arrives where it is read, complete, and holds nothing that its readers must not
know.
"""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.observability.logs.assessments import LogAssessments


@pytest.mark.plan("logs-flowing")
def test_the_line_of_a_request_arrives(logs: LogAssessments) -> None:
    """Tonight's errors are looked for in the log.

    A request's line is in the store in time, with level, time and the request's id.
    """
    assert_passed(logs.assess_delivery())


@pytest.mark.plan("logs-flowing")
def test_no_line_holds_a_secret(logs: LogAssessments) -> None:
    """More people read logs than may sign in as others.

    While somebody signs in and works, no line holds a password or a token.
    """
    assert_passed(logs.assess_secrets())


@pytest.mark.plan("logs-flowing")
def test_no_line_holds_patient_data(logs: LogAssessments) -> None:
    """A log is no chart, and is kept for years.

    A patient is registered and looked for, and no line tells of her, in whatever spelling.
    """
    assert_passed(logs.assess_patient_data())


@pytest.mark.plan("rollback-logs")
def test_no_error_since_the_rollback(logs: LogAssessments) -> None:
    """A rollback that brings back errors is none.

    Since it was done, no line of the log tells of an error.
    """
    assert_passed(logs.assess_errors_since_rollback())
