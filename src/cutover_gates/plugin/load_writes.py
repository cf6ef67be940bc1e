"""Reads again at the end of a load run what the target acknowledged under load.

A race that loses one write of many shows here first. Every field that was sent is compared, and
the state of each visit after its last acknowledged move. Where a load process was lost, what it
sent last is not known: only what never changes is compared then, and the rest is not proven.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date

from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.core.evidence.ledger import Ledger
from cutover_gates.core.evidence.ledger_lines import RemainingRecord
from cutover_gates.core.findings import Finding
from cutover_gates.drivers import rules
from cutover_gates.drivers.session_reader import SessionReader
from cutover_gates.drivers.write_comparison import WriteComparison
from cutover_gates.hospital import Driver, PatientDraft, Role, Session
from cutover_gates.hospital.matchers.read_back import RecordSource
from cutover_gates.hospital.write_journal import ExpectedRecord, WriteJournal
from cutover_gates.plugin.acknowledged_writes import (
    COMPARING_SECONDS,
    UNIQUE_NUMBERS,
    reading_role,
    save_answer,
)
from cutover_gates.plugin.run import PytestRun
from cutover_gates.targets.driver_factory import load_unsupported_operations
from cutover_gates.targets.running_target import RunningTarget
from cutover_gates.targets.stored_access import open_stored_records

MOST_RECORDS = 500
"""Records that are read again; of more, so many are taken evenly over the run."""
PROCESS = "load"
LOG_INCOMPLETE = (
    "the log of a load process is incomplete: names, states and bytes were not compared"
)
_ANY_DAY = date(2000, 2, 29)


def save_load_comparison(
    run: PytestRun,
    target: RunningTarget,
    driver: Driver,
    sessions: Callable[[Role], Session],
    ledger: Ledger,
    journal: WriteJournal | None,
) -> None:
    """Compare what the load created with what is stored.

    `journal` has what was sent; None where it is not known of every process. The answer is left for
    the controller's verdict; without a gate nothing is read.
    """
    if not run.folders:
        return
    unsupported = frozenset(load_unsupported_operations(run.settings))
    records = _expected_records(_choose(ledger.remaining_records()), driver, journal)
    role = reading_role(target)
    readers: list[RecordSource] = [SessionReader(driver, lambda: sessions(role))]
    with open_stored_records(run.settings, target) as database:
        if database is not None:
            readers.insert(0, database)
        comparison = WriteComparison(readers, unsupported, time.monotonic() + COMPARING_SECONDS)
        answer = comparison.assess(records, unique_numbers=UNIQUE_NUMBERS not in unsupported)
    save_answer(run, PROCESS, answer if journal else _add_gap(answer))


def _add_gap(answer: Assessment) -> Assessment:
    gap = Finding(rules.WRITES_COMPARED, PROCESS, actual=LOG_INCOMPLETE)
    return replace(answer, not_proven=(*answer.not_proven, gap))


def _expected_records(
    records: Sequence[RemainingRecord], driver: Driver, journal: WriteJournal | None
) -> list[ExpectedRecord]:
    """Return what must be stored of each record: all that was sent, as far as that is known."""
    sent = journal.expected_records(driver.features.stored_form) if journal else []
    by_id = {(record.kind, record.id): record for record in sent}
    return [
        by_id.get((record.kind, record.id or "")) or _expect(record, driver) for record in records
    ]


def _choose(records: Sequence[RemainingRecord]) -> Sequence[RemainingRecord]:
    created = [record for record in records if record.id]
    step = max(1, -(-len(created) // MOST_RECORDS))
    return created[::step]


def _expect(record: RemainingRecord, driver: Driver) -> ExpectedRecord:
    fields: dict[str, object] = {"patient_id": record.patient_id}
    if record.kind == "patient":
        draft = PatientDraft(record.key, "-", "-", _ANY_DAY)
        fields = {"mrn": driver.features.stored_form(draft).mrn}
    elif record.kind == "visit":
        fields["reason"] = record.key
    else:
        fields["file_name"] = record.key
    patient_id = record.patient_id or record.id or ""
    return ExpectedRecord(record.kind, record.id or "", patient_id, (fields,))
