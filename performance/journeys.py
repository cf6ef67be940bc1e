"""Journeys: the daily work of people in the hospital, of which a load run consists.

A journey sends a request, reads the answer, waits as a person does, and sends the next. `@steps`
names its requests. A wrong answer is an error of that request, whatever its status is. The settings
(`performance.journeys`) hold how often each journey starts and how long people wait.
"""

from __future__ import annotations

from hashlib import sha256

from cutover_gates.hospital import VisitStatus
from cutover_gates.hospital.matchers import assert_same
from cutover_gates.probes.load.journeys import JourneyContext, steps


@steps("search", "register", "patient")
def registrar(shift: JourneyContext) -> None:
    """Find a returning patient by record number, or register a new one and open the chart."""
    known = shift.known.patient
    assert [patient.id for patient in shift.front_desk.find(mrn=known.mrn)] == [known.id], (
        "another patient was found"
    )
    shift.think()
    registered = shift.front_desk.register(shift.new_patient())
    assert registered.id, "the new patient has no id"
    shift.think()
    assert_same(registered, shift.front_desk.patient(registered.id))


@steps("patient", "visits_of", "open_visit", "admit", "discharge")
def clinician(shift: JourneyContext) -> None:
    """Open a visit, admit the patient, and discharge them."""
    known = shift.known.patient
    assert shift.front_desk.patient(known.id).mrn == known.mrn, "another patient's chart came"
    shift.think()
    assert all(visit.patient_id == known.id for visit in shift.ward.visits_of(known)), (
        "another patient's visit is on the list"
    )
    shift.think()
    visit = shift.ward.open(known, shift.reason())
    assert (visit.patient_id, visit.status) == (known.id, VisitStatus.OPEN), (
        "another visit was opened"
    )
    shift.think()
    admitted = shift.ward.admit(visit)
    assert (admitted.id, admitted.status) == (
        visit.id,
        VisitStatus.ADMITTED,
    ), "the visit is not admitted"
    shift.think()
    discharged = shift.ward.discharge(admitted)
    assert (discharged.id, discharged.status) == (
        visit.id,
        VisitStatus.DISCHARGED,
    ), "the visit is not discharged"


@steps("content", "upload", "documents_of")
def clerk(shift: JourneyContext) -> None:
    """Read a document, file a new one, and list the record with both."""
    known = shift.known
    assert sha256(shift.records.content(known.document)).hexdigest() == known.sha256, (
        "the report came back with other bytes"
    )
    shift.think()
    upload = shift.file()
    filed = shift.records.file(known.patient, upload)
    assert filed.id, "the new report has no id"
    assert filed.sha256 in (
        None,
        sha256(upload.content).hexdigest(),
    ), "the report was stored with other bytes"
    shift.think()
    listed = {document.id for document in shift.records.list_documents(known.patient)}
    assert {known.document.id, filed.id} <= listed, "a filed report is not on the list"
