"""What the API acknowledged is stored as it was sent: every field, every move, every byte.

These checks hold what no waiver of a function may cover. A write that the target *refuses* is not
lost: then the record must be as it was before. Whether it may refuse is a rule of the function.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from cutover_gates.config.target_access import Limits
from cutover_gates.hospital import (
    Document,
    Driver,
    FrontDesk,
    Patient,
    PatientDraft,
    Records,
    Session,
    Transition,
    Upload,
    Visit,
    VisitStatus,
    Ward,
)
from cutover_gates.hospital.hard_values import CORRECTIONS, HARD_FILES, HARD_PATIENTS
from cutover_gates.hospital.matchers import (
    ReadBack,
    TargetCapabilities,
    act_concurrently,
    assert_equal,
    exactly_one,
)
from cutover_gates.hospital.synthetic import FileFactory, PatientFactory

pytestmark = pytest.mark.plan("acknowledged-writes")

AsStored = Callable[[PatientDraft], PatientDraft]

CROWD = 4
FURTHER_MOVES = {
    Transition.ADMIT: (Transition.ADMIT,),
    Transition.DISCHARGE: (Transition.ADMIT, Transition.DISCHARGE),
    Transition.CANCEL: (Transition.CANCEL,),
}
MOVES = {Ward.admit: VisitStatus.ADMITTED, Ward.discharge: VisitStatus.DISCHARGED}
STATUS_AFTER = {
    Transition.ADMIT: VisitStatus.ADMITTED,
    Transition.DISCHARGE: VisitStatus.DISCHARGED,
    Transition.CANCEL: VisitStatus.CANCELLED,
}


def file_and_require(
    records: Records, patient: Patient, upload: Upload, read_back: ReadBack
) -> None:
    """File the upload; require that it is stored whole where it was acknowledged, else nothing."""
    (answer,) = act_concurrently(partial(records.file, patient, upload))
    if isinstance(answer, Document):
        read_back.require_document(answer, patient.id, upload)
    else:
        assert not records.list_documents(patient)


@pytest.mark.parametrize("kind", HARD_PATIENTS)
def test_an_acknowledged_registration_is_stored_as_sent(
    front_desk: FrontDesk, people: PatientFactory, read_back: ReadBack, kind: str
) -> None:
    """Every field of an acknowledged registration is stored as it was sent.

    A registration that is refused leaves no patient.
    """
    draft = HARD_PATIENTS[kind](people)
    (answer,) = act_concurrently(partial(front_desk.register, draft))
    if isinstance(answer, Patient):
        read_back.require_patient(answer.id, draft)
    else:
        assert not front_desk.find(mrn=draft.mrn)


@pytest.mark.parametrize("kind", CORRECTIONS)
def test_an_acknowledged_correction_is_stored_as_sent(
    front_desk: FrontDesk, registered: Patient, read_back: ReadBack, kind: str
) -> None:
    """An acknowledged correction is stored as it was sent, and changes no other field.

    A correction that is refused changes nothing.
    """
    before = front_desk.patient(registered.id)
    corrected = replace(before, **CORRECTIONS[kind])
    (answer,) = act_concurrently(partial(front_desk.update, corrected))
    kept = corrected if isinstance(answer, Patient) else registered
    read_back.require_patient(registered.id, kept.draft)


def test_of_two_corrections_of_one_version_none_is_lost(
    front_desk: FrontDesk,
    registered: Patient,
    read_back: ReadBack,
    capabilities: TargetCapabilities,
    as_stored: AsStored,
) -> None:
    """A correction of an outdated version does not undo an acknowledged one.

    Two desks correct different fields of the version that both have read. Either the second is
    refused, or both corrections are stored. Where a later write may overwrite, the second is stored
    as it was sent.
    """
    read = front_desk.patient(registered.id)
    first, later = replace(read, phone="+49301111111"), replace(read, address="1 New Street")
    front_desk.update(first)
    read_back.require_patient(registered.id, first.draft)
    (second,) = act_concurrently(partial(front_desk.update, later))
    kept = replace(first, address="1 New Street") if isinstance(second, Patient) else first
    if isinstance(second, Patient) and capabilities.lacks("versions"):
        stored = front_desk.patient(registered.id)
        kept = later if stored.phone == as_stored(later.draft).phone else kept
    read_back.require_patient(registered.id, kept.draft)
    capabilities.allow_lack("versions", is_lacking=kept is later)


@pytest.mark.parametrize("kind", ["moves", "corrections", "corrections-of-one-version"])
def test_each_acknowledged_write_is_readable_until_the_next(
    front_desk: FrontDesk, ward: Ward, registered: Patient, read_back: ReadBack, kind: str
) -> None:
    """Each acknowledged write is stored whole, and can be read until the next one.

    Also where each correction is made of the version that was read first: it is refused, or it is
    stored.
    """
    if kind == "moves":
        visit = ward.open(registered)
        for act, status in MOVES.items():
            act(ward, visit)
            read_back.require_visit(visit, status, "cutover check")
        return
    current = kept = front_desk.patient(registered.id)
    for number in range(1, CROWD):
        current = replace(current, phone=f"+4931{number:07d}", address=f"{number} Old Street")
        (answer,) = act_concurrently(partial(front_desk.update, current))
        kept = current if isinstance(answer, Patient) else kept
        read_back.require_patient(registered.id, kept.draft)
        if kind == "corrections":
            current = front_desk.patient(registered.id)


def test_of_corrections_at_the_same_moment_none_is_lost(
    front_desk: FrontDesk,
    registered: Patient,
    read_back: ReadBack,
    capabilities: TargetCapabilities,
    as_stored: AsStored,
) -> None:
    """Of several corrections at the same moment, only the one that is stored is acknowledged.

    Where a later write may overwrite, one of the acknowledged corrections is stored, whole.
    """
    read = front_desk.patient(registered.id)
    corrections = [replace(read, phone=f"+4930{number:07d}") for number in range(CROWD)]
    answers = act_concurrently(
        *[partial(front_desk.update, correction) for correction in corrections]
    )
    acknowledged = [
        correction
        for correction, answer in zip(corrections, answers, strict=True)
        if isinstance(answer, Patient)
    ]
    is_lacking = len(acknowledged) > 1 and capabilities.lacks("versions")
    if is_lacking:
        phone = front_desk.patient(registered.id).phone
        last = [one for one in acknowledged if as_stored(one.draft).phone == phone]
        read_back.require_patient(registered.id, exactly_one(last, "stored correction").draft)
    capabilities.allow_lack("versions", is_lacking=is_lacking)
    kept = exactly_one(acknowledged, "acknowledged correction of one version")
    read_back.require_patient(registered.id, kept.draft)


def test_a_record_number_is_acknowledged_for_one_patient(
    front_desk: FrontDesk,
    people: PatientFactory,
    registered: Patient,
    read_back: ReadBack,
    capabilities: TargetCapabilities,
) -> None:
    """A record number is acknowledged for one patient only.

    Results that name the number would reach the wrong one. The patient who has it stays as it was.
    """
    twin = replace(people.draft(), mrn=registered.mrn)
    (answer,) = act_concurrently(partial(front_desk.register, twin))
    read_back.require_patient(registered.id, registered.draft)
    if isinstance(answer, Patient):
        read_back.require_patient(answer.id, twin)
    capabilities.allow_lack("unique-record-numbers", is_lacking=isinstance(answer, Patient))
    if isinstance(answer, Patient):
        assert_equal("a refusal", f"patient {answer.id}", f"second patient {registered.mrn}")


def test_a_record_number_is_acknowledged_once_also_at_the_same_moment(
    front_desk: FrontDesk,
    people: PatientFactory,
    read_back: ReadBack,
    capabilities: TargetCapabilities,
) -> None:
    """A record number is acknowledged for one patient, also when several desks ask at once."""
    mrn = people.mrn()
    drafts = [replace(people.draft(), mrn=mrn) for _ in range(CROWD)]
    answers = act_concurrently(*[partial(front_desk.register, draft) for draft in drafts])
    acknowledged = [
        (draft, answer)
        for draft, answer in zip(drafts, answers, strict=True)
        if isinstance(answer, Patient)
    ]
    for draft, patient in acknowledged:
        read_back.require_patient(patient.id, draft)
    capabilities.allow_lack("unique-record-numbers", is_lacking=len(acknowledged) > 1)
    exactly_one(acknowledged, "acknowledged patient with one record number")


def test_an_acknowledged_visit_is_stored_as_sent(
    ward: Ward, registered: Patient, read_back: ReadBack, reason: str
) -> None:
    """An acknowledged visit is stored with its patient, its state and the reason that was sent."""
    visit = ward.open(registered, reason)
    read_back.require_visit(visit, VisitStatus.OPEN, reason)


@pytest.mark.parametrize("move", Transition)
def test_an_acknowledged_move_is_stored(
    hospital: Driver,
    clinician: Session,
    opened: Visit,
    read_back: ReadBack,
    move: Transition,
) -> None:
    """Every acknowledged move of a visit is stored, from opening to its end.

    A move that is refused changes nothing.
    """
    status = VisitStatus.OPEN
    for step in FURTHER_MOVES[move]:
        (answer,) = act_concurrently(partial(hospital.move, clinician, opened, step))
        status = STATUS_AFTER[step] if isinstance(answer, Visit) else status
        read_back.require_visit(opened, status, "cutover check")


@pytest.mark.parametrize("move", [Transition.ADMIT, Transition.CANCEL])
def test_a_move_changes_no_other_visit(
    hospital: Driver,
    clinician: Session,
    ward: Ward,
    neighbour: Patient,
    registered: Patient,
    read_back: ReadBack,
    move: Transition,
) -> None:
    """A move changes the visit that it names, and no other one.

    Neither an earlier visit of the patient nor the open visit of another patient is moved.
    """
    earlier = ward.open(registered)
    ward.discharge(ward.admit(earlier))
    other, moved = ward.open(neighbour), ward.open(registered)
    hospital.move(clinician, moved, move)
    read_back.require_visit(moved, STATUS_AFTER[move], "cutover check")
    read_back.require_visit(other, VisitStatus.OPEN, "cutover check")
    read_back.require_visit(earlier, VisitStatus.DISCHARGED, "cutover check")


def test_moves_of_a_visit_leave_the_patient_as_sent(
    ward: Ward, registered: Patient, read_back: ReadBack
) -> None:
    """The moves of a visit change no field of the patient."""
    ward.discharge(ward.admit(ward.open(registered)))
    read_back.require_patient(registered.id, registered.draft)


@pytest.mark.parametrize("kind", HARD_FILES)
def test_an_acknowledged_document_is_stored_as_sent(
    records: Records,
    registered: Patient,
    files: FileFactory,
    limits: Limits,
    read_back: ReadBack,
    kind: str,
) -> None:
    """An acknowledged document is stored with its name, its type and all its bytes.

    An upload that is refused leaves no document.
    """
    upload = HARD_FILES[kind](files)
    if upload.media_type not in limits.document_types:
        upload = replace(upload, media_type=limits.document_types[0])
    file_and_require(records, registered, upload, read_back)


def test_the_largest_acknowledged_document_is_stored_whole(
    records: Records,
    registered: Patient,
    files: FileFactory,
    limits: Limits,
    read_back: ReadBack,
) -> None:
    """A document of the largest allowed size is stored whole, or refused."""
    upload = files.of_type("application/pdf", limits.document_bytes)
    file_and_require(records, registered, upload, read_back)


def test_a_second_document_does_not_replace_the_first(
    records: Records, registered: Patient, files: FileFactory, read_back: ReadBack
) -> None:
    """Two acknowledged documents of one name are both stored, each with its own bytes."""
    name = files.name("txt")
    uploads = [files.with_name(name), files.with_name(name)]
    filed = [records.file(registered, upload) for upload in uploads]
    for document, upload in zip(filed, uploads, strict=True):
        read_back.require_document(document, registered.id, upload)


def test_an_acknowledged_removal_of_a_document_is_carried_out(
    hospital: Driver,
    administrator: Session,
    records: Records,
    registered: Patient,
    files: FileFactory,
    read_back: ReadBack,
) -> None:
    """A document whose removal was acknowledged cannot be read any more; the others can.

    A target that marks records instead of deleting them may keep it readable.
    """
    kept, removed = files.of_type("text/plain"), files.of_type("text/plain")
    staying, going = records.file(registered, kept), records.file(registered, removed)
    how = hospital.retire(administrator, "document", going.id, registered.id)
    if how == "deleted":
        read_back.require_absent("document", going.id, registered.id)
    read_back.require_document(staying, registered.id, kept)


def test_an_acknowledged_removal_of_a_patient_is_carried_out(
    hospital: Driver,
    administrator: Session,
    registered: Patient,
    neighbour: Patient,
    read_back: ReadBack,
) -> None:
    """A patient whose removal was acknowledged cannot be read any more; the others can.

    A target that marks records instead of deleting them keeps the patient readable.
    """
    how = hospital.retire(administrator, "patient", registered.id, None)
    if how == "deleted":
        read_back.require_absent("patient", registered.id, registered.id)
    read_back.require_patient(neighbour.id, neighbour.draft)
