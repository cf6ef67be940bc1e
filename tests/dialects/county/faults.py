"""The county with a fault, one class each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, ClassVar

from tests.dialects.county.server import STAFF, County, Entry, Failed, connection
from tests.dialects.seeded_fault import (
    ACCESS,
    ANY_CONNECTION,
    DOCUMENT,
    DOCUMENTS,
    ENDPOINTS,
    PATIENTS,
    VISITS,
    WRITES,
    SeededFault,
)


class Fault(SeededFault, County):
    """A county with a fault."""


# ── acknowledged writes ──


class DiverseBecomesUnknown(Fault):
    """An enum of the database has one word fewer than that of the API."""

    item, kind = WRITES, "lost fields"
    also: ClassVar[Mapping[str, str]] = {PATIENTS: "the patient reads back as unknown"}

    def persist(self, patient: Entry, facts: Entry) -> None:
        gender = "UNKNOWN" if facts["gender"] == "DIVERSE" else facts["gender"]
        super().persist(patient, {**facts, "gender": gender})


class AddressesAreCut(Fault):
    """The ambulance goes to the street, and not to the house."""

    item, kind = WRITES, "lost fields"
    also: ClassVar[Mapping[str, str]] = {PATIENTS: "the address reads back shorter"}

    def persist(self, patient: Entry, facts: Entry) -> None:
        super().persist(patient, {**facts, "address": (facts["address"] or "")[:10] or None})


class DischargesAreNotCommitted(Fault):
    """The bed of somebody who went home stays taken."""

    item, kind = WRITES, "lost moves"
    also: ClassVar[Mapping[str, str]] = {
        VISITS: "the discharged visit reads back as before",
        ACCESS: "who may discharge is answered, and nothing happens",
    }

    def persist_move(self, visit: Entry, after: str) -> Entry:
        return super().persist_move({**visit} if after == "FINISHED" else visit, after)


class TheLastTransactionRollsBack(Fault):
    """Two desks correct a patient, and both corrections are gone."""

    item, kind = WRITES, "lost updates without versions"
    also: ClassVar[Mapping[str, str]] = {PATIENTS: "the later correction reads back as before"}

    def __init__(self, addresses: list[str], passwords: dict[str, str]) -> None:
        super().__init__(addresses, passwords)
        self.saved: dict[str, list[Entry]] = defaultdict(list)

    def persist(self, patient: Entry, facts: Entry) -> None:
        saved = self.saved[patient["id"]]
        saved.append(facts)
        super().persist(patient, saved[0] if len(saved) > 2 else facts)


# ── instances that differ ──


class OneInstanceTellsTheReleaseBefore(Fault):
    """An instance that was not replaced answers as if it were, but for a header."""

    item, kind = ENDPOINTS, "instances that differ"
    perhaps = ANY_CONNECTION

    def headers(self, request: Any, headers: dict[str, str]) -> dict[str, str]:
        return {**headers, "x-release": "7.2.9"} if connection.get() % 6 == 5 else headers


class OneInstanceHasNoFiles(Fault):
    """Files lie on the disk of the instance that took them."""

    item, kind = WRITES, "instances that differ"
    perhaps = ANY_CONNECTION

    def open_to_readers(self, entry: Entry) -> bool:
        return "contentType" not in entry or connection.get() % 10 != 9


# ── pages ──


class TotalsCountTheDeleted(Fault):
    """The list says five, and there are four."""

    item, kind = PATIENTS, "pages"

    def counted(self, rows: list[Entry]) -> int:
        return len(rows) + (len(rows) > 3 and "recordNumber" in rows[0])


class PagesAreNotSorted(Fault):
    """The database gives each page in an order of its own."""

    item, kind = VISITS, "pages"

    def part(self, rows: list[Entry], page: int, size: int) -> list[Entry]:
        turned = page % 2 == 1 and "state" in rows[0] if rows else False
        return super().part(rows[::-1] if turned else rows, page, size)


# ── methods outside the document ──


class TraceNamesThePatient(Fault):
    """A method for debugging tells strangers who is here, in a header."""

    item, kind = ACCESS, "undocumented methods"

    def other_method(self, method: str, path: str) -> tuple[int, dict[str, str]] | None:
        known = next((one for key, one in self.patients.items() if key in path), None)
        if method != "TRACE" or known is None:
            return None
        return 200, {"X-Entity": f"Patient[{known['recordNumber']}]"}


class PutOnVisitsCancelsThem(Fault):
    """A stranger who guesses a method cancels the visits of a ward."""

    item, kind = ACCESS, "undocumented methods"

    def other_method(self, method: str, path: str) -> tuple[int, dict[str, str]] | None:
        visit = self.visits.get(path.rpartition("/")[2])
        if method != "PUT" or visit is None:
            return None
        visit["state"] = "CANCELLED"
        return 204, {}


# ── headers ──


class LocationsAreOfTheInside(Fault):
    """A client follows the address of the cluster, with its token."""

    item, kind = ENDPOINTS, "headers"

    def headers(self, request: Any, headers: dict[str, str]) -> dict[str, str]:
        inside = {
            name: value.replace(self.address, "http://10.42.7.19:8080")
            for name, value in headers.items()
            if name == "location"
        }
        return {**headers, **inside}


class ChartsMayBeKeptByAProxy(Fault):
    """The next person behind the same proxy gets a chart that is not theirs."""

    item, kind = ENDPOINTS, "headers"

    def headers(self, request: Any, headers: dict[str, str]) -> dict[str, str]:
        is_chart = request.url.path.startswith("/api/patients/")
        return {**headers, "cache-control": "public, max-age=600"} if is_chart else headers


# ── the audit log ──


class ReadsAreNotLogged(Fault):
    """Nobody learns who looked at the mayor's chart."""

    item, kind = ACCESS, "audit"

    def logged(self, event: Entry) -> bool:
        return not str(event["data"]["action"]).startswith("GET")


