"""Fuzzing of the API: unusual requests to each operation are answered as the document says."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.api.fuzzing.assessments import FuzzAssessments

pytestmark = pytest.mark.plan("contract-fuzzing")


def test_everything_is_asked_that_was_meant_to_be(fuzzing: FuzzAssessments) -> None:
    """The fuzzing run was complete.

    It ran to its end with a valid token, and every accepted finding still occurs.
    """
    assert_passed(fuzzing.assess_run())


def test_an_operation_keeps_its_promises(fuzzing: FuzzAssessments, tried_operation: str) -> None:
    """Every operation answers each request as documented.

    Status, type, headers and body are those of the document. Valid input is accepted, invalid input
    is rejected, and no request ends in an internal error.
    """
    assert_passed(fuzzing.assess_operation(tried_operation))
