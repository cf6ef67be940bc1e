"""What a driver fulfils, so that the checks can speak to a target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

from cutover.hospital.answers import Answer
from cutover.hospital.values import (
    Credentials,
    Document,
    Health,
    Move,
    Operation,
    Patient,
    PatientDraft,
    PatientQuery,
    Session,
    Upload,
    Visit,
)


@runtime_checkable
class Hospital(Protocol):
    """What a driver can do to a target.

    Every method raises `Refused`, `Misbehaved`, `NotOffered` or `MappingError`, and on production
    the driver's `GuardError`; nothing else.
    """

    def sign_in(self, credentials: Credentials) -> Session: ...
    def refresh(self, session: Session) -> Session: ...
    def sign_out(self, session: Session) -> None: ...

    def register(
        self, session: Session, draft: PatientDraft, *, idempotency_key: str | None = None
    ) -> Patient: ...
    def patient(self, session: Session, patient_id: str) -> Patient: ...
    def search(self, session: Session, query: PatientQuery) -> Sequence[Patient]:
        """Every match, all pages walked."""
        ...

    def update(self, session: Session, patient: Patient) -> Patient:
        """Store `patient` over the version that it carries; `Refused(STALE)` when that is no longer
        the current one.
        """
        ...

    def open_visit(self, session: Session, patient_id: str, reason: str) -> Visit: ...
    def visit(self, session: Session, patient_id: str, visit_id: str) -> Visit: ...
    def visits_of(self, session: Session, patient_id: str) -> Sequence[Visit]: ...
    def move(self, session: Session, visit: Visit, move: Move) -> Visit: ...

    def upload(self, session: Session, patient_id: str, upload: Upload) -> Document: ...
    def cut_upload(self, session: Session, patient_id: str, upload: Upload) -> None:
        """Begin an upload and break the connection half way.

        Returns when the connection is gone.
        """
        ...

    def document(self, session: Session, patient_id: str, document_id: str) -> Document: ...
    def content(self, session: Session, document: Document) -> bytes: ...
    def documents_of(self, session: Session, patient_id: str) -> Sequence[Document]: ...

    def live(self) -> Health: ...
    def ready(self) -> Health: ...
    def release(self) -> str:
        """The version that the target says it is."""
        ...

    def retire(self, session: Session, kind: str, thing_id: str, patient_id: str | None) -> str:
        """Remove what the run made (`kind` is patient, visit or document).

        Returns what was done, in the mapping's words: deleted, inactive, entered-in-error.
        """
        ...

    def operations(self) -> Sequence[Operation]: ...
    def attempt(
        self, operation: Operation, session: Session | None, values: Mapping[str, str] | None = None
    ) -> Answer:
        """Send one documented operation with its documented example and the given path values; the
        answer comes back as it is, also a refusal.
        """
        ...
