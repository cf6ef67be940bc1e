"""The values of the language: roles, patients, visits, documents, sessions and their states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any


class Role(StrEnum):
    """The role of who signs in. `OUTSIDER`, a clinician elsewhere, must see nothing of here."""

    REGISTRAR = "registrar"
    CLINICIAN = "clinician"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"
    OUTSIDER = "outsider"


class Sex(StrEnum):
    """The administrative gender, in the words of FHIR."""

    FEMALE = "female"
    MALE = "male"
    OTHER = "other"
    UNKNOWN = "unknown"


class VisitStatus(StrEnum):
    """The state of a visit (FHIR Encounter: planned, in-progress, completed, cancelled)."""

    OPEN = "open"
    ADMITTED = "admitted"
    DISCHARGED = "discharged"
    CANCELLED = "cancelled"


class Transition(StrEnum):
    """A move of a visit from one state to another."""

    ADMIT = "admit"
    DISCHARGE = "discharge"
    CANCEL = "cancel"


class Reason(StrEnum):
    """The reason of a refusal, whatever status or words the target uses for it."""

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
class Credentials:
    """A user name and a password. The password never appears in a repr.

    `deputies` are the accounts that do single operations in this one's place, by operation: the
    work that a check does as one person may be that of several roles.
    """

    username: str
    password: str = field(repr=False)
    deputies: Mapping[str, Credentials] = field(default_factory=dict, repr=False, compare=False)

    def to_plain(self) -> list[Any]:
        """Return JSON-able values, with the password; `from_plain` reads them."""
        deputies = {name: account.to_plain() for name, account in self.deputies.items()}
        return [self.username, self.password, deputies]

    @classmethod
    def from_plain(cls, plain: Sequence[Any]) -> Credentials:
        """Return the account that `to_plain` wrote."""
        username, password, deputies = plain
        return cls(
            username, password, {name: cls.from_plain(one) for name, one in deputies.items()}
        )


@dataclass(frozen=True)
class Session:
    """A signed-in user.

    Tokens never appear in a repr. `expires_in` is the lifetime of the access token in seconds, None
    where the target names none. `variables` holds what a sign-in in several steps captured.
    `deputies` are the sessions of `Credentials.deputies`.
    """

    username: str
    access: str = field(repr=False)
    refresh: str | None = field(default=None, repr=False)
    expires_in: float | None = None
    variables: Mapping[str, Any] = field(default_factory=dict, repr=False)
    deputies: Mapping[str, Session] = field(default_factory=dict, repr=False)

    def with_access_token(self, access: str) -> Session:
        """Return the same session with another access token, as a forger presents it.

        Nobody stands in for a forger: the token is shown with every operation.
        """
        return replace(self, access=access, deputies={})


@dataclass(frozen=True)
class PatientDraft:
    """A patient as a registrar types it. Always synthetic (`cutover_gates.hospital.synthetic`)."""

    mrn: str
    family_name: str
    given_name: str
    birth_date: date
    sex: Sex = Sex.UNKNOWN
    phone: str | None = None
    address: str | None = None


@dataclass(frozen=True)
class Patient(PatientDraft):
    """A patient as the target knows it. `version` is what a later update must present (an ETag)."""

    id: str = ""
    version: str | None = None

    @property
    def draft(self) -> PatientDraft:
        """The typed fields without those that the target added, to compare sent with stored."""
        return PatientDraft(
            self.mrn,
            self.family_name,
            self.given_name,
            self.birth_date,
            self.sex,
            self.phone,
            self.address,
        )


@dataclass(frozen=True)
class PatientQuery:
    """A search. A field that is None does not narrow it."""

    mrn: str | None = None
    name: str | None = None
    birth_date: date | None = None


@dataclass(frozen=True)
class Visit:
    """An encounter of one patient with the hospital. Its times, where told, are not compared."""

    id: str
    patient_id: str
    status: VisitStatus
    reason: str | None = None
    opened_at: datetime | None = field(default=None, compare=False)
    admitted_at: datetime | None = field(default=None, compare=False)
    discharged_at: datetime | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Upload:
    """A file that is to be filed."""

    file_name: str
    media_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class Document:
    """A filed document: its description without its bytes.

    `size` is in bytes, `sha256` hexadecimal, `author` the user name of who filed it (not compared);
    each is None where the target gives none.
    """

    id: str
    patient_id: str
    file_name: str
    media_type: str
    size: int | None = None
    sha256: str | None = None
    author: str | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Health:
    """The health of a target, as it reports it. `detail` is its own words."""

    healthy: bool
    detail: str


@dataclass(frozen=True)
class Operation:
    """One operation of the target's own API document.

    `statuses` are the documented ones, `media_types` the documented types of each. `protected` is
    what the security section of the document says.
    """

    method: str
    path: str
    protected: bool
    statuses: frozenset[int]
    media_types: Mapping[int, frozenset[str]] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"
