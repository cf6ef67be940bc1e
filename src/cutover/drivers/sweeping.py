"""Takes away again what a run made, and says of each thing what became of it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from cutover.drivers.guard import GuardError
from cutover.evidence import Ledger, Left
from cutover.hospital import (
    Hospital,
    MappingError,
    Misbehaved,
    NotOffered,
    PatientQuery,
    Reason,
    Refused,
    Session,
)

ORDER = ("document", "visit", "patient")
LATER = "the time for cleaning up was over; the next run, or `pytest --sweep`, goes on"


@dataclass(frozen=True)
class Swept:
    """One thing. `how` it was retired, or None and then `why` it is still there."""

    kind: str
    key: str
    id: str | None
    how: str | None
    why: str | None = None
    run: str = ""


def sweep(
    hospital: Hospital, ledger: Ledger, session: Session, until: float = float("inf")
) -> list[Swept]:
    """Retire everything in the ledger: documents, then visits, then patients, each newest first.

    Never raises for one thing; what is left is told with the reason, and stays in the ledger for
    the next sweep. `until`, on the monotonic clock, nothing more is begun.
    """
    swept: list[Swept] = []
    waiting: list[Left] = []  # visits and documents that only go with their patient
    for kind in ORDER:
        for left in [left for left in ledger.left() if left.kind == kind]:
            if time.monotonic() > until:
                swept.append(_still_there(left, LATER))
                continue
            for thing in _found(hospital, ledger, session, left, swept):
                done = _retired(hospital, ledger, session, thing)
                waiting += [thing] if done is None else []
                swept += [done] if done is not None else []
    gone: dict[str | None, str | None] = {one.id: one.how for one in swept if one.kind == "patient"}
    return swept + [_with_patient(ledger, left, gone) for left in waiting]


def _found(
    hospital: Hospital, ledger: Ledger, session: Session, left: Left, swept: list[Swept]
) -> list[Left]:
    """The things that an entry stands for: itself, or what a look-up finds for an intent that never
    got an id.
    """
    if left.id is not None:
        return [left]
    try:
        ids = _looked_up(hospital, session, left)
    except Refused as refused:
        if refused.reason is not Reason.NOT_FOUND:
            swept.append(_still_there(left, str(refused)))
            return []
        ids = []
    except NotOffered:
        return [left]  # cannot be looked up: it goes with its patient or stays
    except (Misbehaved, MappingError, GuardError) as error:
        swept.append(_still_there(left, str(error).splitlines()[0]))
        return []
    known = ledger.made(left.kind)
    new = [thing_id for thing_id in ids if thing_id not in known]
    if not new:
        ledger.retired(left, "never came to be")
    return [replace(left, id=thing_id) for thing_id in new]


def _looked_up(hospital: Hospital, session: Session, left: Left) -> Sequence[str]:
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


def _retired(hospital: Hospital, ledger: Ledger, session: Session, left: Left) -> Swept | None:
    """Retire one thing. None: it can only go with its patient."""
    if left.id is None:
        return None
    try:
        how = hospital.retire(session, left.kind, left.id, left.patient_id)
    except NotOffered as missing:
        return None if left.kind != "patient" else _still_there(left, str(missing))
    except Refused as refused:
        if refused.reason is not Reason.NOT_FOUND:
            return _still_there(left, str(refused))
        how = "already gone"
    except (Misbehaved, MappingError, GuardError) as error:
        return _still_there(left, str(error).splitlines()[0])
    ledger.retired(left, how)
    return Swept(left.kind, left.key, left.id, how, run=left.run)


def _with_patient(ledger: Ledger, left: Left, gone: dict[str | None, str | None]) -> Swept:
    how = gone.get(left.patient_id)
    if how is None:
        return _still_there(left, "it goes only with its patient, who is still there")
    ledger.retired(left, f"with its patient: {how}")
    return Swept(left.kind, left.key, left.id, f"with its patient: {how}", run=left.run)


def _still_there(left: Left, why: str) -> Swept:
    return Swept(left.kind, left.key, left.id, None, why, left.run)
