"""Cleanup: remove what a run created, and report the outcome for each thing.

Nothing is removed by its id alone: it is read first, and what is not the run's is left and told.
What the target calls deleted is read once more before it is called so.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from cutover_gates.core.evidence.ledger import Ledger
from cutover_gates.core.evidence.ledger_lines import ALREADY_GONE, RemainingRecord
from cutover_gates.drivers.production_guard import GuardError
from cutover_gates.drivers.record_owner import Ownership, RecordOwner
from cutover_gates.hospital import (
    Driver,
    MappingError,
    ProtocolViolation,
    Reason,
    Rejected,
    Session,
    Unsupported,
)
from cutover_gates.util.text import first_error_line

ORDER = ("document", "visit", "patient")
"""The order of retirement: a target refuses to retire a patient who still has documents."""
TIME_OVER = "the time for cleaning up was over; the next run, or `pytest --sweep`, goes on"
DELETED = "deleted"
"""The word of a mapping for a record that can no longer be read. Other words mark a record."""
REMOVED_BEFORE = "removed by a run that was killed"
"""How a record is retired that is not there, and that a run began to remove before."""
STILL_THERE = "the target acknowledged the deletion, and the record is still there"
AT_A_TIME = 4
"""Things that are read and removed at the same time: cleaning up must not be a load."""
_FAILURES = (Rejected, ProtocolViolation, MappingError, GuardError)


@dataclass(frozen=True)
class CleanupResult:
    """The outcome for one thing: `how` it was retired, or else `why` it is still there."""

    kind: str
    key: str
    id: str | None
    how: str | None
    why: str | None = None
    run: str = ""


def sweep(
    driver: Driver, ledger: Ledger, session: Session, until: float = float("inf")
) -> list[CleanupResult]:
    """Retire everything in the ledger: documents, then visits, then patients, each newest first.

    One failure never stops the others: it is a result with the reason, and stays in the ledger for
    the next sweep. After `until` (monotonic clock) nothing more is begun.
    """
    return _Sweep(driver, ledger, session).run(until)


class _Sweep:
    """One pass over a ledger. `waiting` are things that only go with their patient."""

    def __init__(self, driver: Driver, ledger: Ledger, session: Session) -> None:
        self._driver, self._ledger, self._session = driver, ledger, session
        self._owner = RecordOwner(driver, session)
        self._unsupported: set[str] = set()
        self._waiting: list[RemainingRecord] = []
        self._until = float("inf")

    def run(self, until: float) -> list[CleanupResult]:
        self._until = until
        results: list[CleanupResult] = []
        with ThreadPoolExecutor(AT_A_TIME, thread_name_prefix="cleanup") as threads:
            for kind in ORDER:
                records = [
                    record for record in self._ledger.remaining_records() if record.kind == kind
                ]
                for processed in threads.map(self._process, records):
                    results += processed
            retired = {result.id: result.how for result in results if result.kind == "patient"}
            results += threads.map(
                lambda record: self._retire_with_patient(record, retired), self._waiting
            )
        return results

    def _process(self, record: RemainingRecord) -> list[CleanupResult]:
        if time.monotonic() > self._until:
            return [_failure(record, TIME_OVER)]
        try:
            things = self._resolve(record)
        except Unsupported:
            things = [record]  # it cannot be looked up, so it goes with its patient or stays
        except _FAILURES as error:
            return [_failure(record, first_error_line(error))]
        return [result for thing in things if (result := self._retire(thing)) is not None]

    def _resolve(self, record: RemainingRecord) -> list[RemainingRecord]:
        """Return the things of an entry: itself, or what a look-up finds for one without an id."""
        if record.id is not None:
            return [record]
        try:
            ids = self._look_up_ids(record)
        except Rejected as rejection:
            if rejection.reason is not Reason.NOT_FOUND:
                raise
            ids = []
        known = self._ledger.created_ids(record.kind)
        new = [thing_id for thing_id in ids if thing_id not in known]
        if not new:
            self._ledger.record_deleted(record, "never came to be")
        return [replace(record, id=thing_id) for thing_id in new]

    def _look_up_ids(self, record: RemainingRecord) -> Sequence[str]:
        if record.kind == "patient":
            return self._owner.own_patients(record)
        return self._owner.own_entries(record)

    def _retire(self, record: RemainingRecord) -> CleanupResult | None:
        """Retire one thing that is the run's. None where it can only go with its patient."""
        if record.id is None or record.kind in self._unsupported:
            self._waiting.append(record)
            return None
        try:
            return self._retire_own(record)
        except Unsupported as missing:
            if record.kind == "patient":
                return _failure(record, str(missing))
            self._unsupported.add(record.kind)
            self._waiting.append(record)
            return None
        except _FAILURES as error:
            return _failure(record, first_error_line(error))

    def _retire_own(self, record: RemainingRecord) -> CleanupResult:
        owned = self._owner.look(record)
        if owned.ownership is Ownership.FOREIGN:
            return _failure(record, f"it is not touched: {owned.why}")
        if owned.ownership is Ownership.GONE:
            how = REMOVED_BEFORE if record.removal_begun else ALREADY_GONE
            return self._succeed(record, how)
        try:
            how = self._remove(record)
        except Rejected as rejection:
            if rejection.reason is not Reason.NOT_FOUND:
                raise
            how = ALREADY_GONE
        if how == DELETED and self._owner.is_present(record):
            self._ledger.record_removal(record, begun=False)
            return _failure(record, STILL_THERE)
        return self._succeed(record, how)

    def _remove(self, record: RemainingRecord) -> str:
        """Remove the record. The ledger says so before, and until an answer tells the outcome."""
        assert record.id is not None  # `_retire` has asked.
        self._ledger.record_removal(record, begun=True)
        try:
            return self._driver.retire(self._session, record.kind, record.id, record.patient_id)
        except (Rejected, Unsupported, GuardError):
            self._ledger.record_removal(record, begun=False)
            raise

    def _retire_with_patient(
        self, record: RemainingRecord, retired: dict[str | None, str | None]
    ) -> CleanupResult:
        how = retired.get(record.patient_id)
        if how is None:
            return _failure(record, "it goes only with its patient, who is still there")
        try:
            if how == DELETED and record.id and self._owner.is_present(record):
                return _failure(record, STILL_THERE)
        except Unsupported:
            pass  # it cannot be read, and its patient is gone
        except _FAILURES as error:
            return _failure(record, first_error_line(error))
        return self._succeed(record, f"with its patient: {how}")

    def _succeed(self, record: RemainingRecord, how: str) -> CleanupResult:
        self._ledger.record_deleted(record, how)
        return CleanupResult(record.kind, record.key, record.id, how, run=record.run)


def _failure(record: RemainingRecord, why: str) -> CleanupResult:
    return CleanupResult(record.kind, record.key, record.id, None, why, record.run)
