"""Every operation of the API's document refuses whom it must refuse, and lets in whom it must let
in.
"""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.api.access.assessments import AccessAssessments

pytestmark = pytest.mark.plan("contract-access")


def test_no_operation_answers_without_a_token(access: AccessAssessments) -> None:
    """What is behind the door stays there.

    Every protected operation refuses a caller without a token, about a patient who is there; and
    open to everybody is only what is meant to be.
    """
    assert_passed(access.assess_without_token())


def test_no_operation_answers_to_an_expired_token(access: AccessAssessments) -> None:
    """What was good once is good no more. Every protected operation refuses an expired token."""
    assert_passed(access.assess_expired_token())


def test_each_role_may_do_its_work_and_no_other(access: AccessAssessments) -> None:
    """Each role has its own work.

    Every operation lets in the roles that the table names, and refuses the others.
    """
    assert_passed(access.assess_roles())


def test_no_operation_shows_another_facilitys_patient(access: AccessAssessments) -> None:
    """Staff care for the patients of their own facility.

    To a clinician of another one, every operation on the patient's chart is shut.
    """
    assert_passed(access.assess_other_facility())
