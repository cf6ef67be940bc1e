"""Visits open, move and close, and only as the rules allow."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from cutover_gates.config.target_access import Limits
from cutover_gates.hospital import (
    Driver,
    FrontDesk,
    Patient,
    Reason,
    Rejected,
    Session,
    Transition,
    Visit,
    VisitStatus,
    Ward,
)
from cutover_gates.hospital.matchers import (
    TargetCapabilities,
    act_concurrently,
    assert_row_matches,
    assert_same,
    assert_times,
    assert_times_kept,
    exactly_one,
    expect_rejection,
)
from cutover_gates.hospital.synthetic import PatientFactory, make_unused_id
from cutover_gates.probes.database.stored_records import StoredRecords

pytestmark = pytest.mark.plan("visit-creation")

ROUNDS = 3


def test_a_visit_opens_for_a_patient(ward: Ward, registered: Patient) -> None:
    """A visit opens for a patient.

    It begins open, belongs to that patient, and reads back as it was acknowledged.
    """
    visit = ward.open(registered)
    assert (visit.status, visit.patient_id) == (VisitStatus.OPEN, registered.id)
    assert_same(visit, ward.visit(visit))


def test_a_visit_keeps_its_reason(ward: Ward, registered: Patient, reason: str) -> None:
    """A visit keeps its reason as sent, in any script."""
    visit = ward.open(registered, reason)
    assert ward.visit(visit).reason == reason


def test_a_front_desk_opens_a_visit(reception: Ward, registered: Patient) -> None:
    """A front desk can open a visit. It is open, and the patient's."""
    visit = reception.open(registered)
    assert (visit.status, visit.patient_id) == (VisitStatus.OPEN, registered.id)


def test_an_open_visit_can_be_admitted(ward: Ward, opened: Visit) -> None:
    """An open visit can be admitted.

    The visit is admitted, in the answer and when it is read again.
    """
    assert ward.admit(opened).status is VisitStatus.ADMITTED
    assert ward.visit(opened).status is VisitStatus.ADMITTED


def test_an_admitted_visit_can_be_discharged(ward: Ward, admitted: Visit) -> None:
    """An admitted visit can be discharged.

    The visit is discharged, in the answer and when it is read again.
    """
    assert ward.discharge(admitted).status is VisitStatus.DISCHARGED
    assert ward.visit(admitted).status is VisitStatus.DISCHARGED


def test_an_open_visit_can_be_cancelled(
    hospital: Driver, clinician: Session, ward: Ward, opened: Visit
) -> None:
    """An open visit can be cancelled.

    The patient left before anyone saw them. The visit is cancelled, in the answer and when it is
    read again.
    """
    assert hospital.move(clinician, opened, Transition.CANCEL).status is VisitStatus.CANCELLED
    assert ward.visit(opened).status is VisitStatus.CANCELLED


def test_the_moves_of_a_visit_have_their_own_times(
    ward: Ward, registered: Patient, limits: Limits
) -> None:
    """Each move of a visit has its own time, and a later move leaves it as it was.

    Times are compared where the target tells them with a time zone. Doses and deadlines follow
    from them.
    """
    skew, began = timedelta(seconds=limits.clock_skew_seconds), datetime.now(UTC)
    visit = ward.open(registered)
    for move in (ward.admit, ward.discharge):
        later = move(visit)
        assert_times_kept(visit, later)
        visit = later
    read = ward.visit(visit)
    assert read.status is VisitStatus.DISCHARGED
    assert_times(read, began, datetime.now(UTC), skew)
    assert_times_kept(visit, read)


def test_a_discharged_visit_cannot_be_reopened(ward: Ward, discharged: Visit) -> None:
    """A discharged visit cannot be reopened.

    Billing and bed planning rely on it. The move back is rejected, and the visit stays discharged.
    """
    with expect_rejection(Reason.ILLEGAL_TRANSITION):
        ward.admit(discharged)
    assert ward.visit(discharged).status is VisitStatus.DISCHARGED


def test_a_visit_is_discharged_once(
    ward: Ward, discharged: Visit, capabilities: TargetCapabilities
) -> None:
    """A visit is discharged once.

    A second discharge is rejected, and the visit stays discharged.
    """
    with capabilities.refusal("single-discharge", Reason.ILLEGAL_TRANSITION) as refusal:
        ward.discharge(discharged)
    if refusal.is_missing:
        assert ward.visit(discharged).status is VisitStatus.DISCHARGED
        refusal.end_check()
    assert ward.visit(discharged).status is VisitStatus.DISCHARGED


def test_a_discharged_visit_cannot_be_cancelled(
    hospital: Driver, clinician: Session, ward: Ward, discharged: Visit
) -> None:
    """A discharged visit cannot be cancelled.

    The cancellation is rejected, and the visit stays discharged.
    """
    with expect_rejection(Reason.ILLEGAL_TRANSITION):
        hospital.move(clinician, discharged, Transition.CANCEL)
    assert ward.visit(discharged).status is VisitStatus.DISCHARGED


def test_nobody_is_discharged_who_was_not_admitted(
    ward: Ward, opened: Visit, capabilities: TargetCapabilities
) -> None:
    """A visit that was not admitted cannot be discharged.

    The move is rejected, and the visit stays open.
    """
    with capabilities.refusal("admission-before-discharge", Reason.ILLEGAL_TRANSITION) as refusal:
        ward.discharge(opened)
    if refusal.is_missing:
        assert ward.visit(opened).status is VisitStatus.DISCHARGED
        refusal.end_check()
    assert ward.visit(opened).status is VisitStatus.OPEN


