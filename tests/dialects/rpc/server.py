"""A backend with one address.

Every call is a POST to it, and every answer a 200. Errors are inside the answer, and files are
base64 in JSON. All data is in memory, in one event loop. A faulty hospital replaces one of its
rules.
"""

from __future__ import annotations

import base64
import binascii
import secrets
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import date
from typing import Any

Thing = dict[str, Any]
STAFF = {
    "registrar": ("R", "east"),
    "clinician": ("C", "east"),
    "auditor": ("A", "east"),
    "administrator": ("*", "east"),
    "outsider": ("C", "west"),
}
WHO_MAY = {
    "person.add": "R*",
    "person.get": "RC*",
    "person.find": "RC*",
    "person.set": "R*",
    "person.drop": "*",
    "case.add": "RC*",
    "case.get": "RC*",
    "case.all": "RC*",
    "case.step": "C*",
    "blob.add": "C*",
    "blob.get": "C*",
    "blob.all": "C*",
    "blob.data": "C*",
    "blob.drop": "*",
}
STEPS = {"in": ("new", "in"), "out": ("in", "out"), "off": ("new", "off")}
MIMES = ("application/pdf", "image/png", "image/jpeg", "text/plain")
MOST = 1_100_000


class Fail(Exception):
    """An error inside an answer."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Rpc:
    """A hospital behind one address."""

    sockets = 1

    def __init__(self, _addresses: list[str], passwords: dict[str, str]) -> None:
        self.passwords = passwords
        self.sessions: dict[str, tuple[str, str]] = {}
        self.renewals: dict[str, str] = {}
        self.misses: dict[str, list[float]] = defaultdict(list)
        self.persons: dict[str, Thing] = {}
        self.cases: dict[str, Thing] = {}
        self.blobs: dict[str, Thing] = {}
        self.once: dict[tuple[str, str], tuple[Thing, str]] = {}

    # ── rules: what a fault may replace ──

    def matches(self, login: str, password: str) -> bool:
        return self.passwords.get(login) == password

    def close(self, sid: str) -> None:
        _, renewal = self.sessions.pop(sid)
        self.renewals.pop(renewal, None)

    def permitted(self, login: str, method: str) -> bool:
        return STAFF[login][0] in WHO_MAY[method]

    def visible(self, login: str, person: Thing) -> bool:
        return bool(STAFF[login][1] == person["place"])

    def known(self, code: str) -> bool:
        return any(person["code"] == code for person in self.persons.values())

    def all_found(self, persons: list[Thing]) -> list[Thing]:
        return persons

    def latest(self, person: Thing, rev: Any) -> bool:
        return bool(person["rev"] == rev)

    def can(self, step: str, state: str) -> bool:
        return STEPS[step][0] == state

    def of(self, thing: Thing, person: str) -> bool:
        return bool(thing["person"] == person)

    def fits(self, mime: str, data: bytes) -> None:
        if mime not in MIMES:
            raise Fail("MIME")
        if len(data) > MOST:
            raise Fail("SIZE")
        if not data:
            raise Fail("PARAMS")

    def data(self, data: bytes) -> bytes:
        return data

    def healthy(self) -> bool:
        return True

    def version(self) -> str:
        return "7"

    # ── sessions ──

    def session_open(self, p: Thing) -> Thing:
        login, now = str(p.get("login")), time.monotonic()
        self.misses[login] = [then for then in self.misses[login] if then > now - 60]
        if len(self.misses[login]) >= 5:
            raise Fail("LATER")
        if not self.matches(login, str(p.get("password"))):
            self.misses[login].append(now)
            raise Fail("SESSION")
        return self._opened(login)

    def _opened(self, login: str) -> Thing:
        sid, renewal = secrets.token_hex(20), secrets.token_hex(20)
        self.sessions[sid], self.renewals[renewal] = (login, renewal), login
        return {"sid": sid, "renewal": renewal, "seconds": 900}

    def session_renew(self, p: Thing) -> Thing:
        login = self.renewals.pop(str(p.get("renewal")), None)
        if login is None:
            raise Fail("SESSION")
        return self._opened(login)

    def session_close(self, p: Thing) -> None:
        self._login(p)
        self.close(p["sid"])

    def _login(self, p: Thing) -> str:
        if p.get("sid") not in self.sessions:
            raise Fail("SESSION")
        return self.sessions[p["sid"]][0]

    # ── persons ──

    def _person(self, login: str, name: Any) -> Thing:
        person = self.persons.get(str(name))
        if person is None or not self.visible(login, person):
            raise Fail("NONE")
        return person

    def person_add(self, login: str, p: Thing) -> Thing:
        facts = _facts(p)
        key = p.get("once")
        if key and (login, key) in self.once:
            before, name = self.once[login, key]
            if before != facts:
                raise Fail("PARAMS")
            return self.persons[name]
        if self.known(facts["code"]):
            raise Fail("CODE")
        person = {"id": f"P-{secrets.token_hex(4)}", "place": STAFF[login][1], "rev": 1, **facts}
        self.persons[person["id"]] = person
        if key:
            self.once[login, key] = facts, person["id"]
        return person

    def person_get(self, login: str, p: Thing) -> Thing:
        return self._person(login, p.get("person"))

    def person_find(self, login: str, p: Thing) -> Thing:
        text = (p.get("text") or "").casefold()
        found = self.all_found(
            [
                one
                for one in self.persons.values()
                if self.visible(login, one)
                and p.get("code") in (None, one["code"])
                and p.get("born") in (None, one["born"])
                and any(text in part.casefold() for part in one["names"])
            ]
        )
        return _few(found, p)

    def person_set(self, login: str, p: Thing) -> Thing:
        person = self._person(login, p.get("person"))
        facts = _facts(p)
        if not self.latest(person, p.get("rev")):
            raise Fail("REV")
        if facts["code"] != person["code"] and self.known(facts["code"]):
            raise Fail("CODE")
        person.update(facts, rev=person["rev"] + 1)
        return person

    def person_drop(self, login: str, p: Thing) -> None:
        del self.persons[self._person(login, p.get("person"))["id"]]

    # ── cases and blobs ──

    def _thing(self, login: str, things: dict[str, Thing], p: Thing, name: str) -> Thing:
        thing = things.get(str(p.get(name)))
        if thing is None or not self.of(thing, self._person(login, p.get("person"))["id"]):
            raise Fail("NONE")
        return thing

    def case_add(self, login: str, p: Thing) -> Thing:
        person = self._person(login, p.get("person"))
        case = {
            "id": f"K-{secrets.token_hex(4)}",
            "person": person["id"],
            "state": "new",
            "why": str(p.get("why")),
        }
        self.cases[case["id"]] = case
        return case

    def case_get(self, login: str, p: Thing) -> Thing:
        return self._thing(login, self.cases, p, "case")

    def case_all(self, login: str, p: Thing) -> Thing:
        person = self._person(login, p.get("person"))
        return _few([case for case in self.cases.values() if self.of(case, person["id"])], p)

    def case_step(self, login: str, p: Thing) -> Thing:
        case = self._thing(login, self.cases, p, "case")
        if not self.can(str(p.get("step")), case["state"]):
            raise Fail("STATE")
        case["state"] = STEPS[p["step"]][1]
        return case

    def blob_add(self, login: str, p: Thing) -> Thing:
        person = self._person(login, p.get("person"))
        try:
            data = base64.b64decode(str(p.get("data")), validate=True)
        except binascii.Error:
            raise Fail("PARAMS") from None
        self.fits(str(p.get("mime")), data)
        name = str(p.get("name")).replace("\\", "/").split("/")[-1]
        blob = {
            "id": f"B-{secrets.token_hex(4)}",
            "person": person["id"],
            "name": name,
            "mime": p["mime"],
            "data": data,
        }
        self.blobs[blob["id"]] = blob
        return _described(blob)

    def blob_get(self, login: str, p: Thing) -> Thing:
        return _described(self._thing(login, self.blobs, p, "blob"))

    def blob_all(self, login: str, p: Thing) -> Thing:
        person = self._person(login, p.get("person"))
        return _few(
            [_described(blob) for blob in self.blobs.values() if self.of(blob, person["id"])], p
        )

    def blob_data(self, login: str, p: Thing) -> Thing:
        return {
            "data": (
                base64.b64encode(
                    self.data(self._thing(login, self.blobs, p, "blob")["data"])
                ).decode()
            )
        }

    def blob_drop(self, login: str, p: Thing) -> None:
        del self.blobs[self._thing(login, self.blobs, p, "blob")["id"]]

    # ── one address ──

    def answer(self, method: str, p: Thing) -> Any:
        """Return the result of a call. Raises `Fail`."""
        open_to_all: dict[str, Callable[[Thing], Any]] = {
            "session.open": self.session_open,
            "session.renew": self.session_renew,
            "session.close": self.session_close,
            "system.state": lambda _: {"healthy": self.healthy(), "version": self.version()},
        }
        if method in open_to_all:
            return open_to_all[method](p)
        if method not in WHO_MAY:
            raise Fail("METHOD")
        login = self._login(p)
        if not self.permitted(login, method):
            raise Fail("RIGHTS")
        return getattr(self, method.replace(".", "_"))(login, p)


def _facts(p: Thing) -> Thing:
    names, born = p.get("names"), str(p.get("born"))
    try:
        day = date.fromisoformat(born)
    except ValueError:
        raise Fail("PARAMS") from None
    if (
        not isinstance(names, list)
        or len(names) != 2
        or not names[0].strip()
        or not date(1880, 1, 1) <= day <= date.today()
    ):
        raise Fail("PARAMS")
    return {
        "code": str(p.get("code")),
        "names": names,
        "born": born,
        "sex": p.get("sex"),
        "phone": p.get("phone"),
        "home": p.get("home"),
    }


def _few(things: list[Thing], p: Thing) -> Thing:
    start = int(p.get("start") or 0)
    return {
        "some": things[start : start + 3],
        "start": start + 3 if start + 3 < len(things) else None,
    }


def _described(blob: Thing) -> Thing:
    return {
        **{name: value for name, value in blob.items() if name != "data"},
        "length": len(blob["data"]),
    }
