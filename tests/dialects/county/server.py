"""The county's backend: what a Spring Boot application is like.

Records have no versions, requests may carry an idempotency key, the services of visits and files
know no patients, and files are renamed. All data is in memory, in one event loop. A faulty county
replaces one of its rules.
"""

from __future__ import annotations

import re
import time
import uuid
from contextvars import ContextVar
from datetime import UTC, date, datetime
from secrets import token_hex
from typing import Any

Entry = dict[str, Any]
STAFF = {
    "clerk": ("CLERK", 1),
    "physician": ("PHYSICIAN", 1),
    "pharmacist": ("PHARMACIST", 1),
    "chief": ("CHIEF", 1),
    "physician2": ("PHYSICIAN", 2),
}
RIGHTS = {
    "CLERK": {"patients", "patients.edit", "visits", "visits.plan"},
    "PHYSICIAN": {"patients", "visits", "visits.plan", "visits.move", "files", "files.add"},
    "PHARMACIST": {"patients", "files"},
    "CHIEF": {
        "patients",
        "patients.edit",
        "patients.delete",
        "visits",
        "visits.plan",
        "visits.move",
        "visits.delete",
        "files",
        "files.add",
        "files.delete",
        "audit",
    },
}
# A patient who comes by ambulance may be discharged from the emergency room without a bed.
MOVES = {
    ("PLANNED", "ARRIVED"),
    ("PLANNED", "FINISHED"),
    ("ARRIVED", "FINISHED"),
    ("PLANNED", "CANCELLED"),
}
GENDERS = ("FEMALE", "MALE", "DIVERSE", "UNKNOWN")
TYPES = {
    "application/pdf": "pdf",
    "image/png": "png",
    "image/jpeg": "jpg",
    "text/plain": "txt",
}
ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
LARGEST = 1_500_000
LONGEST_NAME = 255
HOUR = 3600
RELEASE = "7.3.1"

connection: ContextVar[int] = ContextVar("connection", default=0)
"""The number of the connection on which the present request came, from 0."""


