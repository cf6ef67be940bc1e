"""The wrapper that keeps a journal of the writes that a target acknowledged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from cutover_gates.drivers.driver_wrapper import DriverWrapper
from cutover_gates.drivers.production_guard import READ_METHODS, GuardError
from cutover_gates.hospital import (
    Answer,
    Document,
    Driver,
    Operation,
    Patient,
    PatientDraft,
    Rejected,
    Session,
    Transition,
    Unsupported,
    Upload,
    Visit,
    VisitStatus,
)
from cutover_gates.hospital.write_journal import (
    Fields,
    SentWrite,
    WriteJournal,
    describe_upload,
)

T = TypeVar("T")
STATUS_AFTER: Mapping[Transition, VisitStatus] = {
    Transition.ADMIT: VisitStatus.ADMITTED,
    Transition.DISCHARGE: VisitStatus.DISCHARGED,
    Transition.CANCEL: VisitStatus.CANCELLED,
}
NOT_DONE = (Rejected, Unsupported, GuardError)
"""Errors after which a write is known not to be carried out."""


class JournalDriver(DriverWrapper):
    """A driver whose acknowledged writes are in `journal`, as they were sent.

    What an answer says besides is not looked at: a target that stores something else than was sent
    often repeats it in its answer.
    """

    def __init__(self, inner: Driver, journal: WriteJournal) -> None:
        super().__init__(inner)
        self.journal = journal

    def register(
        self, session: Session, draft: PatientDraft, *, idempotency_key: str | None = None
    ) -> Patient:
        """Register a patient, and note the draft."""
        begun = self.journal.clock()
        patient = super().register(session, draft, idempotency_key=idempotency_key)
        self._acknowledge("patient", patient.id, patient.id, draft, begun)
        return patient

    def update(self, session: Session, patient: Patient) -> Patient:
        """Update a patient, and note every field that was sent."""
        update = super().update
        return self._change(
            "patient", patient.id, patient.id, patient.draft, lambda: update(session, patient)
        )

    def open_visit(self, session: Session, patient_id: str, reason: str) -> Visit:
        """Open a visit, and note its patient and reason."""
        begun = self.journal.clock()
        visit = super().open_visit(session, patient_id, reason)
        sent = {"patient_id": patient_id, "status": VisitStatus.OPEN, "reason": reason}
        self._acknowledge("visit", visit.id, patient_id, sent, begun)
        return visit

    def move(self, session: Session, visit: Visit, move: Transition) -> Visit:
        """Move a visit, and note the state that it must have now.

        A move gives a visit to nobody else, also where it was asked under another patient's id.
        """
        owner = self.journal.owner_of("visit", visit.id, visit.patient_id)
        sent = {"patient_id": owner, "status": STATUS_AFTER[move]}
        act = super().move
        return self._change("visit", visit.id, owner, sent, lambda: act(session, visit, move))

    def upload(self, session: Session, patient_id: str, upload: Upload) -> Document:
        """File a document, and note its description and the sum of its bytes."""
        begun = self.journal.clock()
        document = super().upload(session, patient_id, upload)
        sent = {"patient_id": patient_id, **describe_upload(upload)}
        self._acknowledge("document", document.id, patient_id, sent, begun)
        return document

    def retire(self, session: Session, kind: str, thing_id: str, patient_id: str | None) -> str:
        """Remove a record, of which nothing is expected then; also where no answer came."""
        try:
            how = super().retire(session, kind, thing_id, patient_id)
        except NOT_DONE:
            raise
        except Exception:
            self.journal.forget(kind, thing_id)
            raise
        self.journal.forget(kind, thing_id)
        return how

    def attempt(
        self, operation: Operation, session: Session | None, values: Mapping[str, str] | None = None
    ) -> Answer:
        """Send a documented operation. What its example changes in a record is not known.

        A refusal changes nothing: then every record is expected as before.
        """
        try:
            answer = super().attempt(operation, session, values)
        except NOT_DONE:
            raise
        except Exception:
            self._release(operation, values)
            raise
        if self.features.reason_of(answer) is None:
            self._release(operation, values)
        return answer

    # -- internals

    def _release(self, operation: Operation, values: Mapping[str, str] | None) -> None:
        if operation.method not in READ_METHODS:
            self.journal.release((values or {}).values())

    def _acknowledge(
        self, kind: str, record_id: str, patient_id: str, sent: PatientDraft | Fields, begun: float
    ) -> None:
        write = SentWrite(sent, begun, self.journal.clock())
        self.journal.add(kind, record_id, patient_id, write)

    def _change(
        self,
        kind: str,
        record_id: str,
        patient_id: str,
        sent: PatientDraft | Fields,
        act: Callable[[], T],
    ) -> T:
        """Change a record. Without an answer both the old and the new state are allowed."""
        begun = self.journal.clock()
        try:
            changed = act()
        except NOT_DONE:
            raise
        except Exception:
            self.journal.add(kind, record_id, patient_id, SentWrite(sent, begun))
            raise
        self._acknowledge(kind, record_id, patient_id, sent, begun)
        return changed
