"""The district with a fault, one class each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from tests.dialects.district.server import District, Entry, Refused, connection
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


class Fault(SeededFault, District):
    """A district with a fault."""


# ── acknowledged writes ──


class BirthDatesSwapDayAndMonth(Fault):
    """A child gets the dose of another age."""

    item, kind = WRITES, "lost fields"
    also: ClassVar[Mapping[str, str]] = {PATIENTS: "the patient reads back with another day"}

    def kept(self, patient: Entry) -> Entry:
        year, month, day = str(patient["date_of_birth"]).split("-")
        possible = int(day) <= 12
        return {**patient, "date_of_birth": f"{year}-{day}-{month}"} if possible else patient


class CorrectedPhonesAreForgotten(Fault):
    """The relatives are called at the old number."""

    item, kind = WRITES, "lost fields"
    also: ClassVar[Mapping[str, str]] = {PATIENTS: "the corrected patient reads back as before"}

    def kept(self, patient: Entry) -> Entry:
        before = self.patients.get(str(patient["id"]))
        return {**patient, "phone_number": before["phone_number"]} if before else patient


class CancellationsAreForgotten(Fault):
    """A bed is kept for somebody who does not come."""

    item, kind = WRITES, "lost moves"
    also: ClassVar[Mapping[str, str]] = {
        VISITS: "the cancelled visit reads back as planned",
        ACCESS: "who may cancel is answered, and nothing happens",
    }

    def move_kept(self, encounter: Entry, after: str) -> Entry:
        return super().move_kept({**encounter} if after == "cancelled" else encounter, after)


class TheSecondCorrectionIsLost(Fault):
    """Records have no version, and the later of two corrections is thrown away."""

    item, kind = WRITES, "lost updates without versions"
    also: ClassVar[Mapping[str, str]] = {PATIENTS: "the later correction reads back as before"}

    def __init__(self, addresses: list[str], passwords: dict[str, str]) -> None:
        super().__init__(addresses, passwords)
        self.corrected: set[str] = set()

    def correct(self, patient: Entry, body: Entry) -> Entry:
        again = patient["id"] in self.corrected
        self.corrected.add(patient["id"])
        return super().correct(dict(patient) if again else patient, body)


class CorrectionsWaitForTheNext(Fault):
    """A correction can be read only when the next one has come."""

    item, kind = WRITES, "lost updates without versions"
    also: ClassVar[Mapping[str, str]] = {
        PATIENTS: "the corrected patient reads back as before",
        ACCESS: "who may correct is answered, and nothing happens",
    }

    def __init__(self, addresses: list[str], passwords: dict[str, str]) -> None:
        super().__init__(addresses, passwords)
        self.waiting: dict[str, Entry] = {}

    def correct(self, patient: Entry, body: Entry) -> Entry:
        patient.update(self.waiting.get(patient["id"], {}))
        later = dict(patient)
        acknowledged = super().correct(later, body)
        self.waiting[patient["id"]] = later
        return acknowledged


# ── instances that differ ──


class OneInstanceInEightIsOld(Fault):
    """One in eight browsers works with the release of before."""

    item, kind = ENDPOINTS, "instances that differ"
    perhaps = ANY_CONNECTION

    def release(self) -> str:
        return "25.47.2" if connection.get() % 8 == 7 else super().release()


class OneInstanceReadsAnOldReplica(Fault):
    """What was corrected is there, and at the next click it is not."""

    item, kind = WRITES, "instances that differ"
    perhaps = ANY_CONNECTION

    def __init__(self, addresses: list[str], passwords: dict[str, str]) -> None:
        super().__init__(addresses, passwords)
        self.before: dict[str, Entry] = {}

    def patient(self, name: str, patient: Any) -> Entry:
        found = super().patient(name, patient)
        return self.before.get(found["id"], found) if connection.get() % 10 == 9 else found

    def correct(self, patient: Entry, body: Entry) -> Entry:
        current = self.patients[patient["id"]]
        self.before[patient["id"]] = dict(current)
        return super().correct(current, body)


# ── pages ──


class EncounterPagesOverlap(Fault):
    """A visit is counted twice, and another one is on no page."""

    item, kind = VISITS, "pages"

    def page(self, rows: list[Entry], limit: int, offset: int) -> tuple[int, list[Entry]]:
        overlap = offset > 0 and "start" in rows[0] if rows else False
        return len(rows), rows[offset - overlap : offset - overlap + limit]


class TheLastPageOfPatientsIsCut(Fault):
    """The last patient of a search is never seen, and is registered again."""

    item, kind = PATIENTS, "pages"

    def page(self, rows: list[Entry], limit: int, offset: int) -> tuple[int, list[Entry]]:
        count, found = super().page(rows, limit, offset)
        is_cut = offset > 0 and len(found) < limit and "hospital_number" in rows[0]
        return count, found[:-1] if is_cut else found


# ── methods outside the document ──


class OptionsShowPatients(Fault):
    """Whoever asks what may be asked gets the record, without a token."""

    item, kind = ACCESS, "undocumented methods"

    def undocumented(self, method: str, path: str) -> Entry | None:
        known = self.patients.get(path.strip("/").rpartition("/")[2])
        return {"actions": {"PUT": known}} if method == "OPTIONS" and known else None


class PatchNeedsNoToken(Fault):
    """Anybody changes a patient's data by a method that nobody has documented."""

    item, kind = ACCESS, "undocumented methods"

    def undocumented(self, method: str, path: str) -> Entry | None:
        known = self.patients.get(path.strip("/").rpartition("/")[2])
        if method != "PATCH" or known is None:
            return None
        known["address"] = "changed by PATCH"
        return {"detail": "Done."}


