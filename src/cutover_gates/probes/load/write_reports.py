"""Reports of every write under load, as it was sent: from a load process to its run.

A write is reported before it is sent, and again when its answer came. So a write that has no answer
at the end of the run is known, too: the target may have carried it out or not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from typing import Any

from cutover_gates.drivers.journal_driver import NOT_DONE, STATUS_AFTER
from cutover_gates.hospital import (
    Driver,
    Patient,
    PatientDraft,
    Sex,
    Transition,
    Upload,
    Visit,
    VisitStatus,
)
from cutover_gates.hospital.write_journal import (
    Fields,
    SentWrite,
    WriteJournal,
    describe_upload,
    fields_of,
)
from cutover_gates.probes.load.sample_log import AnsweredWrite, BlockHeader, ReportedWrite
from cutover_gates.probes.load.sample_writer import SampleWriter

Description = tuple[str, str, str, Fields]
"""The kind of a record, its id and its patient's id (empty where the target gives them), and what
was sent of it, as JSON has it.
"""


def _describe_registration(draft: PatientDraft, **_: Any) -> Description:
    return "patient", "", "", _to_plain(draft)


def _describe_update(patient: Patient) -> Description:
    return "patient", patient.id, patient.id, _to_plain(patient.draft)


def _describe_visit(patient_id: str, reason: str) -> Description:
    sent = {"patient_id": patient_id, "status": VisitStatus.OPEN.value, "reason": reason}
    return "visit", "", patient_id, sent


def _describe_move(visit: Visit, move: Transition) -> Description:
    sent = {"patient_id": visit.patient_id, "status": STATUS_AFTER[move].value}
    return "visit", visit.id, visit.patient_id, sent


def _describe_document(patient_id: str, upload: Upload) -> Description:
    return "document", "", patient_id, {"patient_id": patient_id, **describe_upload(upload)}


_DESCRIBE: Mapping[str, Callable[..., Description]] = {
    "register": _describe_registration,
    "update": _describe_update,
    "open_visit": _describe_visit,
    "move": _describe_move,
    "upload": _describe_document,
}


class WriteReporting:
    """A driver that reports what it sends, and which of it the target acknowledged."""

    def __init__(self, hospital: Driver, writer: SampleWriter) -> None:
        self._hospital, self._writer = hospital, writer

    def __getattr__(self, name: str) -> Callable[..., Any]:
        act: Callable[..., Any] = getattr(self._hospital, name)
        if name not in _DESCRIBE:
            return act
        return partial(self._write, act, _DESCRIBE[name])

    def _write(
        self,
        act: Callable[..., Any],
        describe: Callable[..., Description],
        session: Any,
        *words: Any,
        **named: Any,
    ) -> Any:
        number = self._writer.record_write(*describe(*words, **named))
        try:
            answer = act(session, *words, **named)
        except NOT_DONE:
            self._writer.record_answer(number, "")
            raise
        self._writer.record_answer(number, str(answer.id))
        return answer


class ReportedWrites:
    """What all load processes of a run have reported of their writes."""

    def __init__(self) -> None:
        self._sent: dict[tuple[int, int], ReportedWrite] = {}
        self._answers: dict[tuple[int, int], AnsweredWrite] = {}

    def add(self, header: BlockHeader) -> None:
        """Take in what one block reports."""
        for write in header.writes:
            self._sent[header.process, write[0]] = write
        for answer in header.answers:
            self._answers[header.process, answer[0]] = answer

    def enter_in(self, journal: WriteJournal) -> None:
        """Enter in `journal` what was acknowledged, and what has no answer.

        No record is written by two processes, so the clock of each is enough.
        """
        for key, write in self._sent.items():
            _, kind, record_id, patient_id, plain, begun = write
            answer, sent = self._answers.get(key), _from_plain(kind, plain)
            if answer is None and record_id:
                journal.add(kind, record_id, patient_id, SentWrite(sent, begun))
            # An answer without an id: the target has rejected the write.
            if answer is not None and answer[1]:
                owner = patient_id or answer[1]
                journal.add(kind, answer[1], owner, SentWrite(sent, begun, answer[2]))


def _to_plain(draft: PatientDraft) -> Fields:
    return {**fields_of(draft), "birth_date": draft.birth_date.isoformat(), "sex": draft.sex.value}


def _from_plain(kind: str, plain: Mapping[str, Any]) -> PatientDraft | Fields:
    if kind != "patient":
        return plain
    born, sex = date.fromisoformat(plain["birth_date"]), Sex(plain["sex"])
    return PatientDraft(**{**plain, "birth_date": born, "sex": sex})
