"""Access by roles, facilities and ids: nobody reads or changes a record that they may not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pytest

from cutover_gates.hospital import (
    Credentials,
    Document,
    Driver,
    FrontDesk,
    Operation,
    Patient,
    PatientDraft,
    PatientQuery,
    Reason,
    Records,
    Rejected,
    Role,
    RoleAct,
    Session,
    SignInDesk,
    Transition,
    Unsupported,
    Visit,
    VisitStatus,
    Ward,
)
from cutover_gates.hospital.matchers import (
    RoleSession,
    TargetCapabilities,
    act_concurrently,
    assert_equal,
    assert_no_findings,
    assert_same_bytes,
    exactly_one,
    expect_permission,
    expect_rejection,
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


Accounts = Callable[[Role], Credentials]
Sessions = Callable[[Role], Session]
RoleSessions = Callable[[str], Session]
NamedSession = Callable[[str], RoleSession]

BIRTH_DATES = "search-by-birth-date"


@dataclass(frozen=True)
class Chart:
    """One patient with a visit and a document, and what a check needs to request them.

    `newcomer` is somebody whom nobody has registered yet.
    """

    hospital: Driver
    newcomer: PatientDraft
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
    return Chart(hospital, people.draft(), files, registered, opened, filed)


@pytest.fixture
def role_session(
    role_sessions: RoleSessions, new_role_session: Callable[[str], Session]
) -> NamedSession:
    """Return a role's session by its name, and how to make another one."""
    return lambda name: RoleSession(role_sessions(name), partial(new_role_session, name))


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
    chart = Chart(hospital, people.draft(), files, patient, visit, document)
    for look in LOOKS.values():
        look(chart, sessions(Role.ADMINISTRATOR))
    return chart


Act = Callable[[Chart, Session], object]

LOOKS: Mapping[str, Act] = {
    "patient": lambda chart, session: chart.hospital.patient(session, chart.patient.id),
    "visit": lambda chart, session: chart.hospital.visit(session, chart.patient.id, chart.visit.id),
    "visits_of": lambda chart, session: chart.hospital.visits_of(session, chart.patient.id),
    "document": lambda chart, session: chart.hospital.document(
        session, chart.patient.id, chart.document.id
    ),
    "content": lambda chart, session: chart.hospital.content(session, chart.document),
    "documents_of": lambda chart, session: chart.hospital.documents_of(session, chart.patient.id),
}
SEARCHES: Mapping[str, Act] = {
    "search": lambda chart, session: chart.hospital.search(
        session, PatientQuery(mrn=chart.patient.mrn)
    ),
}
SHOWS = {**LOOKS, **SEARCHES}
CHANGES: Mapping[str, Act] = {
    "update": lambda chart, session: chart.hospital.update(
        session, replace(chart.patient, given_name="Changed")
    ),
    "open_visit": lambda chart, session: chart.hospital.open_visit(
        session, chart.patient.id, "not mine to open"
    ),
    "admit": lambda chart, session: chart.hospital.move(session, chart.visit, Transition.ADMIT),
    "cancel": lambda chart, session: chart.hospital.move(session, chart.visit, Transition.CANCEL),
    "upload": lambda chart, session: chart.hospital.upload(
        session, chart.patient.id, chart.files.of_type("text/plain")
    ),
    "retire_document": lambda chart, session: chart.hospital.retire(
        session, "document", chart.document.id, chart.patient.id
    ),
    "retire_patient": lambda chart, session: chart.hospital.retire(
        session, "patient", chart.patient.id, None
    ),
}
REGISTERS: Mapping[str, Act] = {
    "register": lambda chart, session: chart.hospital.register(session, chart.newcomer),
}
WRITES: Mapping[str, Act] = {**CHANGES, **REGISTERS}
ROLE_CHANGES: Mapping[str, Act] = {
    **WRITES,
    "discharge": lambda chart, session: chart.hospital.move(
        session, chart.visit, Transition.DISCHARGE
    ),
    "retire_visit": lambda chart, session: chart.hospital.retire(
        session, "visit", chart.visit.id, chart.patient.id
    ),
}
LISTS = frozenset({"visits_of", "documents_of", "search"})
"""Looks that a target may answer to a stranger with an empty list (`refusal-to-strangers`)."""


