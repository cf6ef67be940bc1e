"""Writes that follow each other, or resemble each other, are each stored as they were sent.

Software tends to take a write for one that it knows already, or to fill it up from the one before.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from cutover_gates.hospital import (
    Driver,
    FrontDesk,
    Patient,
    PatientDraft,
    Records,
    Session,
    Sex,
    VisitStatus,
    Ward,
)
from cutover_gates.hospital.hard_values import HARD_REASONS
from cutover_gates.hospital.matchers import ReadBack
from cutover_gates.hospital.synthetic import FileFactory, PatientFactory

pytestmark = pytest.mark.plan("acknowledged-writes")


def correct(front_desk: FrontDesk, patient: Patient, **fields: object) -> PatientDraft:
    """Correct fields of the stored patient; return what must be stored now."""
    current = front_desk.patient(patient.id)
    corrected = replace(current, **fields)  # type: ignore[arg-type]  # the fields' own types
    front_desk.update(corrected)
    return corrected.draft


# ── patients ──


def test_missing_fields_of_a_patient_can_be_added(
    front_desk: FrontDesk, people: PatientFactory, read_back: ReadBack
) -> None:
    """Fields that were empty at the registration are stored when they are added later.

    A patient who was brought in unconscious has a name and a telephone number the next day.
    """
    patient = front_desk.register(people.minimal_draft())
    stored = correct(
        front_desk,
        patient,
        family_name="Okafor",
        given_name="Adaeze",
        birth_date=date(1987, 7, 15),
        sex=Sex.FEMALE,
        phone="+49301111111",
        address="1 New Street",
    )
    read_back.require_patient(patient.id, stored)


def test_a_correction_can_be_taken_back(
    front_desk: FrontDesk, registered: Patient, read_back: ReadBack
) -> None:
    """A correction that is taken back is stored, though the target has seen these values before."""
    read_back.require_patient(registered.id, correct(front_desk, registered, phone="+49302222222"))
    again = correct(front_desk, registered, phone=registered.phone)
    read_back.require_patient(registered.id, again)


def test_equal_corrections_of_two_patients_are_both_stored(
    front_desk: FrontDesk, registered: Patient, neighbour: Patient, read_back: ReadBack
) -> None:
    """The same correction of two patients is stored for both.

    A family moves house. The second correction is no repetition of the first.
    """
    for patient in (registered, neighbour):
        stored = correct(front_desk, patient, address="1 New Street", phone="+49302222222")
        read_back.require_patient(patient.id, stored)


def test_a_correction_leaves_every_other_patient_as_sent(
    front_desk: FrontDesk, registered: Patient, people: PatientFactory, read_back: ReadBack
) -> None:
    """A correction changes the patient that it names, and nobody of the same name."""
    draft = replace(registered.draft, mrn=people.mrn(), birth_date=date(1991, 7, 15))
    namesake = front_desk.register(draft)
    stored = correct(front_desk, registered, address="1 New Street", sex=Sex.OTHER)
    read_back.require_patient(registered.id, stored)
    read_back.require_patient(namesake.id, draft)


# ── visits ──


@pytest.mark.parametrize("kind", HARD_REASONS)
def test_the_reason_of_each_visit_is_stored(
    ward: Ward, registered: Patient, read_back: ReadBack, reason: str, kind: str
) -> None:
    """The reason of a second visit is stored, and that of the first is kept."""
    first = ward.discharge(ward.admit(ward.open(registered, reason)))
    second = ward.open(registered, HARD_REASONS[kind])
    read_back.require_visit(second, VisitStatus.OPEN, HARD_REASONS[kind])
    read_back.require_visit(first, VisitStatus.DISCHARGED, reason)


def test_a_visit_that_a_front_desk_opens_is_stored(
    reception: Ward, ward: Ward, registered: Patient, read_back: ReadBack
) -> None:
    """A visit that a front desk opens and the ward admits is stored like any other one."""
    visit = reception.open(registered)
    read_back.require_visit(visit, VisitStatus.OPEN, "cutover check")
    ward.admit(visit)
    read_back.require_visit(visit, VisitStatus.ADMITTED, "cutover check")


# ── documents ──


def test_equal_documents_keep_their_names(
    records: Records, registered: Patient, files: FileFactory, read_back: ReadBack
) -> None:
    """Two documents of equal bytes are both stored, each with its own name."""
    upload = files.of_type("text/plain")
    uploads = [upload, replace(upload, file_name=files.name("txt"))]
    filed = [records.file(registered, each) for each in uploads]
    for document, each in zip(filed, uploads, strict=True):
        read_back.require_document(document, registered.id, each)


def test_equal_documents_stay_with_their_patients(
    hospital: Driver,
    administrator: Session,
    records: Records,
    registered: Patient,
    neighbour: Patient,
    files: FileFactory,
    read_back: ReadBack,
) -> None:
    """The same file of two patients is stored with both, and the removal of one leaves the other.

    Every patient gets the same leaflet.
    """
    upload = files.of_type("application/pdf")
    removed, kept = records.file(registered, upload), records.file(neighbour, upload)
    read_back.require_document(removed, registered.id, upload)
    read_back.require_document(kept, neighbour.id, upload)
    hospital.retire(administrator, "document", removed.id, registered.id)
    read_back.require_document(kept, neighbour.id, upload)
