"""The critical path, from sign-in to the filed document."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cutover_gates.hospital import (
    Credentials,
    Document,
    Driver,
    FrontDesk,
    Patient,
    Records,
    Role,
    SignInDesk,
    Visit,
    VisitStatus,
    Ward,
)
from cutover_gates.hospital.matchers import TargetCapabilities, assert_same_bytes
from cutover_gates.hospital.synthetic import FileFactory, PatientFactory

pytestmark = pytest.mark.plan("critical-paths")

Accounts = Callable[[Role], Credentials]


def test_a_patients_stay_from_the_front_desk_to_discharge(
    hospital: Driver,
    door: SignInDesk,
    accounts: Accounts,
    people: PatientFactory,
    files: FileFactory,
    capabilities: TargetCapabilities,
) -> None:
    """One patient's stay works from registration to discharge.

    The patient is registered at the desk and admitted on the ward, a document is filed and read,
    and the patient is discharged.
    """
    at_the_desk, on_the_ward = (
        door.sign_in(accounts(Role.REGISTRAR)),
        door.sign_in(accounts(Role.CLINICIAN)),
    )
    ward, records = Ward(hospital, on_the_ward), Records(hospital, on_the_ward)

    patient = FrontDesk(hospital, at_the_desk).register(people.draft())
    visit = ward.admit(ward.open(patient))
    report = files.of_type("application/pdf")
    document = records.file(patient, report)
    assert_same_bytes(report.content, records.content(document))
    assert ward.discharge(visit).status is VisitStatus.DISCHARGED

    # Who cannot sign out has the same critical path.
    if not capabilities.lacks("sign_out"):
        door.sign_out(on_the_ward)
        door.sign_out(at_the_desk)


def test_what_was_acknowledged_survives_a_new_session(
    hospital: Driver,
    door: SignInDesk,
    accounts: Accounts,
    registered: Patient,
    admitted: Visit,
    filed: Document,
) -> None:
    """Acknowledged records are still there in a new session.

    Someone who signs in afterwards reads the patient, the visit and the document.
    """
    next_shift = door.sign_in(accounts(Role.CLINICIAN))
    assert hospital.patient(next_shift, registered.id).mrn == registered.mrn
    assert hospital.visit(next_shift, registered.id, admitted.id).status is VisitStatus.ADMITTED
    assert hospital.document(next_shift, registered.id, filed.id).size == filed.size
