"""Searches and sign-ins in the audit log: one entry for each, of the right person and outcome."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from cutover_gates.core.findings import FindingsError
from cutover_gates.hospital import AuditEntry, Unsupported
from cutover_gates.hospital.matchers import AccountTrail, TargetCapabilities

NAMES = ["nurse", "17"]


def entry(entry_id: str, who: str = "nurse", *, allowed: bool = True) -> AuditEntry:
    return AuditEntry(entry_id, frozenset({who}), allowed, "search", None, datetime.now(UTC))


class Log:
    """A log, and what was noted of capabilities."""

    def __init__(self) -> None:
        self.entries = [entry("0")]
        self.noted: list[object] = []

    def write(self, *entries: AuditEntry) -> Callable[[], None]:
        return lambda: self.entries.extend(entries)

    def trail(self, *absent: str) -> AccountTrail:
        capabilities = TargetCapabilities(
            dict.fromkeys(absent, "it is so"),
            lambda _title, **facts: self.noted.append(facts["works"]),
        )
        return AccountTrail(
            lambda _account, _since: list(self.entries), 0.1, timedelta(seconds=5), capabilities
        )


def test_each_search_has_an_entry_of_nobody_or_of_the_patient() -> None:
    log = Log()
    found = [entry("1"), replace(entry("2", "17"), patient_id="7")]
    log.trail().require_searches(NAMES, "7", [log.write(one) for one in found])


@pytest.mark.parametrize(
    "written",
    [
        [],
        [entry("1")],
        [entry("1"), entry("2", "doctor")],
        [entry("1"), entry("2", allowed=False)],
        [entry("1"), replace(entry("2"), patient_id="8")],
        [entry("1"), replace(entry("2"), at=datetime.now(UTC) - timedelta(hours=1))],
        [entry("0"), entry("1")],
    ],
    ids=["none", "one", "another's", "refused", "another patient", "another time", "an old one"],
)
def test_another_entry_stands_for_no_search(written: list[AuditEntry]) -> None:
    log = Log()
    with pytest.raises(FindingsError):
        log.trail().require_searches(NAMES, "7", [log.write(*written), lambda: None])


def test_a_refused_sign_in_is_not_written_as_allowed() -> None:
    log = Log()
    log.trail().require_sign_in(["x"], log.write(entry("1", "x", allowed=False)), allowed=False)
    with pytest.raises(FindingsError):
        log.trail().require_sign_in(["x"], log.write(entry("2", "x")), allowed=False)


def test_what_is_declared_absent_is_looked_for_all_the_same() -> None:
    log = Log()
    trail = log.trail("audit-sign-ins")
    with pytest.raises(Unsupported):
        trail.require_sign_in(["x"], lambda: None, allowed=True)
    trail.require_sign_in(["x"], log.write(entry("1", "x")), allowed=True)
    assert log.noted == [False, True]
