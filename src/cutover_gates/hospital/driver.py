"""What a target sends back, and the ways in which it may not do what was asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

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


@dataclass(frozen=True)
class Answer:
    """What a target sent back.

    `json` is None where the body is not JSON; `reason` is why the target refuses, as far as the
    driver can read it.
    """

    status: int
    headers: Mapping[str, str]
    content: bytes = field(repr=False)
    json: Any = field(default=None, repr=False)
    seconds: float = 0.0
    reason: Reason | None = None

    @property
    def media_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def text(self) -> str:
        return self.content.decode("utf-8", errors="replace")


class Rejected(Exception):
    """The target said no, for a reason that the mapping knows.

    A finding only where a check did not expect it.
    """

    def __init__(self, reason: Reason, message: str, answer: Answer) -> None:
        super().__init__(f"{reason.value} (HTTP {answer.status}): {message}")
        self.reason, self.message, self.answer = reason, message, answer


class ProtocolViolation(AssertionError):
    """The target answered with what its protocol does not allow: a 500, another type, a field that
    is not there, no answer at all.
    """


class Unreachable(ProtocolViolation):
    """No answer came at all: refused, cut, or not in time.

    `final`: so often that the driver sends nothing more.
    """

    def __init__(self, message: str, *, final: bool = False) -> None:
        super().__init__(message)
        self.final = final


class Unsupported(Exception):
    """The operation is declared `unsupported` in the target's settings.

    Shown as not applicable, with the reason given there.
    """

    def __init__(self, operation: str, why: str) -> None:
        super().__init__(f"{operation} is not offered by this target: {why}")
        self.operation, self.why = operation, why


class MappingError(Exception):
    """The mapping does not fit the target: its author must act.

    Never a finding about the target.
    """


@runtime_checkable
class Driver(Protocol):
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
    def move(self, session: Session, visit: Visit, move: Transition) -> Visit: ...

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
