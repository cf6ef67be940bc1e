"""The matcher of the audit log: each act leaves one entry with its person and its outcome."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cutover_gates.core.findings import THIS_CHECK, Finding, FindingsError
from cutover_gates.hospital.answers import AuditEntry, Rejected, Unsupported
from cutover_gates.hospital.values import Session

POLL_SECONDS = 0.05
READS, REFUSALS, ONCE = "audit-reads", "audit-refusals", "audit-once"
"""Capabilities that a target with an audit log may lack."""


@dataclass(frozen=True)
class AuditTrail:
    """The audit log of a target.

    `read` returns the entries of one patient. `seconds` is how long after an act its entry may be
    missing, `clock_skew` by how much the target's clock may differ. `absent` are the capabilities
    that are declared absent, with the reasons.
    """

    read: Callable[[str], Sequence[AuditEntry]]
    seconds: float
    clock_skew: timedelta
    absent: Mapping[str, str]

    def require_read(self, patient_id: str, session: Session, act: Callable[[], object]) -> None:
        """Do `act`, which only reads, and require its entry."""
        self._require_capability(READS)
        self._require(patient_id, session, act, allowed=True)

    def require_write(self, patient_id: str, session: Session, act: Callable[[], object]) -> None:
        """Do `act`, which changes something, and require its entry."""
        self._require(patient_id, session, act, allowed=True)

    def require_refusal(self, patient_id: str, session: Session, act: Callable[[], object]) -> None:
        """Do `act`, which the target must refuse, and require an entry that says so."""
        self._require_capability(REFUSALS)

        def refused_act() -> None:
            try:
                act()
            except Rejected:
                return
            raise FindingsError(Finding(THIS_CHECK, "", "a rejection", "the target did it"))

        self._require(patient_id, session, refused_act, allowed=False)

    def _require_capability(self, name: str) -> None:
        if name in self.absent:
            raise Unsupported(name, self.absent[name])

    def _require(
        self, patient_id: str, session: Session, act: Callable[[], object], *, allowed: bool
    ) -> None:
        known = {entry.id for entry in self.read(patient_id)}
        began = datetime.now(UTC)
        act()
        entries = self._wait_for_entries(patient_id, known, _names_of(session), allowed)
        if not entries:
            raise FindingsError(self._describe_missing(patient_id, known, allowed))
        findings = [
            *self._find_wrong_times(entries, began),
            *self._find_wrong_patients(entries, patient_id),
        ]
        if len(entries) > 1 and ONCE not in self.absent:
            findings.append(Finding(THIS_CHECK, "audit log", "one entry", f"{len(entries)}"))
        if findings:
            raise FindingsError(*findings)

    def _wait_for_entries(
        self, patient_id: str, known: set[str], names: frozenset[str], allowed: bool
    ) -> list[AuditEntry]:
        """Return the new entries of this person, as soon as there is one."""
        deadline = time.monotonic() + self.seconds
        while True:
            new = [entry for entry in self.read(patient_id) if entry.id not in known]
            entries = [one for one in new if one.who & names and one.allowed is allowed]
            if entries or time.monotonic() > deadline:
                return entries
            time.sleep(POLL_SECONDS)

    def _describe_missing(self, patient_id: str, known: set[str], allowed: bool) -> Finding:
        """Return the finding: what new entries there are instead, without names of people."""
        outcome = _outcome(allowed)
        new = [entry for entry in self.read(patient_id) if entry.id not in known]
        actual = ", ".join(f"{_outcome(entry.allowed)}: {entry.action}" for entry in new)
        expected = f"an entry of the person who acted, {outcome}, within {self.seconds:g} s"
        shown = f"entries of others or with another outcome ({actual})" if new else "no entry"
        return Finding(THIS_CHECK, "audit log", expected, shown)

    def _find_wrong_times(self, entries: Sequence[AuditEntry], began: datetime) -> list[Finding]:
        earliest, latest = began - self.clock_skew, datetime.now(UTC) + self.clock_skew
        expected = f"between {earliest:%H:%M:%S} and {latest:%H:%M:%S} UTC"
        return [
            Finding(THIS_CHECK, "time of the entry", expected, f"{entry.at:%Y-%m-%d %H:%M:%S %Z}")
            for entry in entries
            if entry.at is not None and not earliest <= entry.at <= latest
        ]

    def _find_wrong_patients(self, entries: Sequence[AuditEntry], patient_id: str) -> list[Finding]:
        return [
            Finding(THIS_CHECK, "patient of the entry", "the one who was used", "another one")
            for entry in entries
            if entry.patient_id not in (None, patient_id)
        ]


def _names_of(session: Session) -> frozenset[str]:
    """Return the names of the person: the user name, and what the sign-in captured of them."""
    people = (session, *session.deputies.values())
    captured = [str(value) for one in people for value in one.variables.values()]
    return frozenset([*(one.username for one in people), *captured])


def _outcome(allowed: bool) -> str:
    return "allowed" if allowed else "refused"
