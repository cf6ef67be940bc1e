"""The journal in the record: what is read is what was written, also by a process that was killed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.core.findings import Finding
from cutover_gates.drivers import rules as write_rules
from cutover_gates.hospital import PatientDraft, Sex, VisitStatus
from cutover_gates.hospital.write_journal import ExpectedRecord, SentWrite
from cutover_gates.watch import rules
from cutover_gates.watch.durable_journal import DurableJournal
from cutover_gates.watch.journal_reader import (
    compare_writes,
    describe_loss,
    find_loss_of_restore,
    read_journal,
)
from cutover_gates.watch.record_lines import BEAT, READ_BACK
from cutover_gates.watch.record_reader import read_record
from cutover_gates.watch.record_writer import RecordWriter
from cutover_gates.watch.time_spans import Span
from tests.unit.watch.test_record import HEAD, SetClock

DRAFT = PatientDraft("w1-1", "Okafor", "Adaeze", date(1987, 3, 4), Sex.FEMALE, "+49", "1 Road")
MOVED = PatientDraft("w1-1", "Okafor", "Adaeze", date(1987, 3, 4), Sex.FEMALE, "+49", "2 Road")
VISIT = {"patient_id": "p", "status": VisitStatus.OPEN, "reason": "watch"}
Lines = list[dict[str, Any]]


def write_lines(folder: Path, act: Callable[[DurableJournal, SetClock], None]) -> Lines:
    """Return the journal's lines that `act` leaves in a record."""
    clock = SetClock()
    writer = RecordWriter(folder, HEAD, clock)
    writer.write(BEAT)
    act(DurableJournal(writer), clock)
    writer.close()
    return [dict(line) for line in read_record(folder).journal]


def expect(lines: Lines) -> dict[str, ExpectedRecord]:
    records = read_journal(lines).expected_records(lambda draft: draft)
    return {record.id: record for record in records}


def register(journal: DurableJournal, _clock: SetClock) -> None:
    journal.add("patient", "p", "p", SentWrite(DRAFT, 1, 2))


def register_and_change(journal: DurableJournal, clock: SetClock) -> None:
    register(journal, clock)
    clock.now = 2000
    journal.begin("patient", "p", "p", SentWrite(MOVED, 3))
    journal.add("patient", "p", "p", SentWrite(MOVED, 3, 4))


def test_what_is_read_is_what_was_acknowledged(tmp_path: Path) -> None:
    def act(journal: DurableJournal, clock: SetClock) -> None:
        register(journal, clock)
        journal.add("visit", "v", "p", SentWrite(VISIT, 3, 4))

    found = expect(write_lines(tmp_path, act))
    assert found["p"].candidates[0]["birth_date"] == date(1987, 3, 4)
    assert found["p"].candidates[0]["sex"] is Sex.FEMALE
    assert found["v"].candidates == (VISIT,)


def test_of_changes_the_last_one_counts(tmp_path: Path) -> None:
    found = expect(write_lines(tmp_path, register_and_change))
    assert [one["address"] for one in found["p"].candidates] == ["2 Road"]


def test_a_change_that_a_kill_interrupted_may_be_either(tmp_path: Path) -> None:
    def act(journal: DurableJournal, clock: SetClock) -> None:
        register(journal, clock)
        journal.begin("patient", "p", "p", SentWrite(MOVED, 3))

    found = expect(write_lines(tmp_path, act))
    assert {one["address"] for one in found["p"].candidates} == {"1 Road", "2 Road"}


def test_a_change_that_was_refused_is_not_expected(tmp_path: Path) -> None:
    def act(journal: DurableJournal, clock: SetClock) -> None:
        register(journal, clock)
        journal.begin("patient", "p", "p", SentWrite(MOVED, 3))
        journal.withdraw("patient", "p", 3)

    found = expect(write_lines(tmp_path, act))
    assert [one["address"] for one in found["p"].candidates] == ["1 Road"]


def test_nothing_is_expected_of_what_was_removed(tmp_path: Path) -> None:
    def act(journal: DurableJournal, clock: SetClock) -> None:
        register(journal, clock)
        journal.add("visit", "v", "p", SentWrite(VISIT, 3, 4))
        journal.forget("patient", "p")

    assert not expect(write_lines(tmp_path, act))


@pytest.mark.parametrize(
    ("since", "created", "changed"),
    [(500, {"patient": 1}, {}), (2500, {}, {"patient": 1}), (9000, {}, {})],
)
def test_a_restore_loses_what_came_after_the_backup(
    tmp_path: Path, since: float, created: dict[str, int], changed: dict[str, int]
) -> None:
    def act(journal: DurableJournal, _clock: SetClock) -> None:
        journal.add("patient", "p", "p", SentWrite(DRAFT, 1000, 1001))
        journal.add("patient", "p", "p", SentWrite(MOVED, 3000, 3001))

    loss = find_loss_of_restore(write_lines(tmp_path, act), since)
    assert (loss.created, loss.changed) == (created, changed)
    assert loss.is_nothing == (not created and not changed)
    assert ("nothing that was acknowledged" in describe_loss(loss, [])) == loss.is_nothing


def test_changes_without_an_answer_are_told_apart_from_losses(tmp_path: Path) -> None:
    def act(journal: DurableJournal, _clock: SetClock) -> None:
        journal.add("patient", "p", "p", SentWrite(DRAFT, 1000, 1001))
        journal.begin("patient", "p", "p", SentWrite(MOVED, 3000))

    loss = find_loss_of_restore(write_lines(tmp_path, act), 2000)
    assert loss.is_nothing
    assert loss.unknown == 1


def add_read_back(folder: Path, until: float, *findings: Finding) -> None:
    """Add the answer of a reading to the record, as a process of its own."""
    writer = RecordWriter(folder, {**HEAD, "intervals": {}}, SetClock())
    answer = Assessment("", (), findings)
    writer.write(READ_BACK, assessment=answer.to_plain(), until=until, unknown=0, unknown_found=0)
    writer.close()


def test_writes_that_nobody_read_again_are_not_proven(tmp_path: Path) -> None:
    write_lines(tmp_path, register_and_change)
    window = Span(0, 5000)
    found = compare_writes(read_record(tmp_path), window)
    assert {gap.rule for gap in found.not_proven} == {rules.WRITES_READ_BACK}
    add_read_back(tmp_path, until=1500)
    assert compare_writes(read_record(tmp_path), window).not_proven
    add_read_back(tmp_path, until=2000)
    found = compare_writes(read_record(tmp_path), window)
    assert not found.not_proven
    assert found.checked == ["1 × patient"]


def test_a_loss_stays_a_loss_also_after_a_later_reading(tmp_path: Path) -> None:
    write_lines(tmp_path, register_and_change)
    add_read_back(
        tmp_path, 2000, Finding(write_rules.PATIENT_STORED, "patient p", "x", "no record")
    )
    add_read_back(tmp_path, 2000)
    found = compare_writes(read_record(tmp_path), Span(0, 5000)).findings
    assert [finding.rule for finding in found] == [write_rules.PATIENT_STORED]
