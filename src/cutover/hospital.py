"""The language that checks speak: patients, visits, documents, sessions, and the protocol that a driver fulfils.

Nothing here knows a URL, a status code of a particular target, or a payload. A driver (`cutover.drivers`) translates.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable


class Role(StrEnum):
    """Who signs in. `OUTSIDER` is a clinician of another facility, who must see nothing of this one."""

    REGISTRAR = "registrar"
    CLINICIAN = "clinician"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"
    OUTSIDER = "outsider"


class Sex(StrEnum):
    """Administrative gender, in FHIR's words."""

    FEMALE = "female"
    MALE = "male"
    OTHER = "other"
    UNKNOWN = "unknown"


class Status(StrEnum):
    """Where a visit stands. FHIR's Encounter says planned, in-progress, completed, cancelled."""

    OPEN = "open"
    ADMITTED = "admitted"
    DISCHARGED = "discharged"
    CANCELLED = "cancelled"


class Move(StrEnum):
    """What can be done to a visit."""

    ADMIT = "admit"
    DISCHARGE = "discharge"
    CANCEL = "cancel"


class Reason(StrEnum):
    """Why a target says no, whatever status or words it uses for it."""

    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not-found"
    DUPLICATE = "duplicate"
    INVALID = "invalid"
    STALE = "stale"
    ILLEGAL_TRANSITION = "illegal-transition"
    TOO_LARGE = "too-large"
    UNSUPPORTED_TYPE = "unsupported-type"
    THROTTLED = "throttled"


@dataclass(frozen=True)
class Answer:
    """What a target sent back. `json` is None where the body is not JSON."""

    status: int
    headers: Mapping[str, str]
    content: bytes = field(repr=False)
    json: Any = field(default=None, repr=False)
    seconds: float = 0.0

    @property
    def media_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def text(self) -> str:
        return self.content.decode("utf-8", errors="replace")


class Refused(Exception):
    """The target said no, for a reason that the mapping knows. A finding only where a check did not expect it."""

    def __init__(self, reason: Reason, message: str, answer: Answer) -> None:
        super().__init__(f"{reason.value} (HTTP {answer.status}): {message}")
        self.reason, self.message, self.answer = reason, message, answer


class Misbehaved(AssertionError):
    """The target answered with what its protocol does not allow: a 500, another type, a field that is not there, no answer at all."""


class NotOffered(Exception):
    """The operation is declared `unsupported` in the target's settings. Shown as not applicable, with the reason given there."""

    def __init__(self, operation: str, why: str) -> None:
        super().__init__(f"{operation} is not offered by this target: {why}")
        self.operation, self.why = operation, why


class MappingError(Exception):
    """The mapping does not fit the target: its author must act. Never a finding about the target."""


@dataclass(frozen=True)
class Credentials:
    """A user name and password. The password never shows in a repr."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class Session:
    """A signed-in user. Tokens never show in a repr; `variables` holds what a sign-in in several steps captured."""

    username: str
    access: str = field(repr=False)
    refresh: str | None = field(default=None, repr=False)
    expires_in: float | None = None
    variables: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def presenting(self, access: str) -> Session:
        """The same session with another access token, as a forger would present it."""
        return replace(self, access=access)


@dataclass(frozen=True)
class PatientDraft:
    """A patient as a registrar types it. Always synthetic: `cutover.synthetic` makes them."""

    mrn: str
    family_name: str
    given_name: str
    birth_date: date
    sex: Sex = Sex.UNKNOWN
    phone: str | None = None
    address: str | None = None


@dataclass(frozen=True)
class Patient(PatientDraft):
    """A patient as the target knows it. `version` is what a later update must present (an ETag, a versionId)."""

    id: str = ""
    version: str | None = None

    @property
    def draft(self) -> PatientDraft:
        """What was typed, without what the target added: for comparing sent with stored."""
        return PatientDraft(self.mrn, self.family_name, self.given_name, self.birth_date, self.sex, self.phone, self.address)


@dataclass(frozen=True)
class PatientQuery:
    """A search. Fields left None do not narrow it."""

    mrn: str | None = None
    name: str | None = None
    birth_date: date | None = None


@dataclass(frozen=True)
class Visit:
    """An encounter of one patient with the hospital."""

    id: str
    patient_id: str
    status: Status
    reason: str | None = None


@dataclass(frozen=True)
class Upload:
    """A file on its way in."""

    file_name: str
    media_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class Document:
    """A filed document: what is known about it, without its bytes. `sha256` is hexadecimal, None where the target gives none."""

    id: str
    patient_id: str
    file_name: str
    media_type: str
    size: int | None = None
    sha256: str | None = None


@dataclass(frozen=True)
class Health:
    """What a target says of itself. `detail` is its own words."""

    healthy: bool
    detail: str


@dataclass(frozen=True)
class Operation:
    """One operation of the target's own API document. `statuses` are the documented ones; `protected` as its security section says."""

    method: str
    path: str
    protected: bool
    statuses: frozenset[int]
    media_types: Mapping[int, frozenset[str]] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@runtime_checkable
