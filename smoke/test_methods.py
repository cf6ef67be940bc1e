"""Methods that the API's document does not list open no chart, and change none."""

from __future__ import annotations

import pytest

from cutover_gates.hospital import Session
from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.hospital.undocumented_requests import OTHER_METHODS
from cutover_gates.probes.api.methods.assessments import MethodAssessments

pytestmark = pytest.mark.plan("access-control")

CHANGING = ("PUT", "PATCH", "DELETE")


@pytest.mark.parametrize("method", OTHER_METHODS)
def test_no_other_method_opens_a_chart_to_a_stranger(
    methods: MethodAssessments, method: str
) -> None:
    """A method that no document lists opens no chart to a caller without a token.

    It is sent to every protected path. The answer shows nothing of the patient, in its body or its
    headers, and the chart is as it was.
    """
    assert_passed(methods.assess_method(method, None, "without a token"))


@pytest.mark.parametrize("method", OTHER_METHODS)
def test_no_other_method_opens_a_chart_to_an_outsider(
    methods: MethodAssessments, outsider: Session, method: str
) -> None:
    """A method that no document lists opens no chart to a clinician of another facility.

    It is sent to every protected path. The answer shows nothing of the patient, in its body or its
    headers, and the chart is as it was.
    """
    assert_passed(methods.assess_method(method, outsider, "by an outsider"))


@pytest.mark.parametrize("method", CHANGING)
def test_no_header_turns_a_request_into_a_change(
    methods: MethodAssessments, outsider: Session, method: str
) -> None:
    """A header that names another method changes no chart.

    Frameworks obey X-HTTP-Method-Override, and a guard that looks at the real method does not.
    """
    assert_passed(methods.assess_override(method, None, "without a token"))
    assert_passed(methods.assess_override(method, outsider, "by an outsider"))


def test_a_condition_tells_a_stranger_nothing(methods: MethodAssessments) -> None:
    """A request with a condition tells a caller without a token nothing of a chart.

    "Not modified" and "precondition failed" would tell that it is there, and its version.
    """
    assert_passed(methods.assess_conditions(None, "without a token"))


def test_a_condition_tells_an_outsider_nothing(
    methods: MethodAssessments, outsider: Session
) -> None:
    """A request with a condition tells a clinician of another facility nothing of a chart.

    "Not modified" and "precondition failed" would tell that it is there, and its version.
    """
    assert_passed(methods.assess_conditions(outsider, "by an outsider"))
