"""The clinic's backend.

All paths are below a site, departments and locations must be known first, files are sent to another
address, and errors are pages. All data is in memory, in one event loop, so each request is atomic.
A faulty clinic replaces one of its rules.
"""

from __future__ import annotations

import hashlib
import time
import uuid
from base64 import urlsafe_b64encode
from collections import defaultdict
from datetime import date, datetime
from os import urandom
from typing import Any

Entry = dict[str, Any]
NORTH, SOUTH = str(uuid.uuid4()), str(uuid.uuid4())
STAFF = {
    "registrar": ("front", NORTH),
    "clinician": ("doctor", NORTH),
    "auditor": ("audit", NORTH),
    "administrator": ("head", NORTH),
    "outsider": ("doctor", SOUTH),
}
WORK = {
    "front": {"patients", "patients+", "encounters", "encounters+"},
    "doctor": {"patients", "encounters", "encounters+", "events+", "files", "files+"},
    "audit": {"rooms"},
    "head": {
        "patients",
        "patients+",
        "patients-",
        "encounters",
        "encounters+",
        "events+",
        "files",
        "files+",
    },
}
EVENTS = {"arrive": ("planned", "here"), "leave": ("here", "left"), "void": ("planned", "void")}
TYPES = ("application/pdf", "image/png", "image/jpeg", "text/plain")
LARGEST = 1_500_000


