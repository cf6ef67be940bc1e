"""Takes away again what a run made, and says of each thing what became of it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from cutover_gates.core.evidence.ledger import Ledger
from cutover_gates.core.evidence.ledger_lines import RemainingRecord
from cutover_gates.drivers.transport import GuardError
from cutover_gates.hospital import (
    Driver,
    MappingError,
    PatientQuery,
    ProtocolViolation,
    Reason,
    Rejected,
    Session,
    Unsupported,
)

ORDER = ("document", "visit", "patient")
TIME_OVER = "the time for cleaning up was over; the next run, or `pytest --sweep`, goes on"


@dataclass(frozen=True)
class CleanupResult:
    """One thing. `how` it was retired, or None and then `why` it is still there."""

    kind: str
    key: str
    id: str | None
    how: str | None
    why: str | None = None
    run: str = ""


def sweep(
    hospital: Driver, ledger: Ledger, session: Session, until: float = float("inf")
) -> list[CleanupResult]:
    """Retire everything in the ledger: documents, then visits, then patients, each newest first.

    Never raises for one thing; what is left is told with the reason, and stays in the ledger for
    the next sweep. `until`, on the monotonic clock, nothing more is begun.
    """
    swept: list[CleanupResult] = []
    waiting: list[RemainingRecord] = []  # visits and documents that only go with their patient
    for kind in ORDER:
        for left in [left for left in ledger.remaining_records() if left.kind == kind]:
            if time.monotonic() > until:
                swept.append(_report_failure(left, TIME_OVER))
                continue
            for thing in _resolve_entry(hospital, ledger, session, left, swept):
                done = _retire_entry(hospital, ledger, session, thing)
                waiting += [thing] if done is None else []
                swept += [done] if done is not None else []
    gone: dict[str | None, str | None] = {one.id: one.how for one in swept if one.kind == "patient"}
    return swept + [_retire_with_patient(ledger, left, gone) for left in waiting]


def _resolve_entry(
    hospital: Driver,
    ledger: Ledger,
    session: Session,
    left: RemainingRecord,
    swept: list[CleanupResult],
) -> list[RemainingRecord]:
    """The things that an entry stands for: itself, or what a look-up finds for an intent that never
    got an id.
    """
    if left.id is not None:
        return [left]
    try:
        ids = _look_up_ids(hospital, session, left)
    except Rejected as refused:
        if refused.reason is not Reason.NOT_FOUND:
            swept.append(_report_failure(left, str(refused)))
            return []
        ids = []
    except Unsupported:
        return [left]  # cannot be looked up: it goes with its patient or stays
    except (ProtocolViolation, MappingError, GuardError) as error:
        swept.append(_report_failure(left, str(error).splitlines()[0]))
        return []
    known = ledger.created_ids(left.kind)
    new = [thing_id for thing_id in ids if thing_id not in known]
    if not new:
        ledger.record_deleted(left, "never came to be")
    return [replace(left, id=thing_id) for thing_id in new]


def _look_up_ids(hospital: Driver, session: Session, left: RemainingRecord) -> Sequence[str]:
    if left.kind == "patient":
        found = hospital.search(session, PatientQuery(mrn=left.key))
        # The number alone is not enough: a check may have tried the number of somebody real.
        names = {
            name: left.hints[name] for name in ("family_name", "given_name") if name in left.hints
        }
        return [
            one.id
            for one in found
            if one.mrn == left.key
            and all(getattr(one, name) == value for name, value in names.items())
        ]
    if left.kind == "visit":
        return [
            visit.id
            for visit in hospital.visits_of(session, left.patient_id or "")
            if visit.reason in (left.key, None)
        ]
    return [
        document.id
        for document in hospital.documents_of(session, left.patient_id or "")
        if document.file_name == left.key
    ]


def _retire_entry(
    hospital: Driver, ledger: Ledger, session: Session, left: RemainingRecord
) -> CleanupResult | None:
    """Retire one thing. None: it can only go with its patient."""
    if left.id is None:
        return None
    try:
        how = hospital.retire(session, left.kind, left.id, left.patient_id)
    except Unsupported as missing:
        return None if left.kind != "patient" else _report_failure(left, str(missing))
    except Rejected as refused:
        if refused.reason is not Reason.NOT_FOUND:
            return _report_failure(left, str(refused))
        how = "already gone"
    except (ProtocolViolation, MappingError, GuardError) as error:
        return _report_failure(left, str(error).splitlines()[0])
    ledger.record_deleted(left, how)
    return CleanupResult(left.kind, left.key, left.id, how, run=left.run)


def _retire_with_patient(
    ledger: Ledger, left: RemainingRecord, gone: dict[str | None, str | None]
) -> CleanupResult:
    how = gone.get(left.patient_id)
    if how is None:
        return _report_failure(left, "it goes only with its patient, who is still there")
    ledger.record_deleted(left, f"with its patient: {how}")
    return CleanupResult(left.kind, left.key, left.id, f"with its patient: {how}", run=left.run)


def _report_failure(left: RemainingRecord, why: str) -> CleanupResult:
    return CleanupResult(left.kind, left.key, left.id, None, why, left.run)
