"""The infirmary with a fault, one class each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import uuid4

from tests.dialects.infirmary.server import GONE, HERE, Entry, Infirmary, connection
from tests.dialects.seeded_fault import (
    ACCESS,
    ANY_CONNECTION,
    DOCUMENTS,
    ENDPOINTS,
    PATIENTS,
    VISITS,
    WRITES,
    SeededFault,
)


class Fault(SeededFault, Infirmary):
    """An infirmary with a fault."""


# ── a cache that lies ──


class _StaleLists(Fault):
    """Lists of one kind are old, though their present state was asked for."""

    kind = "stale cache"
    stale: ClassVar[str]

    def listed(
        self, user: str, address: str, asked: str, rows: list[Entry]
    ) -> tuple[int, list[Entry]]:
        is_stale = address.partition("?")[0].endswith(self.stale)
        age, found = super().listed(user, address, "" if is_stale else asked, rows)
        return self.told_age(age), found

    def told_age(self, age: int) -> int:
        return age


class SearchesAreAMinuteOld(_StaleLists):
    """Who was just registered is not found, and is registered again."""

    item, stale = PATIENTS, "/patients"


class StaysAreOldAndSayNew(_StaleLists):
    """A patient who was admitted is not on the list, which says that it is of now."""

    item, stale = VISITS, "/stays"

    def told_age(self, age: int) -> int:
        return 0


class PapersAreAMinuteOld(_StaleLists):
    """A finding that was just filed is not in the record."""

    item, stale = DOCUMENTS, "/papers"


# ── acknowledged writes ──


class SexIsNotCorrected(Fault):
    """The reference values of the laboratory are those of the other sex."""

    item, kind = WRITES, "lost fields"

    def noted(self, patient: Entry, facts: Entry) -> Entry:
        return {**facts, "sex": patient["sex"]} if patient else facts


class AdmissionsAreForgotten(Fault):
    """A patient lies in a bed that the system gives to the next one."""

    item, kind = WRITES, "lost moves"
    also: ClassVar[Mapping[str, str]] = {
        VISITS: "the admitted visit reads back as expected",
        ENDPOINTS: "no visit can be discharged to be read then",
    }

    def move_stored(self, stay: Entry, code: int) -> Entry:
        return super().move_stored({**stay} if code == HERE else stay, code)


class NobodyHasChangedAnything(Fault):
    """The correction of the other desk is overwritten unseen."""

    item, kind = PATIENTS, "lost updates"

    def current(self, patient: Entry, shown: str) -> bool:
        return True


# ── instances that differ ──


class OneInstanceIsOfTheBuildBefore(Fault):
    """One browser in six works with the build of last month."""

    item, kind = ENDPOINTS, "instances that differ"
    perhaps = ANY_CONNECTION

    def build(self) -> str:
        return "3.7.4" if connection.get() % 6 == 5 else super().build()


class OneInstanceKnowsNoStays(Fault):
    """At the next click the patient was never here."""

    item, kind = WRITES, "instances that differ"
    perhaps = ANY_CONNECTION

    def shown(self, entry: Entry) -> bool:
        return "code" not in entry or connection.get() % 10 != 9


# ── pages ──


class PageBordersLoseAPaper(Fault):
    """The third finding is on no page."""

    item, kind = DOCUMENTS, "pages"

    def cut(self, rows: list[Entry], page: int, size: int) -> list[Entry]:
        lost = page > 1 and "title" in rows[0] if rows else False
        return rows[(page - 1) * size + lost : page * size]


# ── headers ──


class DownloadsHaveAnotherTagEachTime(Fault):
    """A tablet with a poor connection loads each finding whole again, and never has it in time."""

    item, kind = ENDPOINTS, "headers"

    def headers(self, request: Any, headers: dict[str, str]) -> dict[str, str]:
        is_download = request.url.path.endswith("/content")
        return {**headers, "etag": f'"{uuid4()}"'} if is_download else headers


class ListsMayBeKeptByAProxy(Fault):
    """Who comes next gets the list of somebody else."""

    item, kind = ENDPOINTS, "headers"

    def headers(self, request: Any, headers: dict[str, str]) -> dict[str, str]:
        public = {"cache-control": "public, max-age=60", "vary": "Accept"}
        return {**headers, **public} if "age" in headers else headers


# ── after discharge ──


class PapersGoWithTheDischarge(Fault):
    """Nobody can read why the patient was here."""

    item, kind = DOCUMENTS, "after discharge"

    def shown(self, entry: Entry) -> bool:
        gone = any(
            one["patient"] == entry["patient"] and one["code"] == GONE
            for one in self.stays.values()
        )
        return "title" not in entry or not gone


# ── access ──


class AuditorsReadStays(Fault):
    """Who supervises access looks at the records."""

    item, kind = ACCESS, "access"

    def has_duty(self, user: str, duty: str) -> bool:
        return super().has_duty(user, duty) or (user, duty) == ("auditor", "stays")


class CookiesOutliveTheSignOut(Fault):
    """The session of somebody who left goes on at the same desk."""

    item, kind = "authentication-flow", "access"

    def sign_out(self, token: str) -> None:
        """Do nothing."""
