"""Every instance behind the load balancer shows, lists and keeps what was written.

Each question is asked 29 times, each time over a new connection: so one instance in ten that
differs is found with 95 %.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date

import pytest

from cutover_gates.hospital import (
    Document,
    FrontDesk,
    Patient,
    PatientDraft,
    Records,
    Sex,
    Visit,
    VisitStatus,
    Ward,
)
from cutover_gates.hospital.matchers import InstanceReads, assert_equal, assert_same
from cutover_gates.hospital.synthetic import FileFactory, PatientFactory

pytestmark = pytest.mark.plan("acknowledged-writes")

REASON = "cutover check"
OTHER_VALUES = ((Sex.MALE, date(1991, 7, 15)), (Sex.FEMALE, date(1987, 3, 4)))


def test_every_instance_shows_a_corrected_patient(
    front_desk: FrontDesk, registered: Patient, every_instance: InstanceReads
) -> None:
    """Every instance shows a patient as registered, and after a correction as corrected.

    An instance with an old copy would have the old value written back. 29 requests over new
    connections before the correction and after it find one instance in ten with 95 %.
    """
    every_instance.require_patient(registered.id, registered.draft)
    current = front_desk.patient(registered.id)
    corrected = replace(current, phone="+49301111111", address="1 New Street")
    front_desk.update(corrected)
    every_instance.require_patient(registered.id, corrected.draft)


def test_every_instance_shows_a_moved_visit(
    ward: Ward, registered: Patient, every_instance: InstanceReads
) -> None:
    """Every instance shows a visit with its reason, and after a move in its new state.

    29 requests over new connections before the move and after it find one instance in ten with
    95 %.
    """
    visit = ward.open(registered, REASON)
    every_instance.require_visit(visit, VisitStatus.OPEN, REASON)
    ward.admit(visit)
    every_instance.require_visit(visit, VisitStatus.ADMITTED, REASON)


def test_every_instance_shows_a_filed_document(
    records: Records, registered: Patient, files: FileFactory, every_instance: InstanceReads
) -> None:
    """Every instance shows a document with its description and all its bytes.

    29 requests over new connections find one instance in ten with 95 %.
    """
    upload = files.of_type("application/pdf")
    document = records.file(registered, upload)
    every_instance.require_document(document, registered.id, upload)


def test_every_instance_lists_what_was_written(
    roaming_desk: FrontDesk,
    roaming_ward: Ward,
    roaming_records: Records,
    opened: Visit,
    registered: Patient,
    records: Records,
    files: FileFactory,
    every_instance: InstanceReads,
) -> None:
    """Every instance finds a new patient, and lists their visit and their document.

    29 requests over new connections for each list find one instance in ten with 95 %.
    """
    document = records.file(registered, files.of_type("text/plain"))
    every_instance.require_equal(
        [registered.id],
        lambda: ids(roaming_desk.find(mrn=registered.mrn)),
        "ids found by record number",
    )
    every_instance.require_equal(
        [opened.id], lambda: ids(roaming_ward.visits_of(registered)), "ids of listed visits"
    )
    every_instance.require_equal(
        [document.id],
        lambda: ids(roaming_records.list_documents(registered)),
        "ids of listed documents",
    )


# ── written over new connections ──


def test_every_instance_stores_corrections(
    roaming_desk: FrontDesk,
    registered: Patient,
    people: PatientFactory,
    every_instance: InstanceReads,
    as_stored: Callable[[PatientDraft], PatientDraft],
) -> None:
    """A correction is stored whole, whichever instance takes it.

    An instance of the old release may drop a field that it does not know. 29 corrections of every
    field, each over a new connection, find one instance in ten with 95 %.
    """
    current = roaming_desk.patient(registered.id)
    for number in range(every_instance.count):
        sex, born = OTHER_VALUES[number % len(OTHER_VALUES)]
        draft = replace(people.draft(), mrn=registered.mrn, sex=sex, birth_date=born)
        roaming_desk.update(replace(current, **vars(draft)))
        every_instance.advance(lambda: roaming_desk.patient(registered.id))
        current = roaming_desk.patient(registered.id)
        assert_same(as_stored(draft), current.draft)


@pytest.mark.plan("patient-creation")
def test_every_instance_registers_patients(
    front_desk: FrontDesk,
    roaming_desk: FrontDesk,
    people: PatientFactory,
    every_instance: InstanceReads,
    as_stored: Callable[[PatientDraft], PatientDraft],
) -> None:
    """A registration is stored, whichever instance takes it, and a search lists all of them.

    29 registrations of one family name, each over a new connection, find one instance in ten with
    95 %.
    """
    name = people.draft().family_name

    def register() -> tuple[str, PatientDraft]:
        draft = replace(people.draft(), family_name=name)
        patient_id = roaming_desk.register(draft).id
        every_instance.advance(lambda: roaming_desk.patient(patient_id))
        return patient_id, draft

    sent = dict(every_instance.perform(register))
    found = front_desk.find(name=name)
    assert_equal(sorted(sent), ids(found), "ids of the patients of one name")
    for patient in found:
        assert_same(as_stored(sent[patient.id]), patient)


@pytest.mark.plan("visit-creation")
def test_every_instance_stores_moves(
    roaming_ward: Ward, ward: Ward, registered: Patient, every_instance: InstanceReads
) -> None:
    """Every move of a visit is stored, whichever instance takes it, and the list shows all visits.

    29 visits, of which each step is sent over a new connection, find one instance in ten with 95 %.
    """
    discharged = []
    for _ in range(every_instance.count):
        visit = roaming_ward.open(registered)
        every_instance.advance(lambda visit=visit: roaming_ward.visit(visit))  # type: ignore[misc]  # bound now
        discharged.append(roaming_ward.discharge(roaming_ward.admit(visit)))
    listed = {visit.id: visit.status for visit in ward.visits_of(registered)}
    expected = {visit.id: VisitStatus.DISCHARGED for visit in discharged}
    assert_equal(expected, listed, "states of the listed visits")


@pytest.mark.plan("document-upload")
def test_every_instance_stores_documents(
    roaming_records: Records,
    records: Records,
    registered: Patient,
    files: FileFactory,
    every_instance: InstanceReads,
) -> None:
    """A document is stored, whichever instance takes it, and the list shows all documents.

    29 documents, each sent over a new connection, find one instance in ten with 95 %. At the end of
    the run the bytes of each are compared with what was sent.
    """

    def file() -> Document:
        document = roaming_records.file(registered, files.of_type("text/plain"))
        every_instance.advance(lambda: roaming_records.document(document))
        return document

    filed = every_instance.perform(file)
    assert_equal(ids(filed), ids(records.list_documents(registered)), "ids of listed documents")


def ids(listed: Iterable[Patient | Visit | Document]) -> list[str]:
    """Return the sorted ids of a list's entries."""
    return sorted(entry.id for entry in listed)
