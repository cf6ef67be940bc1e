"""Patients are registered, found and corrected without loss."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest

from cutover_gates.hospital import FrontDesk, Patient, PatientDraft, Reason, Rejected, Sex
from cutover_gates.hospital.matchers import (
    TargetCapabilities,
    act_concurrently,
    assert_equal,
    assert_row_matches,
    assert_same,
    exactly_one,
    expect_rejection,
)
from cutover_gates.hospital.synthetic import (
    NAME_CHARACTERS,
    NAMES,
    PatientFactory,
    make_unused_id,
)
from cutover_gates.probes.database.stored_records import StoredRecords

pytestmark = pytest.mark.plan("patient-creation")

AsStored = Callable[[PatientDraft], PatientDraft]

CROWD = 4
WESTERNMOST = timedelta(hours=12)
"""The time zone in which a day begins last is UTC-12."""


def act_and_ask_again(acts: Sequence[Callable[[], Patient]]) -> list[Patient | Rejected]:
    """Do all acts at the same moment, and each that met a conflict once more afterwards.

    Somebody else was quicker: that is no answer yet to what was asked.
    """
    answers = act_concurrently(*acts)
    for number, answer in enumerate(answers):
        if isinstance(answer, Rejected) and answer.reason is Reason.STALE:
            (answers[number],) = act_concurrently(acts[number])
    return answers


def is_patient(answer: Patient | Rejected, patient_id: str) -> bool:
    """Return whether an answer is the patient with this id."""
    return isinstance(answer, Patient) and answer.id == patient_id


def assert_no_second_patient(
    capabilities: TargetCapabilities, first: Patient, answer: Patient | Rejected
) -> None:
    """Assert that no other patient got the number of the first, where numbers are unique."""
    if isinstance(answer, Patient) and not capabilities.lacks("unique-record-numbers"):
        assert_equal(first.id, answer.id, "id of the patient with this record number")


def finds_one_of(answers: Sequence[Sequence[Patient] | Rejected]) -> bool:
    """Return whether the first search found one patient, and the second nobody."""
    return [None if isinstance(one, Rejected) else len(one) for one in answers] == [1, 0]


def test_a_registered_patient_reads_back_as_sent(
    front_desk: FrontDesk, people: PatientFactory, as_stored: AsStored
) -> None:
    """A registered patient reads back as sent.

    Every field has its own value, in the answer and when it is read again.
    """
    draft = people.draft()
    patient = front_desk.register(draft)
    assert_same(as_stored(draft), patient)
    assert_same(as_stored(draft), front_desk.patient(patient.id))


@pytest.mark.parametrize("kind", NAMES)
def test_a_name_in_any_script_reads_back_as_sent(
    front_desk: FrontDesk, people: PatientFactory, kind: str, as_stored: AsStored
) -> None:
    """A name in any script reads back as sent.

    Every character comes back: nothing is normalized, trimmed or replaced.
    """
    draft = people.draft_with_name(kind)
    patient = front_desk.register(draft)
    assert_same(as_stored(draft), front_desk.patient(patient.id))


def test_a_minimal_patient_reads_back_as_sent(
    front_desk: FrontDesk, people: PatientFactory, as_stored: AsStored
) -> None:
    """A patient with only the required fields reads back as sent. The other fields stay empty."""
    draft = people.minimal_draft()
    patient = front_desk.register(draft)
    assert_same(as_stored(draft), front_desk.patient(patient.id))


def test_the_longest_names_read_back_as_sent(
    front_desk: FrontDesk,
    people: PatientFactory,
    capabilities: TargetCapabilities,
    as_stored: AsStored,
) -> None:
    """A name of the greatest length is stored in full.

    Length is counted in characters, not in bytes.
    """
    draft = people.longest_draft()
    patient = front_desk.register(draft)
    assert_same(as_stored(draft), front_desk.patient(patient.id))
    is_shorter = people.name_characters < NAME_CHARACTERS
    capabilities.allow_lack("name-length", is_lacking=is_shorter)


def test_a_longer_name_is_refused_or_stored_whole(
    front_desk: FrontDesk,
    people: PatientFactory,
    capabilities: TargetCapabilities,
    as_stored: AsStored,
) -> None:
    """A name of one character more than the greatest length is rejected, or stored in full.

    A name that is cut is another person's.
    """
    draft = people.longest_draft(more=1)
    (answer,) = act_concurrently(partial(front_desk.register, draft))
    if isinstance(answer, Patient):
        assert_same(as_stored(draft), front_desk.patient(answer.id))
    else:
        assert answer.reason in (Reason.INVALID, Reason.TOO_LARGE), f"refused otherwise: {answer}"
        assert not front_desk.find(mrn=draft.mrn)
    capabilities.allow_lack("name-length", is_lacking=isinstance(answer, Patient))


def test_a_newborn_reads_back_as_sent(
    front_desk: FrontDesk, people: PatientFactory, as_stored: AsStored
) -> None:
    """A newborn can be registered, and reads back as sent.

    The birth date is the latest that is not in the future in any time zone: it is today or
    yesterday where the target stands.
    """
    draft = replace(people.draft(), birth_date=(datetime.now(UTC) - WESTERNMOST).date())
    patient = front_desk.register(draft)
    assert_same(as_stored(draft), front_desk.patient(patient.id))


@pytest.mark.parametrize("sex", Sex)
def test_every_sex_reads_back_as_sent(
    front_desk: FrontDesk, people: PatientFactory, sex: Sex, as_stored: AsStored
) -> None:
    """Each of the four administrative genders reads back as sent."""
    draft = replace(people.draft(), sex=sex)
    patient = front_desk.register(draft)
    assert_same(as_stored(draft), front_desk.patient(patient.id))


def test_a_patient_is_found_by_record_number(front_desk: FrontDesk, people: PatientFactory) -> None:
    """A search by record number finds exactly its patient."""
    patient = front_desk.register(people.draft())
    found = exactly_one(front_desk.find(mrn=patient.mrn), "patient with this record number")
    assert_same(patient.draft, found)
    assert found.id == patient.id


def test_a_patient_is_found_by_either_name(front_desk: FrontDesk, people: PatientFactory) -> None:
    """A search by family name or by given name finds the patient, once."""
    patient = front_desk.register(people.draft())
    for name in (patient.family_name, patient.given_name):
        assert exactly_one(front_desk.find(name=name), f"patient named {name}").id == patient.id


@pytest.mark.parametrize(
    ("family_name", "typed"),
    [
        pytest.param("Åström", "åSTRÖM", id="latin"),
        pytest.param("Жуков", "жУКОВ", id="cyrillic"),
        pytest.param("Παπαδόπουλος", "ΠΑΠΑΔΌΠΟΥΛΟΣ", id="greek"),
        pytest.param("欧阳", "欧阳", id="cjk"),
        pytest.param("الخطيب", "الخطيب", id="arabic"),
        pytest.param("O'Brien", "o'brien", id="apostrophe"),
    ],
)
def test_a_name_is_found_in_any_script_and_case(
    front_desk: FrontDesk, people: PatientFactory, family_name: str, typed: str
) -> None:
    """A search by a part of a name finds the patient in any case and script.

    Those who search do not know the case that was typed.
    """
    draft = people.draft()
    patient = front_desk.register(replace(draft, family_name=f"{family_name} {draft.mrn}"))
    found = exactly_one(front_desk.find(name=f"{typed} {draft.mrn}"), f"patient named {typed}")
    assert found.id == patient.id


def test_a_patient_is_found_by_birth_date(
    front_desk: FrontDesk,
    people: PatientFactory,
    capabilities: TargetCapabilities,
    as_stored: AsStored,
) -> None:
    """A search by name and birth date finds the patient.

    The right day finds the patient, the next day (or year, if only that is stored) does not.
    """
    draft = people.draft()
    patient = front_desk.register(draft)
    days = [draft.birth_date + timedelta(days=days) for days in (1, 366)]
    other = next(
        day
        for day in days
        if as_stored(replace(draft, birth_date=day)).birth_date != as_stored(draft).birth_date
    )
    searches = [
        partial(front_desk.find, name=patient.family_name, birth_date=day)
        for day in (patient.birth_date, other)
    ]
    answers = act_concurrently(*searches)
    capabilities.allow_lack("search-by-birth-date", is_lacking=not finds_one_of(answers))
    right, wrong = (search() for search in searches)
    assert exactly_one(right, "patient of this name and day").id == patient.id
    assert not wrong


def test_a_search_lists_every_match_once(front_desk: FrontDesk, people: PatientFactory) -> None:
    """A search lists every match once.

    All patients of one name are listed, the last one too, and nobody else.
    """
    family_name = people.draft().family_name
    registered = [
        front_desk.register(replace(people.draft(), family_name=family_name)).id
        for _ in range(CROWD)
    ]
    found = [patient.id for patient in front_desk.find(name=family_name)]
    assert_equal(sorted(registered), sorted(found), "ids of the patients with one name")


def test_a_search_for_nobody_finds_nobody(front_desk: FrontDesk, people: PatientFactory) -> None:
    """A search for a record number that nobody has finds no patient."""
    assert not front_desk.find(mrn=people.mrn())


def test_a_record_number_is_given_once(
    front_desk: FrontDesk,
    people: PatientFactory,
    capabilities: TargetCapabilities,
    as_stored: AsStored,
) -> None:
    """A record number is given to one patient only.

    The second registration is rejected, and the first patient stays as it was.
    """
    first = front_desk.register(people.draft())
    twin = replace(people.draft(), mrn=first.mrn)
    with capabilities.refusal("unique-record-numbers", Reason.DUPLICATE) as refusal:
        second = front_desk.register(twin)
    if refusal.is_missing:
        assert_same(as_stored(twin), front_desk.patient(second.id))
        assert_same(as_stored(first.draft), front_desk.patient(first.id))
        refusal.end_check()
    assert_same(
        as_stored(first.draft),
        exactly_one(front_desk.find(mrn=first.mrn), "patient with this record number"),
    )


def test_a_record_number_is_given_once_also_at_the_same_moment(
    front_desk: FrontDesk, people: PatientFactory, capabilities: TargetCapabilities
) -> None:
    """A record number is given once, also when several desks register at the same moment.

    One registration wins, the others are rejected, and one patient exists. A conflict is no answer
    yet: it is asked again once.
    """
    mrn = people.mrn()
    answers = act_and_ask_again(
        [partial(front_desk.register, replace(people.draft(), mrn=mrn)) for _ in range(CROWD)]
    )
    won = [answer for answer in answers if isinstance(answer, Patient)]
    capabilities.allow_lack("unique-record-numbers", is_lacking=len(won) > 1)
    winner = exactly_one(won, "registration that won")
    assert {answer.reason for answer in answers if isinstance(answer, Rejected)} == {
        Reason.DUPLICATE
    }
    assert exactly_one(front_desk.find(mrn=mrn), "patient with this record number").id == winner.id


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"birth_date": date.today() + timedelta(days=366)}, id="born-in-the-future"),
        pytest.param({"birth_date": date(1, 1, 1)}, id="born-in-the-year-one"),
        pytest.param({"family_name": ""}, id="no-family-name"),
        pytest.param({"family_name": " \u2003 "}, id="blank-family-name"),
    ],
)
def test_an_invalid_patient_leaves_nothing(
    front_desk: FrontDesk,
    people: PatientFactory,
    capabilities: TargetCapabilities,
    as_stored: AsStored,
    wrong: dict[str, object],
) -> None:
    """An invalid registration is rejected, and nothing of it is stored."""
    invalid = replace(people.draft(), **wrong)  # type: ignore[arg-type]  # the parameters are the fields' own types
    rule = "required-names" if "family_name" in wrong else "plausible-birth-dates"
    with capabilities.refusal(rule, Reason.INVALID) as refusal:
        patient = front_desk.register(invalid)
    if refusal.is_missing:
        assert_same(as_stored(invalid), front_desk.patient(patient.id))
        refusal.end_check()
    assert not front_desk.find(mrn=invalid.mrn)


def test_an_update_is_stored_and_changes_nothing_else(
    front_desk: FrontDesk, people: PatientFactory, as_stored: AsStored
) -> None:
    """A correction is stored, and changes nothing else.

    The corrected field is new, and all others are as before.
    """
    patient = front_desk.patient(front_desk.register(people.draft()).id)
    corrected = replace(patient, given_name="Amélie", phone=None)
    front_desk.update(corrected)
    assert_same(as_stored(corrected.draft), front_desk.patient(patient.id))


def test_an_update_is_found_by_the_next_search(
    front_desk: FrontDesk, people: PatientFactory
) -> None:
    """A corrected name is found by the next search. The old name is not."""
    patient = front_desk.register(people.draft())
    corrected = replace(patient, family_name=people.draft().family_name)
    front_desk.update(corrected)
    assert (
        exactly_one(front_desk.find(name=corrected.family_name), "patient of the new name").id
        == patient.id
    )
    assert not front_desk.find(name=patient.family_name)


def test_a_stale_update_is_refused_and_nothing_is_lost(
    front_desk: FrontDesk,
    people: PatientFactory,
    capabilities: TargetCapabilities,
    as_stored: AsStored,
) -> None:
    """A correction of an outdated version is rejected, and the first correction is kept.

    Two desks correct one patient, each from the version that it read before.
    """
    patient = front_desk.register(people.draft())
    first = replace(patient, phone="+49301111111")
    front_desk.update(first)
    later = replace(patient, phone="+49302222222")
    with capabilities.refusal("versions", Reason.STALE) as refusal:
        front_desk.update(later)
    if refusal.is_missing:
        assert_same(as_stored(later.draft), front_desk.patient(patient.id))
        refusal.end_check()
    assert_same(as_stored(first.draft), front_desk.patient(patient.id))


def test_of_updates_at_the_same_moment_one_wins(
    front_desk: FrontDesk,
    people: PatientFactory,
    capabilities: TargetCapabilities,
    as_stored: AsStored,
) -> None:
    """One of several corrections at the same moment is stored, the others are rejected as stale.

    No correction is overwritten unseen.
    """
    patient = front_desk.register(people.draft())
    corrections = [replace(patient, phone=f"+4930{number:07d}") for number in range(CROWD)]
    answers = act_concurrently(
        *[partial(front_desk.update, correction) for correction in corrections]
    )
    acknowledged = [
        correction
        for correction, answer in zip(corrections, answers, strict=True)
        if isinstance(answer, Patient)
    ]
    capabilities.allow_lack("versions", is_lacking=len(acknowledged) > 1)
    won = exactly_one(acknowledged, "update that won")
    assert {answer.reason for answer in answers if isinstance(answer, Rejected)} == {Reason.STALE}
    assert_same(as_stored(won.draft), front_desk.patient(patient.id))


def test_an_update_of_nobody_is_refused(front_desk: FrontDesk, people: PatientFactory) -> None:
    """A correction under an unknown id is rejected, and registers nobody."""
    patient = front_desk.register(people.draft())
    stranger = replace(patient, id=make_unused_id(patient.id), mrn=people.mrn())
    with expect_rejection(Reason.NOT_FOUND):
        front_desk.update(stranger)
    assert not front_desk.find(mrn=stranger.mrn)


def test_a_repeated_request_registers_once(
    front_desk: FrontDesk, people: PatientFactory, capabilities: TargetCapabilities
) -> None:
    """A registration that is repeated with the same key registers one patient.

    A desk that got no answer sends the request again. It gets the same patient. Without keys the
    repetition is rejected as any second patient of one number.
    """
    draft, key = people.draft(), people.mrn()
    first = front_desk.register(draft, idempotency_key=key)
    (again,) = act_concurrently(partial(front_desk.register, draft, idempotency_key=key))
    assert_no_second_patient(capabilities, first, again)
    capabilities.allow_lack("idempotency-keys", is_lacking=not is_patient(again, first.id))
    assert_same(first, again)
    assert (
        exactly_one(front_desk.find(mrn=draft.mrn), "patient with this record number").id
        == first.id
    )


def test_a_repeated_request_registers_once_also_at_the_same_moment(
    front_desk: FrontDesk, people: PatientFactory, capabilities: TargetCapabilities
) -> None:
    """A registration that is repeated at the same moment registers one patient.

    A client sends it again before the first answer has come. All requests get the same patient. A
    conflict is no answer yet: it is asked again once.
    """
    draft, key = people.draft(), people.mrn()
    answers = act_and_ask_again(
        [partial(front_desk.register, draft, idempotency_key=key) for _ in range(CROWD)]
    )
    first = next((answer for answer in answers if isinstance(answer, Patient)), None)
    assert first, f"no request registered the patient: {answers[0]}"
    for answer in answers:
        assert_no_second_patient(capabilities, first, answer)
    is_lacking = not all(is_patient(answer, first.id) for answer in answers)
    capabilities.allow_lack("idempotency-keys", is_lacking=is_lacking)
    for answer in answers:
        assert isinstance(answer, Patient), f"a request with the same key was refused: {answer}"
    found = exactly_one(front_desk.find(mrn=draft.mrn), "patient with this record number")
    assert {answer.id for answer in answers if isinstance(answer, Patient)} == {found.id}


def test_a_key_is_not_taken_for_another_patient(
    front_desk: FrontDesk,
    people: PatientFactory,
    capabilities: TargetCapabilities,
    as_stored: AsStored,
) -> None:
    """A key that is used again for another patient is rejected.

    Otherwise a key that is used twice by mistake would lose a patient. The second is not
    registered.
    """
    key, other = people.mrn(), people.draft()
    front_desk.register(people.draft(), idempotency_key=key)
    reasons = (Reason.INVALID, Reason.DUPLICATE)
    with capabilities.refusal("idempotency-keys", *reasons) as refusal:
        second = front_desk.register(other, idempotency_key=key)
    if refusal.is_missing:
        assert_same(as_stored(other), front_desk.patient(second.id))
        refusal.end_check()
    assert not front_desk.find(mrn=other.mrn)


def test_an_unknown_patient_is_not_there(front_desk: FrontDesk, registered: Patient) -> None:
    """A patient id that was never given is not found.

    Nobody else is shown in its place.
    """
    with expect_rejection(Reason.NOT_FOUND):
        front_desk.patient(make_unused_id(registered.id))


@pytest.mark.plan("acknowledged-writes")
def test_an_acknowledged_patient_stands_in_the_database(
    front_desk: FrontDesk, people: PatientFactory, stored: StoredRecords, as_stored: AsStored
) -> None:
    """An acknowledged patient is stored in the database.

    The row exists when the answer has come, and holds the values that were sent.
    """
    draft = people.draft()
    patient = front_desk.register(draft)
    assert_row_matches(as_stored(draft), stored.patient(patient.id))


@pytest.mark.plan("acknowledged-writes")
def test_an_acknowledged_update_stands_in_the_database(
    front_desk: FrontDesk, registered: Patient, stored: StoredRecords, as_stored: AsStored
) -> None:
    """An acknowledged correction is stored in the database when the answer has come."""
    corrected = front_desk.update(replace(registered, address="1 New Street"))
    assert_row_matches(as_stored(corrected.draft), stored.patient(registered.id))


@pytest.mark.plan("acknowledged-writes")
def test_a_registered_patient_is_seen_by_other_sessions(
    ward_desk: FrontDesk, registered: Patient
) -> None:
    """A registered patient can be read in another session.

    A clinician who is signed in elsewhere reads the same patient.
    """
    assert_same(registered.draft, ward_desk.patient(registered.id))