def find_newcomer(chart: Chart, session: Session) -> bool | None:
    """Return whether the newcomer is registered; None where the target cannot search."""
    try:
        return bool(chart.hospital.search(session, PatientQuery(mrn=chart.newcomer.mrn)))
    except Unsupported:
        return None


SEEN_AFTER: Mapping[str, Act] = {
    "update": LOOKS["patient"],
    "open_visit": LOOKS["visits_of"],
    "admit": LOOKS["visit"],
    "discharge": LOOKS["visit"],
    "cancel": LOOKS["visit"],
    "upload": LOOKS["documents_of"],
    "retire_document": LOOKS["document"],
    "retire_visit": LOOKS["visit"],
    "retire_patient": LOOKS["patient"],
    "register": find_newcomer,
}
EFFECTS = frozenset(act for act in SEEN_AFTER if not act.startswith("retire"))
"""Acts of which a look shows that they were done. A record that is retired may be gone, or only
marked, in a word of the target's own.
"""
SEARCHER = {"register": Role.REGISTRAR}
"""Who looks afterwards, where an administrator cannot: to look for a number is to search."""
PREPARATIONS: Mapping[str, Transition] = {"discharge": Transition.ADMIT}
"""The move that a visit needs before it can be tried."""


def assert_shown(chart: Chart, act: str, answer: Any) -> None:
    """Assert that a look shows the record: an empty list is a refusal, too."""
    if act == "content":
        assert answer, "the document came back without bytes"
        return
    ids = {"visit": chart.visit.id, "document": chart.document.id}
    records = [answer] if isinstance(answer, Patient | Visit | Document) else answer
    wanted = ids.get(act.partition("s_")[0], chart.patient.id)
    assert wanted in {record.id for record in records}, f"the answer to {act} lacks the record"


def look_after(chart: Chart, act: str, sessions: Sessions) -> object:
    """Return what shows whether the act was done."""
    return SEEN_AFTER[act](chart, sessions(SEARCHER.get(act, Role.ADMINISTRATOR)))


@contextmanager
def unchanged(chart: Chart, act: str, sessions: Sessions) -> Iterator[None]:
    """Assert that somebody who may look sees the same before and after the attempt `act`."""
    before = look_after(chart, act, sessions)
    yield
    after = look_after(chart, act, sessions)
    assert_equal(before, after, f"chart after {act}")


def prepare(chart: Chart, act: str, sessions: Sessions) -> Chart:
    """Return the chart with the visit in the state in which `act` is possible."""
    if act not in PREPARATIONS:
        return chart
    visit = chart.hospital.move(sessions(Role.CLINICIAN), chart.visit, PREPARATIONS[act])
    return replace(chart, visit=visit)


def assert_closed(
    hospital: Driver,
    operations: Sequence[Operation],
    session: Session | None,
    capabilities: TargetCapabilities,
) -> None:
    """Assert that every protected operation refuses this session."""
    protected = [operation for operation in operations if operation.protected]
    assert protected, f"none of the {len(operations)} operations of the document is protected"
    assert_no_findings(
        capabilities.find_open_door(operation, hospital.attempt(operation, session))
        for operation in protected
    )


def test_no_protected_operation_answers_without_a_token(
    hospital: Driver, operations: Sequence[Operation], capabilities: TargetCapabilities
) -> None:
    """Every protected operation rejects a caller without a token.

    The operations are those of the target's document.
    """
    assert_closed(hospital, operations, None, capabilities)


def test_no_protected_operation_answers_to_a_made_up_token(
    hospital: Driver,
    operations: Sequence[Operation],
    forgeries: ForgedSessions,
    capabilities: TargetCapabilities,
) -> None:
    """Every protected operation rejects a token that was never issued.

    The operations are those of the target's document.
    """
    assert_closed(hospital, operations, forgeries.made_up, capabilities)


@pytest.mark.parametrize("act", SHOWS)
def test_nothing_is_shown_to_a_stranger(
    shown_chart: Chart, forgeries: ForgedSessions, capabilities: TargetCapabilities, act: str
) -> None:
    """A caller with a made-up token cannot read a real chart.

    An operation that the document calls protected must be so for this patient, too.
    """
    capabilities.require_closed(
        partial(SHOWS[act], shown_chart, forgeries.made_up),
        Reason.UNAUTHENTICATED,
        is_list=act in LISTS,
    )


