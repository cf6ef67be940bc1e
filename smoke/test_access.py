"""Access by roles, facilities and ids: nobody reads or changes a record that they may not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import pytest

from cutover_gates.hospital import (
    Document,
    Driver,
    FrontDesk,
    Operation,
    Patient,
    PatientQuery,
    Reason,
    Records,
    Role,
    Session,
    Transition,
    Visit,
    VisitStatus,
    Ward,
)
from cutover_gates.hospital.matchers import (
    assert_equal,
    assert_no_findings,
    exactly_one,
    expect_rejection,
    find_auth_problem,
    find_changed_fields,
    find_distinguishing_fields,
)
from cutover_gates.hospital.synthetic import (
    FileFactory,
    ForgedSessions,
    PatientFactory,
    make_unused_id,
)

pytestmark = pytest.mark.plan("access-control")


Sessions = Callable[[Role], Session]


@dataclass(frozen=True)
class Chart:
    """One patient with a visit and a document, and what a check needs to request them."""

    hospital: Driver
    people: PatientFactory
    files: FileFactory
    patient: Patient
    visit: Visit
    document: Document


@pytest.fixture
def chart(
    hospital: Driver,
    people: PatientFactory,
    files: FileFactory,
    registered: Patient,
    opened: Visit,
    filed: Document,
) -> Chart:
    """Create a patient of this facility with an open visit and a document, for one check.

    Each check gets its own, because an attempt to change the chart may succeed.
    """
    return Chart(hospital, people, files, registered, opened, filed)


@pytest.fixture(scope="module")
def shown_chart(
    hospital: Driver, people: PatientFactory, files: FileFactory, sessions: Sessions
) -> Chart:
    """Create one such chart for all checks that only try to read it.

    An administrator reads it first, so that a cache that ignores rights shows itself.
    """
    clinician = sessions(Role.CLINICIAN)
    patient = hospital.register(sessions(Role.REGISTRAR), people.draft())
    visit = hospital.open_visit(clinician, patient.id, "to be looked at")
    document = hospital.upload(clinician, patient.id, files.of_type("text/plain"))
    chart = Chart(hospital, people, files, patient, visit, document)
    for look in LOOKS.values():
        look(chart, sessions(Role.ADMINISTRATOR))
    return chart


Act = Callable[[Chart, Session], object]

LOOKS: Mapping[str, Act] = {
    "read-patient": lambda chart, session: chart.hospital.patient(session, chart.patient.id),
    "read-visit": lambda chart, session: chart.hospital.visit(
        session, chart.patient.id, chart.visit.id
    ),
    "list-visits": lambda chart, session: chart.hospital.visits_of(session, chart.patient.id),
    "read-document": lambda chart, session: chart.hospital.document(
        session, chart.patient.id, chart.document.id
    ),
    "download-document": lambda chart, session: chart.hospital.content(session, chart.document),
    "list-documents": lambda chart, session: chart.hospital.documents_of(session, chart.patient.id),
}
CHANGES: Mapping[str, Act] = {
    "correct-patient": lambda chart, session: chart.hospital.update(
        session, replace(chart.patient, given_name="Changed")
    ),
    "open-visit": lambda chart, session: chart.hospital.open_visit(
        session, chart.patient.id, "not mine to open"
    ),
    "admit": lambda chart, session: chart.hospital.move(session, chart.visit, Transition.ADMIT),
    "cancel": lambda chart, session: chart.hospital.move(session, chart.visit, Transition.CANCEL),
    "upload": lambda chart, session: chart.hospital.upload(
        session, chart.patient.id, chart.files.of_type("text/plain")
    ),
    "remove-document": lambda chart, session: chart.hospital.retire(
        session, "document", chart.document.id, chart.patient.id
    ),
    "remove-patient": lambda chart, session: chart.hospital.retire(
        session, "patient", chart.patient.id, None
    ),
}
AT_THE_DESK: Mapping[str, Act] = {
    "search": lambda chart, session: chart.hospital.search(
        session, PatientQuery(mrn=chart.patient.mrn)
    ),
    "register": lambda chart, session: chart.hospital.register(session, chart.people.draft()),
}
WITHOUT_HARM = {**LOOKS, **AT_THE_DESK}

NOT_THEIRS_TO_SEE = [
    *[(Role.REGISTRAR, act) for act in ("read-document", "download-document", "list-documents")],
    (Role.CLINICIAN, "register"),
    *[(Role.AUDITOR, act) for act in WITHOUT_HARM],
]
NOT_THEIRS_TO_CHANGE = [
    *[
        (Role.REGISTRAR, act)
        for act in ("admit", "cancel", "upload", "remove-document", "remove-patient")
    ],
    *[(Role.CLINICIAN, act) for act in ("correct-patient", "remove-document", "remove-patient")],
    *[(Role.AUDITOR, act) for act in CHANGES],
]


SEEN_AFTER: Mapping[str, Act] = {
    "correct-patient": LOOKS["read-patient"],
    "open-visit": LOOKS["list-visits"],
    "admit": LOOKS["read-visit"],
    "cancel": LOOKS["read-visit"],
    "upload": LOOKS["list-documents"],
    "remove-document": LOOKS["read-document"],
    "remove-patient": LOOKS["read-patient"],
}


@contextmanager
def unchanged(chart: Chart, act: str, administrator: Session) -> Iterator[None]:
    """Assert that an administrator reads the same before and after the attempt `act`."""
    before = SEEN_AFTER[act](chart, administrator)
    yield
    after = SEEN_AFTER[act](chart, administrator)
    assert_equal(before, after, f"chart after {act}")


def assert_closed(
    hospital: Driver, operations: Sequence[Operation], session: Session | None
) -> None:
    """Assert that every protected operation refuses this session."""
    protected = [operation for operation in operations if operation.protected]
    assert protected, f"none of the {len(operations)} operations of the document is protected"
    assert_no_findings(
        find_auth_problem(str(operation), hospital.attempt(operation, session))
        for operation in protected
    )


def test_no_protected_operation_answers_without_a_token(
    hospital: Driver, operations: Sequence[Operation]
) -> None:
    """Every protected operation rejects a caller without a token.

    The operations are those of the target's document.
    """
    assert_closed(hospital, operations, None)


def test_no_protected_operation_answers_to_a_made_up_token(
    hospital: Driver, operations: Sequence[Operation], forgeries: ForgedSessions
) -> None:
    """Every protected operation rejects a token that was never issued.

    The operations are those of the target's document.
    """
    assert_closed(hospital, operations, forgeries.made_up)


@pytest.mark.parametrize("act", WITHOUT_HARM)
def test_nothing_is_shown_to_a_stranger(
    shown_chart: Chart, forgeries: ForgedSessions, act: str
) -> None:
    """A caller with a made-up token cannot read a real chart.

    An operation that the document calls protected must be so for this patient, too.
    """
    with expect_rejection(Reason.UNAUTHENTICATED):
        WITHOUT_HARM[act](shown_chart, forgeries.made_up)


@pytest.mark.parametrize("act", CHANGES)
def test_nothing_is_done_for_a_stranger(
    chart: Chart, forgeries: ForgedSessions, administrator: Session, act: str
) -> None:
    """A caller with a made-up token cannot change a real chart.

    Each attempt is rejected, and the chart is as it was.
    """
    with unchanged(chart, act, administrator), expect_rejection(Reason.UNAUTHENTICATED):
        CHANGES[act](chart, forgeries.made_up)


@pytest.mark.parametrize(("role", "act"), NOT_THEIRS_TO_SEE)
def test_a_role_cannot_see_what_it_must_not(
    shown_chart: Chart, sessions: Sessions, role: Role, act: str
) -> None:
    """A role cannot read records that are not part of its work."""
    with expect_rejection(Reason.FORBIDDEN):
        WITHOUT_HARM[act](shown_chart, sessions(role))


@pytest.mark.parametrize(("role", "act"), NOT_THEIRS_TO_CHANGE)
def test_a_role_cannot_do_what_it_must_not(
    chart: Chart, sessions: Sessions, administrator: Session, role: Role, act: str
) -> None:
    """A role cannot do work that is not its own.

    Each attempt is rejected, and the chart is as it was.
    """
    with unchanged(chart, act, administrator), expect_rejection(Reason.FORBIDDEN):
        CHANGES[act](chart, sessions(role))


@pytest.mark.parametrize("act", LOOKS)
def test_another_facilitys_chart_is_closed(shown_chart: Chart, outsider: Session, act: str) -> None:
    """A clinician of another facility cannot read the chart.

    Staff see the patients of their own facility.
    """
    with expect_rejection(Reason.NOT_FOUND, Reason.FORBIDDEN):
        LOOKS[act](shown_chart, outsider)


@pytest.mark.parametrize("act", CHANGES)
def test_another_facilitys_chart_cannot_be_changed(
    chart: Chart, outsider: Session, administrator: Session, act: str
) -> None:
    """A clinician of another facility cannot change the chart.

    Each attempt is rejected, and the chart is as it was.
    """
    with unchanged(chart, act, administrator), expect_rejection(Reason.NOT_FOUND, Reason.FORBIDDEN):
        CHANGES[act](chart, outsider)


def test_another_facilitys_patients_are_not_found(
    outsider_desk: FrontDesk, registered: Patient
) -> None:
    """A search does not find patients of another facility.

    Neither the record number nor the name leads a clinician of another facility to the patient.
    """
    assert not outsider_desk.find(mrn=registered.mrn)
    assert not outsider_desk.find(name=registered.family_name)


def test_a_hidden_patient_looks_like_none(outsider_desk: FrontDesk, registered: Patient) -> None:
    """A patient of another facility and an unknown patient are rejected in the same words.

    Different words would tell that the patient is registered.
    """
    nobody = make_unused_id(registered.id)
    rejections = {}
    for patient_id in (registered.id, nobody, make_unused_id(nobody)):
        with expect_rejection(Reason.NOT_FOUND, Reason.FORBIDDEN) as rejections[patient_id]:
            outsider_desk.patient(patient_id)
    hidden, unknown, also_unknown = (rejection.answer for rejection in rejections.values())
    volatile = find_changed_fields(unknown, also_unknown)
    assert_no_findings(find_distinguishing_fields(hidden, unknown, volatile=volatile))


def test_each_patient_is_shown_as_himself(
    front_desk: FrontDesk, registered: Patient, neighbour: Patient
) -> None:
    """Two patients that are read one after the other each come back as themselves.

    No patient is shown in another's place.
    """
    for patient in (registered, neighbour, registered):
        shown = front_desk.patient(patient.id)
        assert_equal((patient.id, patient.mrn), (shown.id, shown.mrn), "id and record number")


def test_a_visit_cannot_be_read_through_another_patient(
    ward: Ward, opened: Visit, neighbour: Patient
) -> None:
    """A visit cannot be read under another patient's id."""
    with expect_rejection(Reason.NOT_FOUND):
        ward.visit(replace(opened, patient_id=neighbour.id))


