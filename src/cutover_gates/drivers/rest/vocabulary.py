"""The vocabulary of a mapping: its operations, their variables, the fields and words of answers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

from cutover_gates.core.tables import find_nearest
from cutover_gates.drivers.rest.template_moments import MOMENT_NAMES
from cutover_gates.hospital import (
    Document,
    MappingError,
    PatientDraft,
    Sex,
    Transition,
    VisitStatus,
)


def mapping_error(source: str, key: str, given: Any, problem: str) -> MappingError:
    """Return a mapping error: the place, the given value, and what would be right."""
    shown = "" if given is None else f" = {given!r}"
    return MappingError(f"{source}: {key}{shown}: {problem}")


def suggest_nearest(given: str, allowed: Iterable[str]) -> str:
    """Return “did you mean …” where an allowed name is near, else all of them."""
    names = sorted(map(str, allowed))
    nearest = find_nearest(given, names)
    return f"did you mean {nearest!r}?" if nearest else f"allowed are {', '.join(names)}"


ANYTHING: frozenset[str] | None = None
"""Stands for a variable whose attributes cannot be known without the target."""

_DRAFT = frozenset(field.name for field in fields(PatientDraft))
_SESSION = frozenset({"username", "access", "refresh", "expires_in"})
_ID = frozenset({"id"})

ALWAYS: dict[str, frozenset[str] | None] = {
    # The tag marks everything that this run creates.
    "run": frozenset({"tag"}),
    "base_url": ANYTHING,
    # Secrets from the environment, by name.
    "secret": ANYTHING,
    # unique() gives a new text of 12 characters, unique_number() a new whole number.
    "unique": ANYTHING,
    "unique_number": ANYTHING,
    # now is one moment in UTC for a whole operation, hours(1) an offset from it.
    **dict.fromkeys(sorted(MOMENT_NAMES), ANYTHING),
}
ANSWER_VARIABLES = frozenset({"body", "headers"})
"""Variables that only a template in an answer's field sees.

They are the object that is read, and the answer's headers (names in lower case).
"""


@dataclass(frozen=True)
class OperationSpec:
    """The specification of an operation.

    `answer` is the kind of value that its answer is read as (None: nothing is read). `variables`
    are those that its templates see. `token`: it needs a session. `takes_id`: it names a single
    thing, which may be missing.
    """

    answer: str | None
    variables: dict[str, frozenset[str] | None]
    token: bool = True
    is_list: bool = False
    takes_id: bool = True


_VISIT = frozenset({"id", "patient_id", "status", "reason"})
_MOVE: dict[str, frozenset[str] | None] = {"patient": _ID, "visit": _VISIT, "move": ANYTHING}
_PAGE = {"page": frozenset({"number", "size", "offset", "cursor"})}

OPERATIONS: dict[str, OperationSpec] = {
    "sign_in": OperationSpec(
        "session", {"credentials": frozenset({"username", "password"})}, token=False, takes_id=False
    ),
    "refresh": OperationSpec("session", {}, token=False, takes_id=False),
    "sign_out": OperationSpec(None, {}, takes_id=False),
    "register": OperationSpec("patient", {"draft": _DRAFT, "key": ANYTHING}, takes_id=False),
    "patient": OperationSpec("patient", {"patient": _ID}),
    "search": OperationSpec(
        "patient",
        {"query": frozenset({"mrn", "name", "birth_date"}), **_PAGE},
        is_list=True,
        takes_id=False,
    ),
    "update": OperationSpec("patient", {"patient": _DRAFT | {"id", "version"}}),
    "open_visit": OperationSpec("visit", {"patient": _ID, "reason": ANYTHING}),
    "visit": OperationSpec("visit", {"patient": _ID, "visit": _ID}),
    "visits_of": OperationSpec("visit", {"patient": _ID, **_PAGE}, is_list=True),
    "admit": OperationSpec("visit", _MOVE),
    "discharge": OperationSpec("visit", _MOVE),
    "cancel": OperationSpec("visit", _MOVE),
    "upload": OperationSpec(
        "document",
        {
            "patient": _ID,
            "upload": frozenset({"file_name", "media_type", "content", "size", "sha256", "base64"}),
        },
    ),
    "document": OperationSpec("document", {"patient": _ID, "document": _ID}),
    "content": OperationSpec(
        "content", {"patient": _ID, "document": frozenset(field.name for field in fields(Document))}
    ),
    "documents_of": OperationSpec("document", {"patient": _ID, **_PAGE}, is_list=True),
    "live": OperationSpec("health", {}, token=False, takes_id=False),
    "ready": OperationSpec("health", {}, token=False, takes_id=False),
    "release": OperationSpec("release", {}, token=False, takes_id=False),
    "describe": OperationSpec(None, {}, token=False, takes_id=False),
    "audit": OperationSpec("audit_entry", {"patient": _ID, **_PAGE}, is_list=True),
    "newest_audit": OperationSpec(
        "audit_entry", {"account": ANYTHING, "since": ANYTHING}, is_list=True, takes_id=False
    ),
    "retire_patient": OperationSpec(None, {"patient": _ID}),
    "retire_visit": OperationSpec(None, {"patient": _ID, "visit": _ID}),
    "retire_document": OperationSpec(None, {"patient": _ID, "document": _ID}),
}

SESSION = _SESSION
OPTIONAL_OPERATIONS = frozenset({"audit", "newest_audit"})
"""Operations that a mapping may leave out without a reason. A gate then asks for the declaration.
"""

FIELDS: dict[str, dict[str, bool]] = {
    "session": {"access": True, "refresh": False, "lifetime": False},
    "patient": {
        "id": True,
        "mrn": True,
        "family_name": True,
        "given_name": False,
        "birth_date": True,
        "sex": False,
        "phone": False,
        "address": False,
        "version": False,
    },
    "visit": {
        "id": True,
        "patient_id": True,
        "status": True,
        "reason": False,
        "opened_at": False,
        "admitted_at": False,
        "discharged_at": False,
    },
    "document": {
        "id": True,
        "patient_id": True,
        "file_name": True,
        "media_type": True,
        "size": False,
        "sha256": False,
        "author": False,
    },
    "audit_entry": {
        "id": True,
        "username": True,
        "allowed": True,
        "action": False,
        "patient_id": False,
        "at": False,
    },
    "health": {"healthy": True, "detail": False},
    "release": {"release": True},
    "content": {},
}
"""The fields of an answer, by kind. True: must be in the mapping, and in every answer."""

WORDS: dict[str, frozenset[str]] = {
    "sex": frozenset(Sex),
    "status": frozenset(VisitStatus),
    "move": frozenset(Transition),
}
