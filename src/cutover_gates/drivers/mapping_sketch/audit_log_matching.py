"""Which operation of a document is the audit log of one patient."""

from __future__ import annotations

from collections.abc import Iterable

from cutover_gates.drivers.mapping_sketch.field_names import DOCUMENT, VISIT, find_name, normalize
from cutover_gates.drivers.mapping_sketch.outlined_operation import OutlinedOperation

AUDIT = "audit"
LOGS = (
    "audit",
    "audit_log",
    "audit_events",
    "audit_entries",
    "audit_trail",
    "audit_records",
    "access_log",
    "accesses",
)
"""The last segments of paths that are an audit log, the most usual first."""
_PATIENT_NAMES = (*VISIT["patient_id"], *DOCUMENT["patient_id"])


def find_audit_log(operations: Iterable[OutlinedOperation]) -> OutlinedOperation | None:
    """Return the operation that lists the entries about one patient."""
    reading = [one for one in operations if one.method == "GET" and _is_about_patient(one)]
    logs = [one for one in reading if _rank(one) < len(LOGS)]
    return min(logs, key=lambda one: (_rank(one), len(one.segments)), default=None)


def _rank(operation: OutlinedOperation) -> int:
    """Return how usual the name of a log is; the number of known ones where it is none."""
    own = normalize(operation.last)
    known = [normalize(name) for name in LOGS]
    return next((at for at, name in enumerate(known) if own in (name, f"{name}s")), len(known))


def _is_about_patient(operation: OutlinedOperation) -> bool:
    parameters = operation.names_in("query")
    path = [part.strip("{}") for part in operation.segments if part.startswith("{")]
    return find_name([*parameters, *path], _PATIENT_NAMES) is not None
