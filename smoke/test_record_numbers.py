"""A record number leads to its own patient, however it is searched, corrected or repeated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from cutover_gates.hospital import (
    Driver,
    FrontDesk,
    Patient,
    PatientDraft,
    Rejected,
    Session,
)
from cutover_gates.hospital.matchers import (
    TargetCapabilities,
    act_concurrently,
    assert_equal,
    assert_same,
    exactly_one,
)
from cutover_gates.hospital.synthetic import PatientFactory

pytestmark = pytest.mark.plan("patient-creation")

AsStored = Callable[[PatientDraft], PatientDraft]


@pytest.mark.parametrize("part", ["beginning", "end"])
def test_a_part_of_a_record_number_finds_nobody(
    front_desk: FrontDesk, registered: Patient, capabilities: TargetCapabilities, part: str
) -> None:
    """A search by a part of a record number does not find the patient.

    The number 10 must not bring number 100. A search that is refused finds nobody, either.
    """
    number = registered.mrn[:-1] if part == "beginning" else registered.mrn[1:]
    (answer,) = act_concurrently(partial(front_desk.find, mrn=number))
    found = [] if isinstance(answer, Rejected) else [patient.id for patient in answer]
    capabilities.allow_lack("whole-record-numbers", is_lacking=registered.id in found)
    assert registered.id not in found, f"the {part} of a record number finds its patient"


def test_a_correction_gives_nobody_the_record_number_of_another(
    front_desk: FrontDesk,
    registered: Patient,
    neighbour: Patient,
    capabilities: TargetCapabilities,
    as_stored: AsStored,
) -> None:
    """A correction does not give a patient the record number of another.

    The number leads to the patient who had it, and to nobody else, as after a registration.
    """
    stolen = replace(front_desk.patient(registered.id), mrn=neighbour.mrn)
    (answer,) = act_concurrently(partial(front_desk.update, stolen))
    found = front_desk.find(mrn=neighbour.mrn)
    if isinstance(answer, Patient):
        # What is compared at the end of the run is the patient with the number of its own.
        front_desk.update(replace(front_desk.patient(registered.id), mrn=registered.mrn))
    assert_same(as_stored(neighbour.draft), front_desk.patient(neighbour.id))
    assert neighbour.id in [patient.id for patient in found], "the owner is not found any more"
    for name in ("unique-record-numbers", "corrected-record-numbers"):
        capabilities.allow_lack(name, is_lacking=len(found) > 1)
    owner = exactly_one(found, "patient with this record number")
    assert_equal(neighbour.id, owner.id, "id of the patient with this record number")


def test_a_key_of_another_account_shows_no_patient(
    hospital: Driver,
    administrator: Session,
    front_desk: FrontDesk,
    people: PatientFactory,
    as_stored: AsStored,
) -> None:
    """A registration with a key that another account used registers its own patient, or nobody.

    Desks count their keys, and two may come to the same. Neither is shown the other's patient.
    """
    first, second, key = people.draft(), people.draft(), people.mrn()
    registered = front_desk.register(first, idempotency_key=key)
    (answer,) = act_concurrently(
        partial(hospital.register, administrator, second, idempotency_key=key)
    )
    if isinstance(answer, Patient):
        assert answer.id != registered.id, "the patient of another account's key is shown"
        assert_same(as_stored(second), hospital.patient(administrator, answer.id))
    else:
        assert not front_desk.find(mrn=second.mrn)
    assert_same(as_stored(first), front_desk.patient(registered.id))
