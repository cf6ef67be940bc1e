"""The ward with a fault, one class each.

Each has the name of a fault of the reference (`tests/faults`), and the same item must catch it.
"""

from __future__ import annotations

from typing import Any

from tests.dialects.ward.server import DESK, KINDS, Pass, Person, Ward, Wrong


class AnyPasswordOpens(Ward):
    """A nurse's name is enough to sign in."""

    def knows(self, user: str, secret: str) -> bool:
        return user in self.passwords


class TokensOutliveTheSignOut(Ward):
    """The token of a person who signed out is still valid; only the renewal is not."""

    def leave(self, token: str) -> None:
        self.renewals.pop(self.passes[token].renewal, None)


class RegistrarsReadDocuments(Ward):
    """The desk reads diagnoses."""

    def may(self, inside: Pass, act: str) -> bool:
        return super().may(inside, act) or (inside.job == DESK and act == "papers.read")


class OutsidersReadPatients(Ward):
    """The house next door reads along."""

    def sees(self, inside: Pass, person: Person) -> bool:
        return True


class VisitsOpenUnderAnotherPatient(Ward):
    """Another number in the address shows somebody else's stay."""

    def stay(self, person: Person, number: int) -> dict[str, Any]:
        return next(
            (one.stays[number] for one in self.people.values() if number in one.stays), None
        ) or super().stay(person, number)


class RecordNumbersAreGivenTwice(Ward):
    """Two people with one card."""

    def taken(self, card: str) -> bool:
        return False


class SearchesDropTheLastPatient(Ward):
    """The last patient of a search is not found, and is registered again."""

    def listed(self, people: list[Person]) -> list[Person]:
        return people[:-1] if len(people) > 1 else people


class TheLastToSaveWins(Ward):
    """A correction is overwritten unseen."""

    def current(self, person: Person, seen: Any) -> bool:
        return True


class EveryMoveIsAllowed(Ward):
    """A patient who went home is in a bed again."""

    def moves(self, before: str, after: str) -> bool:
        return True


class DocumentsLoseTheirLastByte(Ward):
    """The end of a letter is missing."""

    def kept(self, content: bytes) -> bytes:
        return content[:-1]


class TooLargeDocumentsAreTaken(Ward):
    """One film fills the shelf."""

    def takes(self, kind: str, content: bytes) -> None:
        super().takes(kind, content[:1] if kind in KINDS else content)


class AFiledReportKeepsThePatientIn(Ward):
    """Nobody goes home of whom there is a paper."""

    def move(self, stay: dict[str, Any], to: Any) -> dict[str, Any]:
        if to == "GONE HOME" and self.people[stay["of"]].papers:
            raise Wrong("stage", "There are papers.")
        return super().move(stay, to)


class NeverReady(Ward):
    """It works, and says that it does not."""

    def ready(self) -> bool:
        return False


class TheReleaseBeforeStillRuns(Ward):
    """Nobody has noticed that nothing was exchanged."""

    def edition(self) -> str:
        return "4.1.9"


class DischargesAreForgotten(Ward):
    """The discharge is acknowledged, with the right answer, and not stored."""

    def move(self, stay: dict[str, Any], to: Any) -> dict[str, Any]:
        return super().move({**stay} if to == "GONE HOME" else stay, to)


class DocumentsAreCutAtAMebibyte(Ward):
    """The last pages of a long letter are missing."""

    def file(self, person: Person, called: str, kind: str, content: bytes) -> dict[str, Any]:
        paper = super().file(person, called, kind, content)
        stored = person.papers[paper["no"]]
        person.papers[paper["no"]] = {**stored, "content": content[: 1024 * 1024]}
        return paper
