"""The matcher of entries in the audit log that are about no single patient: searches, sign-ins."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cutover_gates.core.findings import THIS_CHECK, Finding, FindingsError
from cutover_gates.hospital.answers import AuditEntry
from cutover_gates.hospital.matchers.audit_trail import (
    ABSENT_SECONDS,
    find_wrong_times,
    wait_for_entries,
)
from cutover_gates.hospital.matchers.capability_checks import TargetCapabilities

SEARCHES, SIGN_INS = "audit-searches", "audit-sign-ins"
"""Capabilities that a target whose log can be read by account may lack."""


@dataclass(frozen=True)
class AccountTrail:
    """The newest entries of the audit log, whoever they are about.

    `read` returns those of an account since a moment, or the newest of all. `seconds` is how long
    after an act its entry may be missing, `clock_skew` by how much the target's clock may differ.
    """

    read: Callable[[str, datetime], Sequence[AuditEntry]]
    seconds: float
    clock_skew: timedelta
    capabilities: TargetCapabilities

    def require_searches(
        self, names: Collection[str], patient_id: str, acts: Sequence[Callable[[], object]]
    ) -> None:
        """Do `acts`, which search for a patient, and require an entry for each.

        `names` are those of the person, the user name first.
        """
        self._require(SEARCHES, names, acts, allowed=True, about=(None, patient_id))

    def require_sign_in(
        self, names: Collection[str], act: Callable[[], object], *, allowed: bool
    ) -> None:
        """Do `act`, which signs in or tries to, and require its entry."""
        self._require(SIGN_INS, names, [act], allowed=allowed, about=(None,))

    def _require(
        self,
        capability: str,
        names: Collection[str],
        acts: Sequence[Callable[[], object]],
        *,
        allowed: bool,
        about: tuple[str | None, ...],
    ) -> None:
        account, began = next(iter(names)), datetime.now(UTC)
        since = began - self.clock_skew
        known = {entry.id for entry in self.read(account, since)}
        for act in acts:
            act()

        def find_entries() -> list[AuditEntry]:
            new = [entry for entry in self.read(account, since) if entry.id not in known]
            own = [entry for entry in new if entry.who & {*names} and entry.allowed is allowed]
            return [entry for entry in own if entry.patient_id in about]

        is_absent = self.capabilities.lacks(capability)
        limit = min(self.seconds, ABSENT_SECONDS) if is_absent else self.seconds
        entries = wait_for_entries(find_entries, limit, len(acts))
        self.capabilities.allow_lack(capability, is_lacking=len(entries) < len(acts))
        if len(entries) < len(acts):
            raise FindingsError(self._describe_missing(len(acts), len(entries), allowed=allowed))
        if findings := find_wrong_times(entries, began, self.clock_skew):
            raise FindingsError(*findings)

    def _describe_missing(self, wanted: int, found: int, *, allowed: bool) -> Finding:
        outcome = "allowed" if allowed else "refused"
        expected = f"{wanted} of the person who acted, {outcome}, within {self.seconds:g} s"
        return Finding(THIS_CHECK, "entries in the audit log", expected, f"{found}")
