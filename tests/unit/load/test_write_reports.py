"""What a load process sends is known to its run: what must be stored, and what has no answer."""

from __future__ import annotations

from datetime import date
from itertools import count
from typing import Any, cast

import pytest

from cutover_gates.drivers.write_comparison import WriteComparison
from cutover_gates.hospital import (
    Answer,
    Document,
    Driver,
    Patient,
    PatientDraft,
    Reason,
    Rejected,
    Session,
    Sex,
    Transition,
    Unreachable,
    Upload,
    Visit,
    VisitStatus,
)
from cutover_gates.hospital.write_journal import ExpectedRecord, WriteJournal, fields_of
from cutover_gates.probes.load.sample_log import BlockReader
from cutover_gates.probes.load.sample_writer import SampleWriter
from cutover_gates.probes.load.write_reports import ReportedWrites, WriteReporting

NOBODY = cast(Session, None)
DRAFT = PatientDraft("run-1", "Okafor", "Adaeze", date(1987, 3, 4), Sex.FEMALE, "123", None)
OPEN = Visit("v1", "p1", VisitStatus.OPEN, "pain")


class Hospital:
    """A hospital that acknowledges everything, or raises `error` at each further move."""

    def __init__(self, error: BaseException | None = None) -> None:
        self._error = error

    def register(self, _session: Session, draft: PatientDraft) -> Patient:
        return Patient(**fields_of(draft), id="p1")

    def open_visit(self, _session: Session, patient_id: str, reason: str) -> Visit:
        return Visit("v1", patient_id, VisitStatus.OPEN, reason)

    def move(self, _session: Session, visit: Visit, move: Transition) -> Visit:
        if self._error is not None and move is Transition.DISCHARGE:
            raise self._error
        return visit

    def upload(self, _session: Session, patient_id: str, upload: Upload) -> Document:
        return Document("d1", patient_id, upload.file_name, upload.media_type)


class Rows:
    """A reader of these rows."""

    source = "the database"

    def __init__(self, **rows: Any) -> None:
        self._rows = rows

    def read(self, _kind: str, record_id: str, _patient_id: str) -> Any:
        return self._rows.get(record_id)


def work(error: BaseException | None = None) -> dict[str, ExpectedRecord]:
    """Return what must be stored after one patient, one visit with two moves and one document."""
    out = bytearray()
    writer = SampleWriter((), 0, out.extend)
    hospital = cast(Any, WriteReporting(cast(Driver, Hospital(error)), writer))
    hospital.register(NOBODY, DRAFT)
    hospital.open_visit(NOBODY, "p1", "pain")
    hospital.upload(NOBODY, "p1", Upload("a.txt", "text/plain", b"x" * 10))
    hospital.move(NOBODY, OPEN, Transition.ADMIT)
    writer.write_block()
    if error is None:
        hospital.move(NOBODY, OPEN, Transition.DISCHARGE)
    else:
        with pytest.raises(type(error)):
            hospital.move(NOBODY, OPEN, Transition.DISCHARGE)
    writer.write_block(ended=True)
    return read_writes(bytes(out))


def read_writes(log: bytes) -> dict[str, ExpectedRecord]:
    writes, journal = ReportedWrites(), WriteJournal(count().__next__)
    for block in BlockReader().feed(log):
        writes.add(block.header)
    writes.enter_in(journal)
    return {record.id: record for record in journal.expected_records(lambda draft: draft)}


def statuses(record: ExpectedRecord) -> list[str]:
    return [str(fields["status"]) for fields in record.candidates]


def test_every_field_that_was_sent_must_be_stored() -> None:
    records = work()
    assert records["p1"].candidates == (fields_of(DRAFT),)
    assert statuses(records["v1"]) == ["discharged"]
    assert records["v1"].candidates[0]["reason"] == "pain"
    assert records["d1"].candidates[0]["size"] == 10
    assert {record.patient_id for record in records.values()} == {"p1"}


def test_a_move_without_an_answer_may_be_carried_out_or_not() -> None:
    assert statuses(work(Unreachable("no answer"))["v1"]) == ["admitted", "discharged"]


def test_a_move_that_was_under_way_at_the_end_may_be_carried_out_or_not() -> None:
    """The process ends while it waits: nothing is raised that a wrapper could see."""
    assert statuses(work(GeneratorExit())["v1"]) == ["admitted", "discharged"]


def test_a_move_that_was_rejected_changes_nothing() -> None:
    rejection = Rejected(Reason.ILLEGAL_TRANSITION, "no", Answer(409, {}, b""))
    assert statuses(work(rejection)["v1"]) == ["admitted"]


@pytest.mark.parametrize(
    ("record_id", "field", "stored"),
    [
        ("v1", "status", "admitted"),
        ("p1", "family_name", "Okafo"),
        ("p1", "birth_date", date(1987, 4, 3)),
        ("p1", "phone", None),
        ("d1", "sha256", "0" * 64),
        ("d1", "size", 9),
    ],
)
def test_one_field_that_is_stored_otherwise_is_found(
    record_id: str, field: str, stored: Any
) -> None:
    record = work()[record_id]
    row = {**record.candidates[0], field: stored}
    comparison = WriteComparison([Rows(**{record_id: row})], (), 9, clock=lambda: 1.0)
    (finding,) = comparison.assess([record], unique_numbers=True).findings
    assert finding.subject.endswith(f": {field}")
