"""The journal of acknowledged writes in the record, so that it outlives the watcher.

A write counts as acknowledged once its line is on the disk. A change also has a line before it is
sent: of a watcher that was killed in between, both the old and the new state are then allowed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import date
from math import inf
from typing import Any, TypeVar

from cutover_gates.drivers.journal_driver import NOT_DONE, JournalDriver
from cutover_gates.hospital import PatientDraft, Sex, VisitStatus
from cutover_gates.hospital.write_journal import Fields, SentWrite, WriteJournal, fields_of
from cutover_gates.watch.record_lines import (
    FORGOTTEN,
    NOT_CARRIED_OUT,
    RELEASED,
    WRITE,
    WRITE_BEGUN,
)
from cutover_gates.watch.record_writer import RecordWriter

T = TypeVar("T")


class DurableJournal(WriteJournal):
    """A journal whose every entry is on the disk before it counts."""

    def __init__(self, writer: RecordWriter) -> None:
        super().__init__(writer.clock)
        self._writer = writer

    def add(self, kind: str, record_id: str, patient_id: str, write: SentWrite) -> None:
        """Write the entry down, then count it."""
        self._writer.write(
            WRITE, durable=True, **_describe_write(kind, record_id, patient_id, write)
        )
        super().add(kind, record_id, patient_id, write)

    def begin(self, kind: str, record_id: str, patient_id: str, write: SentWrite) -> None:
        """Write down a change that is about to be sent."""
        self._writer.write(
            WRITE_BEGUN, durable=True, **_describe_write(kind, record_id, patient_id, write)
        )

    def withdraw(self, kind: str, record_id: str, begun: float) -> None:
        """Write down that the change which began at `begun` was refused or never sent."""
        self._writer.write(NOT_CARRIED_OUT, kind=kind, id=record_id, begun=begun)

    def release(self, ids: Collection[str]) -> None:
        """Expect nothing of these records any more."""
        self._writer.write(RELEASED, durable=True, ids=sorted(ids))
        super().release(ids)

    def forget(self, kind: str, record_id: str) -> None:
        """Expect nothing of a record that was removed."""
        self._writer.write(FORGOTTEN, durable=True, kind=kind, id=record_id)
        super().forget(kind, record_id)


class DurableJournalDriver(JournalDriver):
    """A driver whose changes are in the record before they are sent."""

    journal: DurableJournal

    def _change(
        self,
        kind: str,
        record_id: str,
        patient_id: str,
        sent: PatientDraft | Fields,
        act: Callable[[], T],
    ) -> T:
        begun = self.journal.clock()
        self.journal.begin(kind, record_id, patient_id, SentWrite(sent, begun))
        try:
            return super()._change(kind, record_id, patient_id, sent, act)
        except NOT_DONE:
            self.journal.withdraw(kind, record_id, begun)
            raise


def _describe_write(kind: str, record_id: str, patient_id: str, write: SentWrite) -> dict[str, Any]:
    sent = dict(fields_of(write.sent))
    ended = None if write.ended == inf else write.ended
    return {
        "kind": kind,
        "id": record_id,
        "patient_id": patient_id,
        "sent": sent,
        "begun": write.begun,
        "ended": ended,
    }


def read_write(line: Mapping[str, Any]) -> SentWrite:
    """Return the write of a line. Raises `KeyError`, `TypeError` or `ValueError`."""
    sent: dict[str, Any] = dict(line["sent"])
    ended = inf if line["ended"] is None else float(line["ended"])
    if line["kind"] == "patient":
        draft = {**sent, "birth_date": date.fromisoformat(sent["birth_date"])}
        return SentWrite(PatientDraft(**{**draft, "sex": Sex(sent["sex"])}), line["begun"], ended)
    if "status" in sent:
        sent["status"] = VisitStatus(sent["status"])
    return SentWrite(sent, line["begun"], ended)
