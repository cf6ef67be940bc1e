"""Every operation of the API's document refuses whom it must refuse, and lets in whom it must let
in.
"""

from __future__ import annotations

import pytest

from cutover.contract.access import Access
from cutover.matchers import sound

pytestmark = pytest.mark.plan("contract-access")


def test_no_operation_answers_without_a_token(access: Access) -> None:
    """What is behind the door stays there.

    Every protected operation refuses a caller without a token, about a patient who is there; and
    open to everybody is only what is meant to be.
    """
    sound(access.without_a_token())


def test_no_operation_answers_to_an_expired_token(access: Access) -> None:
    """What was good once is good no more. Every protected operation refuses an expired token."""
    sound(access.with_an_expired_token())


def test_each_role_may_do_its_work_and_no_other(access: Access) -> None:
    """Each role has its own work.

    Every operation lets in the roles that the table names, and refuses the others.
    """
    sound(access.by_role())


def test_no_operation_shows_another_facilitys_patient(access: Access) -> None:
    """Staff care for the patients of their own facility.

    To a clinician of another one, every operation on the patient's chart is shut.
    """
    sound(access.from_another_facility())