# ── headers ──


class HeadersNameThePod(Fault):
    """Whoever gets in anywhere knows where to go next."""

    item, kind = ENDPOINTS, "headers"

    def shown_headers(self, request: Any, headers: dict[str, str]) -> dict[str, str]:
        pod = "district-api-7d9f8b6c5d-x2x4z.prod.svc.cluster.local"
        return {**headers, "X-Upstream": pod}


class AnyOriginMayRead(Fault):
    """Any page that a nurse opens reads charts with her session."""

    item, kind = ENDPOINTS, "headers"

    def shown_headers(self, request: Any, headers: dict[str, str]) -> dict[str, str]:
        origin = request.headers.get("origin")
        allowed = {
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Allow-Credentials": "true",
        }
        return {**headers, **allowed} if origin else headers


# ── the served document ──


class TheDocumentForgetsAnOperation(Fault):
    """What the document does not list, no check of it ever tries."""

    item, kind = "contract-document", "served document"

    def described(self, document: Entry) -> Entry:
        listed = document["paths"].items()
        paths = {path: one for path, one in listed if not path.endswith("_completed/")}
        return {**document, "paths": paths}


# ── after discharge ──


class ADischargeClosesTheFiles(Fault):
    """The family doctor's letter cannot be written: the findings are gone."""

    item, kind = DOCUMENTS, "after discharge"

    def readable(self, entry: Entry) -> bool:
        done = any(
            one["patient"] == entry["patient"] and one["status"] == "completed"
            for one in self.encounters.values()
        )
        return "mime_type" not in entry or not done


class DischargedEncountersAreNotListed(Fault):
    """The next doctor does not know that the patient was here before."""

    item, kind = VISITS, "after discharge"

    def of_patient(self, entries: dict[str, Entry], name: str | None, patient: Any) -> list[Entry]:
        found = super().of_patient(entries, name, patient)
        return [one for one in found if one.get("status") != "completed"]


# ── access ──


class VolunteersReadFiles(Fault):
    """Who brings the newspaper reads the findings."""

    item, kind = ACCESS, "access"

    def allowed(self, name: str, work: str) -> bool:
        return super().allowed(name, work) or (name, work) == ("volunteer", "file.read")


class VolunteersArchiveFiles(Fault):
    """An account that may only read removes a finding."""

    item, kind = ACCESS, "access"

    def allowed(self, name: str, work: str) -> bool:
        return super().allowed(name, work) or (name, work) == ("volunteer", "file.remove")


class ListsForStrangersAreNotEmpty(Fault):
    """A list is a refusal only where it is empty; this one names the patients."""

    item, kind = ACCESS, "access"

    def lists_to_strangers(self, rows: list[Entry]) -> list[Entry]:
        return rows


class ANurseIsLockedOutOfCorrections(Fault):
    """The role may correct a patient, and is refused."""

    item, kind = ACCESS, "access"
    also: ClassVar[Mapping[str, str]] = {PATIENTS: "no patient can be corrected"}

    def correct(self, patient: Entry, body: Entry) -> Entry:
        raise Refused(403, {"detail": "You do not have permission to perform this action."})
