"""The clinic with a fault, one class each.

Each has the name of a fault of the reference (`tests/faults`), and the same item must catch it.
"""

from __future__ import annotations

from typing import Any

from tests.dialects.clinic.server import Caller, Clinic, Entry, Page


class AnyPasswordOpens(Clinic):
    """A name is enough."""

    def right(self, name: str, password: str) -> bool:
        return name in self.passwords


class TokensOutliveTheSignOut(Clinic):
    """The key of somebody who left still turns."""

    def sign_out(self, token: str) -> None:
        """Do nothing."""


class RegistrarsReadDocuments(Clinic):
    """The front reads findings."""

    def allowed(self, caller: Caller, work: str) -> bool:
        return super().allowed(caller, work) or (caller.role, work) == ("front", "files")


class OutsidersReadPatients(Clinic):
    """Whose site it is, is not asked."""

    def at(self, caller: Caller, site: str, patient: Entry) -> bool:
        return True


class VisitsOpenUnderAnotherPatient(Clinic):
    """An encounter is found below anybody."""

    def below(self, things: dict[str, Entry], patient: Entry, name: str) -> Entry:
        return (
            self.encounters[name]
            if name in self.encounters
            else super().below(things, patient, name)
        )


class RecordNumbersAreGivenTwice(Clinic):
    """One number for two."""

    def in_use(self, number: str) -> bool:
        return False


class SearchesDropTheLastPatient(Clinic):
    """The last hit gets lost, and nobody counts it."""

    def hits(self, patients: list[Entry]) -> list[Entry]:
        return patients[: max(1, len(patients) - 1)]


class TheLastToSaveWins(Clinic):
    """Nothing has ever changed meanwhile."""

    def changed(self, patient: Entry, revision: str) -> bool:
        return False


class EveryMoveIsAllowed(Clinic):
    """A patient who was discharged can be admitted again."""

    def possible(self, event: str, state: str) -> bool:
        return True


class DocumentsLoseTheirLastByte(Clinic):
    """The store keeps one byte for itself."""

    def fetched(self, content: bytes) -> bytes:
        return content[:-1]


class TooLargeDocumentsAreTaken(Clinic):
    """There is no limit."""

    def acceptable(self, kind: str, size: int) -> None:
        super().acceptable(kind, min(size, 1))


class AFiledReportKeepsThePatientIn(Clinic):
    """With a file there is no leaving."""

    def happen(self, encounter: Entry, event: Any) -> Entry:
        if event == "leave" and any(
            file["patient"] == encounter["patient"] and file["whole"]
            for file in self.files.values()
        ):
            raise Page(409, "not-in-this-state")
        return super().happen(encounter, event)


class NeverReady(Clinic):
    """It is starting, for ever."""

    def serving(self) -> bool:
        return False


class TheReleaseBeforeStillRuns(Clinic):
    """The build of last month."""

    def build(self) -> str:
        return "2024.10.9"
