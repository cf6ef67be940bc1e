"""Checks of what was done to the release before its cutover: scans and reviews."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.deployment.code_review.assessments import CodeReviewAssessments
from cutover_gates.probes.deployment.security_scans.assessments import SecurityScanAssessments


@pytest.mark.plan("security-scans")
def test_scans_of_the_image_name_no_critical_vulnerability(
    security_scans: SecurityScanAssessments,
) -> None:
    """The reports about the image under judgement are recent, complete and without a critical one.

    What the scanner's own settings suppress counts all the same.
    """
    assert_passed(security_scans.assess())


@pytest.mark.plan("final-code-review")
def test_every_commit_came_through_a_pull_request(code_review: CodeReviewAssessments) -> None:
    """Every commit since the release before came through a merged pull request.

    What was pushed past the review was seen by its author alone.
    """
    assert_passed(code_review.assess_commits())


@pytest.mark.plan("final-code-review")
def test_every_commit_is_approved_by_somebody_else(code_review: CodeReviewAssessments) -> None:
    """Every pull request is approved, as it was merged, by somebody who did not write it.

    An approval that came before the last commit is one of other code.
    """
    assert_passed(code_review.assess_approvals())
