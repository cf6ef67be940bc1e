"""The ward's backend.

A sign-in has two steps, tokens have a header of their own, nearly every error has one status, ids
are numbers, and a name is one field. All data is in memory, in one event loop, so each request is
atomic. A faulty ward replaces one of its rules.
"""

from __future__ import annotations

import secrets
import time
from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field
from datetime import date
from itertools import count
from typing import Any

DESK, BEDSIDE, BOOKS, CHIEF = "desk", "bedside", "books", "chief"
STAFF = {
    "registrar": (DESK, 7),
    "clinician": (BEDSIDE, 7),
    "auditor": (BOOKS, 7),
    "administrator": (CHIEF, 7),
    "outsider": (BEDSIDE, 8),
}
MAY = {
    "people.read": {DESK, BEDSIDE, CHIEF},
    "people.write": {DESK, CHIEF},
    "people.remove": {CHIEF},
    "stays.read": {DESK, BEDSIDE, CHIEF},
    "stays.open": {DESK, BEDSIDE, CHIEF},
    "stays.move": {BEDSIDE, CHIEF},
    "papers.read": {BEDSIDE, CHIEF},
    "papers.write": {BEDSIDE, CHIEF},
    "papers.remove": {CHIEF},
}
STAGES = {("EXPECTED", "IN BED"), ("IN BED", "GONE HOME"), ("EXPECTED", "CALLED OFF")}
KINDS = {"application/pdf", "image/png", "image/jpeg", "text/plain"}
MOST_BYTES = 1_200_000
GUESSES = 5


class Wrong(Exception):
    """A rejection: a map of fields."""

    def __init__(self, name: str, words: str, status: int = 400) -> None:
        super().__init__(words)
        self.name, self.words, self.status = name, words, status


@dataclass
class Pass:
    """A token of a signed-in caller. `renewal` refreshes it."""

    user: str
    job: str
    house: int
    until: float
    renewal: str


@dataclass
class Person:
    number: int
    house: int
    card: str
    name: str
    born: int
    kind: str
    call: str | None
    lives_at: str | None
    seen: int = 1
    stays: dict[int, dict[str, Any]] = field(default_factory=dict)
    papers: dict[int, dict[str, Any]] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        return {
            "no": self.number,
            "card": self.card,
            "fullName": self.name,
            "bornIn": self.born,
            "kind": self.kind,
            "call": self.call,
            "livesAt": self.lives_at,
            "seen": self.seen,
        }


