"""After discharge the chart, the visits and the documents stay readable to whom they must.

A target that closes charts to some accounts declares which one still reads them
(charts-after-discharge).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial

import pytest

from cutover_gates.hospital import (
    Document,
    Driver,
    FrontDesk,
    Patient,
    PatientQuery,
    Records,
    Role,
    RoleAct,
    Session,
    Visit,
    VisitStatus,
    Ward,
)
from cutover_gates.hospital.matchers import (
    ReadBack,
    act_concurrently,
    assert_equal,
    assert_same,
    assert_same_bytes,
    exactly_one,
    expect_permission,
)
from cutover_gates.hospital.synthetic import FileFactory

pytestmark = pytest.mark.plan("acknowledged-writes")

DischargedReader = Callable[[Role, Callable[[Session], bool]], Session]
REASON = "cutover check"
READERS_OF_CHARTS = (Role.REGISTRAR, Role.CLINICIAN, Role.ADMINISTRATOR)
READERS_OF_DOCUMENTS = (Role.CLINICIAN, Role.ADMINISTRATOR)


@pytest.mark.plan("visit-creation")
@pytest.mark.parametrize("role", READERS_OF_CHARTS)
def test_a_chart_stays_readable_after_discharge(
    hospital: Driver,
    discharged_reader: DischargedReader,
    registered: Patient,
    discharged: Visit,
    role: Role,
) -> None:
    """After discharge a patient and their visit are read, found and listed as before.

    The next doctor needs to know what was done. Whoever could read the chart before still can.
    """
    session = discharged_reader(
        role, lambda one: ids(hospital.visits_of(one, registered.id)) == [discharged.id]
    )
    assert_same(registered.draft, hospital.patient(session, registered.id).draft)
    read = hospital.visit(session, registered.id, discharged.id)
    assert_equal(VisitStatus.DISCHARGED, read.status, "state of the visit")
    listed = exactly_one(hospital.visits_of(session, registered.id), "listed visit")
    assert_equal((discharged.id, VisitStatus.DISCHARGED), (listed.id, listed.status), "visit")
    found = exactly_one(FrontDesk(hospital, session).find(mrn=registered.mrn), "found patient")
    assert_equal(registered.id, found.id, "id of the found patient")


@pytest.mark.plan("document-upload")
@pytest.mark.parametrize("role", READERS_OF_DOCUMENTS)
def test_documents_stay_readable_after_discharge(
    hospital: Driver,
    discharged_reader: DischargedReader,
    ward: Ward,
    records: Records,
    registered: Patient,
    admitted: Visit,
    files: FileFactory,
    role: Role,
) -> None:
    """After discharge a document is listed, described and read byte for byte as before."""
    upload = files.of_type("application/pdf")
    document = records.file(registered, upload)
    ward.discharge(admitted)
    session = discharged_reader(
        role, lambda one: ids(hospital.documents_of(one, registered.id)) == [document.id]
    )
    described = hospital.document(session, registered.id, document.id)
    assert_same(document, described)
    assert_same_bytes(upload.content, hospital.content(session, described))
    listed = exactly_one(hospital.documents_of(session, registered.id), "listed document")
    assert_same(document, listed)


def test_every_role_reads_after_discharge_what_it_may(
    hospital: Driver,
    role_sessions: Callable[[str], Session],
    acts_after_discharge: Sequence[RoleAct],
    ward: Ward,
    records: Records,
    registered: Patient,
    admitted: Visit,
    files: FileFactory,
) -> None:
    """Every role reads of a discharged patient what the table of roles says that it may read.

    A list without the record is a refusal, too.
    """
    document = records.file(registered, files.of_type("text/plain"))
    ward.discharge(admitted)
    query = PatientQuery(mrn=registered.mrn)
    reads: Mapping[str, Callable[[Session], object]] = {
        "patient": lambda session: hospital.patient(session, registered.id).id,
        "search": lambda session: ids(hospital.search(session, query)),
        "visit": lambda session: hospital.visit(session, registered.id, admitted.id).id,
        "visits_of": lambda session: ids(hospital.visits_of(session, registered.id)),
        "document": lambda session: hospital.document(session, registered.id, document.id).id,
        "documents_of": lambda session: ids(hospital.documents_of(session, registered.id)),
        "content": lambda session: bool(hospital.content(session, document)),
    }
    expected = {
        "patient": registered.id,
        "search": [registered.id],
        "visit": admitted.id,
        "visits_of": [admitted.id],
        "document": document.id,
        "documents_of": [document.id],
        "content": True,
    }
    for act in acts_after_discharge:
        with expect_permission(act):
            found = reads[act.operation](role_sessions(act.role))
        assert_equal(expected[act.operation], found, str(act))


def test_everything_of_a_stay_is_stored_after_discharge(
    ward: Ward,
    records: Records,
    registered: Patient,
    admitted: Visit,
    files: FileFactory,
    read_back: ReadBack,
) -> None:
    """After discharge the patient, the visit and the document are stored as they were sent."""
    upload = files.of_type("image/png")
    document = records.file(registered, upload)
    ward.discharge(admitted)
    read_back.require_patient(registered.id, registered.draft)
    read_back.require_visit(admitted, VisitStatus.DISCHARGED, REASON)
    read_back.require_document(document, registered.id, upload)


def test_a_correction_after_discharge_is_stored_if_acknowledged(
    front_desk: FrontDesk, registered: Patient, discharged: Visit, read_back: ReadBack
) -> None:
    """An acknowledged correction of a discharged patient is stored; a refused one changes nothing.

    Letters follow a patient home.
    """
    current = front_desk.patient(discharged.patient_id)
    corrected = replace(current, address="1 New Street", phone="+49301111111")
    (answer,) = act_concurrently(partial(front_desk.update, corrected))
    kept = corrected if isinstance(answer, Patient) else registered
    read_back.require_patient(registered.id, kept.draft)


def test_a_document_after_discharge_is_stored_if_acknowledged(
    records: Records,
    registered: Patient,
    discharged: Visit,
    files: FileFactory,
    read_back: ReadBack,
) -> None:
    """An acknowledged document of a discharged patient is stored; a refused one leaves nothing.

    Results of the laboratory come after the patient has gone.
    """
    upload = files.of_type("application/pdf")
    (answer,) = act_concurrently(partial(records.file, registered, upload))
    if isinstance(answer, Document):
        read_back.require_document(answer, registered.id, upload)
    else:
        assert not records.list_documents(registered)
    read_back.require_visit(discharged, VisitStatus.DISCHARGED, REASON)


def test_a_readmission_leaves_the_former_visit_readable(
    ward: Ward, registered: Patient, discharged: Visit, read_back: ReadBack
) -> None:
    """A second visit of a discharged patient is stored, and the first one stays discharged."""
    again = ward.admit(ward.open(registered, REASON))
    read_back.require_visit(again, VisitStatus.ADMITTED, REASON)
    read_back.require_visit(discharged, VisitStatus.DISCHARGED, REASON)
    states = {visit.id: visit.status for visit in ward.visits_of(registered)}
    expected = {discharged.id: VisitStatus.DISCHARGED, again.id: VisitStatus.ADMITTED}
    assert_equal(expected, states, "states of the listed visits")


def ids(listed: Iterable[Patient | Visit | Document]) -> list[str]:
    """Return the ids of a list's entries."""
    return [entry.id for entry in listed]
