"""The API's promises, tried out: every operation is asked in many ways, also odd ones, and answers
as the document says.
"""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.api.fuzzing.assessments import FuzzAssessments

pytestmark = pytest.mark.plan("contract-fuzzing")


def test_everything_is_asked_that_was_meant_to_be(fuzzing: FuzzAssessments) -> None:
    """What was not asked is not known.

    The run came to its end, with a token that was good to the last, and every accepted finding is
    still there.
    """
    assert_passed(fuzzing.assess_run())


def test_an_operation_keeps_its_promises(fuzzing: FuzzAssessments, tried_operation: str) -> None:
    """A document is a promise.

    Whatever an operation is sent, it answers as documented: status, type, headers and body; it
    takes what it should take, refuses what it should refuse, and never fails inside.
    """
    assert_passed(fuzzing.assess_operation(tried_operation))