class Ward:
    """A hospital.

    `lives` is the lifetime of a token in seconds. More than `sign_ins` within `window` seconds are
    rejected, and so are programs without the word `client`, where there is one.
    """

    sockets = 1

    def __init__(
        self,
        _addresses: list[str],
        passwords: dict[str, str],
        lives: float = 20,
        sign_ins: int = 30,
        window: float = 2,
        client: str | None = None,
    ) -> None:
        self.client, self.passwords, self.lives, self.sign_ins, self.window = (
            client,
            passwords,
            lives,
            sign_ins,
            window,
        )
        self.people: dict[int, Person] = {}
        self.passes: dict[str, Pass] = {}
        self.renewals: dict[str, str] = {}
        self.halfway: dict[str, str] = {}
        self.guesses: dict[str, deque[float]] = defaultdict(deque)
        self.came: deque[float] = deque()
        self.keys: dict[tuple[str, str], tuple[Any, int]] = {}
        self.counted: Counter[str] = Counter()
        self._numbers = count(104729, 17)

    # ── rules: what a fault may replace ──

    def knows(self, user: str, secret: str) -> bool:
        return self.passwords.get(user) == secret

    def leave(self, token: str) -> None:
        """End the session."""
        self.renewals.pop(self.passes.pop(token).renewal, None)

    def may(self, inside: Pass, act: str) -> bool:
        return inside.job in MAY[act]

    def sees(self, inside: Pass, person: Person) -> bool:
        return inside.job == CHIEF or inside.house == person.house

    def taken(self, card: str) -> bool:
        return any(person.card == card for person in self.people.values())

    def listed(self, people: list[Person]) -> list[Person]:
        return people

    def current(self, person: Person, seen: Any) -> bool:
        return bool(person.seen == seen)

    def moves(self, before: str, after: str) -> bool:
        return (before, after) in STAGES

    def stay(self, person: Person, number: int) -> dict[str, Any]:
        if number not in person.stays:
            raise Wrong("stay", "There is no such stay.", 404)
        return person.stays[number]

    def takes(self, kind: str, content: bytes) -> None:
        """Return whether a document may be filed."""
        if kind not in KINDS:
            raise Wrong("paper", "Such a paper is not taken.", 415)
        if len(content) > MOST_BYTES:
            raise Wrong("paper", "The paper is too large.", 413)
        if not content:
            raise Wrong("paper", "The paper is empty.")

    def kept(self, content: bytes) -> bytes:
        return content

    def ready(self) -> bool:
        return True

    def edition(self) -> str:
        return "4.2.0"

    # ── the doors ──

    def first_door(self, user: Any, secret: Any) -> dict[str, Any]:
        now = time.monotonic()
        self.counted["sign_ins"] += 1
        if self._too_many(self.came, now, self.window, self.sign_ins):
            self.counted["too_often"] += 1
            raise Wrong("wait", "Too many at the door.", 429)
        self.came.append(now)
        guesses = self.guesses[str(user)]
        if self._too_many(guesses, now, 60, GUESSES):
            raise Wrong("wait", "Too many guesses.", 429)
        if not self.knows(str(user), str(secret)):
            guesses.append(now)
            raise Wrong("session", "Name or secret is wrong.")
        token = secrets.token_urlsafe(24)
        self.halfway[token] = str(user)
        job, house = STAFF[str(user)]
        return {"halfway": token, "houses": [{"house": house, "job": job}]}

    @staticmethod
    def _too_many(times: deque[float], now: float, seconds: float, most: int) -> bool:
        while times and times[0] <= now - seconds:
            times.popleft()
        return len(times) >= most

    def second_door(self, token: str, house: int) -> dict[str, Any]:
        user = self.halfway.pop(token, None)
        if user is None:
            raise Wrong("session", "Sign in first.")
        if STAFF[user][1] != house:
            raise Wrong("house", "This is not your house.", 403)
        return self._let_in(user)

    def _let_in(self, user: str) -> dict[str, Any]:
        token, renewal = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
        self.passes[token] = Pass(user, *STAFF[user], time.monotonic() + self.lives, renewal)
        self.renewals[renewal] = token
        return {"pass": {"word": token, "again": renewal, "lives": self.lives}}

    def renew(self, renewal: Any) -> dict[str, Any]:
        token = self.renewals.pop(str(renewal), None)
        if token is None:
            raise Wrong("session", "Sign in first.")
        self.counted["renewals"] += 1
        return self._let_in(self.passes[token].user)

    def inside(self, shown: str, act: str) -> Pass:
        """Return the caller, who is signed in and may do the work. Sign-out needs no work."""
        scheme, _, token = shown.partition(" ")
        found = self.passes.get(token)
        if scheme != "pass" or found is None or found.until < time.monotonic():
            self.counted["not_inside"] += bool(
                act
            )  # to go out with a pass that has ended does no harm
            raise Wrong("session", "Sign in first.")
        if act and not self.may(found, act):
            raise Wrong("job", "This is not your work.", 403)
        return found

    # ── people ──

    def person(self, inside: Pass, number: Any) -> Person:
        found = self.people.get(whole(number))
        if found is None or not self.sees(inside, found):
            raise Wrong("person", "There is no such person.", 404)
        return found

    def enter(self, inside: Pass, key: str | None, told: dict[str, Any]) -> Person:
        facts = _facts(told)
        if key and (inside.user, key) in self.keys:
            before, number = self.keys[inside.user, key]
            if before != facts:
                raise Wrong("once", "This key was used for somebody else.")
            return self.people[number]
        if self.taken(facts["card"]):
            raise Wrong("card", "taken", 400)
        person = Person(next(self._numbers), inside.house, **facts)
        self.people[person.number] = person
        if key:
            self.keys[inside.user, key] = (facts, person.number)
        return person

    def correct(self, person: Person, told: dict[str, Any]) -> Person:
        facts = _facts(told)
        if not self.current(person, told.get("seen")):
            raise Wrong("seen", "Somebody else was here before.")
        if facts["card"] != person.card and self.taken(facts["card"]):
            raise Wrong("card", "taken", 400)
        for name, value in facts.items():
            setattr(person, name, value)
        person.seen += 1
        return person

    def look_for(self, inside: Pass, asked: Any) -> list[Person]:
        name, card, born = asked.get("called"), asked.get("card"), asked.get("bornIn")
        return self.listed(
            [
                person
                for person in self.people.values()
                if self.sees(inside, person)
                and (card is None or person.card == card)
                and (born is None or str(person.born) == born)
                and (name is None or name.casefold() in person.name.casefold())
            ]
        )

    # ── stays ──

    def expect(self, person: Person, why: Any) -> dict[str, Any]:
        if not isinstance(why, str) or not why.strip():
            raise Wrong("why", "Say why.")
        if any(stay["stage"] in ("EXPECTED", "IN BED") for stay in person.stays.values()):
            raise Wrong("stay", "There is an open stay.")
        number = next(self._numbers)
        stay = person.stays[number] = {
            "no": number,
            "of": person.number,
            "stage": "EXPECTED",
            "why": why,
        }
        return stay

    def move(self, stay: dict[str, Any], to: Any) -> dict[str, Any]:
        if not self.moves(stay["stage"], str(to)):
            raise Wrong("stage", f"It is {stay['stage']}.")
        stay["stage"] = str(to)
        return stay

    # ── papers ──

    def file(self, person: Person, called: str, kind: str, content: bytes) -> dict[str, Any]:
        self.takes(kind, content)
        name = "".join(
            sign for sign in called.replace("\\", "/").rpartition("/")[2] if sign.isprintable()
        )
        number = next(self._numbers)
        paper = {
            "no": number,
            "of": person.number,
            "called": name,
            "kind": kind,
            "bytes": len(content),
        }
        person.papers[number] = {**paper, "content": content}
        return paper

    def paper(self, person: Person, number: Any) -> dict[str, Any]:
        found = person.papers.get(whole(number))
        if found is None:
            raise Wrong("paper", "There is no such paper.", 404)
        return found


def whole(value: Any) -> int:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else -1


def _facts(told: dict[str, Any]) -> dict[str, Any]:
    name, born, kind, card = (told.get(key) for key in ("fullName", "bornIn", "kind", "card"))
    family, comma, given = str(name)[:500].partition(", ")
    if not comma or not family.strip():
        raise Wrong("fullName", "Write: family name, given names.")
    if not isinstance(born, int) or not 1880 <= born <= date.today().year:
        raise Wrong("bornIn", "Nobody was born then.")
    if kind not in ("W", "M", "X", "?"):
        raise Wrong("kind", "W, M, X or ?.")
    if not isinstance(card, str) or not 1 <= len(card) <= 40:
        raise Wrong("card", "A card has 1 to 40 signs.")
    return {
        "card": card,
        "name": f"{family.upper()}, {given}",
        "born": born,
        "kind": kind,
        "call": told.get("call"),
        "lives_at": told.get("livesAt"),
    }
