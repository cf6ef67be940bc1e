"""The protocol that a driver fulfils, and what a driver may offer besides."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

from cutover_gates.hospital.answers import (
    Answer,
    AuditEntry,
    RefusalRule,
    read_status_reason,
)
from cutover_gates.hospital.values import (
    Credentials,
    Document,
    Health,
    Operation,
    Patient,
    PatientDraft,
    PatientQuery,
    Reason,
    Session,
    Transition,
    Upload,
    Visit,
)

NewestEntries = Callable[[Session, str, datetime], Sequence[AuditEntry]]
REFRESH_MARGIN = 30.0
"""Seconds before its end at which a token is renewed, where the driver names no other margin.

A request may take some seconds, and the clocks of two machines differ by some more.
"""


def _keep_draft(draft: PatientDraft) -> PatientDraft:
    return draft


def _bearer_header(session: Session) -> tuple[str, str]:
    return "Authorization", f"Bearer {session.access}"


@dataclass(frozen=True)
class DriverFeatures:
    """The abilities of a driver beyond its operations. Each default suits a driver without it.

    `refresh_margin` is the number of seconds before its end at which a token is renewed.
    `stored_form` returns a draft as this target stores it. `reason_of` returns the reason of a
    refusal that came as the answer to `Driver.attempt`, and None for any other answer.
    `session_header` returns the name and value of the header that shows a session.
    `unsupported_operations` asks the target which operations it does not offer, and why.
    `with_page_size` returns the same target that is asked for lists in pages of so many entries.
    `api_document` returns the OpenAPI document and the address at which its paths begin; with an
    argument, it uses that document from now on (ValueError where it is not one). `served_document`
    asks the target for the document that it serves about itself: OpenAPI or a capability statement.
    `parameter_meanings` returns which path parameters of that document are one of our ids
    (`patient_id`, `visit_id`, `document_id`), by operation (`GET /path`) and name.
    `assumed_protected` returns the operations of a document without a word about security that
    need a token. `unauthenticated` are the forms in which who is not signed in is refused, where
    the settings say them. `lost_meanings` returns what the settings name of that document and only
    the release before listed, with what it has instead.
    `documented_operations` returns the operations of `Driver.operations`, such as `GET /patients`,
    by those of the language that they do (a move by its name, `retire_patient` …).
    `sends_undocumented`: `Driver.attempt` also takes an `UndocumentedRequest`. `audit_entries` are
    those of one patient, `newest_audit_entries` those of an account since a moment, whoever they
    are about (or the newest of all). `used_operations`: method and path (`{}` for a value) of each
    request.
    """

    refresh_margin: float = REFRESH_MARGIN
    stored_form: Callable[[PatientDraft], PatientDraft] = _keep_draft
    reason_of: Callable[[Answer], Reason | None] = read_status_reason
    session_header: Callable[[Session], tuple[str, str]] = _bearer_header
    unsupported_operations: Callable[[], Mapping[str, str]] = dict
    with_page_size: Callable[[int], Driver] | None = None
    api_document: Callable[[Mapping[str, Any] | None], tuple[Mapping[str, Any], str]] | None = None
    served_document: Callable[[], Mapping[str, Any]] | None = None
    parameter_meanings: Callable[[], Mapping[str, Mapping[str, str]]] | None = None
    assumed_protected: Callable[[], Collection[str]] = frozenset
    unauthenticated: tuple[RefusalRule, ...] = ()
    lost_meanings: Callable[[], Mapping[str, str]] = dict
    documented_operations: Callable[[], Mapping[str, Sequence[str]]] = dict
    sends_undocumented: bool = False
    audit_entries: Callable[[Session, str], Sequence[AuditEntry]] | None = None
    newest_audit_entries: NewestEntries | None = None
    used_operations: Callable[[], Mapping[str, Sequence[tuple[str, str]]]] | None = None


@runtime_checkable
class Driver(Protocol):
    """The whole protocol between checks and a target.

    Every method raises `Rejected`, `ProtocolViolation`, `Unsupported` or `MappingError`, and on
    production the driver's `GuardError`; nothing else.
    """

    @property
    def features(self) -> DriverFeatures:
        """The abilities of this driver beyond the operations."""
        ...

    def sign_in(self, credentials: Credentials) -> Session:
        """Open a session for a person."""
        ...

    def refresh(self, session: Session) -> Session:
        """Return the session with a new token."""
        ...

    def sign_out(self, session: Session) -> None:
        """End the session: its tokens are worth nothing afterwards."""
        ...

    def register(
        self, session: Session, draft: PatientDraft, *, idempotency_key: str | None = None
    ) -> Patient:
        """Register a patient. The same `idempotency_key` again creates no second one."""
        ...

    def patient(self, session: Session, patient_id: str) -> Patient:
        """Return the stored patient."""
        ...

    def search(self, session: Session, query: PatientQuery) -> Sequence[Patient]:
        """Return every match, from all pages."""
        ...

    def update(self, session: Session, patient: Patient) -> Patient:
        """Store `patient` over the version that it carries.

        Raises `Rejected` (`Reason.STALE`) where that is no longer the current version.
        """
        ...

    def open_visit(self, session: Session, patient_id: str, reason: str) -> Visit:
        """Open a visit of a patient."""
        ...

    def visit(self, session: Session, patient_id: str, visit_id: str) -> Visit:
        """Return the stored visit."""
        ...

    def visits_of(self, session: Session, patient_id: str) -> Sequence[Visit]:
        """Return all visits of a patient, from all pages."""
        ...

    def move(self, session: Session, visit: Visit, move: Transition) -> Visit:
        """Change the state of a visit, and return the visit as it is stored then."""
        ...

    def upload(self, session: Session, patient_id: str, upload: Upload) -> Document:
        """File an upload with a patient."""
        ...

    def cut_upload(self, session: Session, patient_id: str, upload: Upload) -> None:
        """Begin an upload and break the connection half way.

        Returns when the connection is gone.
        """
        ...

    def document(self, session: Session, patient_id: str, document_id: str) -> Document:
        """Return the stored description of a document."""
        ...

    def content(self, session: Session, document: Document) -> bytes:
        """Return the bytes of a document."""
        ...

    def documents_of(self, session: Session, patient_id: str) -> Sequence[Document]:
        """Return all documents of a patient, from all pages."""
        ...

    def live(self) -> Health:
        """Return the answer to: does the process run?"""
        ...

    def ready(self) -> Health:
        """Return the answer to: may the target get requests?"""
        ...

    def release(self) -> str:
        """Return the version that the target says it is."""
        ...

    def retire(self, session: Session, kind: str, thing_id: str, patient_id: str | None) -> str:
        """Remove what the run made (`kind` is patient, visit or document).

        Returns what was done, in the mapping's words: deleted, inactive, entered-in-error.
        """
        ...

    def operations(self) -> Sequence[Operation]:
        """Return the operations that the target's API document lists."""
        ...

    def attempt(
        self, operation: Operation, session: Session | None, values: Mapping[str, str] | None = None
    ) -> Answer:
        """Send one documented operation with its documented example and the given path values.

        Returns the answer as it is, also a refusal.
        """
        ...
