"""Faults of the audit log: uses that it does not hold, or holds wrongly."""

# What takes a function's place takes what that one took, whether it looks at it or not.

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from reference.audit import store
from reference.pool import Rows
from tests.faults.fault import replace
from tests.faults.functional.functional_fault import FunctionalFault


class _AuditLog(FunctionalFault):
    """Some entries are written otherwise, or not at all.

    `actions` begin the names of those; empty for all. `ended`: only those with this outcome.
    """

    item = "access-control"
    actions: ClassVar[tuple[str, ...]] = ("",)
    ended: ClassVar[str] = ""

    def entry(self, values: dict[str, Any]) -> list[Mapping[str, Any]]:
        """Return the entries that are written instead of this one."""
        raise NotImplementedError

    def put_in(self) -> None:
        write = store.write

        def write_otherwise(
            connection: Rows,
            username: str,
            action: str,
            patient_id: UUID | None,
            outcome: str,
            request_id: str,
        ) -> None:
            values = {
                "username": username,
                "action": action,
                "patient_id": patient_id,
                "outcome": outcome,
                "request_id": request_id,
            }
            is_hit = action.startswith(self.actions) and self.ended in ("", outcome)
            for entry in self.entry(values) if is_hit else [values]:
                write(connection, **entry)

        replace(store, write=write_otherwise)


class LooksAreNotInTheAuditLog(_AuditLog):
    """Nobody can say who looked at the minister's record."""

    actions = ("patient.read", "visit.read", "visit.list", "document.read", "document.list")
    ended = "allowed"

    def entry(self, values: dict[str, Any]) -> list[Mapping[str, Any]]:
        return []


class DownloadsAreNotInTheAuditLog(_AuditLog):
    """The letter is in the newspaper, and nobody has opened it."""

    actions = ("document.download",)

    def entry(self, values: dict[str, Any]) -> list[Mapping[str, Any]]:
        return []


class CorrectionsAreNotInTheAuditLog(_AuditLog):
    """The allergy is gone from the record, and nobody has removed it."""

    actions = ("patient.update", "visit.admit")

    def entry(self, values: dict[str, Any]) -> list[Mapping[str, Any]]:
        return []


class SearchesAreNotInTheAuditLog(_AuditLog):
    """Who looked for the minister by name, and saw that she is here, is not known."""

    actions = ("patient.search",)

    def entry(self, values: dict[str, Any]) -> list[Mapping[str, Any]]:
        return []


class SignInsAreNotInTheAuditLog(_AuditLog):
    """An account is used at night, and nobody can say that it was."""

    actions, ended = ("session.open",), "allowed"

    def entry(self, values: dict[str, Any]) -> list[Mapping[str, Any]]:
        return []


class GuessesAreNotInTheAuditLog(_AuditLog):
    """Somebody tries one password after the other, and nobody notices."""

    actions, ended = ("session.open",), "refused"

    def entry(self, values: dict[str, Any]) -> list[Mapping[str, Any]]:
        return []


class RefusalsAreNotInTheAuditLog(_AuditLog):
    """Somebody tries one record after the other for a week, and nobody notices."""

    ended = "refused"

    def entry(self, values: dict[str, Any]) -> list[Mapping[str, Any]]:
        return []


class RefusalsAreWrittenAsAllowed(_AuditLog):
    """A nurse is said to have read what she was never shown."""

    ended = "refused"

    def entry(self, values: dict[str, Any]) -> list[Mapping[str, Any]]:
        return [{**values, "outcome": "allowed"}]


class TheAuditLogNamesTheServer(_AuditLog):
    """Every use was by “system”: the log is full and says nothing."""

    def entry(self, values: dict[str, Any]) -> list[Mapping[str, Any]]:
        return [{**values, "username": "system"}]


class UploadsAreInTheAuditLogTwice(_AuditLog):
    """Who is asked why two letters were filed cannot show that it was one."""

    actions = ("document.upload",)

    def entry(self, values: dict[str, Any]) -> list[Mapping[str, Any]]:
        return [values, values]


class _AuditPage(FunctionalFault):
    """The entries are read otherwise than they were written."""

    item = "access-control"

    def items(self, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return the entries of a page that are shown."""
        raise NotImplementedError

    def put_in(self) -> None:
        page = store.page

        def page_otherwise(*place: Any) -> dict[str, Any]:
            found = page(*place)
            shown = self.items(found["items"])
            return {**found, "items": shown, "total": len(shown)}

        replace(store, page=page_otherwise)


class TheAuditLogIsAMinuteLate(_AuditPage):
    """Whoever is asked at once finds nothing, and tells the patient so."""

    def items(self, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        late = datetime.now(UTC) - timedelta(minutes=1)
        return [entry for entry in items if entry["at"] < late]


class TheAuditLogHasAnotherTime(_AuditPage):
    """The look at the record was two hours before the shift of the one who looked."""

    def items(self, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{**entry, "at": entry["at"] - timedelta(hours=2)} for entry in items]
