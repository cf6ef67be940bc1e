"""The infirmary's backend: it answers lists and searches from a cache for a minute, and says so.

Whoever must have the present state asks for it (`Cache-Control: no-cache`). Sessions are cookies,
states are numbers, moves may be repeated, and a patient may be nameless. All data is in memory, in
one event loop, so each request is atomic. A faulty infirmary replaces one of its rules.
"""

from __future__ import annotations

import copy
import hashlib
import time
from contextvars import ContextVar
from datetime import date, datetime
from itertools import count
from secrets import token_urlsafe
from typing import Any

Entry = dict[str, Any]
STAFF = {
    "registrar": ("reception", "A"),
    "clinician": ("care", "A"),
    "auditor": ("oversight", "A"),
    "administrator": ("head", "A"),
    "outsider": ("care", "B"),
}
DUTIES = {
    "reception": {"see", "enter", "stays", "expect"},
    "care": {"see", "stays", "expect", "move", "papers", "file"},
    "oversight": set[str](),
    "head": {"see", "enter", "drop", "stays", "expect", "move", "papers", "file", "shred"},
}
EXPECTED, HERE, GONE, VOID = 10, 20, 30, 90
# A move that was sent twice, because the first answer got lost, is the same move.
MOVES = {(EXPECTED, HERE), (HERE, HERE), (HERE, GONE), (GONE, GONE), (EXPECTED, VOID)}
LARGEST = 1_000_000
SHIFT = 12 * 3600
MINUTE = 60
RELEASE = "3.8.0"

connection: ContextVar[int] = ContextVar("connection", default=0)
"""The number of the connection on which the present request came, from 0."""


