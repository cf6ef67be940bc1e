"""Checks of the target's log: it arrives complete, and holds nothing confidential."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.observability.logs.assessments import LogAssessments


@pytest.mark.plan("logs-flowing")
def test_the_line_of_a_request_arrives(logs: LogAssessments) -> None:
    """The line of a request is in the log store in time, with level, time and the request's id.

    Errors of the night are searched for in the log.
    """
    assert_passed(logs.assess_delivery())


@pytest.mark.plan("logs-flowing")
def test_no_line_holds_a_secret(logs: LogAssessments) -> None:
    """No line holds a password or a token while somebody signs in and works.

    More people read logs than may act as another user.
    """
    assert_passed(logs.assess_secrets())


@pytest.mark.plan("logs-flowing")
def test_no_line_holds_patient_data(logs: LogAssessments) -> None:
    """No line holds a patient's data, in any spelling, while a patient is registered and searched.

    A log is not a chart, and is kept for years.
    """
    assert_passed(logs.assess_patient_data())


@pytest.mark.plan("rollback-logs")
def test_no_error_since_the_rollback(logs: LogAssessments) -> None:
    """No line since the rollback has an error level.

    A rollback that brings errors back does not help.
    """
    assert_passed(logs.assess_errors_since_rollback())