class Hospital(Protocol):
    """What a driver can do to a target. Every method raises `Refused`, `Misbehaved`, `NotOffered` or
    `MappingError`, and on production the driver's `GuardError`; nothing else."""

    def sign_in(self, credentials: Credentials) -> Session: ...
    def refresh(self, session: Session) -> Session: ...
    def sign_out(self, session: Session) -> None: ...

    def register(self, session: Session, draft: PatientDraft, *, idempotency_key: str | None = None) -> Patient: ...
    def patient(self, session: Session, patient_id: str) -> Patient: ...
    def search(self, session: Session, query: PatientQuery) -> Sequence[Patient]:
        """Every match, all pages walked."""
        ...

    def update(self, session: Session, patient: Patient) -> Patient:
        """Store `patient` over the version that it carries; `Refused(STALE)` when that is no longer the current one."""
        ...

    def open_visit(self, session: Session, patient_id: str, reason: str) -> Visit: ...
    def visit(self, session: Session, patient_id: str, visit_id: str) -> Visit: ...
    def visits_of(self, session: Session, patient_id: str) -> Sequence[Visit]: ...
    def move(self, session: Session, visit: Visit, move: Move) -> Visit: ...

    def upload(self, session: Session, patient_id: str, upload: Upload) -> Document: ...
    def cut_upload(self, session: Session, patient_id: str, upload: Upload) -> None:
        """Begin an upload and break the connection half way. Returns when the connection is gone."""
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
    def attempt(self, operation: Operation, session: Session | None, values: Mapping[str, str] | None = None) -> Answer:
        """Send one documented operation with its documented example and the given path values; the answer comes back as it is, also a refusal."""
        ...


class Door:
    """Where people sign in and out."""

    def __init__(self, hospital: Hospital) -> None:
        self._hospital = hospital

    def sign_in(self, credentials: Credentials) -> Session:
        return self._hospital.sign_in(credentials)

    def refresh(self, session: Session) -> Session:
        return self._hospital.refresh(session)

    def sign_out(self, session: Session) -> None:
        self._hospital.sign_out(session)


class FrontDesk:
    """Where a registrar registers, finds and corrects patients."""

    def __init__(self, hospital: Hospital, session: Session) -> None:
        self._hospital, self._session = hospital, session

    def register(self, draft: PatientDraft, *, idempotency_key: str | None = None) -> Patient:
        return self._hospital.register(self._session, draft, idempotency_key=idempotency_key)

    def patient(self, patient_id: str) -> Patient:
        return self._hospital.patient(self._session, patient_id)

    def find(self, *, mrn: str | None = None, name: str | None = None, birth_date: date | None = None) -> Sequence[Patient]:
        return self._hospital.search(self._session, PatientQuery(mrn, name, birth_date))

    def update(self, patient: Patient) -> Patient:
        return self._hospital.update(self._session, patient)


class Ward:
    """Where a clinician opens and moves visits."""

    def __init__(self, hospital: Hospital, session: Session) -> None:
        self._hospital, self._session = hospital, session

    def open(self, patient: Patient, reason: str = "cutover check") -> Visit:
        return self._hospital.open_visit(self._session, patient.id, reason)

    def open_for(self, patient_id: str, reason: str = "cutover check") -> Visit:
        return self._hospital.open_visit(self._session, patient_id, reason)

    def visit(self, visit: Visit) -> Visit:
        return self._hospital.visit(self._session, visit.patient_id, visit.id)

    def visits_of(self, patient: Patient) -> Sequence[Visit]:
        return self._hospital.visits_of(self._session, patient.id)

    def admit(self, visit: Visit) -> Visit:
        return self._hospital.move(self._session, visit, Move.ADMIT)

    def discharge(self, visit: Visit) -> Visit:
        return self._hospital.move(self._session, visit, Move.DISCHARGE)


class Records:
    """Where documents are filed and read."""

    def __init__(self, hospital: Hospital, session: Session) -> None:
        self._hospital, self._session = hospital, session

    def file(self, patient: Patient, upload: Upload) -> Document:
        return self._hospital.upload(self._session, patient.id, upload)

    def file_but_cut(self, patient: Patient, upload: Upload) -> None:
        self._hospital.cut_upload(self._session, patient.id, upload)

    def document(self, document: Document) -> Document:
        return self._hospital.document(self._session, document.patient_id, document.id)

    def content(self, document: Document) -> bytes:
        return self._hospital.content(self._session, document)

    def of(self, patient: Patient) -> Sequence[Document]:
        return self._hospital.documents_of(self._session, patient.id)
