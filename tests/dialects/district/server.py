"""The district's backend: the shape that a Django REST framework gives.

A patient's number is no key, records have no versions, one account does the work of two roles, and
lists are empty for whoever may not read them. All data is in memory, in one event loop, so each
request is atomic. A faulty district replaces one of its rules.
"""

from __future__ import annotations

import time
import uuid
from contextvars import ContextVar
from datetime import UTC, date, datetime
from secrets import token_urlsafe
from typing import Any

Entry = dict[str, Any]
STAFF = {
    "nurse": ("nurse", "north"),
    "volunteer": ("volunteer", "north"),
    "manager": ("manager", "north"),
    "nurse-south": ("nurse", "south"),
}
NURSING = {
    "patient.read",
    "patient.write",
    "encounter.read",
    "encounter.write",
    "file.read",
    "file.write",
}
WORK = {
    "nurse": NURSING,
    "volunteer": {"patient.read", "encounter.read"},
    "manager": {*NURSING, "patient.remove", "file.remove"},
}
MOVES = {("planned", "in_progress"), ("in_progress", "completed"), ("planned", "cancelled")}
GENDERS = ("female", "male", "non_binary", "not_known")
TYPES = ("application/pdf", "image/png", "image/jpeg", "text/plain")
MINUTES = 10
RELEASE = "25.48.0"

connection: ContextVar[int] = ContextVar("connection", default=0)
"""The number of the connection on which the present request came, from 0."""


class Refused(Exception):
    """A refusal: its status, and a map of lists of sentences or a `detail`."""

    def __init__(self, status: int, body: Entry) -> None:
        super().__init__(str(body))
        self.status, self.body = status, body


def detail(status: int, words: str, **more: str) -> Refused:
    return Refused(status, {"detail": words, **more})


def absent() -> Refused:
    return detail(404, "Not found.")