def test_a_visit_cannot_be_moved_through_another_patient(
    ward: Ward, opened: Visit, neighbour: Patient
) -> None:
    """A visit cannot be moved under another patient's id.

    The attempt is rejected as not found, and the visit stays as it was.
    """
    with expect_rejection(Reason.NOT_FOUND):
        ward.admit(replace(opened, patient_id=neighbour.id))
    assert ward.visit(opened).status is VisitStatus.OPEN


def test_a_document_cannot_be_read_through_another_patient(
    records: Records, filed: Document, neighbour: Patient
) -> None:
    """A document cannot be read under another patient's id.

    Neither its description nor its bytes are shown.
    """
    astray = replace(filed, patient_id=neighbour.id)
    with expect_rejection(Reason.NOT_FOUND):
        records.document(astray)
    with expect_rejection(Reason.NOT_FOUND):
        records.content(astray)


def test_a_record_holds_no_other_patients_documents(
    records: Records, registered: Patient, filed: Document, neighbour: Patient
) -> None:
    """A patient's record lists no document of another patient.

    The patient's own record lists the document, a neighbour's record does not.
    """
    assert not records.list_documents(neighbour)
    assert exactly_one(records.list_documents(registered), "document").id == filed.id


def test_a_list_holds_no_other_patients_visits(
    ward: Ward, registered: Patient, opened: Visit, neighbour: Patient
) -> None:
    """A patient's list of visits holds no visit of another patient.

    The patient's own list holds the visit, a neighbour's list does not.
    """
    assert not ward.visits_of(neighbour)
    assert exactly_one(ward.visits_of(registered), "visit").id == opened.id