class Rejection(Exception):
    """A rejection: its status, and a word that a program may read."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status, self.code = status, code


class Infirmary:
    """A hospital."""

    sockets = 1

    def __init__(self, _addresses: list[str], passwords: dict[str, str]) -> None:
        self.passwords = passwords
        self.sessions: dict[str, tuple[str, float]] = {}
        self.guesses: dict[str, list[float]] = {}
        self.patients: dict[int, Entry] = {}
        self.stays: dict[int, Entry] = {}
        self.papers: dict[int, Entry] = {}
        self.cache: dict[tuple[str, str], tuple[float, list[Entry]]] = {}
        self._numbers = count(40013, 13)

    # ── rules: what a fault may replace ──

    def right(self, user: str, password: str) -> bool:
        return self.passwords.get(user) == password

    def has_duty(self, user: str, duty: str) -> bool:
        return duty in DUTIES[STAFF[user][0]]

    def near(self, user: str, patient: Entry) -> bool:
        return bool(STAFF[user][1] == patient["house"])

    def in_use(self, number: str) -> bool:
        return any(patient["number"] == number for patient in self.patients.values())

    def found(self, patients: list[Entry]) -> list[Entry]:
        return patients

    def cut(self, rows: list[Entry], page: int, size: int) -> list[Entry]:
        return rows[(page - 1) * size : page * size]

    def current(self, patient: Entry, shown: str) -> bool:
        return bool(shown == tag_of(patient))

    def noted(self, patient: Entry, facts: Entry) -> Entry:
        """Return what is stored of the facts about a patient."""
        return facts

    def move_stored(self, stay: Entry, code: int) -> Entry:
        """Store a move; return the stay as it is acknowledged."""
        stay["code"] = code
        return stay

    def possible(self, before: int, after: int) -> bool:
        return (before, after) in MOVES

    def shown(self, entry: Entry) -> bool:
        """Return whether a stay or paper of a patient who is near can be read."""
        return True

    def bytes_of(self, paper: Entry) -> bytes:
        return bytes(paper["content"])

    def wants_fresh(self, asked: str) -> bool:
        """Return whether the header `Cache-Control` of a request asks for the present state."""
        return "no-cache" in asked

    def cache_key(self, user: str, address: str) -> tuple[str, str]:
        return user, address

    def headers(self, request: Any, headers: dict[str, str]) -> dict[str, str]:
        return headers

    def odd_method(self, method: str, path: str) -> Entry | None:
        """Return the answer to a method that no path knows; None refuses it."""
        return None

    def is_ready(self) -> bool:
        return True

    def build(self) -> str:
        return RELEASE

    # ── who ──

    def sign_in(self, user: str, password: str) -> str:
        now = time.monotonic()
        self.guesses[user] = [then for then in self.guesses.get(user, []) if then > now - MINUTE]
        if len(self.guesses[user]) >= 5:
            raise Rejection(429, "wait")
        if not self.right(user, password):
            self.guesses[user].append(now)
            raise Rejection(401, "who")
        token = token_urlsafe(24)
        self.sessions[token] = user, now + SHIFT
        return token

    def sign_out(self, token: str) -> None:
        self.sessions.pop(token, None)

    def user(self, token: str, duty: str = "") -> str:
        user, until = self.sessions.get(token, ("", 0.0))
        if not user or until < time.monotonic():
            raise Rejection(401, "who")
        if duty and not self.has_duty(user, duty):
            raise Rejection(403, "not-yours")
        return user

    # ── the cache of lists ──

    def listed(
        self, user: str, address: str, asked: str, rows: list[Entry]
    ) -> tuple[int, list[Entry]]:
        """Return the age of a list in seconds, and its rows as they were then."""
        now, key = time.monotonic(), self.cache_key(user, address)
        then, before = self.cache.get(key, (now - MINUTE, []))
        if now - then < MINUTE and not self.wants_fresh(asked):
            return int(now - then), before
        self.cache[key] = now, copy.deepcopy(rows)
        return 0, rows

    # ── patients ──

    def patient(self, user: str, patient: str) -> Entry:
        found = self.patients.get(whole(patient))
        if found is None or not self.near(user, found):
            raise Rejection(404, "nothing")
        return found

    def enter(self, user: str, body: Entry) -> Entry:
        facts = patient_facts(body)
        if self.in_use(facts["number"]):
            raise Rejection(409, "number")
        entry = {"id": next(self._numbers), "house": STAFF[user][1], "rev": 1, **facts}
        self.patients[entry["id"]] = {**entry, **self.noted({}, facts)}
        return entry

    def correct(self, patient: Entry, shown: str, body: Entry) -> Entry:
        facts = patient_facts(body)
        if not self.current(patient, shown):
            raise Rejection(412, "changed")
        if facts["number"] != patient["number"] and self.in_use(facts["number"]):
            raise Rejection(409, "number")
        stored = self.noted(dict(patient), facts)
        patient.update(stored, rev=patient["rev"] + 1)
        return {**patient, **facts}

    def search(self, user: str, asked: Any) -> list[Entry]:
        number, words = asked.get("number"), asked.get("q")
        found = [
            patient
            for patient in self.patients.values()
            if self.near(user, patient)
            and number in (None, patient["number"])
            and (words is None or is_named(patient, words))
        ]
        return self.found(found)

    def drop(self, patient: Entry) -> None:
        for entries in (self.stays, self.papers):
            for entry in [one for one in entries.values() if one["patient"] == patient["id"]]:
                del entries[entry["id"]]
        del self.patients[patient["id"]]

    # ── stays and papers ──

    def below(self, entries: dict[int, Entry], patient: Entry, entry: str) -> Entry:
        found = entries.get(whole(entry))
        if found is None or found["patient"] != patient["id"] or not self.shown(found):
            raise Rejection(404, "nothing")
        return found

    def all_below(self, entries: dict[int, Entry], patient: Entry) -> list[Entry]:
        return [
            one for one in entries.values() if one["patient"] == patient["id"] and self.shown(one)
        ]

    def expect(self, patient: Entry) -> Entry:
        stay = {"id": next(self._numbers), "patient": patient["id"], "code": EXPECTED}
        self.stays[stay["id"]] = stay
        return stay

    def move(self, stay: Entry, code: Any) -> Entry:
        if not self.possible(stay["code"], code):
            raise Rejection(409, "code")
        return self.move_stored(stay, code)

    def file(self, patient: Entry, title: str, kind: str, content: bytes) -> Entry:
        if len(content) > LARGEST:
            raise Rejection(413, "size")
        if not content or not title:
            raise Rejection(400, "paper")
        paper = {
            "id": next(self._numbers),
            "patient": patient["id"],
            "title": title.replace("\\", "/").rpartition("/")[2],
            "kind": kind,
            "digest": hashlib.sha256(content).hexdigest(),
        }
        self.papers[paper["id"]] = {**paper, "content": content}
        return paper


def whole(value: str) -> int:
    return int(value) if value.isascii() and value.isdigit() and len(value) < 16 else -1


def tag_of(patient: Entry) -> str:
    return f'W/"{patient["rev"]}"'


def is_named(patient: Entry, words: str) -> bool:
    names = (patient["last"], patient["first"])
    return any(words.casefold() in name.casefold() for name in names)


def patient_facts(body: Entry) -> Entry:
    """Return the facts about a patient. Who was brought in unconscious has no name."""
    number, last, first = (body.get(key) for key in ("number", "last", "first"))
    if not isinstance(number, str) or not 1 <= len(number) <= 64:
        raise Rejection(400, "number-form")
    if not isinstance(last, str) or not isinstance(first, str):
        raise Rejection(400, "name-form")
    try:
        born = datetime.strptime(str(body.get("born")), "%d.%m.%Y").date()
    except ValueError:
        raise Rejection(400, "born-form") from None
    if not date(1880, 1, 1) <= born <= date.today() or body.get("sex") not in ("f", "m", "d", "u"):
        raise Rejection(400, "born-or-sex")
    return {
        "number": number,
        "last": last,
        "first": first,
        "born": born.strftime("%d.%m.%Y"),
        "sex": body["sex"],
        "phone": body.get("phone"),
        "address": body.get("address"),
    }