class District:
    """A hospital."""

    sockets = 1

    def __init__(self, addresses: list[str], passwords: dict[str, str]) -> None:
        self.address, self.passwords = addresses[0], passwords
        self.tokens: dict[str, tuple[str, float]] = {}
        self.renewals: dict[str, str] = {}
        self.patients: dict[str, Entry] = {}
        self.encounters: dict[str, Entry] = {}
        self.files: dict[str, Entry] = {}
        self.bucket: dict[str, bytes] = {}
        self.signed: dict[str, tuple[str, str]] = {}

    # ── rules: what a fault may replace ──

    def knows(self, name: str, password: str) -> bool:
        return self.passwords.get(name) == password

    def allowed(self, name: str, work: str) -> bool:
        return work in WORK[STAFF[name][0]]

    def visible(self, name: str, patient: Entry) -> bool:
        return bool(STAFF[name][1] == patient["facility"])

    def lists_to_strangers(self, rows: list[Entry]) -> list[Entry]:
        """Return what a list shows of `rows` to a caller without a token."""
        return []

    def page(self, rows: list[Entry], limit: int, offset: int) -> tuple[int, list[Entry]]:
        return len(rows), rows[offset : offset + limit]

    def kept(self, patient: Entry) -> Entry:
        """Return a patient as it is stored."""
        return patient

    def move_kept(self, encounter: Entry, after: str) -> Entry:
        """Store a move; return the encounter as it is acknowledged."""
        encounter["status"] = after
        return encounter

    def hits(self, patients: list[Entry]) -> list[Entry]:
        return patients

    def possible(self, before: str, after: str) -> bool:
        return (before, after) in MOVES

    def readable(self, entry: Entry) -> bool:
        """Return whether a file or an encounter can be read, of a patient who can be."""
        return True

    def stored_bytes(self, content: bytes) -> bytes:
        return content

    def shown_headers(self, request: Any, headers: dict[str, str]) -> dict[str, str]:
        """Return the headers of the answer to a request."""
        return headers

    def undocumented(self, method: str, path: str) -> Entry | None:
        """Return the answer to a method that the document does not list; None refuses it."""
        return None

    def serving(self) -> bool:
        return True

    def release(self) -> str:
        return RELEASE

    def described(self, document: Entry) -> Entry:
        """Return the served document of the API."""
        return document

    # ── who ──

    def sign_in(self, body: Entry) -> Entry:
        name = str(body.get("username"))
        if not self.knows(name, str(body.get("password"))):
            raise Refused(
                400, {"non_field_errors": ["Unable to log in with provided credentials."]}
            )
        renewal = token_urlsafe(24)
        self.renewals[renewal] = name
        return {"access": self._token(name), "refresh": renewal}

    def renew(self, body: Entry) -> Entry:
        name = self.renewals.get(str(body.get("refresh")))
        if name is None:
            raise Refused(400, {"refresh": ["Token is invalid."]})
        return {"access": self._token(name), "refresh": body["refresh"]}

    def _token(self, name: str) -> str:
        token = token_urlsafe(24)
        self.tokens[token] = name, time.monotonic() + MINUTES * 60
        return token

    def caller(self, shown: str, work: str) -> str:
        name = self.caller_or_stranger(shown, work)
        if name is None:
            raise detail(403, "Authentication credentials were not provided.")
        return name

    def caller_or_stranger(self, shown: str, work: str) -> str | None:
        """Return who calls; None for nobody who is known."""
        name, until = self.tokens.get(shown.removeprefix("Bearer "), (None, 0.0))
        if name is None or until < time.monotonic():
            return None
        if not self.allowed(name, work):
            raise detail(403, "You do not have permission to perform this action.")
        return name

    # ── patients ──

    def patient(self, name: str, patient: Any) -> Entry:
        found = self.patients.get(str(patient))
        if found is None or not self.visible(name, found):
            raise absent()
        return found

    def enter(self, name: str, body: Entry) -> Entry:
        entry = {"id": str(uuid.uuid4()), "facility": STAFF[name][1], **patient_facts(body)}
        self.patients[str(entry["id"])] = self.kept(dict(entry))
        return entry

    def correct(self, patient: Entry, body: Entry) -> Entry:
        facts = patient_facts(body)
        patient.update(self.kept({**patient, **facts}))
        return {**patient, **facts}

    def search(self, name: str | None, asked: Any) -> list[Entry]:
        number, word, born = (
            asked.get(key) for key in ("hospital_number", "name", "date_of_birth")
        )
        found = [
            patient
            for patient in self.patients.values()
            if (name is None or self.visible(name, patient))
            and (number is None or number in patient["hospital_number"])
            and born in (None, patient["date_of_birth"])
            and (word is None or word.casefold() in full_name(patient).casefold())
        ]
        return self.hits(found) if name else self.lists_to_strangers(found)

    def remove(self, patient: Entry) -> None:
        for entries in (self.encounters, self.files):
            for entry in [one for one in entries.values() if one["patient"] == patient["id"]]:
                del entries[entry["id"]]
        del self.patients[patient["id"]]

    # ── encounters ──

    def encounter(self, name: str, encounter: str) -> Entry:
        found = self.encounters.get(encounter)
        if found is None or not self.readable(found):
            raise absent()
        self.patient(name, found["patient"])
        return found

    def of_patient(self, entries: dict[str, Entry], name: str | None, patient: Any) -> list[Entry]:
        """Return the encounters, or files, of a patient that the caller may see."""
        found = [
            one for one in entries.values() if one["patient"] == patient and self.readable(one)
        ]
        if name is None:
            return self.lists_to_strangers(found)
        known = self.patients.get(str(patient))
        return found if known is not None and self.visible(name, known) else []

    def plan(self, name: str, body: Entry) -> Entry:
        wrong = {key: ["This field is required."] for key in ("start", "end") if not body.get(key)}
        if wrong:
            raise Refused(400, wrong)
        start, end = (moment(body, key) for key in ("start", "end"))
        if end <= start:
            raise Refused(400, {"end": ["The end must be after the start."]})
        entry = {
            "id": str(uuid.uuid4()),
            "patient": self._known(name, "patient", body.get("patient")),
            "status": "planned",
            "reason": text(body, "reason", 2000),
            "start": start.isoformat(),
            "end": end.isoformat(),
        }
        self.encounters[entry["id"]] = entry
        return entry

    def _known(self, name: str, field: str, patient: Any) -> str:
        found = self.patients.get(str(patient))
        if found is None or not self.visible(name, found):
            words = f'Invalid external_id "{patient}": the object does not exist.'
            raise Refused(400, {field: [words]})
        return str(found["id"])

    def move(self, encounter: Entry, body: Entry) -> Entry:
        after = str(body.get("status"))
        if not self.possible(encounter["status"], after):
            raise Refused(400, {"status": [f"Not possible from {encounter['status']}."]})
        return self.move_kept(encounter, after)

    # ── files ──

    def announce(self, name: str, body: Entry) -> Entry:
        patient = self._known(name, "associating_id", body.get("associating_id"))
        if body.get("mime_type") not in TYPES:
            raise Refused(400, {"mime_type": ["Invalid file type."]})
        last = text(body, "original_name", 500).replace("\\", "/").rpartition("/")[2]
        entry = {
            "id": str(uuid.uuid4()),
            "patient": patient,
            "original_name": last,
            "mime_type": body["mime_type"],
            "upload_completed": False,
            "is_archived": False,
        }
        self.files[entry["id"]] = entry
        return {**entry, "signed_url": self.sign("PUT", entry["id"])}

    def sign(self, method: str, file: str) -> str:
        signature = token_urlsafe(18)
        self.signed[signature] = method, file
        return f"{self.address}/bucket/{file}?signature={signature}"

    def file(self, name: str, file: str) -> Entry:
        found = self.files.get(file)
        if found is None or not self.readable(found):
            raise absent()
        self.patient(name, found["patient"])
        return found

    def complete(self, file: Entry) -> Entry:
        if not self.bucket.get(file["id"]):
            raise Refused(400, {"non_field_errors": ["No bytes have come."]})
        file["upload_completed"] = True
        return file


def full_name(patient: Entry) -> str:
    return f"{patient['first_name']} {patient['last_name']} {patient['first_name']}"


def moment(body: Entry, field: str) -> datetime:
    try:
        found = datetime.fromisoformat(str(body[field]))
    except ValueError:
        raise Refused(400, {field: ["Datetime has wrong format."]}) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def text(body: Entry, field: str, longest: int) -> str:
    value = body.get(field)
    if not isinstance(value, str) or "\x00" in value or len(value) > longest:
        raise Refused(400, {field: ["Not a valid string."]})
    return value


def patient_facts(body: Entry) -> Entry:
    wrong: dict[str, list[str]] = {}
    last, born = body.get("last_name"), body.get("date_of_birth")
    if not isinstance(last, str) or not last.strip():
        wrong["last_name"] = ["This field may not be blank."]
    try:
        date.fromisoformat(str(born))
    except ValueError:
        wrong["date_of_birth"] = ["Date has wrong format. Use: YYYY-MM-DD."]
    if body.get("gender") not in GENDERS:
        wrong["gender"] = [f'"{body.get("gender")}" is not a valid choice.']
    if wrong:
        raise Refused(400, wrong)
    return {
        "hospital_number": text(body, "hospital_number", 50),
        "last_name": text(body, "last_name", 200),
        "first_name": text(body, "first_name", 200),
        "date_of_birth": born,
        "gender": body["gender"],
        "phone_number": body.get("phone_number"),
        "address": body.get("address"),
    }
