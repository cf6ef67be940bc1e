"""The language of the checks: patients, visits, documents, sessions, and the driver protocol.

Nothing here knows a URL, a status code of a particular target, or a payload. A driver
(`cutover_gates.drivers`) translates. Checks and own drivers import from this package directly.
"""

from cutover_gates.hospital.actors import FrontDesk, Records, SignInDesk, Ward
from cutover_gates.hospital.answers import (
    Answer,
    AuditEntry,
    MappingError,
    ObservedAnswer,
    ProtocolViolation,
    RefusalRule,
    Rejected,
    Unreachable,
    Unsupported,
)
from cutover_gates.hospital.driver import Driver, DriverFeatures
from cutover_gates.hospital.driver_base import DriverBase
from cutover_gates.hospital.staff_roles import RoleAct, StaffRole, StaffRoles
from cutover_gates.hospital.undocumented_requests import UndocumentedRequest
from cutover_gates.hospital.values import (
    Credentials,
    Document,
    Health,
    Operation,
    Patient,
    PatientDraft,
    PatientQuery,
    Reason,
    Role,
    Session,
    Sex,
    Transition,
    Upload,
    Visit,
    VisitStatus,
)

__all__ = [
    "Answer",
    "AuditEntry",
    "Credentials",
    "Document",
    "Driver",
    "DriverBase",
    "DriverFeatures",
    "FrontDesk",
    "Health",
    "MappingError",
    "ObservedAnswer",
    "Operation",
    "Patient",
    "PatientDraft",
    "PatientQuery",
    "ProtocolViolation",
    "Reason",
    "Records",
    "RefusalRule",
    "Rejected",
    "Role",
    "RoleAct",
    "Session",
    "Sex",
    "SignInDesk",
    "StaffRole",
    "StaffRoles",
    "Transition",
    "UndocumentedRequest",
    "Unreachable",
    "Unsupported",
    "Upload",
    "Visit",
    "VisitStatus",
    "Ward",
]
