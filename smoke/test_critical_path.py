"""The critical path works from sign-in to the filed document."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cutover.hospital import (
    Credentials,
    Document,
    Door,
    FrontDesk,
    Hospital,
    Patient,
    Records,
    Role,
    Status,
    Visit,
    Ward,
)
from cutover.matchers import byte_for_byte
from cutover.synthetic import Files, People

pytestmark = pytest.mark.plan("critical-paths")

Accounts = Callable[[Role], Credentials]


def test_a_patients_stay_from_the_front_desk_to_discharge(
    hospital: Hospital, door: Door, accounts: Accounts, people: People, files: Files
) -> None:
    """One patient's stay is what the hospital is for.

    Registered at the desk, admitted on the ward, a document filed and read, discharged.
    """
    at_the_desk, on_the_ward = (
        door.sign_in(accounts(Role.REGISTRAR)),
        door.sign_in(accounts(Role.CLINICIAN)),
    )
    ward, records = Ward(hospital, on_the_ward), Records(hospital, on_the_ward)

    patient = FrontDesk(hospital, at_the_desk).register(people.draft())
    visit = ward.admit(ward.open(patient))
    report = files.of("application/pdf")
    document = records.file(patient, report)
    byte_for_byte(report.content, records.content(document))
    assert ward.discharge(visit).status is Status.DISCHARGED

    door.sign_out(on_the_ward)
    door.sign_out(at_the_desk)


def test_what_was_acknowledged_survives_a_new_session(
    hospital: Hospital,
    door: Door,
    accounts: Accounts,
    registered: Patient,
    admitted: Visit,
    filed: Document,
) -> None:
    """What the target acknowledged is still there on the next shift.

    Someone who signs in afterwards reads patient, visit and document.
    """
    next_shift = door.sign_in(accounts(Role.CLINICIAN))
    assert hospital.patient(next_shift, registered.id).mrn == registered.mrn
    assert hospital.visit(next_shift, registered.id, admitted.id).status is Status.ADMITTED
    assert hospital.document(next_shift, registered.id, filed.id).size == filed.size
