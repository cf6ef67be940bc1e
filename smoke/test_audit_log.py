"""Each use of a patient's record stands in the audit log, and each refusal, too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

import pytest

from cutover_gates.hospital import (
    Credentials,
    Document,
    Driver,
    FrontDesk,
    Patient,
    Reason,
    Role,
    Session,
    SignInDesk,
    Transition,
    Visit,
    Ward,
)
from cutover_gates.hospital.matchers import AccountTrail, AuditTrail, expect_rejection
from cutover_gates.hospital.synthetic import FileFactory, PatientFactory

pytestmark = pytest.mark.plan("access-control")


@dataclass(frozen=True)
class UsedChart:
    """One patient with a visit and a document, and what a check needs to use them."""

    hospital: Driver
    files: FileFactory
    patient: Patient
    visit: Visit
    document: Document


@pytest.fixture
def used_chart(
    hospital: Driver, files: FileFactory, registered: Patient, opened: Visit, filed: Document
) -> UsedChart:
    """Create a patient with an open visit and a document, for one check."""
    return UsedChart(hospital, files, registered, opened, filed)


Use = Callable[[UsedChart, Session], object]

READS: Mapping[str, Use] = {
    "patient": lambda chart, session: chart.hospital.patient(session, chart.patient.id),
    "visit": lambda chart, session: chart.hospital.visit(session, chart.patient.id, chart.visit.id),
    "visits": lambda chart, session: chart.hospital.visits_of(session, chart.patient.id),
    "document": lambda chart, session: chart.hospital.document(
        session, chart.patient.id, chart.document.id
    ),
    "bytes": lambda chart, session: chart.hospital.content(session, chart.document),
    "documents": lambda chart, session: chart.hospital.documents_of(session, chart.patient.id),
}
WRITES: Mapping[str, Use] = {
    "open": lambda chart, session: chart.hospital.open_visit(
        session, chart.patient.id, "for the audit log"
    ),
    "admit": lambda chart, session: chart.hospital.move(session, chart.visit, Transition.ADMIT),
    "upload": lambda chart, session: chart.hospital.upload(
        session, chart.patient.id, chart.files.of_type("text/plain")
    ),
}


@pytest.mark.parametrize("use", READS)
def test_what_is_read_stands_in_the_audit_log(
    audit_trail: AuditTrail, used_chart: UsedChart, clinician: Session, use: str
) -> None:
    """Whoever reads a record stands in the audit log, once, and soon."""
    audit_trail.require_read(
        used_chart.patient.id, clinician, lambda: READS[use](used_chart, clinician)
    )


@pytest.mark.parametrize("use", WRITES)
def test_what_is_changed_stands_in_the_audit_log(
    audit_trail: AuditTrail, used_chart: UsedChart, clinician: Session, use: str
) -> None:
    """Whoever adds to a record stands in the audit log, once, and soon."""
    audit_trail.require_write(
        used_chart.patient.id, clinician, lambda: WRITES[use](used_chart, clinician)
    )


def test_a_correction_stands_in_the_audit_log(
    audit_trail: AuditTrail, hospital: Driver, registered: Patient, registrar: Session
) -> None:
    """Whoever corrects a patient's data stands in the audit log, once, and soon."""
    corrected = replace(registered, given_name="Corrected")
    audit_trail.require_write(
        registered.id, registrar, lambda: hospital.update(registrar, corrected)
    )


@pytest.mark.parametrize("use", READS)
def test_a_refused_look_stands_in_the_audit_log(
    audit_trail: AuditTrail, used_chart: UsedChart, outsider: Session, use: str
) -> None:
    """Whoever tried to read a record of another facility stands in the audit log as refused."""
    audit_trail.require_refusal(
        used_chart.patient.id, outsider, lambda: READS[use](used_chart, outsider)
    )


@pytest.mark.parametrize("use", WRITES)
def test_a_refused_change_stands_in_the_audit_log(
    audit_trail: AuditTrail, used_chart: UsedChart, outsider: Session, use: str
) -> None:
    """Whoever tried to change a record of another facility stands in the audit log as refused."""
    audit_trail.require_refusal(
        used_chart.patient.id, outsider, lambda: WRITES[use](used_chart, outsider)
    )


def test_patients_in_turn_stand_in_the_audit_log_as_themselves(
    audit_trail: AuditTrail,
    ward: Ward,
    clinician: Session,
    registered: Patient,
    neighbour: Patient,
) -> None:
    """Visits of two patients that are read in turn stand in the log with their own patients.

    A value that is left of the request before names somebody whom nobody looked at.
    """
    visits = {patient.id: ward.open(patient) for patient in (registered, neighbour)}
    for patient in (registered, neighbour, registered):
        audit_trail.require_read(patient.id, clinician, partial(ward.visit, visits[patient.id]))


def test_the_audit_log_outlives_the_patients_record(
    audit_trail: AuditTrail,
    hospital: Driver,
    registered: Patient,
    registrar: Session,
    administrator: Session,
) -> None:
    """The audit log keeps its entries when the patient's record is removed.

    Who looked at a chart before it disappeared is what an auditor asks first.
    """
    corrected = replace(registered, given_name="Corrected")
    audit_trail.require_write(
        registered.id, registrar, lambda: hospital.update(registrar, corrected)
    )
    audit_trail.require_kept(
        registered.id, lambda: hospital.retire(administrator, "patient", registered.id, None)
    )


def test_a_search_stands_in_the_audit_log(
    account_trail: AccountTrail, front_desk: FrontDesk, registered: Patient, registrar: Session
) -> None:
    """Whoever searches for a patient stands in the audit log, once for each search.

    Who looks for a neighbour by name has seen that the neighbour is here.
    """
    searches = [
        partial(front_desk.find, mrn=registered.mrn),
        partial(front_desk.find, name=registered.family_name),
        partial(front_desk.find, mrn=registered.mrn),
    ]
    account_trail.require_searches(names_of(registrar), registered.id, searches)


def test_a_sign_in_stands_in_the_audit_log(
    account_trail: AccountTrail, door: SignInDesk, accounts: Callable[[Role], Credentials]
) -> None:
    """Whoever signs in stands in the audit log."""
    account = accounts(Role.AUDITOR)
    known = names_of(door.sign_in(account))
    account_trail.require_sign_in(known, partial(door.sign_in, account), allowed=True)


def test_a_refused_sign_in_stands_in_the_audit_log(
    account_trail: AccountTrail, door: SignInDesk, people: PatientFactory
) -> None:
    """Whoever fails to sign in stands in the audit log as refused, under the name that was tried.

    So a guesser is seen.
    """
    nobody = people.unknown_credentials()

    def fail() -> None:
        with expect_rejection(Reason.UNAUTHENTICATED):
            door.sign_in(nobody)

    account_trail.require_sign_in([nobody.username], fail, allowed=False)


def names_of(session: Session) -> list[str]:
    """Return the names of a person: the user name, and what the sign-in captured of them."""
    people = (session, *session.deputies.values())
    captured = [str(value) for one in people for value in one.variables.values()]
    return [*(one.username for one in people), *captured]