class RefusalsAreNotLogged(Fault):
    """Nobody learns who tried to look at the mayor's chart."""

    item, kind = ACCESS, "audit"

    def logged(self, event: Entry) -> bool:
        return bool(event["type"] == "AUTHORIZATION_GRANTED")


class TheLogNamesTheService(Fault):
    """The log says that the application did it, and not who."""

    item, kind = ACCESS, "audit"
    seconds = 150  # each of its checks waits for an entry that never comes

    def logged(self, event: Entry) -> bool:
        event["principal"] = "county-backend"
        return True


# ── the served document ──


class TheDocumentIsOfTheReleaseBefore(Fault):
    """Clients are built for what does not run any more."""

    item, kind = DOCUMENT, "served document"

    def api_docs(self, document: Entry) -> Entry:
        return {**document, "info": {**document["info"], "version": "7.2.9"}}


# ── after discharge ──


class FilesAreClosedWithTheVisit(Fault):
    """The findings cannot be read when the patient calls the next day."""

    item, kind = DOCUMENTS, "after discharge"

    def open_to_readers(self, entry: Entry) -> bool:
        done = any(
            one["patientId"] == entry["patientId"] and one["state"] == "FINISHED"
            for one in self.visits.values()
        )
        return "contentType" not in entry or not done


# ── access ──


class PharmacistsAddFiles(Fault):
    """A prescription is filed by who must only read it."""

    item, kind = ACCESS, "access"

    def may(self, user: str, right: str) -> bool:
        return super().may(user, right) or (user, right) == ("pharmacist", "files.add")


class PharmacistsReadNothing(Fault):
    """The pharmacy cannot see what a patient must not have."""

    item, kind = ACCESS, "access"

    def may(self, user: str, right: str) -> bool:
        return STAFF[user][0] != "PHARMACIST" and super().may(user, right)


class TheOtherFacilityReadsAlong(Fault):
    """A physician of the next town reads the charts of this one."""

    item, kind = ACCESS, "access"

    def sees(self, user: str, patient: Entry) -> bool:
        return True


# ── idempotency keys ──


class KeysAreForgotten(Fault):
    """A desk that sends again because no answer came is told that the number is taken."""

    item, kind = PATIENTS, "repeated requests"

    def create(self, user: str, key: str | None, body: Entry) -> Entry:
        return super().create(user, None, body)


class AKeyIsRefusedForEver(Fault):
    """The conflict of a repeated request is a conflict for good."""

    item, kind = PATIENTS, "repeated requests"

    def create(self, user: str, key: str | None, body: Entry) -> Entry:
        if key and (user, key) in self.keys:
            raise Failed(409, "REQUEST_IN_PROGRESS")
        return super().create(user, key, body)
