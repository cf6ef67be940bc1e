"""Compatibility with the clients of the release before, computed from the two API documents."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.api.compatibility.assessments import CompatibilityAssessments

pytestmark = pytest.mark.plan("contract-compatibility")


def test_every_operation_is_still_there(compatibility: CompatibilityAssessments) -> None:
    """Every operation of the release before still exists.

    Clients send the requests that they always sent.
    """
    assert_passed(compatibility.assess_operations())


def test_everything_that_was_sent_is_still_taken(compatibility: CompatibilityAssessments) -> None:
    """Every request that the release before accepted is still accepted.

    Nothing more is required, and nothing that was accepted is rejected.
    """
    assert_passed(compatibility.assess_requests())


def test_everything_that_was_read_still_comes(compatibility: CompatibilityAssessments) -> None:
    """Every answer still has what clients of the release before read.

    Every status, type, header and field still comes, and holds no unknown value.
    """
    assert_passed(compatibility.assess_responses())