@pytest.mark.parametrize("act", WRITES)
def test_nothing_is_done_for_a_stranger(
    chart: Chart, forgeries: ForgedSessions, sessions: Sessions, act: str
) -> None:
    """A caller with a made-up token cannot change a real chart, or add one.

    Each attempt is rejected, and everything is as it was.
    """
    with unchanged(chart, act, sessions), expect_rejection(Reason.UNAUTHENTICATED):
        WRITES[act](chart, forgeries.made_up)


def test_a_role_cannot_see_what_it_must_not(
    shown_chart: Chart,
    role_session: NamedSession,
    refused_look: RoleAct,
    capabilities: TargetCapabilities,
) -> None:
    """A role cannot read records that are not part of its work.

    The table of roles says which.
    """
    act = refused_look.operation
    capabilities.require_role_refusal(
        partial(SHOWS[act], shown_chart), role_session(refused_look.role), is_list=act in LISTS
    )


def test_a_role_cannot_do_what_it_must_not(
    chart: Chart,
    sessions: Sessions,
    role_session: NamedSession,
    refused_change: RoleAct,
    capabilities: TargetCapabilities,
) -> None:
    """A role cannot do work that is not its own.

    Each attempt is rejected, and everything is as it was.
    """
    act = refused_change.operation
    chart = prepare(chart, act, sessions)
    session = role_session(refused_change.role)
    with unchanged(chart, act, sessions):
        capabilities.require_role_refusal(partial(ROLE_CHANGES[act], chart), session, is_list=False)


def test_a_role_may_do_its_work(
    chart: Chart, sessions: Sessions, role_sessions: RoleSessions, allowed_act: RoleAct
) -> None:
    """A role may do what the table of roles says, and it is done.

    A list without the record is a refusal, too.
    """
    act = allowed_act.operation
    chart = prepare(chart, act, sessions)
    do = SHOWS[act] if act in SHOWS else ROLE_CHANGES[act]
    before = look_after(chart, act, sessions) if act in EFFECTS else None
    with expect_permission(allowed_act):
        answer = do(chart, role_sessions(allowed_act.role))
    if act in SHOWS:
        assert_shown(chart, act, answer)
    if act in EFFECTS:
        after = look_after(chart, act, sessions)
        assert after != before, (
            f"{act} by {allowed_act.role} was not rejected, and nothing happened"
        )


@pytest.mark.parametrize("act", LOOKS)
def test_another_facilitys_chart_is_closed(
    shown_chart: Chart, outsider: Session, capabilities: TargetCapabilities, act: str
) -> None:
    """A clinician of another facility cannot read the chart.

    Staff see the patients of their own facility.
    """
    capabilities.require_closed(
        partial(LOOKS[act], shown_chart, outsider),
        Reason.NOT_FOUND,
        Reason.FORBIDDEN,
        is_list=act in LISTS,
    )


@pytest.mark.parametrize("act", CHANGES)
def test_another_facilitys_chart_cannot_be_changed(
    chart: Chart, outsider: Session, sessions: Sessions, act: str
) -> None:
    """A clinician of another facility cannot change the chart.

    Each attempt is rejected, and the chart is as it was.
    """
    with unchanged(chart, act, sessions), expect_rejection(Reason.NOT_FOUND, Reason.FORBIDDEN):
        CHANGES[act](chart, outsider)


def test_another_facilitys_patients_are_not_found(
    outsider_desk: FrontDesk, registered: Patient
) -> None:
    """A search does not find patients of another facility.

    Neither the record number nor the name leads a clinician of another facility to the patient.
    """
    assert not outsider_desk.find(mrn=registered.mrn)
    assert not outsider_desk.find(name=registered.family_name)


