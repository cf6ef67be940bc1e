"""The matcher of the audit log: each act leaves one entry with its person and its outcome."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cutover_gates.core.findings import THIS_CHECK, Finding, FindingsError
from cutover_gates.hospital.answers import AuditEntry, Rejected
from cutover_gates.hospital.matchers.capability_checks import TargetCapabilities
from cutover_gates.hospital.values import Session

POLL_SECONDS = 0.05
ABSENT_SECONDS = 1.0
"""Seconds for which an entry is looked for that the log is declared not to hold."""
READS, REFUSALS, ONCE = "audit-reads", "audit-refusals", "audit-once"
"""Capabilities that a target with an audit log may lack."""


@dataclass(frozen=True)
class AuditTrail:
    """The audit log of a target.

    `read` returns the entries of one patient. `seconds` is how long after an act its entry may be
    missing, `clock_skew` by how much the target's clock may differ. `capabilities` are those of the
    target: what the log is declared not to hold is looked for all the same.
    """

    read: Callable[[str], Sequence[AuditEntry]]
    seconds: float
    clock_skew: timedelta
    capabilities: TargetCapabilities

    def require_read(self, patient_id: str, session: Session, act: Callable[[], object]) -> None:
        """Do `act`, which only reads, and require its entry."""
        self._require(patient_id, session, act, allowed=True, capability=READS)

    def require_write(self, patient_id: str, session: Session, act: Callable[[], object]) -> None:
        """Do `act`, which changes something, and require its entry."""
        self._require(patient_id, session, act, allowed=True)

    def require_refusal(self, patient_id: str, session: Session, act: Callable[[], object]) -> None:
        """Do `act`, which the target must refuse, and require an entry that says so."""

        def refused_act() -> None:
            try:
                act()
            except Rejected:
                return
            raise FindingsError(Finding(THIS_CHECK, "", "a rejection", "the target did it"))

        self._require(patient_id, session, refused_act, allowed=False, capability=REFUSALS)

    def require_kept(self, patient_id: str, act: Callable[[], object]) -> None:
        """Do `act`, and require that the entries that the patient had are still there."""
        before = {entry.id for entry in self.read(patient_id)}
        act()
        lost = before - {entry.id for entry in self.read(patient_id)}
        if lost or not before:
            expected = f"the {len(before)} entries from before" if before else "an entry before"
            raise FindingsError(Finding(THIS_CHECK, "audit log", expected, f"{len(lost)} are lost"))

    def _require(
        self,
        patient_id: str,
        session: Session,
        act: Callable[[], object],
        *,
        allowed: bool,
        capability: str = "",
    ) -> None:
        known = {entry.id for entry in self.read(patient_id)}
        began = datetime.now(UTC)
        act()
        names = names_of(session)

        def find_entries() -> list[AuditEntry]:
            new = [entry for entry in self.read(patient_id) if entry.id not in known]
            return [one for one in new if one.who & names and one.allowed is allowed]

        entries = wait_for_entries(find_entries, self._limit(capability))
        if capability:
            self.capabilities.allow_lack(capability, is_lacking=not entries)
        if not entries:
            raise FindingsError(self._describe_missing(patient_id, known, allowed))
        findings = [
            *find_wrong_times(entries, began, self.clock_skew),
            *self._find_wrong_patients(entries, patient_id),
            *self._find_repetitions(entries),
        ]
        if findings:
            raise FindingsError(*findings)

    def _limit(self, capability: str) -> float:
        is_absent = self.capabilities.lacks(capability)
        return min(self.seconds, ABSENT_SECONDS) if is_absent else self.seconds

    def _find_repetitions(self, entries: Sequence[AuditEntry]) -> list[Finding]:
        if self.capabilities.lacks(ONCE):
            self.capabilities.note(ONCE, works=len(entries) == 1)
            return []
        if len(entries) == 1:
            return []
        return [Finding(THIS_CHECK, "audit log", "one entry", f"{len(entries)}")]

    def _describe_missing(self, patient_id: str, known: set[str], allowed: bool) -> Finding:
        """Return the finding: what new entries there are instead, without names of people."""
        outcome = _outcome(allowed)
        new = [entry for entry in self.read(patient_id) if entry.id not in known]
        actual = ", ".join(f"{_outcome(entry.allowed)}: {entry.action}" for entry in new)
        expected = f"an entry of the person who acted, {outcome}, within {self.seconds:g} s"
        shown = f"entries of others or with another outcome ({actual})" if new else "no entry"
        return Finding(THIS_CHECK, "audit log", expected, shown)

    def _find_wrong_patients(self, entries: Sequence[AuditEntry], patient_id: str) -> list[Finding]:
        return [
            Finding(THIS_CHECK, "patient of the entry", "the one who was used", "another one")
            for entry in entries
            if entry.patient_id not in (None, patient_id)
        ]


def wait_for_entries(
    find: Callable[[], list[AuditEntry]], seconds: float, times: int = 1
) -> list[AuditEntry]:
    """Return the entries that `find` returns, as soon as there are so many of them."""
    deadline = time.monotonic() + seconds
    while True:
        entries = find()
        if len(entries) >= times or time.monotonic() > deadline:
            return entries
        time.sleep(POLL_SECONDS)


def find_wrong_times(
    entries: Sequence[AuditEntry], began: datetime, clock_skew: timedelta
) -> list[Finding]:
    """Return a finding for each entry whose time is not that of the act, which has just ended."""
    earliest, latest = began - clock_skew, datetime.now(UTC) + clock_skew
    expected = f"between {earliest:%H:%M:%S} and {latest:%H:%M:%S} UTC"
    return [
        Finding(THIS_CHECK, "time of the entry", expected, f"{entry.at:%Y-%m-%d %H:%M:%S %Z}")
        for entry in entries
        if entry.at is not None and not earliest <= entry.at <= latest
    ]


def names_of(session: Session) -> frozenset[str]:
    """Return the names of the person: the user name, and what the sign-in captured of them."""
    people = (session, *session.deputies.values())
    captured = [str(value) for one in people for value in one.variables.values()]
    return frozenset([*(one.username for one in people), *captured])


def _outcome(allowed: bool) -> str:
    return "allowed" if allowed else "refused"