def test_a_visit_is_admitted_once(
    ward: Ward, admitted: Visit, capabilities: TargetCapabilities
) -> None:
    """A visit is admitted once. A second admission is rejected, and the visit stays admitted."""
    with capabilities.refusal("single-admission", Reason.ILLEGAL_TRANSITION) as refusal:
        ward.admit(admitted)
    if refusal.is_missing:
        assert ward.visit(admitted).status is VisitStatus.ADMITTED
        refusal.end_check()
    assert ward.visit(admitted).status is VisitStatus.ADMITTED


def test_an_admitted_visit_cannot_be_cancelled(
    hospital: Driver, clinician: Session, ward: Ward, admitted: Visit
) -> None:
    """An admitted visit cannot be cancelled.

    The patient is in a bed. The cancellation is rejected, and the visit stays admitted.
    """
    with expect_rejection(Reason.ILLEGAL_TRANSITION):
        hospital.move(clinician, admitted, Transition.CANCEL)
    assert ward.visit(admitted).status is VisitStatus.ADMITTED


@pytest.mark.parametrize("move", Transition)
def test_a_cancelled_visit_stays_cancelled(
    hospital: Driver, clinician: Session, ward: Ward, cancelled: Visit, move: Transition
) -> None:
    """A cancelled visit stays cancelled. Every further move is rejected."""
    with expect_rejection(Reason.ILLEGAL_TRANSITION):
        hospital.move(clinician, cancelled, move)
    assert ward.visit(cancelled).status is VisitStatus.CANCELLED


def test_of_admissions_at_the_same_moment_one_counts(
    ward: Ward, opened: Visit, capabilities: TargetCapabilities
) -> None:
    """One of several admissions at the same moment counts.

    The others are rejected, and the visit is admitted.
    """
    answers = act_concurrently(*[partial(ward.admit, opened)] * ROUNDS)
    assert ward.visit(opened).status is VisitStatus.ADMITTED
    counted = [answer for answer in answers if isinstance(answer, Visit)]
    capabilities.allow_lack("single-admission", is_lacking=len(counted) > 1)
    exactly_one(counted, "admission that counts")
    assert {answer.reason for answer in answers if isinstance(answer, Rejected)} == {
        Reason.ILLEGAL_TRANSITION
    }


def test_an_unknown_patient_has_no_visits(
    ward: Ward, registered: Patient, people: PatientFactory, capabilities: TargetCapabilities
) -> None:
    """A visit for a patient who is not registered is rejected."""
    nobody = make_unused_id(registered.id)
    with capabilities.refusal("visit-references", Reason.NOT_FOUND) as refusal:
        # The reason carries the run's tag: without a patient nothing else tells whose visit it is.
        ward.open_for(nobody, f"of nobody {people.mrn()}")
    assert not ward.visits_of(registered)
    if refusal.is_missing:
        refusal.end_check()


def test_an_unknown_visit_cannot_be_moved(
    hospital: Driver, clinician: Session, registered: Patient, opened: Visit
) -> None:
    """A move of an unknown visit is rejected as not found."""
    with expect_rejection(Reason.NOT_FOUND):
        hospital.move(
            clinician,
            Visit(make_unused_id(opened.id), registered.id, VisitStatus.OPEN),
            Transition.ADMIT,
        )


def test_a_patients_visits_are_listed(ward: Ward, registered: Patient) -> None:
    """Every visit of a patient is listed with its status.

    All are listed, the last one too, each once.
    """
    visits = []
    for _ in range(ROUNDS):
        visit = ward.open(registered)
        visits.append(ward.discharge(ward.admit(visit)))
    visits.append(ward.open(registered))
    listed = {visit.id: visit.status for visit in ward.visits_of(registered)}
    assert listed == {visit.id: visit.status for visit in visits}
    assert len(ward.visits_of(registered)) == len(visits)


def test_a_new_patient_has_no_visits(ward: Ward, registered: Patient) -> None:
    """A new patient has no visits."""
    assert not ward.visits_of(registered)


def test_a_visit_leaves_the_patient_as_he_was(
    ward: Ward, front_desk: FrontDesk, registered: Patient
) -> None:
    """A visit does not change the patient.

    After opening, admission and discharge, the patient reads as before.
    """
    before = front_desk.patient(registered.id)
    ward.discharge(ward.admit(ward.open(registered)))
    assert_same(before.draft, front_desk.patient(registered.id).draft)


@pytest.mark.plan("acknowledged-writes")
def test_a_visit_is_seen_by_other_sessions(
    reception: Ward, registered: Patient, admitted: Visit
) -> None:
    """A visit can be read in another session.

    The front desk reads it with the status that the ward gave it.
    """
    found = exactly_one(reception.visits_of(registered), "visit")
    assert (found.id, found.status) == (admitted.id, VisitStatus.ADMITTED)


@pytest.mark.plan("acknowledged-writes")
def test_an_acknowledged_visit_stands_in_the_database(
    ward: Ward, registered: Patient, stored: StoredRecords
) -> None:
    """An acknowledged visit is stored in the database.

    The row exists when the answer has come, and follows every move.
    """
    visit = ward.open(registered, "to be found in the database")
    assert_row_matches(
        {
            "patient_id": registered.id,
            "status": VisitStatus.OPEN,
            "reason": "to be found in the database",
        },
        stored.visit(visit.id),
    )
    ward.admit(visit)
    assert_row_matches(
        {"patient_id": registered.id, "status": VisitStatus.ADMITTED}, stored.visit(visit.id)
    )
