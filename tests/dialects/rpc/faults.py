"""The hospital with one address with a fault, one class each.

Each has the name of a fault of the reference (`tests/faults`), and the same item must catch it.
"""

from __future__ import annotations

from typing import Any

from tests.dialects.rpc.server import Fail, Rpc, Thing


class AnyPasswordOpens(Rpc):
    """Any word will do."""

    def matches(self, login: str, password: str) -> bool:
        return login in self.passwords


class TokensOutliveTheSignOut(Rpc):
    """Closed is open."""

    def close(self, sid: str) -> None:
        self.renewals.pop(self.sessions[sid][1], None)


class RegistrarsReadDocuments(Rpc):
    """The desk gets the files, too."""

    def permitted(self, login: str, method: str) -> bool:
        return super().permitted(login, method) or (
            login == "registrar" and method in ("blob.get", "blob.all", "blob.data")
        )


class OutsidersReadPatients(Rpc):
    """Every place sees every place."""

    def visible(self, login: str, person: Thing) -> bool:
        return True


class VisitsOpenUnderAnotherPatient(Rpc):
    """A case is a case, whosever it is."""

    def of(self, thing: Thing, person: str) -> bool:
        return super().of(thing, person) or (
            thing["id"].startswith("K-") and person in self.persons and self._asked_for_one
        )

    _asked_for_one = False

    def case_get(self, login: str, p: Thing) -> Thing:
        self._asked_for_one = True
        try:
            return super().case_get(login, p)
        finally:
            self._asked_for_one = False


class RecordNumbersAreGivenTwice(Rpc):
    """A code is nobody's."""

    def known(self, code: str) -> bool:
        return False


class SearchesDropTheLastPatient(Rpc):
    """The last of several is left out."""

    def all_found(self, persons: list[Thing]) -> list[Thing]:
        return persons[:-1] if len(persons) > 1 else persons


class TheLastToSaveWins(Rpc):
    """Every revision is the latest."""

    def latest(self, person: Thing, rev: Any) -> bool:
        return True


class EveryMoveIsAllowed(Rpc):
    """Every step, at any time."""

    def can(self, step: str, state: str) -> bool:
        return True


class DocumentsLoseTheirLastByte(Rpc):
    """Base64 of all but one."""

    def data(self, data: bytes) -> bytes:
        return data[:-1]


class TooLargeDocumentsAreTaken(Rpc):
    """The size is not looked at."""

    def fits(self, mime: str, data: bytes) -> None:
        super().fits(mime, data[:1])


class AFiledReportKeepsThePatientIn(Rpc):
    """Nobody goes out whose file there is."""

    def case_step(self, login: str, p: Thing) -> Thing:
        if p.get("step") == "out" and any(
            blob["person"] == p.get("person") for blob in self.blobs.values()
        ):
            raise Fail("STATE")
        return super().case_step(login, p)


class NeverReady(Rpc):
    """Never healthy."""

    def healthy(self) -> bool:
        return False


class TheReleaseBeforeStillRuns(Rpc):
    """Six of seven."""

    def version(self) -> str:
        return "6"
