"""Clients that were built for the release before still work: its document against the one of the
release under judgement.
"""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.api.compatibility.assessments import CompatibilityAssessments

pytestmark = pytest.mark.plan("contract-compatibility")


def test_every_operation_is_still_there(compatibility: CompatibilityAssessments) -> None:
    """A client asks where it always asked. Every operation of the release before is there."""
    assert_passed(compatibility.assess_operations())


def test_everything_that_was_sent_is_still_taken(compatibility: CompatibilityAssessments) -> None:
    """A client sends what it always sent.

    Nothing more is required of it, and nothing that was taken is refused.
    """
    assert_passed(compatibility.assess_requests())


def test_everything_that_was_read_still_comes(compatibility: CompatibilityAssessments) -> None:
    """A client reads what it always read.

    Every status, type, header and field of the release before still comes, and holds nothing
    unknown.
    """
    assert_passed(compatibility.assess_responses())