class Page(Exception):
    """An error page. `code` is a text that a program may search for in it."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status, self.code = status, code


class Caller:
    """A caller with a token."""

    def __init__(self, name: str) -> None:
        self.name, (self.role, self.site), self.until = name, STAFF[name], time.monotonic() + 600


class Clinic:
    """A hospital at two addresses: its API, and the store of its files."""

    sockets = 2

    def __init__(self, addresses: list[str], passwords: dict[str, str]) -> None:
        self.store_address, self.passwords = addresses[1], passwords
        self.callers: dict[str, Caller] = {}
        self.failures: dict[str, list[float]] = defaultdict(list)
        self.departments = {
            site: [{"id": str(uuid.uuid4()), "name": name} for name in ("Laboratory", "Ward")]
            for site in (NORTH, SOUTH)
        }
        self.locations = {
            one["id"]: str(uuid.uuid4()) for site in self.departments.values() for one in site
        }
        self.users = {name: str(uuid.uuid4()) for name in STAFF}
        self.patients: dict[str, Entry] = {}
        self.encounters: dict[str, Entry] = {}
        self.files: dict[str, Entry] = {}
        self.bytes: dict[str, bytes] = {}
        self.signed: dict[str, tuple[str, str]] = {}
        self.answered: dict[tuple[str, str], tuple[Entry, str]] = {}

    # ── rules: what a fault may replace ──

    def right(self, name: str, password: str) -> bool:
        return self.passwords.get(name) == password

    def sign_out(self, token: str) -> None:
        del self.callers[token]

    def allowed(self, caller: Caller, work: str) -> bool:
        return work in WORK[caller.role]

    def at(self, caller: Caller, site: str, patient: Entry) -> bool:
        """Return whether the patient belongs to this site, and the caller works there."""
        return bool(caller.site == site == patient["site"])

    def in_use(self, number: str) -> bool:
        return any(patient["record_no"] == number for patient in self.patients.values())

    def hits(self, patients: list[Entry]) -> list[Entry]:
        return patients

    def changed(self, patient: Entry, revision: str) -> bool:
        return revision != str(patient["revision"])

    def possible(self, event: str, state: str) -> bool:
        return EVENTS[event][0] == state

    def belongs(self, thing: Entry, patient: Entry) -> bool:
        return bool(thing["patient"] == patient["id"])

    def acceptable(self, kind: str, size: int) -> None:
        if kind not in TYPES:
            raise Page(415, "kind")
        if size > LARGEST:
            raise Page(413, "size")
        if size <= 0:
            raise Page(400, "not-valid")

    def fetched(self, content: bytes) -> bytes:
        return content

    def serving(self) -> bool:
        return True

    def build(self) -> str:
        return "2024.11.3"

    # ── who ──

    def sign_in(self, name: str, password: str) -> Entry:
        now = time.monotonic()
        self.failures[name] = [then for then in self.failures[name] if then > now - 60]
        if len(self.failures[name]) >= 5:
            raise Page(429, "slowly")
        if not self.right(name, password):
            self.failures[name].append(now)
            raise Page(401, "who")
        token = urlsafe_b64encode(urandom(30)).decode()
        self.callers[token] = Caller(name)
        return {"key": token, "seconds": 600}

    def caller(self, shown: str, work: str | None = None) -> Caller:
        scheme, _, token = shown.partition(" ")
        found = self.callers.get(token)
        if scheme != "Key" or found is None or found.until < time.monotonic():
            raise Page(401, "who")
        if work and not self.allowed(found, work):
            raise Page(403, "not-yours")
        return found

    # ── what ──

    def patient(self, caller: Caller, site: str, patient: str) -> Entry:
        found = self.patients.get(patient)
        if found is None or not self.at(caller, site, found):
            raise Page(404, "nothing")
        return found

    def below(self, things: dict[str, Entry], patient: Entry, name: str) -> Entry:
        found = things.get(name)
        if found is None or not self.belongs(found, patient):
            raise Page(404, "nothing")
        return found

    def admit_to_index(
        self, caller: Caller, site: str, department: str | None, key: str | None, body: Entry
    ) -> Entry:
        facts = _facts(body)
        if caller.site != site or department not in {one["id"] for one in self.departments[site]}:
            raise Page(400, "not-valid")
        if key and (caller.name, key) in self.answered:
            before, patient = self.answered[caller.name, key]
            if before != facts:
                raise Page(400, "not-valid")
            return self.patients[patient]
        if self.in_use(facts["record_no"]):
            raise Page(409, "number-in-use")
        display = body.get("display_id")
        if not display or any(
            patient["display_id"] == display for patient in self.patients.values()
        ):
            raise Page(400, "not-valid")
        entry = {
            "id": str(uuid.uuid4()),
            "site": site,
            "display_id": display,
            "state": "draft",
            "revision": 1,
            **facts,
        }
        self.patients[entry["id"]] = entry
        if key:
            self.answered[caller.name, key] = facts, entry["id"]
        return entry

    def correct(self, patient: Entry, revision: str, body: Entry) -> Entry:
        facts = _facts(body)
        if self.changed(patient, revision):
            raise Page(409, "changed-meanwhile")
        if facts["record_no"] != patient["record_no"] and self.in_use(facts["record_no"]):
            raise Page(409, "number-in-use")
        patient.update(facts, revision=patient["revision"] + 1)
        return patient

    def open(self, patient: Entry, body: Entry) -> Entry:
        number = body.get("visit_no")
        if not isinstance(number, int) or any(
            one["visit_no"] == number for one in self.encounters.values()
        ):
            raise Page(400, "not-valid")
        if (
            body.get("location") not in self.locations.values()
            or body.get("by") not in self.users.values()
            or not body.get("why")
        ):
            raise Page(400, "not-valid")
        entry = {
            "id": str(uuid.uuid4()),
            "patient": patient["id"],
            "visit_no": number,
            "state": "planned",
            "why": body["why"],
        }
        self.encounters[entry["id"]] = entry
        return entry

    def happen(self, encounter: Entry, event: Any) -> Entry:
        if event not in EVENTS:
            raise Page(400, "not-valid")
        if not self.possible(event, encounter["state"]):
            raise Page(409, "not-in-this-state")
        encounter["state"] = EVENTS[event][1]
        return encounter

    def announce(self, patient: Entry, body: Entry) -> Entry:
        self.acceptable(str(body.get("type")), int(body.get("size") or 0))
        name = str(body.get("name")).replace("\\", "/").split("/")[-1]
        entry = {
            "id": str(uuid.uuid4()),
            "patient": patient["id"],
            "name": name,
            "type": body["type"],
            "size": body["size"],
            "whole": False,
        }
        self.files[entry["id"]] = entry
        return {"file": entry["id"], "put_here": self.sign("PUT", entry["id"])}

    def sign(self, method: str, file: str) -> str:
        signature = urlsafe_b64encode(urandom(18)).decode()
        self.signed[signature] = method, file
        return f"{self.store_address}/store/{file}?signature={signature}"

    def complete(self, file: Entry) -> Entry:
        content = self.bytes.get(file["id"])
        if content is None or len(content) != file["size"]:
            raise Page(400, "not-valid")
        file.update(whole=True, digest=hashlib.sha256(content).hexdigest())
        return file


def _facts(body: Entry) -> Entry:
    surname, born = body.get("surname"), body.get("born")
    try:
        day = datetime.strptime(str(born), "%d/%m/%Y").date()
    except ValueError:
        raise Page(400, "not-valid") from None
    if (
        not isinstance(surname, str)
        or not surname.strip()
        or not date(1880, 1, 1) <= day <= date.today()
        or body.get("gender") not in (0, 1, 2, 9)
    ):
        raise Page(400, "not-valid")
    return {
        "record_no": str(body.get("record_no")),
        "surname": surname,
        "forename": body.get("forename") or None,
        "born": born,
        "gender": body["gender"],
        "contact": {"phone": (body.get("contact") or {}).get("phone")},
    }
