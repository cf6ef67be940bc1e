"""The wrapper that enters in the ledger what is created, and guards other people's data."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeVar

from cutover_gates.core.evidence.ledger import Ledger
from cutover_gates.drivers.cleanup import CleanupResult, sweep
from cutover_gates.drivers.driver_wrapper import DriverWrapper
from cutover_gates.drivers.production_guard import READ_METHODS, GuardError
from cutover_gates.drivers.record_entries import MRN_TAG_CHARACTERS
from cutover_gates.hospital import (
    Answer,
    Document,
    Driver,
    Operation,
    Patient,
    PatientDraft,
    ProtocolViolation,
    Reason,
    Rejected,
    Session,
    Transition,
    UndocumentedRequest,
    Unsupported,
    Upload,
    Visit,
)

Created = TypeVar("Created", Patient, Visit, Document)


class LedgerDriver(DriverWrapper):
    """A driver whose every creation is in `ledger` before it is sent.

    `production`: a write to a patient that this run did not create raises `GuardError` before
    anything is written. An id that leads to nobody is let through: it cannot harm anybody.
    """

    def __init__(
        self, inner: Driver, ledger: Ledger, *, production: bool, run_tag: str | None = None
    ) -> None:
        super().__init__(inner)
        self.ledger, self._production = ledger, production
        self._run_tag = run_tag or ledger.run

    # -- operations that create something

    def register(
        self, session: Session, draft: PatientDraft, *, idempotency_key: str | None = None
    ) -> Patient:
        """Enter the patient in the ledger, then register them."""
        entry = self.ledger.intend(
            "patient", draft.mrn, family_name=draft.family_name, given_name=draft.given_name
        )
        create = super().register
        return self._create(
            entry, lambda: create(session, draft, idempotency_key=idempotency_key), None
        )

    def open_visit(self, session: Session, patient_id: str, reason: str) -> Visit:
        """Enter the visit in the ledger, then open it."""
        self._require_own(session, patient_id, "open a visit for")
        entry = self.ledger.intend("visit", reason, patient_id=patient_id)
        create = super().open_visit
        return self._create(entry, lambda: create(session, patient_id, reason), patient_id)

    def upload(self, session: Session, patient_id: str, upload: Upload) -> Document:
        """Enter the document in the ledger, then file it."""
        self._require_own(session, patient_id, "file a document for")
        entry = self.ledger.intend("document", upload.file_name, patient_id=patient_id)
        create = super().upload
        return self._create(entry, lambda: create(session, patient_id, upload), patient_id)

    def cut_upload(self, session: Session, patient_id: str, upload: Upload) -> None:
        """Enter the document in the ledger, then cut its upload."""
        self._require_own(session, patient_id, "file a document for")
        # The entry stays open, so that the sweep looks whether the cut upload left something.
        self.ledger.intend("document", upload.file_name, patient_id=patient_id)
        super().cut_upload(session, patient_id, upload)

    def attempt(
        self, operation: Operation, session: Session | None, values: Mapping[str, str] | None = None
    ) -> Answer:
        """Send a documented operation.

        A POST may register somebody, so it gets a number of this run.

        By that number the sweep finds them again. A caller who gives an `mrn` is responsible for
        it: nobody is ever retired by a number that may be a real patient's.
        """
        given = values or {}
        operation = self._mark_own_record(operation, given)
        if operation.method not in READ_METHODS:
            # The document's example gives a patient names that are not known here.
            for value in given.values():
                self.ledger.record_names("patient", value, {})
        if operation.method != "POST" or "mrn" in given:
            return super().attempt(operation, session, given)
        number = f"{self._run_tag[:MRN_TAG_CHARACTERS]}-{uuid.uuid4().hex[:12]}"
        entry = self.ledger.intend("patient", number, attempt=str(operation))
        values = {"mrn": number, "tag": self._run_tag, **given}
        try:
            answer = super().attempt(operation, session, values)
        except GuardError:
            self.ledger.record_rejected(entry)
            raise
        if answer.status >= 300:
            self.ledger.record_rejected(entry)
        return answer

    def _mark_own_record(self, operation: Operation, values: Mapping[str, str]) -> Operation:
        """Return the operation, marked where each id of its path is one that this run created.

        Only then may another method than a reading one be sent to production: with bad luck it
        works, and removes a record of the run.
        """
        if not isinstance(operation, UndocumentedRequest):
            return operation
        created = {
            thing
            for kind in ("patient", "visit", "document")
            for thing in self.ledger.created_ids(kind)
        }
        ids = [values.get(name) for name in operation.parameters]
        return replace(operation, on_own_record=bool(ids) and set(ids) <= created)

    # -- operations that change something

    def update(self, session: Session, patient: Patient) -> Patient:
        """Update a patient of this run."""
        self._require_own(session, patient.id, "update")
        names = {"family_name": patient.family_name, "given_name": patient.given_name}
        self.ledger.record_names("patient", patient.id, names)
        return super().update(session, patient)

    def move(self, session: Session, visit: Visit, move: Transition) -> Visit:
        """Move a visit of a patient of this run."""
        self._require_own(session, visit.patient_id, f"{move.value} a visit of")
        return super().move(session, visit, move)

    def retire(self, session: Session, kind: str, thing_id: str, patient_id: str | None) -> str:
        """Retire what this run created, and record it."""
        if self._production and thing_id not in self.ledger.created_ids(kind):
            raise GuardError(
                f"this run did not create {kind} {thing_id}, and this target is production: it is"
                " not retired"
            )
        how = super().retire(session, kind, thing_id, patient_id)
        for record in self.ledger.remaining_records():
            if (record.kind, record.id) == (kind, thing_id):
                self.ledger.record_deleted(record, how)
        return how

    def sweep(self, session: Session) -> list[CleanupResult]:
        """Retire everything that this run created. `session` is an administrator's."""
        return sweep(self.inner, self.ledger, session)

    # -- internals

    def _create(self, entry: int, create: Callable[[], Created], patient_id: str | None) -> Created:
        """Create something and complete its entry.

        Without an answer the entry stays open, and the sweep looks the thing up.
        """
        try:
            created = create()
        except (Rejected, Unsupported, GuardError):
            self.ledger.record_rejected(entry)
            raise
        self.ledger.record_created(entry, created.id, patient_id)
        return created

    def _require_own(self, session: Session, patient_id: str, action: str) -> None:
        if not self._production or patient_id in self.ledger.created_ids("patient"):
            return
        refusal = GuardError(
            f"refusing to {action} patient {patient_id}: this run did not create that patient, and"
            " this target is production"
        )
        try:
            self.inner.patient(session, patient_id)
        except Rejected as rejection:
            if rejection.reason is Reason.NOT_FOUND:
                return  # an id that leads to nobody: nothing can be harmed
            raise refusal from rejection
        except ProtocolViolation as error:
            raise refusal from error
        raise refusal
