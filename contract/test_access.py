"""Access to each operation of the API's document: who must be rejected, and who admitted."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.api.access.assessments import AccessAssessments

pytestmark = pytest.mark.plan("contract-access")


def test_no_operation_answers_without_a_token(access: AccessAssessments) -> None:
    """Every protected operation rejects a caller without a token.

    The request is about a patient who exists. Only operations that are declared public answer.
    """
    assert_passed(access.assess_without_token())


def test_no_operation_answers_to_an_expired_token(access: AccessAssessments) -> None:
    """Every protected operation rejects an expired token."""
    assert_passed(access.assess_expired_token())


def test_each_role_may_do_its_work_and_no_other(access: AccessAssessments) -> None:
    """Every operation admits the roles that the settings name, and rejects the others."""
    assert_passed(access.assess_roles())


def test_no_operation_shows_another_facilitys_patient(access: AccessAssessments) -> None:
    """Every operation on a patient's chart is closed to a clinician of another facility.

    Staff care for the patients of their own facility.
    """
    assert_passed(access.assess_other_facility())
