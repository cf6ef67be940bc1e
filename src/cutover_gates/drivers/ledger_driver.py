"""Wraps any `Hospital`: whatever is made is entered in the ledger first, and on production only
what this run made is touched.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from cutover_gates.core.evidence.ledger import Ledger
from cutover_gates.drivers.cleanup import CleanupResult, sweep
from cutover_gates.drivers.sessions import MARGIN
from cutover_gates.drivers.transport import GuardError
from cutover_gates.hospital import (
    Answer,
    Credentials,
    Document,
    Driver,
    Health,
    Operation,
    Patient,
    PatientDraft,
    PatientQuery,
    ProtocolViolation,
    Reason,
    Rejected,
    Session,
    Transition,
    Unsupported,
    Upload,
    Visit,
)

T = TypeVar("T", Patient, Visit, Document)

_BY_STATUS = {
    401: Reason.UNAUTHENTICATED,
    403: Reason.FORBIDDEN,
    404: Reason.NOT_FOUND,
    400: Reason.INVALID,
    422: Reason.INVALID,
    412: Reason.STALE,
    413: Reason.TOO_LARGE,
    415: Reason.UNSUPPORTED_TYPE,
    429: Reason.THROTTLED,
}


class LedgerDriver:
    """A `Hospital` whose every creation is in `ledger` before it is sent.

    `production`: a write to a patient that this run did not make raises `GuardError` before
    anything is written (an id that leads to nobody is let through).
    """

    def __init__(
        self, hospital: Driver, ledger: Ledger, *, production: bool, run_tag: str | None = None
    ) -> None:
        self.inner, self.ledger, self._production = hospital, ledger, production
        self._run_tag = run_tag or ledger.run

    # -- what makes something

    def register(
        self, session: Session, draft: PatientDraft, *, idempotency_key: str | None = None
    ) -> Patient:
        entry = self.ledger.intend(
            "patient", draft.mrn, family_name=draft.family_name, given_name=draft.given_name
        )
        return self._create(
            entry,
            lambda: self.inner.register(session, draft, idempotency_key=idempotency_key),
            None,
        )

    def open_visit(self, session: Session, patient_id: str, reason: str) -> Visit:
        self._require_own(session, patient_id, "open a visit for")
        entry = self.ledger.intend("visit", reason, patient_id=patient_id)
        return self._create(
            entry, lambda: self.inner.open_visit(session, patient_id, reason), patient_id
        )

    def upload(self, session: Session, patient_id: str, upload: Upload) -> Document:
        self._require_own(session, patient_id, "file a document for")
        entry = self.ledger.intend("document", upload.file_name, patient_id=patient_id)
        return self._create(
            entry, lambda: self.inner.upload(session, patient_id, upload), patient_id
        )

    def cut_upload(self, session: Session, patient_id: str, upload: Upload) -> None:
        self._require_own(session, patient_id, "file a document for")
        self.ledger.intend(
            "document", upload.file_name, patient_id=patient_id
        )  # stays open: the sweep looks whether it left something
        self.inner.cut_upload(session, patient_id, upload)

    # -- what changes something

    def update(self, session: Session, patient: Patient) -> Patient:
        self._require_own(session, patient.id, "update")
        return self.inner.update(session, patient)

    def move(self, session: Session, visit: Visit, move: Transition) -> Visit:
        self._require_own(session, visit.patient_id, f"{move.value} a visit of")
        return self.inner.move(session, visit, move)

    def retire(self, session: Session, kind: str, thing_id: str, patient_id: str | None) -> str:
        if self._production and thing_id not in self.ledger.created_ids(kind):
            raise GuardError(
                f"this run did not make {kind} {thing_id}, and this target is production: it is not"
                " retired"
            )
        how = self.inner.retire(session, kind, thing_id, patient_id)
        for left in self.ledger.remaining_records():
            if (left.kind, left.id) == (kind, thing_id):
                self.ledger.record_deleted(left, how)
        return how

    def attempt(
        self, operation: Operation, session: Session | None, values: Mapping[str, str] | None = None
    ) -> Answer:
        """Should the operation register somebody, they get a number of this run's, by which the
        sweep finds them again. A caller who gives an `mrn` of his own answers for it himself:
        nobody is ever retired by a number that may be a real patient's.
        """
        given = values or {}
        if operation.method != "POST" or "mrn" in given:
            return self.inner.attempt(operation, session, given)
        number = f"{self._run_tag[:18]}-{uuid.uuid4().hex[:12]}"
        entry = self.ledger.intend("patient", number, attempt=str(operation))
        try:
            answer = self.inner.attempt(
                operation, session, {"mrn": number, "tag": self._run_tag, **given}
            )
        except GuardError:
            self.ledger.record_rejected(entry)
            raise
        if answer.status >= 300:
            self.ledger.record_rejected(entry)
        return answer

    def sweep(self, session: Session) -> list[CleanupResult]:
        """Retire everything that this run made, newest first, documents before visits before
        patients. `session` is an administrator's.
        """
        return sweep(self.inner, self.ledger, session)

    def sweep_abandoned_runs(self, session: Session, folder: Path) -> list[CleanupResult]:
        """Retire what dead runs left on this target; their ledgers are closed when nothing is left."""
        swept: list[CleanupResult] = []
        for ledger in Ledger.open_abandoned(folder, self.ledger.target):
            try:
                swept += sweep(self.inner, ledger, session)
            finally:
                ledger.close()
        return swept

    # -- what only reads, or signs in and out

    def sign_in(self, credentials: Credentials) -> Session:
        return self.inner.sign_in(credentials)

    def refresh(self, session: Session) -> Session:
        return self.inner.refresh(session)

    def sign_out(self, session: Session) -> None:
        self.inner.sign_out(session)

    def patient(self, session: Session, patient_id: str) -> Patient:
        return self.inner.patient(session, patient_id)

    def search(self, session: Session, query: PatientQuery) -> Sequence[Patient]:
        return self.inner.search(session, query)

    def visit(self, session: Session, patient_id: str, visit_id: str) -> Visit:
        return self.inner.visit(session, patient_id, visit_id)

    def visits_of(self, session: Session, patient_id: str) -> Sequence[Visit]:
        return self.inner.visits_of(session, patient_id)

    def document(self, session: Session, patient_id: str, document_id: str) -> Document:
        return self.inner.document(session, patient_id, document_id)

    def content(self, session: Session, document: Document) -> bytes:
        return self.inner.content(session, document)

    def documents_of(self, session: Session, patient_id: str) -> Sequence[Document]:
        return self.inner.documents_of(session, patient_id)

    def live(self) -> Health:
        return self.inner.live()

    def ready(self) -> Health:
        return self.inner.ready()

    def release(self) -> str:
        return self.inner.release()

    def operations(self) -> Sequence[Operation]:
        return self.inner.operations()

    @property
    def refresh_margin(self) -> float:
        """Seconds before the end of a token's life at which it is to be renewed, as the driver
        knows it.
        """
        return float(getattr(self.inner, "refresh_margin", MARGIN))

    def stored_form(self, draft: PatientDraft) -> PatientDraft:
        """What a draft becomes in this target: as it was sent, unless the driver knows better."""
        known = getattr(self.inner, "stored_form", None)
        return known(draft) if known is not None else draft

    def reason_of(self, answer: Answer) -> Reason | None:
        """Why an answer to `attempt` is a refusal; None where it is none.

        A driver that does not say is read by HTTP's own words (RFC 9110).
        """
        known = getattr(self.inner, "reason_of", None)
        return known(answer) if known is not None else _BY_STATUS.get(answer.status)

    # -- below

    def _create(self, entry: int, make: Callable[[], T], patient_id: str | None) -> T:
        """Make something and complete its entry.

        Without an answer the entry stays open, to be looked up by the sweep.
        """
        try:
            made = make()
        except (Rejected, Unsupported, GuardError):
            self.ledger.record_rejected(entry)
            raise
        self.ledger.record_created(entry, made.id, patient_id)
        return made

    def _require_own(self, session: Session, patient_id: str, act: str) -> None:
        if not self._production or patient_id in self.ledger.created_ids("patient"):
            return
        try:
            self.inner.patient(session, patient_id)
        except Rejected as refused:
            if refused.reason is Reason.NOT_FOUND:
                return  # an id that leads to nobody: nothing can be harmed
            raise self._guard_error(patient_id, act) from refused
        except ProtocolViolation as error:
            raise self._guard_error(patient_id, act) from error
        raise self._guard_error(patient_id, act)

    def _guard_error(self, patient_id: str, act: str) -> GuardError:
        return GuardError(
            f"refusing to {act} patient {patient_id}: this run did not make that patient, and this"
            " target is production"
        )
