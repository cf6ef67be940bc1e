"""The audit log: one entry for each act, with its person, its outcome and its time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from cutover_gates.core.findings import FindingsError
from cutover_gates.hospital import Answer, AuditEntry, Reason, Rejected, Session, Unsupported
from cutover_gates.hospital.matchers import AuditTrail, TargetCapabilities

PERSON = Session("nurse", "token", variables={"user_id": 17})
Act = Callable[[], object]


class Log:
    """An audit log that grows by what `act` gives it."""

    def __init__(self) -> None:
        self.entries = [entry("0")]

    def write(self, *entries: AuditEntry) -> Act:
        return lambda: self.entries.extend(entries)

    def refuse(self, *entries: AuditEntry) -> Act:
        def act() -> None:
            self.entries.extend(entries)
            raise Rejected(Reason.FORBIDDEN, "", Answer(403, {}, b""))

        return act

    def trail(self, **absent: str) -> AuditTrail:
        names = {name.replace("_", "-"): why for name, why in absent.items()}
        capabilities = TargetCapabilities(names, lambda *_, **__: None)
        return AuditTrail(lambda _: self.entries, 0.1, timedelta(seconds=5), capabilities)


def entry(entry_id: str = "1", who: str = "nurse", *, allowed: bool = True) -> AuditEntry:
    now = datetime.now(UTC)
    return AuditEntry(entry_id, frozenset({who}), allowed, "patient.read", "7", now)


def test_an_entry_of_the_person_proves_the_act() -> None:
    log = Log()
    log.trail().require_read("7", PERSON, log.write(entry()))
    log.trail().require_write("7", PERSON, log.write(entry("2", who="17")))
    log.trail().require_refusal("7", PERSON, log.refuse(entry("3", allowed=False)))


@pytest.mark.parametrize(
    "written",
    [
        [],
        [entry(who="system")],
        [entry(allowed=False)],
        [replace(entry(), at=datetime.now(UTC) - timedelta(hours=2))],
        [replace(entry(), patient_id="8")],
        [entry(), entry("2")],
        [entry("0")],
    ],
    ids=["none", "somebody else", "refused", "another time", "another patient", "two", "an old id"],
)
def test_another_entry_or_none_is_a_finding(written: list[AuditEntry]) -> None:
    log = Log()
    with pytest.raises(FindingsError):
        log.trail().require_read("7", PERSON, log.write(*written))


def test_a_refusal_that_is_written_as_allowed_is_a_finding() -> None:
    log = Log()
    with pytest.raises(FindingsError):
        log.trail().require_refusal("7", PERSON, log.refuse(entry()))


def test_an_act_that_should_be_refused_and_is_done_is_a_finding() -> None:
    log = Log()
    with pytest.raises(FindingsError, match="a rejection"):
        log.trail().require_refusal("7", PERSON, log.write(entry(allowed=False)))


def test_what_a_log_is_declared_not_to_hold_is_looked_for_all_the_same() -> None:
    log = Log()
    with pytest.raises(Unsupported):
        log.trail(audit_reads="writes only").require_read("7", PERSON, log.write())
    with pytest.raises(Unsupported):
        log.trail(audit_refusals="successes only").require_refusal("7", PERSON, log.refuse())
    # What it holds all the same is proven.
    log.trail(audit_reads="writes only").require_read("7", PERSON, log.write(entry()))
    log.trail(audit_once="a line for each query").require_read(
        "7", PERSON, log.write(entry(), entry("2"))
    )


def test_an_entry_without_time_and_patient_is_enough() -> None:
    log = Log()
    log.trail().require_write("7", PERSON, log.write(replace(entry(), at=None, patient_id=None)))


def test_entries_that_are_kept_prove_it_and_lost_ones_are_a_finding() -> None:
    log = Log()
    log.trail().require_kept("7", log.write(entry()))
    with pytest.raises(FindingsError):
        log.trail().require_kept("7", log.entries.clear)


def test_a_log_that_was_empty_before_proves_nothing() -> None:
    log = Log()
    log.entries.clear()
    with pytest.raises(FindingsError):
        log.trail().require_kept("7", log.write(entry()))
