"""Rules of the journal of acknowledged writes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from cutover_gates.hospital import PatientDraft, VisitStatus
from cutover_gates.hospital.write_journal import SentWrite, WriteJournal, find_shared_numbers

DRAFT = PatientDraft("run-1-a", "Test", "Anna", date(1980, 2, 29))
OPENED = {"patient_id": "p1", "status": VisitStatus.OPEN, "reason": "pain"}
ADMITTED = {"patient_id": "p1", "status": VisitStatus.ADMITTED}


def keep(draft: PatientDraft) -> PatientDraft:
    return draft


@pytest.fixture
def journal() -> WriteJournal:
    return WriteJournal()


def test_the_last_acknowledged_value_is_expected(journal: WriteJournal) -> None:
    """What was corrected later counts no more."""
    later = replace(DRAFT, phone="1")
    journal.add("patient", "p1", "p1", SentWrite(DRAFT, 1, 2))
    journal.add("patient", "p1", "p1", SentWrite(later, 3, 4))
    (record,) = journal.expected_records(keep)
    assert [one["phone"] for one in record.candidates] == ["1"]


def test_a_move_keeps_the_reason_that_was_sent_before(journal: WriteJournal) -> None:
    journal.add("visit", "v1", "p1", SentWrite(OPENED, 1, 2))
    journal.add("visit", "v1", "p1", SentWrite(ADMITTED, 3, 4))
    (record,) = journal.expected_records(keep)
    assert record.candidates == ({**OPENED, "status": VisitStatus.ADMITTED},)


def test_of_writes_that_overlap_each_is_allowed(journal: WriteJournal) -> None:
    """Nobody outside of the target knows which one came last."""
    for phone, begun, ended in (("0", 1, 2), ("1", 3, 6), ("2", 4, 5)):
        write = SentWrite(replace(DRAFT, phone=phone), begun, ended)
        journal.add("patient", "p1", "p1", write)
    (record,) = journal.expected_records(keep)
    assert [one["phone"] for one in record.candidates] == ["1", "2"]


def test_a_write_without_an_answer_may_have_been_carried_out_or_not(
    journal: WriteJournal,
) -> None:
    journal.add("patient", "p1", "p1", SentWrite(DRAFT, 1, 2))
    journal.add("patient", "p1", "p1", SentWrite(replace(DRAFT, phone="1"), 3))
    (record,) = journal.expected_records(keep)
    assert [one["phone"] for one in record.candidates] == [None, "1"]


def test_what_was_never_acknowledged_is_not_expected(journal: WriteJournal) -> None:
    journal.add("patient", "p1", "p1", SentWrite(DRAFT, 1))
    assert journal.expected_records(keep) == []


def test_with_a_patient_go_their_other_records(journal: WriteJournal) -> None:
    journal.add("patient", "p1", "p1", SentWrite(DRAFT, 1, 2))
    journal.add("visit", "v1", "p1", SentWrite(OPENED, 3, 4))
    journal.add("visit", "v2", "p2", SentWrite({**OPENED, "patient_id": "p2"}, 3, 4))
    journal.forget("patient", "p1")
    assert [record.id for record in journal.expected_records(keep)] == ["v2"]


def test_of_a_released_record_nothing_is_expected(journal: WriteJournal) -> None:
    """A documented example was sent to it, and nobody knows what that changed."""
    journal.add("patient", "p1", "p1", SentWrite(DRAFT, 1, 2))
    journal.release(["p1"])
    assert journal.expected_records(keep) == []


def test_a_draft_is_expected_as_the_target_keeps_it(journal: WriteJournal) -> None:
    journal.add("patient", "p1", "p1", SentWrite(DRAFT, 1, 2))
    (record,) = journal.expected_records(lambda draft: replace(draft, family_name="TEST"))
    assert record.candidates[0]["family_name"] == "TEST"


def test_a_number_of_two_patients_is_found(journal: WriteJournal) -> None:
    journal.add("patient", "p1", "p1", SentWrite(DRAFT, 1, 2))
    journal.add("patient", "p2", "p2", SentWrite(DRAFT, 3, 4))
    journal.add("patient", "p3", "p3", SentWrite(replace(DRAFT, mrn="run-1-b"), 5, 6))
    shared = find_shared_numbers(journal.expected_records(keep))
    assert shared == {"run-1-a": ["p1", "p2"]}
