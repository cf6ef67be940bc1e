"""An act changes the record that it names, and no other one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

import pytest

from cutover_gates.hospital import (
    Driver,
    FrontDesk,
    Patient,
    Reason,
    Records,
    Rejected,
    Session,
    Transition,
    Visit,
    VisitStatus,
    Ward,
)
from cutover_gates.hospital.matchers import (
    ReadBack,
    act_concurrently,
    assert_equal,
    assert_same,
)
from cutover_gates.hospital.synthetic import FileFactory

REASON = "cutover check"
MOVES_BEFORE: Mapping[Transition, Sequence[Transition]] = {
    Transition.ADMIT: (),
    Transition.CANCEL: (),
    Transition.DISCHARGE: (Transition.ADMIT,),
}
"""The moves that bring a new visit to the state in which a move is possible."""
ONE_STAY_AT_A_TIME = (Reason.ILLEGAL_TRANSITION, Reason.DUPLICATE, Reason.INVALID, Reason.STALE)
"""The reasons for which a hospital refuses a patient a second visit beside the first."""


@pytest.mark.plan("acknowledged-writes")
def test_a_correction_leaves_visits_and_documents_as_they_were(
    front_desk: FrontDesk,
    records: Records,
    registered: Patient,
    opened: Visit,
    files: FileFactory,
    read_back: ReadBack,
) -> None:
    """A correction of a patient leaves the patient's visits and documents as they were.

    A form sends what it shows. What it does not show is not removed, and nothing is called off.
    """
    upload = files.of_type("application/pdf")
    document = records.file(registered, upload)
    current = front_desk.patient(registered.id)
    front_desk.update(replace(current, phone="+49301111111", address="1 New Street"))
    read_back.require_visit(opened, VisitStatus.OPEN, REASON)
    read_back.require_document(document, registered.id, upload)
    listed = [one.id for one in records.list_documents(registered)]
    assert_equal([document.id], listed, "ids of the listed documents")


@pytest.mark.plan("acknowledged-writes")
@pytest.mark.parametrize("move", Transition)
def test_a_move_leaves_the_patients_other_visits_as_they_were(
    hospital: Driver,
    clinician: Session,
    ward: Ward,
    registered: Patient,
    read_back: ReadBack,
    move: Transition,
) -> None:
    """A move of a visit leaves the patient's other visits as they were.

    Who goes home from the day clinic keeps the bed on the ward. Where a patient has one visit at a
    time, the second is refused, and the first stays as it was.
    """
    first = ward.open(registered, REASON)
    for before in MOVES_BEFORE[move]:
        first = hospital.move(clinician, first, before)
    other = open_beside(ward, registered)
    if other is None:
        read_back.require_visit(first, first.status, REASON)
        return
    for before in MOVES_BEFORE[move]:
        (answer,) = act_concurrently(partial(hospital.move, clinician, other, before))
        other = answer if isinstance(answer, Visit) else other
    hospital.move(clinician, first, move)
    read_back.require_visit(other, other.status, REASON)


@pytest.mark.plan("patient-creation")
def test_a_look_leaves_a_correction_possible(
    front_desk: FrontDesk, ward_desk: FrontDesk, registered: Patient
) -> None:
    """A correction is accepted although others looked at the patient in the meantime.

    A version that grows with each look makes every correction an outdated one.
    """
    read = front_desk.patient(registered.id)
    for _ in range(2):
        assert_equal(registered.id, ward_desk.patient(registered.id).id, "id of the patient")
        ward_desk.find(mrn=registered.mrn)
    corrected = replace(read, phone="+49301111111")
    front_desk.update(corrected)
    assert_same(corrected.draft, front_desk.patient(registered.id).draft)


def open_beside(ward: Ward, patient: Patient) -> Visit | None:
    """Open a second visit; return None where the patient may have one at a time."""
    (answer,) = act_concurrently(partial(ward.open, patient, REASON))
    if isinstance(answer, Rejected):
        assert answer.reason in ONE_STAY_AT_A_TIME, f"refused otherwise: {answer}"
        return None
    return answer