class Failed(Exception):
    """An error: its status, and a message in capitals that a program may read."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


class County:
    """A hospital."""

    sockets = 1

    def __init__(self, addresses: list[str], passwords: dict[str, str]) -> None:
        self.address, self.passwords = addresses[0], passwords
        self.sessions: dict[str, tuple[str, float, str]] = {}
        self.renewals: dict[str, str] = {}
        self.guesses: dict[str, list[float]] = {}
        self.patients: dict[str, Entry] = {}
        self.visits: dict[str, Entry] = {}
        self.files: dict[str, Entry] = {}
        self.keys: dict[tuple[str, str], tuple[Entry, str]] = {}
        self.busy_keys: set[tuple[str, str]] = set()
        self.events: list[Entry] = []
        self.served = 0
        self.api_docs_text = ""

    # ── rules: what a fault may replace ──

    def knows(self, user: str, password: str) -> bool:
        return self.passwords.get(user) == password

    def may(self, user: str, right: str) -> bool:
        return right in RIGHTS[STAFF[user][0]]

    def sees(self, user: str, patient: Entry) -> bool:
        return bool(STAFF[user][1] == patient["facility"])

    def taken(self, number: str) -> bool:
        return any(patient["recordNumber"] == number for patient in self.patients.values())

    def hits(self, patients: list[Entry]) -> list[Entry]:
        return patients

    def part(self, rows: list[Entry], page: int, size: int) -> list[Entry]:
        return rows[page * size : (page + 1) * size]

    def counted(self, rows: list[Entry]) -> int:
        return len(rows)

    def persist(self, patient: Entry, facts: Entry) -> None:
        """Store what was acknowledged."""
        patient.update(facts)

    def moves(self, before: str, after: str) -> bool:
        return (before, after) in MOVES

    def persist_move(self, visit: Entry, after: str) -> Entry:
        """Store a move, and return the visit as it is acknowledged."""
        visit["state"] = after
        return visit

    def open_to_readers(self, entry: Entry) -> bool:
        """Return whether a visit or file of a visible patient can be read."""
        return True

    def file_bytes(self, content: bytes) -> bytes:
        return content

    def logged(self, event: Entry) -> bool:
        """Return whether an event is written to the audit log."""
        return True

    def headers(self, request: Any, headers: dict[str, str]) -> dict[str, str]:
        return headers

    def other_method(self, method: str, path: str) -> tuple[int, dict[str, str]] | None:
        """Return status and headers of an answer to an undocumented method; None refuses it."""
        return None

    def ready(self) -> bool:
        return True

    def version(self) -> str:
        return RELEASE

    def api_docs(self, document: Entry) -> Entry:
        return document

    def heap(self) -> int:
        """Return the bytes of the heap in use: a sawtooth, as garbage collectors make it."""
        return 120_000_000 + self.served % 130 * 180_000

    # ── who ──

    def sign_in(self, user: str, password: str) -> Entry:
        now = time.monotonic()
        guesses = [then for then in self.guesses.get(user, []) if then > now - 60]
        self.guesses[user] = guesses
        if len(guesses) >= 5:
            raise Failed(429, "TOO_MANY_ATTEMPTS")
        if not self.knows(user, password):
            guesses.append(now)
            raise Failed(401, "BAD_CREDENTIALS")
        return self._session(user)

    def _session(self, user: str) -> Entry:
        access, renewal = token_hex(24), token_hex(24)
        self.sessions[access] = user, time.monotonic() + HOUR, renewal
        self.renewals[renewal] = access
        return {
            "access_token": access,
            "refresh_token": renewal,
            "token_type": "Bearer",
            "expires_in": HOUR,
        }

    def renew(self, renewal: str) -> Entry:
        before = self.sessions.pop(self.renewals.pop(renewal, ""), None)
        if before is None:
            raise Failed(401, "BAD_CREDENTIALS")
        return self._session(before[0])

    def sign_out(self, token: str) -> None:
        session = self.sessions.pop(token, None)
        if session is not None:
            self.renewals.pop(session[2], None)

    def user(self, token: str) -> str:
        user, until, _ = self.sessions.get(token, ("", 0.0, ""))
        if not user or until < time.monotonic():
            raise Failed(401, "UNAUTHORIZED")
        return user

    # ── patients ──

    def patient(self, user: str, patient: str) -> Entry:
        found = self.patients.get(patient)
        if found is None or not self.sees(user, found):
            raise Failed(404, "NOT_FOUND")
        return found

    def create(self, user: str, key: str | None, body: Entry) -> Entry:
        facts = patient_facts(body)
        if key and (user, key) in self.keys:
            before, patient = self.keys[user, key]
            if before != facts or patient not in self.patients:
                raise Failed(422, "KEY_OF_ANOTHER_REQUEST")
            return self.patients[patient]
        if self.taken(facts["recordNumber"]):
            raise Failed(409, "RECORD_NUMBER_TAKEN")
        entry: Entry = {"id": str(uuid.uuid4()), "facility": STAFF[user][1], **facts}
        self.patients[entry["id"]] = dict(entry)
        self.persist(self.patients[entry["id"]], facts)
        if key:
            self.keys[user, key] = facts, entry["id"]
        return entry

    def replace(self, patient: Entry, body: Entry) -> Entry:
        facts = patient_facts(body)
        self.persist(patient, facts)
        return {**patient, **facts}

    def search(self, user: str, asked: Any) -> list[Entry]:
        number, name, born = (asked.get(key) for key in ("recordNumber", "name", "birthDate"))
        found = [
            patient
            for patient in self.patients.values()
            if self.sees(user, patient)
            and number in (None, patient["recordNumber"])
            and born in (None, iso_day(patient))
            and (name is None or is_named(patient, name))
        ]
        return self.hits(found)

    def delete(self, patient: Entry) -> None:
        for entries in (self.visits, self.files):
            for entry in [one for one in entries.values() if one["patientId"] == patient["id"]]:
                del entries[entry["id"]]
        del self.patients[patient["id"]]

    # ── visits and files: services that do not know the patients ──

    def owner(self, user: str, patient: str) -> str:
        """Return the id of a patient; one who is not known yet may be announced."""
        if not ID.fullmatch(patient):
            raise Failed(404, "NOT_FOUND")
        found = self.patients.get(patient)
        if found is not None and not self.sees(user, found):
            raise Failed(404, "NOT_FOUND")
        return patient

    def entry(self, entries: dict[str, Entry], patient: str, entry: str) -> Entry:
        found = entries.get(entry)
        if found is None or found["patientId"] != patient or not self.open_to_readers(found):
            raise Failed(404, "NOT_FOUND")
        return found

    def entries(self, entries: dict[str, Entry], patient: str) -> list[Entry]:
        return [
            one
            for one in entries.values()
            if one["patientId"] == patient and self.open_to_readers(one)
        ]

    def plan(self, patient: str, body: Entry) -> Entry:
        reason = body.get("reason")
        if not isinstance(reason, str) or not reason:
            raise Failed(400, "REASON_IS_MISSING")
        entry = {
            "id": str(uuid.uuid4()),
            "patientId": patient,
            "state": "PLANNED",
            "reason": reason,
        }
        self.visits[entry["id"]] = entry
        return entry

    def move(self, visit: Entry, after: str) -> Entry:
        if not self.moves(visit["state"], after):
            raise Failed(409, "ILLEGAL_STATE")
        return self.persist_move(visit, after)

    def add(self, patient: str, media_type: str, content: bytes) -> Entry:
        if media_type not in TYPES:
            raise Failed(415, "MEDIA_TYPE")
        if len(content) > LARGEST:
            raise Failed(413, "TOO_LARGE")
        if not content:
            raise Failed(400, "EMPTY_FILE")
        entry = {
            "id": str(uuid.uuid4()),
            "patientId": patient,
            "contentType": media_type,
            "length": len(content),
        }
        # A scanner's names tell nothing, and some name a patient: files get one of their own.
        entry["storedAs"] = f"{entry['id']}.{TYPES[media_type]}"
        self.files[str(entry["id"])] = {**entry, "content": content}
        return entry

    # ── the audit log ──

    def log(self, user: str, patient: str, action: str, *, granted: bool) -> None:
        kind = "AUTHORIZATION_GRANTED" if granted else "AUTHORIZATION_FAILURE"
        event = {
            "timestamp": datetime.now(UTC).isoformat(),
            "principal": user,
            "type": kind,
            "data": {"id": token_hex(8), "patient": patient, "action": action},
        }
        if self.logged(event):
            self.events.append(event)


def iso_day(patient: Entry) -> str:
    year, month, day = patient["birthDate"]
    return date(year, month, day).isoformat()


def is_named(patient: Entry, name: str) -> bool:
    names = (patient["familyName"], patient["givenName"] or "")
    return any(name.casefold() in one.casefold() for one in names)


def patient_facts(body: Entry) -> Entry:
    family, given = body.get("familyName"), body.get("givenName")
    if not isinstance(family, str) or not family.strip() or len(family) > LONGEST_NAME:
        raise Failed(400, "FAMILY_NAME")
    if given is not None and (not isinstance(given, str) or len(given) > LONGEST_NAME):
        raise Failed(400, "GIVEN_NAME")
    try:
        born = date.fromisoformat(str(body.get("birthDate")))
    except ValueError:
        raise Failed(400, "BIRTH_DATE") from None
    number = body.get("recordNumber")
    if (
        not isinstance(number, str)
        or not 1 <= len(number) <= 40
        or body.get("gender") not in GENDERS
    ):
        raise Failed(400, "INVALID")
    if not date(1880, 1, 1) <= born <= date.today():
        raise Failed(400, "BIRTH_DATE")
    return {
        "recordNumber": number,
        "familyName": family,
        "givenName": given,
        # A list of numbers, as the JVM's JSON library writes dates when it is not told otherwise.
        "birthDate": [born.year, born.month, born.day],
        "gender": body["gender"],
        "phone": body.get("phone"),
        "address": body.get("address"),
    }
