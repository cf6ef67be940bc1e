"""Cleanup: retire what a run created, and report the outcome for each thing."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from cutover_gates.core.evidence.ledger import Ledger
from cutover_gates.core.evidence.ledger_lines import RemainingRecord
from cutover_gates.drivers.production_guard import GuardError
from cutover_gates.hospital import (
    Driver,
    MappingError,
    Patient,
    PatientQuery,
    ProtocolViolation,
    Reason,
    Rejected,
    Session,
    Unsupported,
)

ORDER = ("document", "visit", "patient")
"""The order of retirement: a target refuses to retire a patient who still has documents."""
TIME_OVER = "the time for cleaning up was over; the next run, or `pytest --sweep`, goes on"


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
        self._results: list[CleanupResult] = []
        self._waiting: list[RemainingRecord] = []

    def run(self, until: float) -> list[CleanupResult]:
        for kind in ORDER:
            for record in self._ledger.remaining_records():
                if record.kind == kind:
                    self._process(record, until)
        retired = {result.id: result.how for result in self._results if result.kind == "patient"}
        with_patient = [self._retire_with_patient(record, retired) for record in self._waiting]
        return self._results + with_patient

    def _process(self, record: RemainingRecord, until: float) -> None:
        if time.monotonic() > until:
            self._fail(record, TIME_OVER)
            return
        for thing in self._resolve(record):
            result = self._retire(thing)
            if result is None:
                self._waiting.append(thing)
            else:
                self._results.append(result)

    def _fail(self, record: RemainingRecord, why: str) -> None:
        self._results.append(_failure(record, why))

    def _resolve(self, record: RemainingRecord) -> list[RemainingRecord]:
        """Return the things of an entry: itself, or what a look-up finds for one without an id."""
        if record.id is not None:
            return [record]
        try:
            ids = self._look_up_ids(record)
        except Rejected as rejection:
            if rejection.reason is not Reason.NOT_FOUND:
                self._fail(record, str(rejection))
                return []
            ids = []
        except Unsupported:
            return [record]  # it cannot be looked up, so it goes with its patient or stays
        except (ProtocolViolation, MappingError, GuardError) as error:
            self._fail(record, str(error).splitlines()[0])
            return []
        known = self._ledger.created_ids(record.kind)
        new = [thing_id for thing_id in ids if thing_id not in known]
        if not new:
            self._ledger.record_deleted(record, "never came to be")
        return [replace(record, id=thing_id) for thing_id in new]

    def _look_up_ids(self, record: RemainingRecord) -> Sequence[str]:
        patient_id = record.patient_id or ""
        if record.kind == "patient":
            found = self._driver.search(self._session, PatientQuery(mrn=record.key))
            return [patient.id for patient in found if _is_same_person(record, patient)]
        if record.kind == "visit":
            visits = self._driver.visits_of(self._session, patient_id)
            return [visit.id for visit in visits if visit.reason in (record.key, None)]
        documents = self._driver.documents_of(self._session, patient_id)
        return [document.id for document in documents if document.file_name == record.key]

    def _retire(self, record: RemainingRecord) -> CleanupResult | None:
        """Retire one thing. None where it can only go with its patient."""
        if record.id is None:
            return None
        try:
            how = self._driver.retire(self._session, record.kind, record.id, record.patient_id)
        except Unsupported as missing:
            return None if record.kind != "patient" else _failure(record, str(missing))
        except Rejected as rejection:
            if rejection.reason is not Reason.NOT_FOUND:
                return _failure(record, str(rejection))
            how = "already gone"
        except (ProtocolViolation, MappingError, GuardError) as error:
            return _failure(record, str(error).splitlines()[0])
        return self._succeed(record, how)

    def _retire_with_patient(
        self, record: RemainingRecord, retired: dict[str | None, str | None]
    ) -> CleanupResult:
        how = retired.get(record.patient_id)
        if how is None:
            return _failure(record, "it goes only with its patient, who is still there")
        return self._succeed(record, f"with its patient: {how}")

    def _succeed(self, record: RemainingRecord, how: str) -> CleanupResult:
        self._ledger.record_deleted(record, how)
        return CleanupResult(record.kind, record.key, record.id, how, run=record.run)


def _is_same_person(record: RemainingRecord, patient: Patient) -> bool:
    """Compare number and names: a check may have tried the number of a real patient."""
    names = {"family_name": patient.family_name, "given_name": patient.given_name}
    return patient.mrn == record.key and all(
        record.hints.get(name, value) == value for name, value in names.items()
    )


def _failure(record: RemainingRecord, why: str) -> CleanupResult:
    return CleanupResult(record.kind, record.key, record.id, None, why, record.run)
