"""The words that a mapping may use: its operations, the variables that each one's templates see,
and the fields read from answers.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from cutover.hospital import Document, Move, PatientDraft, Sex, Status

ANYTHING: frozenset[str] | None = None
"""For a variable whose attributes cannot be known without the target."""

_DRAFT = frozenset(field.name for field in fields(PatientDraft))
_SESSION = frozenset({"username", "access", "refresh", "expires_in"})
_ID = frozenset({"id"})

ALWAYS: dict[str, frozenset[str] | None] = {
    "run": frozenset({"tag"}),  # the tag that marks everything this run makes
    "base_url": ANYTHING,
    "secret": ANYTHING,  # secrets from the environment, by name
    # unique() gives a new text of 12 characters, unique_number() a new whole number
    "unique": ANYTHING,
    "unique_number": ANYTHING,
}
READING_ONLY = frozenset({"body", "headers"})
"""Variables that only a template in an answer's field sees: the object that is read, and the
answer's headers (names in lower case).
"""


@dataclass(frozen=True)
class Meaning:
    """What an operation is about: the value its answer is read as (None: nothing is read) and the
    variables its templates see.
    """

    answer: str | None
    variables: dict[str, frozenset[str] | None]
    token: bool = True
    is_list: bool = False
    takes_id: bool = True


_VISIT = frozenset({"id", "patient_id", "status", "reason"})
_MOVE: dict[str, frozenset[str] | None] = {"patient": _ID, "visit": _VISIT, "move": ANYTHING}
_PAGE = {"page": frozenset({"number", "size", "offset", "cursor"})}

OPERATIONS: dict[str, Meaning] = {
    "sign_in": Meaning(
        "session", {"credentials": frozenset({"username", "password"})}, token=False, takes_id=False
    ),
    "refresh": Meaning("session", {}, token=False, takes_id=False),
    "sign_out": Meaning(None, {}, takes_id=False),
    "register": Meaning("patient", {"draft": _DRAFT, "key": ANYTHING}, takes_id=False),
    "patient": Meaning("patient", {"patient": _ID}),
    "search": Meaning(
        "patient",
        {"query": frozenset({"mrn", "name", "birth_date"}), **_PAGE},
        is_list=True,
        takes_id=False,
    ),
    "update": Meaning("patient", {"patient": _DRAFT | {"id", "version"}}),
    "open_visit": Meaning("visit", {"patient": _ID, "reason": ANYTHING}),
    "visit": Meaning("visit", {"patient": _ID, "visit": _ID}),
    "visits_of": Meaning("visit", {"patient": _ID, **_PAGE}, is_list=True),
    "admit": Meaning("visit", _MOVE),
    "discharge": Meaning("visit", _MOVE),
    "cancel": Meaning("visit", _MOVE),
    "upload": Meaning(
        "document",
        {
            "patient": _ID,
            "upload": frozenset({"file_name", "media_type", "content", "size", "sha256", "base64"}),
        },
    ),
    "document": Meaning("document", {"patient": _ID, "document": _ID}),
    "content": Meaning(
        "content", {"patient": _ID, "document": frozenset(field.name for field in fields(Document))}
    ),
    "documents_of": Meaning("document", {"patient": _ID, **_PAGE}, is_list=True),
    "live": Meaning("health", {}, token=False, takes_id=False),
    "ready": Meaning("health", {}, token=False, takes_id=False),
    "release": Meaning("release", {}, token=False, takes_id=False),
    "describe": Meaning(None, {}, token=False, takes_id=False),
    "retire_patient": Meaning(None, {"patient": _ID}),
    "retire_visit": Meaning(None, {"patient": _ID, "visit": _ID}),
    "retire_document": Meaning(None, {"patient": _ID, "document": _ID}),
}

SESSION = _SESSION

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
    "visit": {"id": True, "patient_id": True, "status": True, "reason": False},
    "document": {
        "id": True,
        "patient_id": True,
        "file_name": True,
        "media_type": True,
        "size": False,
        "sha256": False,
    },
    "health": {"healthy": True, "detail": False},
    "release": {"release": True},
    "content": {},
}
"""The fields read from an answer, by kind. True: must be in the mapping, and in every answer."""

WORDS: dict[str, frozenset[str]] = {
    "sex": frozenset(Sex),
    "status": frozenset(Status),
    "move": frozenset(Move),
}