def test_another_facilitys_patients_are_not_found_by_birth_date(
    outsider_desk: FrontDesk, registered: Patient, capabilities: TargetCapabilities
) -> None:
    """A birth date does not lead a clinician of another facility to the patient.

    Neither alone nor with the name. A search that asks for more than a date may be refused.
    """
    born = registered.birth_date
    by_both = partial(outsider_desk.find, name=registered.family_name, birth_date=born)
    # A target that does not search by birth date may list everybody who is shown.
    by_date = (
        [] if capabilities.lacks(BIRTH_DATES) else [partial(outsider_desk.find, birth_date=born)]
    )
    for answer in act_concurrently(by_both, *by_date):
        if isinstance(answer, Rejected):
            assert answer.reason is Reason.INVALID, f"refused otherwise: {answer}"
            continue
        assert registered.id not in [patient.id for patient in answer], "the patient is found"


def test_a_refreshed_session_is_of_the_same_facility(
    hospital: Driver, door: SignInDesk, own_session: Session, registered: Patient
) -> None:
    """A refreshed session still sees the patients of its own facility."""
    later = door.refresh(own_session)
    assert_equal(registered.id, hospital.patient(later, registered.id).id, "id of the patient")


def test_a_refreshed_session_is_of_no_other_facility(
    hospital: Driver, door: SignInDesk, accounts: Accounts, registered: Patient
) -> None:
    """A refreshed session does not see the patients of another facility."""
    later = door.refresh(door.sign_in(accounts(Role.OUTSIDER)))
    with expect_rejection(Reason.NOT_FOUND, Reason.FORBIDDEN):
        hospital.patient(later, registered.id)


def test_a_refreshed_session_may_no_more_than_before(
    shown_chart: Chart,
    door: SignInDesk,
    new_role_session: RoleSessions,
    refused_looks: Sequence[RoleAct],
) -> None:
    """A refreshed session cannot read what its role must not.

    Of each role in the table of roles one look is tried.
    """
    for act in refused_looks:
        later = door.refresh(new_role_session(act.role))
        with expect_rejection(Reason.FORBIDDEN):
            SHOWS[act.operation](shown_chart, later)


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
    ward: Ward, opened: Visit, neighbour: Patient, capabilities: TargetCapabilities
) -> None:
    """A visit cannot be read under another patient's id."""
    with capabilities.refusal("visits-below-a-patient", Reason.NOT_FOUND) as refusal:
        shown = ward.visit(replace(opened, patient_id=neighbour.id))
    if refusal.is_missing:
        assert_equal(opened.patient_id, shown.patient_id, "patient of the visit")
        refusal.end_check()


def test_a_visit_cannot_be_moved_through_another_patient(
    ward: Ward, opened: Visit, neighbour: Patient, capabilities: TargetCapabilities
) -> None:
    """A visit cannot be moved under another patient's id.

    The attempt is rejected as not found, and the visit stays as it was.
    """
    with capabilities.refusal("visits-below-a-patient", Reason.NOT_FOUND) as refusal:
        ward.admit(replace(opened, patient_id=neighbour.id))
    if refusal.is_missing:
        assert_equal(opened.patient_id, ward.visit(opened).patient_id, "patient of the visit")
        assert not ward.visits_of(neighbour)
        refusal.end_check()
    assert ward.visit(opened).status is VisitStatus.OPEN


def test_a_document_cannot_be_read_through_another_patient(
    records: Records, filed: Document, neighbour: Patient, capabilities: TargetCapabilities
) -> None:
    """A document's description cannot be read under another patient's id."""
    with capabilities.refusal("documents-below-a-patient", Reason.NOT_FOUND) as refusal:
        shown = records.document(replace(filed, patient_id=neighbour.id))
    if refusal.is_missing:
        assert_equal(filed.patient_id, shown.patient_id, "patient of the document")
        assert not records.list_documents(neighbour)
        refusal.end_check()


def test_a_documents_bytes_cannot_be_read_through_another_patient(
    records: Records,
    filed: Document,
    neighbour: Patient,
    files: FileFactory,
    capabilities: TargetCapabilities,
) -> None:
    """A document's bytes cannot be read under another patient's id.

    Where they can be, they are the bytes of this document, and not those of the other patient's
    document of the same name and type.
    """
    records.file(neighbour, files.with_name(filed.file_name))
    with capabilities.refusal("documents-below-a-patient", Reason.NOT_FOUND) as refusal:
        shown = records.content(replace(filed, patient_id=neighbour.id))
    if refusal.is_missing:
        assert_same_bytes(records.content(filed), shown)
        refusal.end_check()


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
